package io.quire.harness.tpch;

/**
 * The ranges that keep the sums of a row group in 64 bits. A scan ORs the values of a column
 * together and looks at the result once: if no value has a bit at or above the limit, neither has
 * the OR, and the other way round; a negative value has the topmost.
 *
 * <p>With these and {@link ColumnLayout#MAX_ROWS} = 2^20 rows, the largest sum, that of charges,
 * stays below 2^24 * 100 * (100 + 2^7) * 2^20 < 2^59.
 */
final class Bounds {
  private Bounds() {}

  static void check(Lineitem column, long ored) {
    int bits =
        switch (column) {
          case EXTENDEDPRICE -> 24; // at most 50 pieces at 2,099.00
          case QUANTITY -> 13; // at most 50.00
          case DISCOUNT, TAX -> 7; // at most 0.10 and 0.08
          default -> throw new IllegalArgumentException("no bound: column=" + column);
        };
    if (ored >>> bits != 0) {
      throw new IllegalArgumentException(
          "a value is out of range: column=" + column + " below=" + (1L << bits));
    }
  }
}
