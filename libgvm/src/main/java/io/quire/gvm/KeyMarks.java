package io.quire.gvm;

import io.quire.twopc.TxnId;
import java.util.function.Predicate;

/**
 * The transactions under way that may change a key, in the order in which they came. Thousands may
 * be on one key, that of the list of a namespace; so to add one, and to take the first away, copies
 * nothing.
 *
 * <p>Immutable for whoever holds it. The loop makes all of them, and those that follow one another
 * share an array: each sees its own part, and one more is written behind what any of them sees.
 */
final class KeyMarks {
  static final KeyMarks NONE = new KeyMarks(new Mark[0], 0, 0);

  /**
   * @param number of the mark, higher than that of any before it on this node
   */
  private record Mark(TxnId txn, long number) {}

  private final Mark[] marks;
  private final int from;
  private final int to;

  private KeyMarks(Mark[] marks, int from, int to) {
    this.marks = marks;
    this.from = from;
    this.to = to;
  }

  boolean isEmpty() {
    return from == to;
  }

  int size() {
    return to - from;
  }

  boolean anyMatch(Predicate<TxnId> which) {
    for (int i = from; i < to; i++) {
      if (which.test(marks[i].txn())) {
        return true;
      }
    }
    return false;
  }

  /** What {@link #anyBefore} must deny for all of these to be gone, whatever came since. */
  long end() {
    return isEmpty() ? 0 : marks[to - 1].number() + 1;
  }

  boolean anyBefore(long number) {
    return !isEmpty() && marks[from].number() < number;
  }

  /**
   * @param number higher than any before
   */
  KeyMarks with(TxnId txn, long number) {
    Mark mark = new Mark(txn, number);
    if (to < marks.length && marks[to] == null) {
      marks[to] = mark;
      return new KeyMarks(marks, from, to + 1);
    }
    Mark[] more = new Mark[isEmpty() ? 1 : 2 * size()];
    System.arraycopy(marks, from, more, 0, size());
    more[size()] = mark;
    return new KeyMarks(more, 0, size() + 1);
  }

  /** These, if it is none of them. */
  KeyMarks without(TxnId txn) {
    // Mostly the first, for they go in about the order in which they came.
    for (int i = from; i < to; i++) {
      if (marks[i].txn().equals(txn)) {
        return without(i);
      }
    }
    return this;
  }

  private KeyMarks without(int index) {
    if (size() == 1) {
      return NONE;
    }
    if (index == from) {
      return new KeyMarks(marks, from + 1, to);
    }
    Mark[] fewer = new Mark[size()];
    System.arraycopy(marks, from, fewer, 0, index - from);
    System.arraycopy(marks, index + 1, fewer, index - from, to - index - 1);
    return new KeyMarks(fewer, 0, size() - 1);
  }
}
