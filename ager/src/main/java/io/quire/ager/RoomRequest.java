package io.quire.ager;

import java.util.concurrent.CompletableFuture;

/**
 * An extent that wants its place in memory. {@code granted} completes, outside of all locks, with
 * true when it has one; with false if it was only read ahead and there is none; or with what is
 * thrown to whoever waits.
 *
 * @param priority of its client: of one kind the higher is served first
 * @param number in the order of arrival
 * @param sinceNanos when it was made
 */
record RoomRequest(
    Extent extent,
    Kind kind,
    int priority,
    long number,
    long sinceNanos,
    Deadline deadline,
    CompletableFuture<Boolean> granted)
    implements Comparable<RoomRequest> {
  /** The sooner, the more urgent. */
  enum Kind {
    /** Somebody waits for bytes that are there already, elsewhere. May use the reserve. */
    PAGE_IN,
    DRAFT,
    /** Reading ahead. It takes what is needed later, and does not wait for anybody. */
    AHEAD,
    /** As AHEAD, to move a copy to another store; that is no use of the extent. */
    MOVE
  }

  /** The same, for which somebody waits now. */
  RoomRequest urgent(Deadline until) {
    return new RoomRequest(extent, Kind.PAGE_IN, priority, number, sinceNanos, until, granted);
  }

  boolean draft() {
    return kind == Kind.DRAFT;
  }

  /** Whether somebody waits for it. */
  boolean urgent() {
    return kind.compareTo(Kind.AHEAD) < 0;
  }

  @Override
  public int compareTo(RoomRequest other) {
    int byKind = kind.compareTo(other.kind);
    int byPriority = byKind != 0 ? byKind : Integer.compare(other.priority, priority);
    return byPriority != 0 ? byPriority : Long.compare(number, other.number);
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(number);
  }
}
