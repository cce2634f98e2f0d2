package io.quire.ager;

import java.time.Duration;

/** A moment on this process' monotonic clock by which a wait ends. */
record Deadline(long atNanos) {
  /** Longer waits than this are cut to it, so that the arithmetic cannot overflow. */
  private static final Duration MAX = Duration.ofDays(365);

  static Deadline in(Duration wait) {
    Duration bounded = wait.compareTo(MAX) > 0 ? MAX : wait;
    return new Deadline(System.nanoTime() + Math.max(0, bounded.toNanos()));
  }

  /** At least 0. */
  long remainingNanos() {
    return Math.max(0, atNanos - System.nanoTime());
  }

  boolean passed() {
    return remainingNanos() == 0;
  }
}
