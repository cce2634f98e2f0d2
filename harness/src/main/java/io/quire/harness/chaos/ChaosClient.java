package io.quire.harness.chaos;

import io.quire.node.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePage;
import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.NsRef;
import io.quire.sim.Action;
import io.quire.sim.Dice;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A client inside a node's process: one call of the public interface after another, on keys that it
 * shares with all others, each written down before and after. Confined to its thread.
 */
final class ChaosClient {
  private static final long THINK_MILLIS_MAX = 50;
  private static final long REFUSED_MILLIS = 40;
  private static final long HOLD_MILLIS_MAX = 40;

  private final String name;
  private final boolean onlyReads;
  private final Node node;
  private final Journal journal;
  private final Dice dice;
  private final long begun;
  private final BooleanSupplier over;
  private final Map<String, NsObject> seen = new HashMap<>();
  private final CellCalls cells;
  private int written;
  private int age = -1;
  private boolean refused;

  /**
   * @param name unique over all processes of a run
   * @param onlyReads whether it changes nothing: on a node that is cut off, those that do wait for
   *     long, and it takes somebody who goes on to see whether what is read there is old
   * @param begun when the run began, by the machine's monotonic clock
   */
  ChaosClient(
      String name,
      boolean onlyReads,
      Node node,
      Journal journal,
      Dice dice,
      long begun,
      BooleanSupplier over) {
    this.name = name;
    this.onlyReads = onlyReads;
    this.node = node;
    this.journal = journal;
    this.dice = dice;
    this.begun = begun;
    this.over = over;
    cells = new CellCalls(name, node.cells(), journal, dice);
  }

  /** Works until it is told that it is over. */
  void run() {
    while (!over.getAsBoolean()) {
      refused = false;
      Keys keys = Keys.now(begun);
      if (keys.age() != age) {
        age = keys.age();
        seen.clear();
        cells.forget();
      }
      try {
        if (onlyReads) {
          read(keys);
        } else {
          act(keys);
        }
      } catch (RuntimeException e) {
        journal.broken("client failed: client=" + name + " cause=" + e);
        throw e;
      }
      pause(refused ? REFUSED_MILLIS : dice.between(0, THINK_MILLIS_MAX));
    }
  }

  private void act(Keys keys) {
    String key = dice.pick(keys.names());
    int draw = (int) dice.between(0, 99);
    if (draw < 28) {
      lookup(keys, key);
    } else if (draw < 42) {
      create(keys, key);
    } else if (draw < 56) {
      update(keys, key);
    } else if (draw < 64) {
      rename(keys, key);
    } else if (draw < 69) {
      deleteSeen(keys, key);
    } else if (draw < 72) {
      deleteNamed(keys, key);
    } else if (draw < 75) {
      list(keys);
    } else if (draw < 79) {
      open(keys, key);
    } else if (draw < 80) {
      createForSession();
    } else if (draw < 90) {
      refused |= !cells.transact(keys, next(), draw < 84);
    } else if (draw < 96) {
      refused |= !cells.lookAtAll(keys);
    } else {
      refused |= !cells.read(dice.pick(keys.cells()));
    }
  }

  private void read(Keys keys) {
    String key = dice.pick(keys.names());
    int draw = (int) dice.between(0, 99);
    if (draw < 50) {
      lookup(keys, key);
    } else if (draw < 60) {
      list(keys);
    } else if (draw < 70) {
      open(keys, key);
    } else if (draw < 85) {
      refused |= !cells.lookAtAll(keys);
    } else {
      refused |= !cells.read(dice.pick(keys.cells()));
    }
  }

  private String next() {
    return name + "-" + ++written;
  }

  private Namespaces names() {
    return node.namespaces();
  }

  private void lookup(Keys keys, String key) {
    Journal.Call call = journal.begin(name, "lookup", List.of(new Part(key, Action.read())));
    try {
      NsObject found = names().lookup(keys.namespace(names()), key).orElse(null);
      call.end(found(found));
      remember(key, found);
    } catch (RuntimeException e) {
      call.end(unread(e));
    }
  }

  private void remember(String key, @Nullable NsObject object) {
    if (object == null) {
      seen.remove(key);
    } else {
      seen.put(key, object);
    }
  }

  private static Result found(@Nullable NsObject object) {
    return object == null
        ? Result.ABSENT
        : new Result.Found(object.version(), text(object.value()));
  }

  private void create(Keys keys, String key) {
    String value = next();
    Part part = new Part(key, Action.create(value));
    change(
        "create",
        List.of(part),
        () -> {
          NsObject made =
              names().create(keys.namespace(names()), key, "chaos", Lifetime.DURABLE, bytes(value));
          remember(key, made);
          return List.of(new Result.Written(made.version()));
        },
        e -> e instanceof NsException.NameTaken ? List.of(Result.REFUSED) : null);
  }

