package io.quire.gvm;

import io.quire.twopc.TxnId;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * All there is to a key, in one immutable record that is replaced as a whole: what the applied log
 * made of it, what a hint showed ahead of that, and which transactions are under way.
 *
 * @param value null if absent
 * @param version position of the last write, or 0 if absent
 * @param shown null if the hint was of a removal
 * @param shownVersion 0 if there was no hint ahead of the log
 * @param marks transactions under way that may change it
 */
record Cell(
    byte @Nullable [] value,
    long version,
    byte @Nullable [] shown,
    long shownVersion,
    TxnId[] marks) {
  private static final TxnId[] NONE = {};
  static final Cell ABSENT = new Cell(null, 0, null, 0, NONE);

  boolean forgettable() {
    return value == null && shownVersion == 0 && marks.length == 0;
  }

  @Nullable Versioned visible() {
    byte[] seen = shownVersion > version ? shown : value;
    return seen == null ? null : new Versioned(seen, Math.max(version, shownVersion));
  }

  @Nullable Versioned applied() {
    return value == null ? null : new Versioned(value, version);
  }

  boolean marked(TxnId txn) {
    for (TxnId mark : marks) {
      if (mark.equals(txn)) {
        return true;
      }
    }
    return false;
  }

  boolean markedByAny(TxnId[] others) {
    for (TxnId other : others) {
      if (marked(other)) {
        return true;
      }
    }
    return false;
  }

  Cell mark(TxnId txn) {
    TxnId[] more = Arrays.copyOf(marks, marks.length + 1);
    more[marks.length] = txn;
    return new Cell(value, version, shown, shownVersion, more);
  }

  Cell unmark(TxnId txn) {
    if (!marked(txn)) {
      return this;
    }
    TxnId[] fewer =
        marks.length == 1
            ? NONE
            : Arrays.stream(marks).filter(mark -> !mark.equals(txn)).toArray(TxnId[]::new);
    return new Cell(value, version, shown, shownVersion, fewer);
  }

  /** The log wrote it; what was shown up to there has come true. */
  Cell write(byte @Nullable [] next, long position) {
    boolean ahead = shownVersion > position;
    return new Cell(
        next, next == null ? 0 : position, ahead ? shown : null, ahead ? shownVersion : 0, marks);
  }

  Cell show(byte @Nullable [] next, long position) {
    return position <= Math.max(version, shownVersion)
        ? this
        : new Cell(value, version, next, position, marks);
  }
}
