package io.quire.harness.chaos;

import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NsEvent;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.NsWatch;
import io.quire.sim.Dice;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Watches a namespace in which {@link NamesClient}s work, and writes down what it is told. That
 * each change leads on from the one before it, it sees itself. Confined to its thread.
 */
final class NamesObserver {
  private static final Duration WAIT = Duration.ofMillis(100);
  private static final long SPAN_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long REFUSED_MILLIS = 100;

  private final String name;
  private final Namespaces names;
  private final Journal journal;
  private final Dice dice;
  private final long begun;
  private final BooleanSupplier over;
  private int watches;

  NamesObserver(
      String name, Namespaces names, Journal journal, Dice dice, long begun, BooleanSupplier over) {
    this.name = name;
    this.names = names;
    this.journal = journal;
    this.dice = dice;
    this.begun = begun;
    this.over = over;
  }

  /** Works until it is told that it is over. */
  void run() {
    while (!over.getAsBoolean()) {
      try {
        watch(Keys.now(begun));
      } catch (NsException | IllegalStateException e) {
        // It was told that it missed something, or nobody answers.
        ChaosClient.pause(REFUSED_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (RuntimeException e) {
        journal.broken("client failed: client=" + name + " cause=" + e);
        throw e;
      }
    }
  }

  private boolean goesOn(Keys keys) {
    return !over.getAsBoolean() && Keys.now(begun).equals(keys);
  }

  private void watch(Keys keys) throws InterruptedException {
    NsHandle wide = keys.room(names, keys.wide());
    Map<Long, Long> versions = new HashMap<>();
    String as = name + "-" + ++watches;
    NsWatch watch = names.watch(wide, NamePattern.ALL);
    try {
      long after = watch.bookmark();
      while (goesOn(keys)) {
        long due = System.nanoTime() + SPAN_NANOS;
        while (System.nanoTime() - due < 0) {
          Optional<NsEvent> event = watch.next(WAIT);
          if (event.isPresent()) {
            take(as, wide, versions, event.get());
          }
        }
        // What stands in one transaction is told to its end.
        for (Optional<NsEvent> more = watch.next(Duration.ofNanos(1));
            more.isPresent();
            more = watch.next(Duration.ofNanos(1))) {
          take(as, wide, versions, more.get());
        }
        long to = watch.bookmark();
        journal.watched(as, keys.wide(), after, to);
        after = to;
        if (dice.chance(0.3)) {
          watch.close();
          watch = names.watch(wide, NamePattern.ALL, to);
        }
      }
    } finally {
      watch.close();
    }
  }

  private void take(String as, NsHandle wide, Map<Long, Long> versions, NsEvent event) {
    NsObject object = event.object();
    Optional<NsObject> before =
        switch (event) {
          case NsEvent.Created _ -> Optional.empty();
          case NsEvent.Updated(NsObject then, NsObject _) -> Optional.of(then);
          case NsEvent.Renamed(NsObject then, NsObject _) -> Optional.of(then);
          case NsEvent.Deleted(NsObject then, NsObject _) -> Optional.of(then);
          case NsEvent.Freed(NsObject then, long _) -> Optional.of(then);
        };
    Long told = versions.get(object.xid());
    // What moved out of the namespace was not followed there.
    boolean followed = before.map(then -> then.namespace().equals(wide)).orElse(true);
    if (told != null && followed && !before.map(NsObject::version).equals(Optional.of(told))) {
      journal.broken("a watch left out a version: last=%d event=%s".formatted(told, event));
    }
    if (event instanceof NsEvent.Freed || !object.namespace().equals(wide)) {
      versions.remove(object.xid());
    } else {
      versions.put(object.xid(), object.version());
    }
    if (!(event instanceof NsEvent.Freed)) {
      journal.told(as, event.position(), object.name());
      before
          .map(NsObject::name)
          .filter(then -> !then.equals(object.name()))
          .ifPresent(then -> journal.told(as, event.position(), then));
    }
  }
}
