package io.quire.gvm;

import io.quire.twopc.TxnId;
import org.jspecify.annotations.Nullable;

/**
 * All there is to a key, in one immutable record that is replaced as a whole: what the applied log
 * made of it, what a hint showed ahead of that, and which transactions are under way.
 *
 * @param settled what the applied log made of it, null if absent
 * @param shown null if the hint was of a removal
 * @param shownVersion 0 if there was no hint ahead of the log
 * @param marks transactions under way that may change it
 */
record Cell(
    @Nullable Versioned settled, byte @Nullable [] shown, long shownVersion, KeyMarks marks) {
  static final Cell ABSENT = new Cell(null, null, 0, KeyMarks.NONE);

  /** A cell that nothing is under way on. */
  static Cell of(Versioned settled) {
    return new Cell(settled, null, 0, KeyMarks.NONE);
  }

  /** The value that the applied log gave it, or null. */
  byte @Nullable [] value() {
    return settled == null ? null : settled.value();
  }

  /** Position of the last write, or 0 if absent. */
  long version() {
    return settled == null ? 0 : settled.version();
  }

  /** Whether there is no more to it than what is settled. */
  boolean plain() {
    return shownVersion == 0 && marks.isEmpty();
  }

  boolean forgettable() {
    return settled == null && plain();
  }

  @Nullable Versioned visible() {
    if (shownVersion <= version()) {
      return settled;
    }
    return shown == null ? null : Versioned.of(shown, shownVersion);
  }

  @Nullable Versioned applied() {
    return settled;
  }

  Cell mark(TxnId txn, long number) {
    return new Cell(settled, shown, shownVersion, marks.with(txn, number));
  }

  Cell unmark(TxnId txn) {
    KeyMarks fewer = marks.without(txn);
    if (fewer == marks) {
      return this;
    }
    boolean nothing = settled == null && shownVersion == 0 && fewer.isEmpty();
    return nothing ? ABSENT : new Cell(settled, shown, shownVersion, fewer);
  }

  /** The log wrote it; what was shown up to there has come true. */
  Cell write(@Nullable Versioned next, long position) {
    boolean ahead = shownVersion > position;
    return new Cell(next, ahead ? shown : null, ahead ? shownVersion : 0, marks);
  }

  Cell show(byte @Nullable [] next, long position) {
    return position <= Math.max(version(), shownVersion)
        ? this
        : new Cell(settled, next, position, marks);
  }
}
