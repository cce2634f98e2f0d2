package io.quire.datasets;

import java.time.Duration;

/** A moment on this process' monotonic clock by which something ends. */
record Deadline(long atNanos) {
  /** Longer waits than this are cut to it, so that the arithmetic cannot overflow. */
  private static final Duration MAX = Duration.ofDays(365);

  static Deadline in(Duration wait) {
    Duration bounded = wait.compareTo(MAX) > 0 ? MAX : wait;
    return new Deadline(System.nanoTime() + Math.max(0, bounded.toNanos()));
  }

  /** This one, or the given time from now, whichever is sooner. */
  Deadline within(Duration wait) {
    Deadline other = in(wait);
    return other.atNanos - atNanos < 0 ? other : this;
  }

  /** At least 0. */
  Duration left() {
    return Duration.ofNanos(Math.max(0, atNanos - System.nanoTime()));
  }

  boolean passed() {
    return atNanos - System.nanoTime() <= 0;
  }
}
