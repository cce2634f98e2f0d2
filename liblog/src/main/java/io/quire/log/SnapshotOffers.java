package io.quire.log;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * When a follower that did not take a snapshot is offered one again: later each time, up to a
 * limit. A snapshot is large, and what keeps a follower from taking it seldom passes at once.
 * Confined to one thread.
 */
final class SnapshotOffers {
  static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  static final Duration PAUSE_MAX = Duration.ofSeconds(2);

  private final LongSupplier nanos;
  private long refusedNanos;
  private long pauseNanos;

  /**
   * None was offered yet.
   *
   * @param nanos a clock that never goes back
   */
  SnapshotOffers(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** Whether one may be offered now. */
  boolean due() {
    return pauseNanos == 0 || nanos.getAsLong() - refusedNanos >= pauseNanos;
  }

  /** It was taken. */
  void taken() {
    pauseNanos = 0;
  }

  /** It was refused, or did not arrive. */
  void refused() {
    refusedNanos = nanos.getAsLong();
    pauseNanos = Math.clamp(2 * pauseNanos, FIRST_PAUSE.toNanos(), PAUSE_MAX.toNanos());
  }
}
