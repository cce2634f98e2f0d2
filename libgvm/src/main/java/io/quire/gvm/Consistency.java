package io.quire.gvm;

/** What a read promises. */
public enum Consistency {
  /**
   * No older than anything that any node answered, or was told to be committed, before it began.
   */
  LINEARIZABLE,
  /** What this node knows, at once and without a lease. It may be old by any amount. */
  RELAXED
}
