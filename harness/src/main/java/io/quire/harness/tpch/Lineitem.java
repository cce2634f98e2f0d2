package io.quire.harness.tpch;

/**
 * The columns of lineitem in the order of the TPC-H specification; a column's number is its
 * ordinal. How a block of each type is laid out: {@link ColumnLayout}.
 */
public enum Lineitem {
  ORDERKEY(Type.LONG),
  PARTKEY(Type.LONG),
  SUPPKEY(Type.LONG),
  LINENUMBER(Type.INT),
  QUANTITY(Type.DECIMAL),
  EXTENDEDPRICE(Type.DECIMAL),
  DISCOUNT(Type.DECIMAL),
  TAX(Type.DECIMAL),
  RETURNFLAG(Type.BYTE),
  LINESTATUS(Type.BYTE),
  SHIPDATE(Type.INT),
  COMMITDATE(Type.INT),
  RECEIPTDATE(Type.INT),
  SHIPINSTRUCT(Type.TEXT, 12.0),
  SHIPMODE(Type.TEXT, 30.0 / 7),
  COMMENT(Type.TEXT, 26.5);

  /** What a value is, and its width in a block (of a text: the width of its offset). */
  public enum Type {
    LONG(8),
    /** Also dates, as days since 1970-01-01. */
    INT(4),
    /** Exact hundredths. */
    DECIMAL(8),
    BYTE(1),
    TEXT(4);

    private final int width;

    Type(int width) {
      this.width = width;
    }

    /** Bytes a row, without the characters of a text. */
    public int width() {
      return width;
    }
  }

  private static final long ORDERS_AT_SCALE_ONE = 1_500_000;
  // 6,001,215 rows at scale 1: an order has one to seven lines, drawn from a fixed sequence.
  private static final double ROWS_PER_ORDER = 6_001_215.0 / ORDERS_AT_SCALE_ONE;

  private final Type type;
  private final double textBytes;

  Lineitem(Type type) {
    this(type, 0);
  }

  Lineitem(Type type, double textBytes) {
    this.type = type;
    this.textBytes = textBytes;
  }

  public Type type() {
    return type;
  }

  /** Bytes that a row takes in this column: exact, except for texts, where it is the average. */
  public double bytesPerRow() {
    return type.width() + textBytes;
  }

  /** About how many rows there are at a scale: within 1 % from scale 0.01 on. */
  public static long estimatedRows(double scale) {
    return Math.round(Math.floor(ORDERS_AT_SCALE_ONE * scale) * ROWS_PER_ORDER);
  }

  /** About how many bytes all columns take at a scale: within 1 % from scale 0.01 on. */
  public static long estimatedBytes(double scale) {
    double bytesPerRow = 0;
    for (Lineitem column : values()) {
      bytesPerRow += column.bytesPerRow();
    }
    return Math.round(estimatedRows(scale) * bytesPerRow);
  }
}
