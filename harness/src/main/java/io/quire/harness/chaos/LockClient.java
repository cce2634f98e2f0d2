package io.quire.harness.chaos;

import io.quire.lockserver.FileContents;
import io.quire.lockserver.HeldLock;
import io.quire.lockserver.LockException;
import io.quire.lockserver.LockFiles;
import io.quire.lockserver.LockSession;
import io.quire.lockserver.LockTerms;
import io.quire.lockserver.Locks;
import io.quire.sim.Action;
import io.quire.sim.Dice;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A client of the lock server: takes a lock that all such clients want, writes files under it,
 * notes for how long it was sure to hold it, and gives it back. Confined to its thread.
 */
final class LockClient {
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final Duration WAIT_MAX = Duration.ofSeconds(4);
  private static final long LOOK_MILLIS = 10;
  private static final long HOLD_MILLIS_MAX = 250;
  private static final long REFUSED_MILLIS = 100;

  private final String name;
  private final Locks locks;
  private final Journal journal;
  private final Dice dice;
  private final long begun;
  private final BooleanSupplier over;
  private @Nullable LockSession session;
  private int written;

  LockClient(
      String name, Locks locks, Journal journal, Dice dice, long begun, BooleanSupplier over) {
    this.name = name;
    this.locks = locks;
    this.journal = journal;
    this.dice = dice;
    this.begun = begun;
    this.over = over;
  }

  /** Works until it is told that it is over. */
  void run() {
    while (!over.getAsBoolean()) {
      try {
        act(dice.pick(Keys.now(begun).locks()));
      } catch (LockException e) {
        ChaosClient.pause(REFUSED_MILLIS);
      } catch (RuntimeException e) {
        journal.broken("client failed: client=" + name + " cause=" + e);
        throw e;
      }
    }
    LockSession last = session;
    if (last != null) {
      last.close();
    }
  }

  /** What a write under a lock begins with. */
  static String prefix(long generation) {
    return generation + ":";
  }

  /** The generation of the lock under which a value was written. */
  static long generation(String value) {
    return Long.parseLong(value.substring(0, value.indexOf(':')));
  }

  private void act(String path) {
    LockSession current = session;
    if (current == null || current.state() == LockSession.State.EXPIRED) {
      session = null;
      current = locks.openSession(name, DEADLINE);
      session = current;
    }
    if (dice.chance(0.2)) {
      read(path);
      return;
    }
    boolean exclusive = dice.chance(0.8);
    LockTerms terms = exclusive ? LockTerms.EXCLUSIVE : LockTerms.SHARED;
    HeldLock lock =
        dice.nextBoolean()
            ? current.lock(path, terms, WAIT_MAX)
            : current.tryLock(path, terms, WAIT_MAX);
    if (lock == null) {
      ChaosClient.pause(dice.between(1, LOOK_MILLIS));
      return;
    }
    hold(path, lock, exclusive);
    lock.release(DEADLINE);
  }

  /** From the first to the last time at which it was said to be held, it was held. */
  private void hold(String path, HeldLock lock, boolean exclusive) {
    long from = System.nanoTime();
    if (!lock.isHeld()) {
      return;
    }
    long until = from;
    long enough = from + TimeUnit.MILLISECONDS.toNanos(dice.between(0, HOLD_MILLIS_MAX));
    for (long asked = from; lock.isHeld(); asked = System.nanoTime()) {
      until = asked;
      if (asked - enough >= 0) {
        break;
      }
      if (exclusive) {
        write(path, lock);
      }
      ChaosClient.pause(LOOK_MILLIS);
    }
    journal.held(from, until, name, path, exclusive, lock.sequencer().generation());
  }

  private void write(String path, HeldLock lock) {
    String value = prefix(lock.sequencer().generation()) + name + "-" + ++written;
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    LockFiles files = lock.files();
    if (dice.chance(0.3)) {
      change(new Part(path, Action.create(value)), () -> files.create(path, bytes, DEADLINE));
    } else if (dice.chance(0.1)) {
      change(
          new Part(path, Action.deleteIfPresent()),
          () -> {
            files.remove(path, LockFiles.ANY_VERSION, DEADLINE);
            return 0;
          });
    } else {
      change(
          new Part(path, new Action.Write(new Action.Condition.Present(), value)),
          () -> files.write(path, bytes, LockFiles.ANY_VERSION, DEADLINE));
    }
  }

  private void change(Part part, LongSupplier make) {
    Journal.Call call = journal.begin(name, "file", List.of(part));
    Result result;
    try {
      result = new Result.Written(make.getAsLong());
    } catch (LockException e) {
      result =
          switch (e) {
            case LockException.FileExists _, LockException.FileNotFound _ -> Result.REFUSED;
            case LockException.Indeterminate _ -> Result.UNKNOWN;
            default -> Result.FAILED;
          };
    }
    call.end(result);
  }

  private void read(String path) {
    Journal.Call call = journal.begin(name, "read-file", List.of(new Part(path, Action.read())));
    try {
      FileContents found = locks.read(path, DEADLINE);
      call.end(
          found == null
              ? Result.ABSENT
              : new Result.Found(
                  found.version(), new String(found.contents(), StandardCharsets.UTF_8)));
    } catch (LockException e) {
      call.end(Result.FAILED);
      throw e;
    }
  }
}
