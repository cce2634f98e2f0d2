package io.quire.twopc;

/** What a node knows of a request by its name. */
public sealed interface Finding {
  /** It was decided, or given up. */
  record Settled(Outcome outcome) implements Finding {}

  /**
   * This node's log does not tell: it was not decided up to there, or so long ago that it was
   * forgotten. It never means that it did not happen.
   */
  record Unknown() implements Finding {}
}
