package io.quire.harness.chaos;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a run against an ager is to do.
 *
 * @param length for how long faults hit, at most 7 days
 * @param seed of faults and workload; when what happens in real processes is not repeatable
 * @param faults that may happen, of {@link #POSSIBLE}
 */
public record AgerChaosOptions(Duration length, long seed, Set<FaultKind> faults) {
  /** What can be done to an ager and its stores. */
  public static final Set<FaultKind> POSSIBLE =
      Set.copyOf(EnumSet.of(FaultKind.KILL, FaultKind.PAUSE, FaultKind.DISK));

  private static final Duration LENGTH_MAX = Duration.ofDays(7);

  public AgerChaosOptions {
    faults = Set.copyOf(faults);
    if (!length.isPositive() || length.compareTo(LENGTH_MAX) > 0) {
      throw new IllegalArgumentException(
          "length out of range: seconds=%d allowed=1..%d"
              .formatted(length.toSeconds(), LENGTH_MAX.toSeconds()));
    }
    if (faults.isEmpty() || !POSSIBLE.containsAll(faults)) {
      throw new IllegalArgumentException(
          "not faults of an ager: faults=%s allowed=%s".formatted(faults, POSSIBLE));
    }
  }
}
