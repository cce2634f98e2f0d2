package io.quire.harness.chaos;

/** What a run may do to its nodes. */
public enum FaultKind {
  /** {@code kill -9} of one or all processes, and a start again. */
  KILL,
  /** {@code SIGSTOP}, and after some time {@code SIGCONT}. */
  PAUSE,
  /** Nodes, or single links, also in one direction, are cut off from each other. */
  PARTITION,
  /** The data file system is full, or syncs fail. */
  DISK,
  /** Clocks that run apart as far as the lease allows for. */
  CLOCK
}
