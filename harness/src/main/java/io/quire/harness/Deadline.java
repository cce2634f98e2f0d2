package io.quire.harness;

import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A moment by which something that cannot announce itself, such as a process, must be so. */
public final class Deadline {
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private static final int STACK_LINES = 8;

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
   * Waits until threads have ended.
   *
   * @param what they do, for the message
   * @throws CheckFailed if one still runs when the deadline has passed; says where it stands
   */
  public void join(Collection<Thread> threads, String what) throws InterruptedException {
    for (Thread each : threads) {
      if (!each.join(left())) {
        throw new CheckFailed(
            what, "did not end in time: waited=%s thread=%s".formatted(waited(), standing(each)));
      }
    }
  }

  private static String standing(Thread thread) {
    String at =
        Stream.of(thread.getStackTrace())
            .limit(STACK_LINES)
            .map(StackTraceElement::toString)
            .collect(Collectors.joining(" < "));
    return "'" + thread.getName() + "' at=" + at;
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
