package io.quire.harness.tpch;

import static io.quire.harness.tpch.ColumnLayout.INT;
import static io.quire.harness.tpch.ColumnLayout.LONG;
import static io.quire.harness.tpch.ColumnLayout.checked;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.List;

/**
 * TPC-H query 6, the forecast of a change in revenue: the sum of extendedprice * discount over the
 * lines shipped in 1994 with a discount of 0.05 to 0.07 and a quantity below 24.
 */
public record Q6() implements Query<Q6.Partial> {
  /**
   * A sum in ten-thousandths. A line adds at most 104,950.00 * 0.10, that is 104,950,000 of them;
   * the 6.0e9 lines of scale 1000 could add 6.3e17 if all of them were selected, a fifteenth of
   * what 64 bits hold, and past that merging throws.
   */
  public record Partial(long revenue) {}

  private static final List<Integer> COLUMNS =
      List.of(
          Lineitem.SHIPDATE.ordinal(),
          Lineitem.DISCOUNT.ordinal(),
          Lineitem.QUANTITY.ordinal(),
          Lineitem.EXTENDEDPRICE.ordinal());

  private static final int FROM = (int) LocalDate.of(1994, 1, 1).toEpochDay();
  private static final int UNTIL = (int) LocalDate.of(1995, 1, 1).toEpochDay();
  private static final long LEAST_DISCOUNT = 5;
  private static final long MOST_DISCOUNT = 7;
  private static final long QUANTITY_BELOW = 2400;

  @Override
  public List<Integer> columns() {
    return COLUMNS;
  }

  @Override
  public Partial empty() {
    return new Partial(0);
  }

  @Override
  public Partial scan(int rows, List<MemorySegment> blocks) {
    MemorySegment shipDate = checked(Lineitem.SHIPDATE, blocks.get(0), rows);
    MemorySegment discount = checked(Lineitem.DISCOUNT, blocks.get(1), rows);
    MemorySegment quantity = checked(Lineitem.QUANTITY, blocks.get(2), rows);
    MemorySegment price = checked(Lineitem.EXTENDEDPRICE, blocks.get(3), rows);
    long revenue = 0;
    long prices = 0;
    for (int row = 0; row < rows; row++) {
      int shipped = shipDate.get(INT, (long) row << 2);
      long off = discount.get(LONG, (long) row << 3);
      long pieces = quantity.get(LONG, (long) row << 3);
      // Not short-circuited: three unpredictable branches a row cost more than the loads they save.
      if (shipped >= FROM
          & shipped < UNTIL
          & off >= LEAST_DISCOUNT
          & off <= MOST_DISCOUNT
          & pieces < QUANTITY_BELOW) {
        long cents = price.get(LONG, (long) row << 3);
        prices |= cents;
        revenue += cents * off;
      }
    }
    Bounds.check(Lineitem.EXTENDEDPRICE, prices);
    return new Partial(revenue);
  }

  @Override
  public Partial merge(Partial left, Partial right) {
    return new Partial(Math.addExact(left.revenue, right.revenue));
  }

  @Override
  public void write(Partial partial, WireWriter out) {
    out.int64(partial.revenue);
  }

  @Override
  public Partial read(WireReader in) {
    return new Partial(in.int64());
  }

  /** The revenue with all its four digits; of no rows it is zero, where SQL has null. */
  public BigDecimal answer(Partial total) {
    return BigDecimal.valueOf(total.revenue, 4);
  }

  @Override
  public List<String> lines(Partial total) {
    return List.of(answer(total).toPlainString());
  }
}
