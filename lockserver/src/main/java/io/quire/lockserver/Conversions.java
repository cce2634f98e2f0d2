package io.quire.lockserver;

import io.quire.base.Log;
import io.quire.base.Loop;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The conversions of a client's session that are under way. Confined to the loop.
 *
 * <p>A lock follows what this node applies, whatever its caller was told meanwhile. So a conversion
 * is over when it can change nothing any more: it was granted, refused, or its CANCEL was applied.
 * Only then is the lock relied on again as its sequencer says, and may another conversion begin.
 */
final class Conversions {
  /** For how long after its deadline a conversion that waits is given the time to be given up. */
  private static final Duration GRACE = Duration.ofMillis(250);

  private final Locks locks;
  private final Tenure tenure;
  private final long session;
  private final Map<Long, Conversion> underWay = new HashMap<>();

  private static final class Conversion {
    final HeldLock lock;
    final String doing;
    final CompletableFuture<Sequencer> result = new CompletableFuture<>();
    long request;
    boolean givenUp;
    boolean over;

    Conversion(HeldLock lock, String doing) {
      this.lock = lock;
      this.doing = doing;
    }
  }

  Conversions(Locks locks, Tenure tenure, long session) {
    this.locks = locks;
    this.tenure = tenure;
    this.session = session;
  }

  /** Asks for another mode. Nothing else asks for one of this lock. */
  CompletableFuture<Sequencer> convert(HeldLock lock, LockMode mode, Duration deadline) {
    Sequencer now = lock.sequencer();
    String doing = "converting: sequencer=" + now + " mode=" + mode + " session=" + session;
    Conversion conversion = new Conversion(lock, doing);
    var operation = new LockOperation.Convert(session, now.generation(), mode);
    var submitted = locks.requests().submit(tenure, operation, Log.Fence.NONE, deadline, doing);
    conversion.request = submitted.sequence();
    if (conversion.request != 0) {
      underWay.put(conversion.request, conversion);
    }
    Loop.Timer late = locks.loop().after(deadline, () -> late(conversion, deadline));
    conversion.result.whenComplete((_, _) -> late.cancel());
    submitted
        .answer()
        .whenComplete(
            (answer, failure) -> {
              if (failure != null) {
                refused(conversion, failure);
              } else if (answer != null) {
                answered(conversion, mode, answer);
              }
            });
    return conversion.result;
  }

  private void refused(Conversion conversion, Throwable failure) {
    if (failure instanceof LockException.Indeterminate) {
      giveUp(conversion, failure);
      conversion.result.completeExceptionally(failure);
    } else {
      end(conversion, failure);
    }
  }

  private void answered(Conversion conversion, LockMode mode, LockAnswer answer) {
    switch (answer.code()) {
      case QUEUED -> follow(conversion);
      case GRANTED -> {
        String path = conversion.lock.sequencer().path();
        granted(conversion, new Sequencer(path, mode, answer.number()));
      }
      default -> end(conversion, LockException.of(answer, conversion.doing));
    }
  }

  /** In the midst of applying. */
  void converted(HeldLock lock, Sequencer sequencer) {
    for (Conversion each : List.copyOf(underWay.values())) {
      if (each.lock == lock) {
        granted(each, sequencer);
      }
    }
  }

  private void granted(Conversion conversion, Sequencer sequencer) {
    if (over(conversion)) {
      conversion.lock.hasNow(sequencer);
      conversion.lock.settled();
      conversion.result.complete(sequencer);
    }
  }

  private void end(Conversion conversion, Throwable why) {
    if (over(conversion)) {
      conversion.lock.settled();
      conversion.result.completeExceptionally(why);
    }
  }

  /** Once: when it is over, another conversion of the lock may begin. */
  private boolean over(Conversion conversion) {
    boolean now = !conversion.over;
    conversion.over = true;
    underWay.remove(conversion.request, conversion);
    return now;
  }

  /** Takes it out of the queue; that may be too late. */
  private void giveUp(Conversion conversion, Throwable why) {
    if (conversion.givenUp || conversion.over) {
      return;
    }
    conversion.givenUp = true;
    var cancel =
        new LockOperation.Cancel(session, conversion.lock.sequencer().path(), conversion.request);
    locks
        .loop()
        .execute(
            () ->
                locks
                    .requests()
                    .untilDone(tenure, cancel, "giving up: " + conversion.doing)
                    .whenComplete(
                        (_, _) -> {
                          // A snapshot may have brought the grant together with this.
                          follow(conversion);
                          end(conversion, why);
                        }));
  }

  private void late(Conversion conversion, Duration deadline) {
    String why = conversion.doing + ": waited=" + deadline;
    giveUp(conversion, new LockException.TimedOut(why));
    locks
        .loop()
        .after(
            GRACE,
            () -> conversion.result.completeExceptionally(new LockException.Indeterminate(why)));
  }

  /** The caller does not wait any more. */
  void cancelled(HeldLock lock) {
    for (Conversion each : List.copyOf(underWay.values())) {
      if (each.lock == lock) {
        giveUp(each, new LockException.TimedOut(each.doing + ": cancelled"));
      }
    }
  }

  /** The lock is given back; whether one of it was under way. */
  boolean released(HeldLock lock) {
    boolean found = false;
    for (Conversion each : List.copyOf(underWay.values())) {
      if (each.lock == lock) {
        end(each, new LockException.NotHeld(each.doing + ": the lock was given back"));
        found = true;
      }
    }
    return found;
  }

  /** The session is over. */
  void ended(String why) {
    for (Conversion each : List.copyOf(underWay.values())) {
      end(each, new LockException.SessionEnded(each.doing + ": " + why));
    }
  }

  /** A part of the log was skipped, in which those that wait may have been granted. */
  void restored() {
    List.copyOf(underWay.values()).forEach(this::follow);
  }

  private void follow(Conversion conversion) {
    Sequencer now = found(conversion.lock);
    if (now != null && now.generation() != conversion.lock.sequencer().generation()) {
      granted(conversion, now);
    }
  }

  /** What the lock is by what this node applied. */
  private @Nullable Sequencer found(HeldLock lock) {
    LockTable.PathLock of = locks.tree().locks().lock(lock.sequencer().path());
    if (of == null) {
      return null;
    }
    for (LockTable.Hold hold : of.holds.values()) {
      if (hold.asker().session() == session && hold.asker().request() == lock.request()) {
        return new Sequencer(hold.path(), hold.mode(), hold.generation());
      }
    }
    return null;
  }
}
