package io.quire.twopc;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;

/**
 * One attempt at a transaction. Each new attempt at the same request takes a new sequence, so the
 * attempt is part of it.
 *
 * @param coordinator the incarnation that made it
 * @param sequence from 1, never used twice by an incarnation
 */
public record TxnId(long coordinator, long sequence) implements Comparable<TxnId> {
  static final int BYTES = 16;

  void write(WireWriter out) {
    out.int64(coordinator).int64(sequence);
  }

  static TxnId read(WireReader in) {
    return new TxnId(in.int64(), in.int64());
  }

  /** By coordinator, and of one coordinator in the order in which it made them. */
  @Override
  public int compareTo(TxnId other) {
    int byCoordinator = Long.compare(coordinator, other.coordinator);
    return byCoordinator != 0 ? byCoordinator : Long.compare(sequence, other.sequence);
  }

  @Override
  public String toString() {
    return Long.toHexString(coordinator) + ":" + sequence;
  }
}
