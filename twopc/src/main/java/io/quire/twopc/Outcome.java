package io.quire.twopc;

import io.quire.base.Position;
import org.jspecify.annotations.Nullable;

/** What became of a transaction. */
public sealed interface Outcome {
  /**
   * It took effect.
   *
   * @param position where; also the version of what it wrote
   * @param result what the participant answered, the same on every node
   */
  record Committed(long position, byte[] result) implements Outcome {}

  /**
   * It was decided, and the participant found where it stands that it must not take effect. Nothing
   * changed.
   */
  record Rejected(long position, byte[] result) implements Outcome {}

  /**
   * It did not happen and never will.
   *
   * @param why the kind of reason
   * @param node who said so, or null if it was the coordinator itself
   * @param detail for people
   */
  record Aborted(Why why, @Nullable String node, String detail) implements Outcome {}

  /** It may have happened or may yet happen; {@link TwoPhase#outcome} may know later. */
  record Indeterminate(TxnId txn) implements Outcome {}

  /** Why a transaction was aborted. */
  enum Why {
    /** A member refused it, for a reason that another try will not change. */
    REFUSED,
    /**
     * This node is not in the view, a node that was to prepare is not, or the view has another
     * epoch than the one asked for.
     */
    NOT_IN_VIEW,
    /** Its time ran out before it was submitted to the log. */
    DEADLINE,
    /**
     * Too many transactions wait on this node: 100,000, or 1,000 of a participant whose answers
     * take time; or the cluster has too much under way that is larger than an entry.
     */
    OVERLOADED
  }

  /** What became of it, for people and messages, in one line. */
  default String text() {
    return switch (this) {
      case Committed(long position, byte[] _) -> "committed: position=" + Position.text(position);
      case Rejected(long position, byte[] _) -> "rejected: position=" + Position.text(position);
      case Aborted(Why why, String node, String detail) ->
          "aborted: why=" + why + (node == null ? "" : " node=" + node) + " " + detail;
      case Indeterminate(TxnId txn) -> "may have happened: txn=" + txn;
    };
  }
}
