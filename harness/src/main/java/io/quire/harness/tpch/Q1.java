package io.quire.harness.tpch;

import static io.quire.harness.tpch.ColumnLayout.BYTE;
import static io.quire.harness.tpch.ColumnLayout.INT;
import static io.quire.harness.tpch.ColumnLayout.LONG;
import static io.quire.harness.tpch.ColumnLayout.checked;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * TPC-H query 1, the pricing summary: sums, averages and counts of the lines shipped 90 days before
 * 1998-12-01 or earlier, by return flag and line status.
 */
public record Q1() implements Query<Q1.Partial> {
  /**
   * One group's sums: quantity, basePrice and discount in hundredths, discPrice in ten-thousandths,
   * charge in millionths. At scale 1000 (6.0e9 lines) the 64-bit ones reach 6.3e16 at most, 1/146
   * of what they hold; discPrice would fill 68 % of 64 bits and charge exceeds them, so these two
   * have no limit. Merging throws rather than wrap.
   */
  public record Sums(
      long count,
      long quantity,
      long basePrice,
      long discount,
      BigInteger discPrice,
      BigInteger charge) {
    static final Sums ZERO = new Sums(0, 0, 0, 0, BigInteger.ZERO, BigInteger.ZERO);

    Sums plus(Sums other) {
      return new Sums(
          Math.addExact(count, other.count),
          Math.addExact(quantity, other.quantity),
          Math.addExact(basePrice, other.basePrice),
          Math.addExact(discount, other.discount),
          discPrice.add(other.discPrice),
          charge.add(other.charge));
    }
  }

  /** The sums of the six groups that may be, in the order of the answer. */
  public record Partial(List<Sums> groups) {
    public Partial {
      groups = List.copyOf(groups);
      if (groups.size() != GROUPS) {
        throw new IllegalArgumentException("groups: found=" + groups.size() + " wanted=" + GROUPS);
      }
    }
  }

  /** A row of the answer; prints as TPC-H does, the sums with all their digits. */
  public record Row(
      char returnFlag,
      char lineStatus,
      BigDecimal sumQty,
      BigDecimal sumBasePrice,
      BigDecimal sumDiscPrice,
      BigDecimal sumCharge,
      BigDecimal avgQty,
      BigDecimal avgPrice,
      BigDecimal avgDisc,
      long countOrder) {
    private static Row of(int group, Sums sums) {
      return new Row(
          FLAGS.charAt(group / STATUSES.length()),
          STATUSES.charAt(group % STATUSES.length()),
          BigDecimal.valueOf(sums.quantity, 2),
          BigDecimal.valueOf(sums.basePrice, 2),
          new BigDecimal(sums.discPrice, 4),
          new BigDecimal(sums.charge, 6),
          average(sums.quantity, sums.count),
          average(sums.basePrice, sums.count),
          average(sums.discount, sums.count),
          sums.count);
    }

    private static BigDecimal average(long hundredths, long count) {
      return BigDecimal.valueOf(hundredths, 2)
          .divide(BigDecimal.valueOf(count), 2, RoundingMode.HALF_UP);
    }

    @Override
    public String toString() {
      return String.join(
          "|",
          String.valueOf(returnFlag),
          String.valueOf(lineStatus),
          sumQty.toPlainString(),
          sumBasePrice.toPlainString(),
          sumDiscPrice.toPlainString(),
          sumCharge.toPlainString(),
          avgQty.toPlainString(),
          avgPrice.toPlainString(),
          avgDisc.toPlainString(),
          String.valueOf(countOrder));
    }
  }

  private static final List<Integer> COLUMNS =
      List.of(
          Lineitem.QUANTITY.ordinal(),
          Lineitem.EXTENDEDPRICE.ordinal(),
          Lineitem.DISCOUNT.ordinal(),
          Lineitem.TAX.ordinal(),
          Lineitem.RETURNFLAG.ordinal(),
          Lineitem.LINESTATUS.ordinal(),
          Lineitem.SHIPDATE.ordinal());

  private static final int LAST_DAY = (int) LocalDate.of(1998, 12, 1).minusDays(90).toEpochDay();
  private static final String FLAGS = "ANR";
  private static final String STATUSES = "FO";
  private static final int GROUPS = 6;

  // A byte's share of its row's group number. Shares of bytes that TPC-H does not have lead to
  // group numbers from 8 on, so that the loop needs no branch to find them.
  private static final byte[] FLAG_SHARE = shares(FLAGS, STATUSES.length(), 8);
  private static final byte[] STATUS_SHARE = shares(STATUSES, 1, 16);
  private static final int SLOTS = 32;

  // Where a group's sums are in the eight longs that it has.
  private static final int STRIDE = 8;
  private static final int COUNT = 0;
  private static final int QUANTITY = 1;
  private static final int BASE_PRICE = 2;
  private static final int DISCOUNT = 3;
  private static final int DISC_PRICE = 4;
  private static final int CHARGE = 5;

  @Override
  public List<Integer> columns() {
    return COLUMNS;
  }

  @Override
  public Partial empty() {
    return new Partial(Collections.nCopies(GROUPS, Sums.ZERO));
  }

