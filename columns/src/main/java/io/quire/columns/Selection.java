package io.quire.columns;

import java.util.function.IntConsumer;

/** Which rows of a row group were chosen. Immutable. */
public final class Selection {
  private final int rows;
  private final long[] words;
  private final int count;

  /** Keeps the array; bits from {@code rows} on must be zero. */
  Selection(int rows, long[] words) {
    this.rows = rows;
    this.words = words;
    int chosen = 0;
    for (long word : words) {
      chosen += Long.bitCount(word);
    }
    count = chosen;
  }

  /** All of so many rows. */
  public static Selection all(int rows) {
    return new Selection(rows, Truth.ones(rows));
  }

  /** A mark for each row, 64 in a word; not to be changed. */
  long[] words() {
    return words;
  }

  /** How many rows the group has, chosen or not. */
  public int rows() {
    return rows;
  }

  /** How many are chosen. */
  public int count() {
    return count;
  }

  /** Whether a row is chosen. */
  public boolean contains(int row) {
    if (row < 0 || row >= rows) {
      throw new IndexOutOfBoundsException("no such row: row=" + row + " rows=" + rows);
    }
    return (words[row >>> 6] >>> row & 1) != 0;
  }

  /** Calls with each chosen row, in order. */
  public void forEach(IntConsumer action) {
    for (int i = 0; i < words.length; i++) {
      for (long word = words[i]; word != 0; word &= word - 1) {
        action.accept((i << 6) + Long.numberOfTrailingZeros(word));
      }
    }
  }

  /** The chosen rows, in order. */
  public int[] toArray() {
    int[] chosen = new int[count];
    int at = 0;
    for (int i = 0; i < words.length; i++) {
      for (long word = words[i]; word != 0; word &= word - 1) {
        chosen[at++] = (i << 6) + Long.numberOfTrailingZeros(word);
      }
    }
    return chosen;
  }

  @Override
  public String toString() {
    return "Selection[rows=" + rows + " count=" + count + "]";
  }
}
