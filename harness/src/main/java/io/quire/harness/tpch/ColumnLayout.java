package io.quire.harness.tpch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Bytes of a column block: one column of one row group, without a header, since the number of rows
 * is in the descriptor. Little-endian, no alignment asked for. {@code docs/formats/column.md} has
 * the whole of it.
 */
public final class ColumnLayout {
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  /** Keeps the sums of one row group in 64 bits and the offsets of its texts in 31. */
  public static final int MAX_ROWS = 1 << 20;

  private ColumnLayout() {}

  /**
   * The value of a row of a LONG, INT, DECIMAL (in hundredths) or BYTE block.
   *
   * @throws IndexOutOfBoundsException if the block has no such row
   */
  public static long number(Lineitem column, MemorySegment block, int row) {
    return switch (column.type()) {
      case LONG, DECIMAL -> block.get(LONG, 8L * row);
      case INT -> block.get(INT, 4L * row);
      case BYTE -> block.get(BYTE, row);
      case TEXT -> throw new IllegalArgumentException("a text, not a number: column=" + column);
    };
  }

  /**
   * The text of a row of a TEXT block of {@code rows} rows.
   *
   * @throws IllegalArgumentException if the offsets do not lie within the block
   * @throws IndexOutOfBoundsException if the block has no such row
   */
  public static String text(MemorySegment block, int rows, int row) {
    if (row < 0 || row >= rows) {
      throw new IndexOutOfBoundsException("no such row: row=" + row + " rows=" + rows);
    }
    long texts = 4L * (rows + 1);
    int from = block.get(INT, 4L * row);
    int to = block.get(INT, 4L * row + 4);
    if (from < 0 || to < from || to > block.byteSize() - texts) {
      throw new IllegalArgumentException(
          "offsets outside the text block: row=%d from=%d to=%d textBytes=%d"
              .formatted(row, from, to, block.byteSize() - texts));
    }
    byte[] utf8 = block.asSlice(texts + from, to - from).toArray(BYTE);
    return new String(utf8, StandardCharsets.UTF_8);
  }

  /** Refuses a block that does not have exactly the bytes of {@code rows} fixed-width values. */
  static MemorySegment checked(Lineitem column, MemorySegment block, int rows) {
    if (rows < 0 || rows > MAX_ROWS) {
      throw new IllegalArgumentException("rows of a group: found=" + rows + " most=" + MAX_ROWS);
    }
    long wanted = (long) rows * column.type().width();
    if (block.byteSize() != wanted) {
      throw new IllegalArgumentException(
          "block does not fit its rows: column=%s rows=%d bytes=%d wanted=%d"
              .formatted(column, rows, block.byteSize(), wanted));
    }
    return block;
  }
}