  @Override
  public Partial scan(int rows, List<MemorySegment> blocks) {
    MemorySegment quantity = checked(Lineitem.QUANTITY, blocks.get(0), rows);
    MemorySegment price = checked(Lineitem.EXTENDEDPRICE, blocks.get(1), rows);
    MemorySegment discount = checked(Lineitem.DISCOUNT, blocks.get(2), rows);
    MemorySegment tax = checked(Lineitem.TAX, blocks.get(3), rows);
    MemorySegment flag = checked(Lineitem.RETURNFLAG, blocks.get(4), rows);
    MemorySegment status = checked(Lineitem.LINESTATUS, blocks.get(5), rows);
    MemorySegment shipDate = checked(Lineitem.SHIPDATE, blocks.get(6), rows);
    long[] sums = new long[SLOTS * STRIDE];
    long quantities = 0;
    long prices = 0;
    long discounts = 0;
    long taxes = 0;
    for (int row = 0; row < rows; row++) {
      if (shipDate.get(INT, (long) row << 2) > LAST_DAY) {
        continue;
      }
      long pieces = quantity.get(LONG, (long) row << 3);
      long cents = price.get(LONG, (long) row << 3);
      long off = discount.get(LONG, (long) row << 3);
      long taxed = tax.get(LONG, (long) row << 3);
      quantities |= pieces;
      prices |= cents;
      discounts |= off;
      taxes |= taxed;
      int at =
          STRIDE
              * (FLAG_SHARE[flag.get(BYTE, row) & 0xff]
                  + STATUS_SHARE[status.get(BYTE, row) & 0xff]);
      long discounted = cents * (100 - off);
      sums[at + COUNT]++;
      sums[at + QUANTITY] += pieces;
      sums[at + BASE_PRICE] += cents;
      sums[at + DISCOUNT] += off;
      sums[at + DISC_PRICE] += discounted;
      sums[at + CHARGE] += discounted * (100 + taxed);
    }
    Bounds.check(Lineitem.QUANTITY, quantities);
    Bounds.check(Lineitem.EXTENDEDPRICE, prices);
    Bounds.check(Lineitem.DISCOUNT, discounts);
    Bounds.check(Lineitem.TAX, taxes);
    return partial(sums);
  }

  private static Partial partial(long[] sums) {
    for (int slot = GROUPS; slot < SLOTS; slot++) {
      if (sums[slot * STRIDE + COUNT] != 0) {
        throw new IllegalArgumentException(
            "unknown return flag or line status: rows=" + sums[slot * STRIDE + COUNT]);
      }
    }
    List<Sums> groups = new ArrayList<>(GROUPS);
    for (int at = 0; at < GROUPS * STRIDE; at += STRIDE) {
      groups.add(
          new Sums(
              sums[at + COUNT],
              sums[at + QUANTITY],
              sums[at + BASE_PRICE],
              sums[at + DISCOUNT],
              BigInteger.valueOf(sums[at + DISC_PRICE]),
              BigInteger.valueOf(sums[at + CHARGE])));
    }
    return new Partial(groups);
  }

  @Override
  public Partial merge(Partial left, Partial right) {
    List<Sums> groups = new ArrayList<>(GROUPS);
    for (int group = 0; group < GROUPS; group++) {
      groups.add(left.groups.get(group).plus(right.groups.get(group)));
    }
    return new Partial(groups);
  }

  @Override
  public void write(Partial partial, WireWriter out) {
    for (Sums sums : partial.groups) {
      out.int64(sums.count).int64(sums.quantity).int64(sums.basePrice).int64(sums.discount);
      out.bytes(sums.discPrice.toByteArray()).bytes(sums.charge.toByteArray());
    }
  }

  @Override
  public Partial read(WireReader in) {
    List<Sums> groups = new ArrayList<>(GROUPS);
    for (int group = 0; group < GROUPS; group++) {
      groups.add(
          new Sums(in.int64(), in.int64(), in.int64(), in.int64(), integer(in), integer(in)));
    }
    return new Partial(groups);
  }

  private static BigInteger integer(WireReader in) {
    byte[] bytes = in.bytes();
    if (bytes.length == 0) {
      throw new WireReader.MalformedException("a sum without bytes: bytesLeft=" + in.remaining());
    }
    return new BigInteger(bytes);
  }

  /** The groups that have lines, by return flag and line status. */
  public List<Row> answer(Partial total) {
    List<Row> rows = new ArrayList<>(GROUPS);
    for (int group = 0; group < GROUPS; group++) {
      Sums sums = total.groups.get(group);
      if (sums.count > 0) {
        rows.add(Row.of(group, sums));
      }
    }
    return rows;
  }

  @Override
  public List<String> lines(Partial total) {
    return answer(total).stream().map(Row::toString).toList();
  }

  private static byte[] shares(String known, int weight, int unknown) {
    byte[] shares = new byte[256];
    Arrays.fill(shares, (byte) unknown);
    for (int i = 0; i < known.length(); i++) {
      shares[known.charAt(i)] = (byte) (i * weight);
    }
    return shares;
  }
}
