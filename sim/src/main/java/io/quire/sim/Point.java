package io.quire.sim;

import io.quire.base.NodeId;

/**
 * A place in a run at which something may be made to happen: the same run passes the same points.
 *
 * @param number from 0, in the order in which they are passed
 * @param at the node that passes it
 */
public record Point(long number, Kind kind, NodeId at) {
  /** What is about to be done, or was. */
  public enum Kind {
    /** A message is about to be sent. */
    SEND,
    /** A message has arrived and is about to be looked at. */
    TAKE,
    /** Entries have been written to the node's disk. */
    WRITE,
    /** An entry has been applied. */
    APPLY
  }

  /** What becomes of a message that is about to be sent; elsewhere it says nothing. */
  public enum Fate {
    PASS,
    LOSE,
    /** It comes twice, the second time late. */
    REPEAT
  }

  /** Is told of every point, and may do harm there. */
  @FunctionalInterface
  public interface Visitor {
    Fate pass(Point point);
  }

  /** Unwinds what a node was doing when it was crashed in the midst of it. */
  static final class Crashed extends RuntimeException {
    private static final long serialVersionUID = 1;

    Crashed() {
      super("crashed", null, false, false);
    }
  }
}
