package io.quire.harness;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A moment by which something that cannot announce itself, such as a process, must be so. */
public final class Deadline {
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final long startNanos = System.nanoTime();
  private final long limitNanos;

  private Deadline(Duration limit) {
    limitNanos = limit.toNanos();
  }

  /** The deadline that lies {@code limit} ahead. */
  public static Deadline in(Duration limit) {
    return new Deadline(limit);
  }

  /** What is left, zero once it has passed. */
  public Duration left() {
    return Duration.ofNanos(Math.max(0, limitNanos - (System.nanoTime() - startNanos)));
  }

  /** Time since the deadline was set. */
  public Duration waited() {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }

  /**
   * Asks every 20 ms, and at least once, until the condition holds.
   *
   * @return whether it held before the deadline; false at once if the thread is interrupted, whose
   *     interrupt stays set
   */
  public boolean await(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      long left = left().toNanos();
      if (left == 0 || Thread.currentThread().isInterrupted()) {
        return false;
      }
      LockSupport.parkNanos(Math.min(POLL_NANOS, left));
    }
    return true;
  }
}
