package io.quire.ager;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a place to write to is doing. One that fails is left alone for a while, twice as long each
 * time, up to ten seconds. Any thread.
 */
final class Health {
  private static final long RETRY_MIN_NANOS = 100_000_000L;
  private static final long RETRY_MAX_NANOS = 10_000_000_000L;

  /** Why it failed last, when to try again, and how long the wait was. */
  private record Failing(String reason, long untilNanos, long waitNanos) {}

  private volatile @Nullable Failing failing;

  /** Why it is not to be tried now, if so. */
  Optional<String> refusal() {
    Failing now = failing;
    return now == null || now.untilNanos - System.nanoTime() <= 0
        ? Optional.empty()
        : Optional.of(now.reason);
  }

  /** Why it failed last, if nothing has gone well since then. */
  Optional<String> failing() {
    return Optional.ofNullable(failing).map(Failing::reason);
  }

  /** What fails while it is left alone was begun before, and makes that no longer. */
  synchronized void failed(IOException why) {
    Failing before = failing;
    long now = System.nanoTime();
    if (before == null) {
      failing = new Failing(why.toString(), now + RETRY_MIN_NANOS, RETRY_MIN_NANOS);
    } else if (before.untilNanos - now <= 0) {
      long wait = Math.min(RETRY_MAX_NANOS, 2 * before.waitNanos);
      failing = new Failing(why.toString(), now + wait, wait);
    }
  }

  synchronized void works() {
    if (failing != null) {
      failing = null;
    }
  }
}