  private void update(Keys keys, String key) {
    NsObject object = seenOrFound(keys, key);
    if (object == null) {
      return;
    }
    String value = next();
    Part part = new Part(key, Action.writeIfVersion(object.version(), value));
    change(
        "update",
        List.of(part),
        () -> {
          NsObject made = names().update(object, bytes(value));
          remember(key, made);
          return List.of(new Result.Written(made.version()));
        },
        e -> forget(key, e instanceof NsException.Stale ? List.of(Result.REFUSED) : null));
  }

  private void rename(Keys keys, String key) {
    NsObject object = seenOrFound(keys, key);
    String to = dice.pick(keys.names());
    if (object == null || to.equals(key)) {
      return;
    }
    Part from = new Part(key, Action.writeIfVersion(object.version(), null));
    Part there = new Part(to, Action.create(text(object.value())));
    change(
        "rename",
        List.of(from, there),
        () -> {
          NsObject made = names().rename(object, to);
          remember(key, null);
          remember(to, made);
          Result result = new Result.Written(made.version());
          return List.of(result, result);
        },
        e ->
            switch (e) {
              case NsException.Stale _ -> forget(key, List.of(Result.REFUSED, Result.FAILED));
              case NsException.NameTaken _ -> List.of(Result.FAILED, Result.REFUSED);
              default -> forget(key, null);
            });
  }

  private void deleteSeen(Keys keys, String key) {
    NsObject object = seenOrFound(keys, key);
    if (object == null) {
      return;
    }
    remember(key, null);
    change(
        "delete",
        List.of(new Part(key, Action.writeIfVersion(object.version(), null))),
        () -> {
          names().delete(object);
          return List.of(new Result.Written(0));
        },
        e -> e instanceof NsException.Stale ? List.of(Result.REFUSED) : null);
  }

  private void deleteNamed(Keys keys, String key) {
    remember(key, null);
    change(
        "delete-name",
        List.of(new Part(key, Action.deleteIfPresent())),
        () -> {
          names().delete(keys.namespace(names()), key);
          return List.of(new Result.Written(0));
        },
        e -> e instanceof NsException.NotFound ? List.of(Result.REFUSED) : null);
  }

  private @Nullable NsObject seenOrFound(Keys keys, String key) {
    if (!seen.containsKey(key)) {
      lookup(keys, key);
    }
    return seen.get(key);
  }

  private @Nullable List<Result> forget(String key, @Nullable List<Result> results) {
    seen.remove(key);
    return results;
  }

  private void list(Keys keys) {
    List<String> all = keys.names();
    Journal.Call call =
        journal.begin(
            name, "list", all.stream().map(key -> new Part(key, Action.exists())).toList());
    try {
      List<NamePage.Listed> listed =
          names().list(keys.namespace(names()), NamePattern.ALL, "", Namespaces.PAGE_MAX).names();
      Map<String, Long> found = new HashMap<>();
      Set<Long> ids = new HashSet<>();
      for (NamePage.Listed each : listed) {
        if (found.put(each.name(), each.xid()) != null || !ids.add(each.xid())) {
          journal.broken("listed twice: listed=" + listed);
        }
      }
      call.end(
          all.stream()
              .map(key -> found.containsKey(key) ? new Result.Found(0, "listed") : Result.ABSENT)
              .toList());
    } catch (RuntimeException e) {
      call.end(Collections.nCopies(all.size(), unread(e)));
    }
  }

  /** Holds an object open; while this node stays in the view, it must not be freed. */
  private void open(Keys keys, String key) {
    Journal.Call call = journal.begin(name, "open", List.of(new Part(key, Action.read())));
    try (NsRef held = names().open(keys.namespace(names()), key).orElse(null)) {
      long epoch = node.sessions().view().epoch();
      call.end(found(held == null ? null : held.object()));
      if (held == null) {
        return;
      }
      pause(dice.between(1, HOLD_MILLIS_MAX));
      lookAtHeld(held.object(), epoch);
    } catch (RuntimeException e) {
      call.end(unread(e));
    }
  }

  private void lookAtHeld(NsObject held, long epoch) {
    try {
      if (names().lookup(held.xid()).isEmpty() && node.sessions().view().epoch() == epoch) {
        journal.broken("freed while it was open: xid=" + held.xidText() + " epoch=" + epoch);
      }
    } catch (NsException.NotInView | NsException.Refused e) {
      refused = true;
    }
  }

  private void createForSession() {
    try {
      names()
          .create(NsHandle.ROOT, "/s/" + next(), "chaos", Lifetime.SESSION, bytes("for-a-session"));
    } catch (NsException | IllegalStateException e) {
      refused = true;
    }
  }

  @FunctionalInterface
  private interface Change {
    List<Result> make();
  }

  /**
   * Makes a change and writes down what came of it.
   *
   * @param special results for exceptions that this change may meet; null for the others
   */
  private void change(
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

  private Result unread(RuntimeException e) {
    refused = true;
    return Result.ofRead(e);
  }

  static void pause(long millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
