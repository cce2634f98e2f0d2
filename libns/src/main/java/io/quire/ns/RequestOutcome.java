package io.quire.ns;

/**
 * What became of a transaction that was given a name, see {@link NsTransaction#as}. It is known of
 * the last 65,536 such transactions of the cluster.
 */
public sealed interface RequestOutcome {
  /**
   * It happened.
   *
   * @param position where in the log; also the version of the objects that it changed
   */
  record Happened(long position) implements RequestOutcome {}

  /**
   * It did not happen, and never will.
   *
   * @param why for people
   */
  record Never(String why) implements RequestOutcome {}

  /**
   * The log does not tell, as far as this node has applied it: it may yet happen, or it ended so
   * long ago that it was forgotten, or nobody ever asked for it.
   */
  record Unknown() implements RequestOutcome {}
}
