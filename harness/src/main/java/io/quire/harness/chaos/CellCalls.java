package io.quire.harness.chaos;

import io.quire.gvm.Cells;
import io.quire.gvm.GvmException;
import io.quire.gvm.Transaction;
import io.quire.gvm.Versioned;
import io.quire.sim.Action;
import io.quire.sim.Dice;
import io.quire.twopc.Outcome;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link ChaosClient} does to cells: transactions on several, and reads. Each answers
 * whether the node did what it was asked. Confined to the client's thread.
 */
final class CellCalls {
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  private final String name;
  private final Cells cells;
  private final Journal journal;
  private final Dice dice;
  private final Map<String, Long> versions = new HashMap<>();

  CellCalls(String name, Cells cells, Journal journal, Dice dice) {
    this.name = name;
    this.cells = cells;
    this.journal = journal;
    this.dice = dice;
  }

  /** Other keys from now on. */
  void forget() {
    versions.clear();
  }

  /** Writes one value, which nobody else writes, to several cells. */
  boolean transact(Keys keys, String value, boolean conditional) {
    List<String> chosen = new ArrayList<>(keys.cells());
    chosen.remove(dice.pick(chosen));
    if (dice.nextBoolean()) {
      chosen.remove(dice.pick(chosen));
    }
    Transaction.Builder transaction = Transaction.begin();
    List<Part> parts = new ArrayList<>();
    for (String key : chosen) {
      transaction.put(key, bytes(value));
      if (conditional) {
        long version = versions.getOrDefault(key, 0L);
        if (version == 0) {
          transaction.absent(key);
          parts.add(new Part(key, Action.create(value)));
        } else {
          transaction.version(key, version);
          parts.add(new Part(key, Action.writeIfVersion(version, value)));
        }
      } else {
        parts.add(new Part(key, Action.write(value)));
      }
    }
    Journal.Call call = journal.begin(name, "transact", parts);
    try {
      Outcome outcome = await(cells.commit(transaction.build(), DEADLINE));
      call.end(results(outcome, parts.size()));
      return !(outcome instanceof Outcome.Aborted);
    } catch (IllegalStateException e) {
      // The loop does not answer.
      call.end(Collections.nCopies(parts.size(), Result.UNKNOWN));
      return true;
    }
  }

  private List<Result> results(Outcome outcome, int count) {
    return switch (outcome) {
      case Outcome.Committed(long position, byte[] _) ->
          Collections.nCopies(count, new Result.Written(position));
      case Outcome.Rejected rejected -> {
        List<Result> results = new ArrayList<>(Collections.nCopies(count, Result.FAILED));
        results.set(Cells.failedCondition(rejected), Result.REFUSED);
        yield results;
      }
      case Outcome.Aborted _ -> Collections.nCopies(count, Result.FAILED);
      case Outcome.Indeterminate _ -> Collections.nCopies(count, Result.UNKNOWN);
    };
  }

  /** Reads all cells as of one moment. */
  boolean lookAtAll(Keys keys) {
    List<String> all = keys.cells();
    Journal.Call call =
        journal.begin(name, "look", all.stream().map(key -> new Part(key, Action.read())).toList());
    try {
      List<@Nullable Versioned> found = await(cells.snapshot(all, DEADLINE));
      List<Result> results = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        Versioned each = found.get(i);
        versions.put(all.get(i), each == null ? 0 : each.version());
        results.add(found(each));
      }
      call.end(results);
      return true;
    } catch (RuntimeException e) {
      call.end(Collections.nCopies(all.size(), Result.ofRead(e)));
      return false;
    }
  }

  /** Reads one cell. */
  boolean read(String key) {
    Journal.Call call = journal.begin(name, "read", List.of(new Part(key, Action.read())));
    try {
      call.end(found(cells.read(key, DEADLINE)));
      return true;
    } catch (RuntimeException e) {
      call.end(Result.ofRead(e));
      return false;
    }
  }

  private static Result found(@Nullable Versioned cell) {
    return cell == null ? Result.ABSENT : new Result.Found(cell.version(), text(cell.value()));
  }

  private static <T> T await(CompletableFuture<T> future) {
    try {
      return future.get(DEADLINE.multipliedBy(2).toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GvmException known) {
        throw known;
      }
      throw new IllegalStateException(e.getCause());
    } catch (TimeoutException e) {
      throw new IllegalStateException("the node's loop does not answer", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
