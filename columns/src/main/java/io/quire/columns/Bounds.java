package io.quire.columns;

import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/**
 * A range of a domain, as keys. It begins as all of it and is made narrower. Numbers have their
 * ends included, since there is a next one to each; bytes say whether an end is. NE narrows like
 * EQ: what is outside is then what matches.
 */
final class Bounds implements FilterRun.Match {
  private static final BigInteger LEAST = BigInteger.ONE.shiftLeft(127).negate();
  private static final BigInteger MOST = LEAST.not();

  private final Domain domain;
  private long low = Long.MIN_VALUE;
  private long high = Long.MAX_VALUE;
  private BigInteger lowPair = LEAST;
  private BigInteger highPair = MOST;
  private long lowHigh = LEAST.shiftRight(64).longValue();
  private long lowLow = LEAST.longValue();
  private long highHigh = MOST.shiftRight(64).longValue();
  private long highLow = MOST.longValue();
  private @Nullable MemorySegment from;
  private boolean fromIncluded;
  private @Nullable MemorySegment to;
  private boolean toIncluded;

  Bounds(Domain domain) {
    this.domain = domain;
  }

  Domain domain() {
    return domain;
  }

  /** Of keys that are longs. Nothing matches if it is above {@link #high}. */
  long low() {
    return low;
  }

  long high() {
    return high;
  }

  void narrow(Filter.Op op, Value literal) {
    switch (op) {
      case EQ, NE -> {
        narrow(Filter.Op.GE, literal);
        narrow(Filter.Op.LE, literal);
      }
      case LT, LE, GT, GE -> {
        boolean included = op == Filter.Op.LE || op == Filter.Op.GE;
        boolean above = op == Filter.Op.GT || op == Filter.Op.GE;
        switch (domain.kind()) {
          case BOOL -> number(((Value.Bool) literal).value() ? 1 : 0, above, included);
          case REAL -> number(ValueOrder.realKey(ValueOrder.real(literal)), above, included);
          case WHOLE, UNSIGNED, DECIMAL -> exact(literal, above, included);
          case BYTES -> bytes(((Value.Bytes) literal).value(), above, included);
        }
      }
    }
  }

  void narrowToPrefix(byte[] prefix) {
    bytes(prefix, true, true);
    byte[] after = ValueOrder.after(prefix);
    if (after != null) {
      bytes(after, false, false);
    }
  }

  /** Keys are never the least or the greatest long here. */
  private void number(long key, boolean above, boolean included) {
    if (above) {
      low = Math.max(low, included ? key : key + 1);
    } else {
      high = Math.min(high, included ? key : key - 1);
    }
  }

  /** The literal in units of the column, rounded so that what is compared stays as it is. */
  private void exact(Value literal, boolean above, boolean included) {
    BigDecimal units = ValueOrder.exact(literal).movePointRight(domain.scale());
    if (above) {
      BigInteger least =
          included
              ? units.setScale(0, RoundingMode.CEILING).toBigInteger()
              : units.setScale(0, RoundingMode.FLOOR).toBigInteger().add(BigInteger.ONE);
      lowPair = lowPair.max(least);
    } else {
      BigInteger most =
          included
              ? units.setScale(0, RoundingMode.FLOOR).toBigInteger()
              : units.setScale(0, RoundingMode.CEILING).toBigInteger().subtract(BigInteger.ONE);
      highPair = highPair.min(most);
    }
    if (lowPair.compareTo(MOST) > 0 || highPair.compareTo(LEAST) < 0) {
      lowPair = MOST;
      highPair = LEAST;
    }
    lowHigh = lowPair.shiftRight(64).longValue();
    lowLow = lowPair.longValue();
    highHigh = highPair.shiftRight(64).longValue();
    highLow = highPair.longValue();
    if (domain.kind() != Domain.Kind.DECIMAL) {
      toLongs();
    }
  }

  private void toLongs() {
    BigInteger shift =
        domain.kind() == Domain.Kind.UNSIGNED ? BigInteger.ONE.shiftLeft(63) : BigInteger.ZERO;
    BigInteger least = lowPair.subtract(shift);
    BigInteger most = highPair.subtract(shift);
    BigInteger first = BigInteger.valueOf(Long.MIN_VALUE);
    BigInteger last = BigInteger.valueOf(Long.MAX_VALUE);
    if (least.compareTo(most) > 0 || least.compareTo(last) > 0 || most.compareTo(first) < 0) {
      low = Long.MAX_VALUE;
      high = Long.MIN_VALUE;
    } else {
      low = least.max(first).longValueExact();
      high = most.min(last).longValueExact();
    }
  }

  private void bytes(byte[] bytes, boolean above, boolean included) {
    if (above) {
      from = FilterRun.segment(bytes);
      fromIncluded = included;
    } else {
      to = FilterRun.segment(bytes);
      toIncluded = included;
    }
  }

  @Override
  public boolean matches(Lane lane, int row) {
    if (domain.keys() == Domain.Keys.PAIR) {
      long rowHigh = lane.high(row);
      long rowLow = lane.low(row);
      return Pairs.compare(rowHigh, rowLow, lowHigh, lowLow) >= 0
          && Pairs.compare(rowHigh, rowLow, highHigh, highLow) <= 0;
    }
    return isFrom(lane, row) && isTo(lane, row);
  }

  private boolean isFrom(Lane lane, int row) {
    return from == null || lane.compare(row, from) >= (fromIncluded ? 0 : 1);
  }

  private boolean isTo(Lane lane, int row) {
    return to == null || lane.compare(row, to) <= (toIncluded ? 0 : -1);
  }
}
