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
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
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
  private final ObjectCalls calls;
  private int age = -1;

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
    calls = new ObjectCalls(name, journal);
    cells = new CellCalls(name, node.cells(), journal, dice);
  }

  /** Works until it is told that it is over. */
  void run() {
    while (!over.getAsBoolean()) {
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
      pause(calls.takeRefused() ? REFUSED_MILLIS : dice.between(0, THINK_MILLIS_MAX));
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
      cells(cells.transact(keys, calls.next(), draw < 84));
    } else if (draw < 96) {
      cells(cells.lookAtAll(keys));
    } else {
      cells(cells.read(dice.pick(keys.cells())));
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
      cells(cells.lookAtAll(keys));
    } else {
      cells(cells.read(dice.pick(keys.cells())));
    }
  }

  private void cells(boolean done) {
    if (!done) {
      calls.refused();
    }
  }

  private Namespaces names() {
    return node.namespaces();
  }

  private void lookup(Keys keys, String key) {
    calls
        .read("lookup", key, () -> names().lookup(keys.namespace(names()), key))
        .ifPresentOrElse(found -> remember(key, found), () -> seen.remove(key));
  }

  private void remember(String key, @Nullable NsObject object) {
    if (object == null) {
      seen.remove(key);
    } else {
      seen.put(key, object);
    }
  }

  private void create(Keys keys, String key) {
    String value = calls.next();
    Part part = new Part(key, Action.create(value));
    calls.change(
        "create",
        List.of(part),
        () -> {
          NsObject made =
              names()
                  .create(
                      keys.namespace(names()),
                      key,
                      "chaos",
                      Lifetime.DURABLE,
                      ObjectCalls.bytes(value));
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
    String value = calls.next();
    Part part = new Part(key, Action.writeIfVersion(object.version(), value));
    calls.change(
        "update",
        List.of(part),
        () -> {
          NsObject made = names().update(object, ObjectCalls.bytes(value));
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
    Part there = new Part(to, Action.create(ObjectCalls.text(object.value())));
    calls.change(
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
    calls.change(
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
    calls.change(
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
      call.end(Collections.nCopies(all.size(), calls.unread(e)));
    }
  }

  /** Holds an object open; while this node stays in the view, it must not be freed. */
  private void open(Keys keys, String key) {
    Journal.Call call = journal.begin(name, "open", List.of(new Part(key, Action.read())));
    try (NsRef held = names().open(keys.namespace(names()), key).orElse(null)) {
      long epoch = node.sessions().view().epoch();
      call.end(ObjectCalls.found(Optional.ofNullable(held).map(NsRef::object)));
      if (held == null) {
        return;
      }
      pause(dice.between(1, HOLD_MILLIS_MAX));
      lookAtHeld(held.object(), epoch);
    } catch (RuntimeException e) {
      call.end(calls.unread(e));
    }
  }

  private void lookAtHeld(NsObject held, long epoch) {
    try {
      if (names().lookup(held.xid()).isEmpty() && node.sessions().view().epoch() == epoch) {
        journal.broken("freed while it was open: xid=" + held.xidText() + " epoch=" + epoch);
      }
    } catch (NsException.NotInView | NsException.Refused e) {
      calls.refused();
    }
  }

  private void createForSession() {
    try {
      names()
          .create(
              NsHandle.ROOT,
              "/s/" + calls.next(),
              "chaos",
              Lifetime.SESSION,
              ObjectCalls.bytes("for-a-session"));
    } catch (NsException | IllegalStateException e) {
      calls.refused();
    }
  }

  static void pause(long millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
