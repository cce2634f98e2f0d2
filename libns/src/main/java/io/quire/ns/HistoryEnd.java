package io.quire.ns;

/** Why a history has no older versions. */
public sealed interface HistoryEnd {
  /** There are none: the last version that was given is the creation of the object. */
  record Created() implements HistoryEnd {}

  /**
   * This node does not have them any more. They were trimmed from its log, or it skipped them with
   * a snapshot; another node may have them still.
   *
   * @param position of the newest transaction that is not here. If a version with this position was
   *     given, it is known from memory, and so is neither what that transaction did nor what was
   *     before
   * @param oldest the first position that this node has
   */
  record Trimmed(long position, long oldest) implements HistoryEnd {}

  /**
   * The last version that was given does not lead to the one before it: something wrote the
   * object's cell that is not this library.
   */
  record Unlinked(long position) implements HistoryEnd {}
}
