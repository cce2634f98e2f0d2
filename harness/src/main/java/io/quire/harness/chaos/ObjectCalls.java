package io.quire.harness.chaos;

import io.quire.ns.NsException;
import io.quire.ns.NsObject;
import io.quire.sim.Action;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Calls on objects, each written down before and after. One for each client, confined to its
 * thread.
 */
final class ObjectCalls {
  private final String name;
  private final Journal journal;
  private boolean refused;
  private int written;

  /**
   * @param name of the client
   */
  ObjectCalls(String name, Journal journal) {
    this.name = name;
    this.journal = journal;
  }

  /** Makes a change, and says which version each part got. */
  @FunctionalInterface
  interface Change {
    List<Result> make();
  }

  /** A value that nobody else writes. */
  String next() {
    return name + "-" + ++written;
  }

  /** Whether a node refused something since this was asked last. */
  boolean takeRefused() {
    boolean was = refused;
    refused = false;
    return was;
  }

  void refused() {
    refused = true;
  }

  /**
   * Makes a change and writes down what came of it.
   *
   * @param special results for exceptions that this change may meet; null for the others
   */
  void change(
      String verb,
      List<Part> parts,
      Change change,
      Function<RuntimeException, @Nullable List<Result>> special) {
    Journal.Call call = journal.begin(name, verb, parts);
    List<Result> results;
    try {
      results = change.make();
    } catch (RuntimeException e) {
      List<Result> told = special.apply(e);
      results = told != null ? told : Collections.nCopies(parts.size(), unwritten(e));
    }
    call.end(results);
  }

  private Result unwritten(RuntimeException e) {
    return switch (e) {
      case NsException.Indeterminate _ -> Result.UNKNOWN;
      case NsException _ -> {
        refused = true;
        yield Result.FAILED;
      }
      // The loop does not answer.
      case IllegalStateException _ -> Result.UNKNOWN;
      default -> throw e;
    };
  }

  /** Reads one key. */
  Optional<NsObject> read(String verb, String key, Supplier<Optional<NsObject>> read) {
    Journal.Call call = journal.begin(name, verb, List.of(new Part(key, Action.read())));
    try {
      Optional<NsObject> found = read.get();
      call.end(found(found));
      return found;
    } catch (RuntimeException e) {
      call.end(unread(e));
      return Optional.empty();
    }
  }

  /** As above, of an object that stands in journals under a value of its own. */
  Optional<NsObject> readAs(
      String verb, String key, String value, Supplier<Optional<NsObject>> read) {
    Journal.Call call = journal.begin(name, verb, List.of(new Part(key, Action.read())));
    try {
      Optional<NsObject> found = read.get();
      call.end(found.isEmpty() ? Result.ABSENT : new Result.Found(found.get().version(), value));
      return found;
    } catch (RuntimeException e) {
      call.end(unread(e));
      return Optional.empty();
    }
  }

  /** Looks which of some keys there are at one moment. */
  void exist(String verb, List<String> keys, Supplier<? extends Collection<String>> read) {
    Journal.Call call =
        journal.begin(
            name, verb, keys.stream().map(key -> new Part(key, Action.exists())).toList());
    try {
      Collection<String> found = read.get();
      call.end(
          keys.stream()
              .map(key -> found.contains(key) ? new Result.Found(0, "listed") : Result.ABSENT)
              .toList());
    } catch (RuntimeException e) {
      call.end(Collections.nCopies(keys.size(), unread(e)));
    }
  }

  Result unread(RuntimeException e) {
    refused = true;
    return Result.ofRead(e);
  }

  static Result found(Optional<NsObject> object) {
    return object.isEmpty()
        ? Result.ABSENT
        : new Result.Found(object.get().version(), text(object.get().value()));
  }

  /** Of a change of several keys at once. */
  static List<Result> written(int parts, long version) {
    return Collections.nCopies(parts, new Result.Written(version));
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
