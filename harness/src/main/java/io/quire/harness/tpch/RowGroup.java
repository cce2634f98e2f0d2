package io.quire.harness.tpch;

import io.trino.tpch.LineItem;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The rows of one group turned into columns, on the heap; its arrays serve group after group. */
final class RowGroup {
  private final long[] orderKey;
  private final long[] partKey;
  private final long[] suppKey;
  private final int[] lineNumber;
  private final long[] quantity;
  private final long[] extendedPrice;
  private final long[] discount;
  private final long[] tax;
  private final byte[] returnFlag;
  private final byte[] lineStatus;
  private final int[] shipDate;
  private final int[] commitDate;
  private final int[] receiptDate;
  private final Texts shipInstruct;
  private final Texts shipMode;
  private final Texts comment;

  private int rows;

  RowGroup(int capacity) {
    orderKey = new long[capacity];
    partKey = new long[capacity];
    suppKey = new long[capacity];
    lineNumber = new int[capacity];
    quantity = new long[capacity];
    extendedPrice = new long[capacity];
    discount = new long[capacity];
    tax = new long[capacity];
    returnFlag = new byte[capacity];
    lineStatus = new byte[capacity];
    shipDate = new int[capacity];
    commitDate = new int[capacity];
    receiptDate = new int[capacity];
    shipInstruct = new Texts(capacity, Lineitem.SHIPINSTRUCT);
    shipMode = new Texts(capacity, Lineitem.SHIPMODE);
    comment = new Texts(capacity, Lineitem.COMMENT);
  }

  int rows() {
    return rows;
  }

  void clear() {
    rows = 0;
  }

  void add(LineItem item) {
    int row = rows;
    orderKey[row] = item.orderKey();
    partKey[row] = item.partKey();
    suppKey[row] = item.supplierKey();
    lineNumber[row] = item.lineNumber();
    quantity[row] = 100 * item.quantity();
    extendedPrice[row] = item.extendedPriceInCents();
    discount[row] = item.discountPercent();
    tax[row] = item.taxPercent();
    returnFlag[row] = (byte) item.returnFlag().charAt(0);
    lineStatus[row] = (byte) item.status().charAt(0);
    shipDate[row] = item.shipDate();
    commitDate[row] = item.commitDate();
    receiptDate[row] = item.receiptDate();
    shipInstruct.set(row, item.shipInstructions());
    shipMode.set(row, item.shipMode());
    comment.set(row, item.comment());
    rows = row + 1;
  }

  /** Bytes of the block of a column. */
  long bytes(Lineitem column) {
    return switch (column) {
      case SHIPINSTRUCT -> shipInstruct.bytes(rows);
      case SHIPMODE -> shipMode.bytes(rows);
      case COMMENT -> comment.bytes(rows);
      default -> (long) rows * column.type().width();
    };
  }

  /** Writes the block of a column, which must have exactly its bytes. */
  void fill(Lineitem column, MemorySegment block) {
    if (block.byteSize() != bytes(column)) {
      throw new IllegalArgumentException(
          "block does not fit: column=%s bytes=%d wanted=%d"
              .formatted(column, block.byteSize(), bytes(column)));
    }
    switch (column) {
      case ORDERKEY -> copy(orderKey, block);
      case PARTKEY -> copy(partKey, block);
      case SUPPKEY -> copy(suppKey, block);
      case LINENUMBER -> copy(lineNumber, block);
      case QUANTITY -> copy(quantity, block);
      case EXTENDEDPRICE -> copy(extendedPrice, block);
      case DISCOUNT -> copy(discount, block);
      case TAX -> copy(tax, block);
      case RETURNFLAG -> copy(returnFlag, block);
      case LINESTATUS -> copy(lineStatus, block);
      case SHIPDATE -> copy(shipDate, block);
      case COMMITDATE -> copy(commitDate, block);
      case RECEIPTDATE -> copy(receiptDate, block);
      case SHIPINSTRUCT -> shipInstruct.copy(rows, block);
      case SHIPMODE -> shipMode.copy(rows, block);
      case COMMENT -> comment.copy(rows, block);
    }
  }

  private void copy(long[] values, MemorySegment block) {
    MemorySegment.copy(values, 0, block, ColumnLayout.LONG, 0, rows);
  }

  private void copy(int[] values, MemorySegment block) {
    MemorySegment.copy(values, 0, block, ColumnLayout.INT, 0, rows);
  }

  private void copy(byte[] values, MemorySegment block) {
    MemorySegment.copy(values, 0, block, ColumnLayout.BYTE, 0, rows);
  }

  /** Texts behind each other, and where each ends. */
  private static final class Texts {
    private final int[] offsets;
    private byte[] utf8;

    Texts(int capacity, Lineitem column) {
      offsets = new int[capacity + 1];
      utf8 = new byte[(int) (capacity * column.bytesPerRow()) + 64];
    }

    // Every text of TPC-H is ASCII. For that the deprecated method is exact, and it makes no
    // garbage:
    // a quarter more rows a second than going through a new array or character by character.
    @SuppressWarnings("deprecation")
    void set(int row, String text) {
      int at = offsets[row];
      int end = at + text.length();
      if (end > utf8.length) {
        utf8 = Arrays.copyOf(utf8, Math.max(end, utf8.length + utf8.length / 2));
      }
      text.getBytes(0, text.length(), utf8, at);
      offsets[row + 1] = end;
    }

    long bytes(int rows) {
      return 4L * (rows + 1) + offsets[rows];
    }

    void copy(int rows, MemorySegment block) {
      MemorySegment.copy(offsets, 0, block, ColumnLayout.INT, 0, rows + 1);
      MemorySegment.copy(utf8, 0, block, ColumnLayout.BYTE, 4L * (rows + 1), offsets[rows]);
    }
  }
}
