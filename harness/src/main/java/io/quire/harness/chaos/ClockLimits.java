package io.quire.harness.chaos;

import io.quire.sim.Dice;
import java.time.Duration;

/**
 * How far clocks may be wrong before leases are worth nothing: speeds differ by a thousandth at
 * most, and within one lease no clock jumps or stands still for more than a half of what the leader
 * adds to a lease. The time of day may be anything.
 */
final class ClockLimits {
  private static final double DRIFT_MAX = 0.0005;
  private static final long JUMP_NANOS_MAX = Duration.ofMillis(45).toNanos();
  private static final long WALL_MILLIS_MAX = Duration.ofDays(400).toMillis();

  /** Two jumps of one clock are at least this far apart: no lease sees both. */
  static final Duration APART = Duration.ofSeconds(8);

  private ClockLimits() {}

  static Fault.Skew draw(Fault.Target target, Dice dice) {
    return new Fault.Skew(
        target,
        1 + DRIFT_MAX * dice.between(-1_000, 1_000) / 1_000,
        dice.between(-JUMP_NANOS_MAX, JUMP_NANOS_MAX),
        dice.between(-WALL_MILLIS_MAX, WALL_MILLIS_MAX));
  }
}
