package io.quire.harness.chaos;

import java.util.EnumSet;
import java.util.Set;

/** What clients of a cluster do. */
public enum Area {
  /** Objects, cells and locks, by the calls that everybody uses. */
  PROTOCOL(EnumSet.allOf(FaultKind.class)),
  /** What namespaces offer beyond that. */
  NAMES(EnumSet.allOf(FaultKind.class)),
  /** Tables that are loaded from files. */
  TABLES(EnumSet.of(FaultKind.KILL, FaultKind.PAUSE, FaultKind.PARTITION, FaultKind.CLOCK));

  private final Set<FaultKind> faults;

  Area(Set<FaultKind> faults) {
    this.faults = faults;
  }

  /** Those that are done unless others are asked for. */
  public Set<FaultKind> faults() {
    return EnumSet.copyOf(faults);
  }
}
