package io.quire.columns;

import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The literals that a column may be one of, as keys in order. */
final class Literals implements FilterRun.Match {
  private final Domain domain;
  private final long[] keys;
  private final BigInteger[] pairs;
  private final byte[][] texts;
  private final MemorySegment[] segments;

  Literals(Domain domain, List<Value> values) {
    this.domain = domain;
    boolean isLong = domain.keys() == Domain.Keys.LONG;
    keys =
        isLong
            ? values.stream()
                .map(value -> new OneValue(domain, value))
                .filter(one -> one.low <= one.high)
                .mapToLong(one -> one.low)
                .sorted()
                .toArray()
            : new long[0];
    pairs =
        domain.keys() == Domain.Keys.PAIR
            ? values.stream()
                .map(value -> units(domain, value))
                .filter(Objects::nonNull)
                .sorted()
                .toArray(BigInteger[]::new)
            : new BigInteger[0];
    texts =
        domain.keys() == Domain.Keys.BYTES
            ? values.stream()
                .map(value -> ((Value.Bytes) value).value())
                .sorted(Arrays::compareUnsigned)
                .toArray(byte[][]::new)
            : new byte[0][];
    segments = Arrays.stream(texts).map(FilterRun::segment).toArray(MemorySegment[]::new);
  }

  /** The keys that equal a literal: one, or none. */
  private record OneValue(long low, long high) {
    OneValue(Domain domain, Value value) {
      this(bounds(domain, value));
    }

    private OneValue(Bounds bounds) {
      this(bounds.low(), bounds.high());
    }

    private static Bounds bounds(Domain domain, Value value) {
      Bounds bounds = new Bounds(domain);
      bounds.narrow(Filter.Op.EQ, value);
      return bounds;
    }
  }

  private static @Nullable BigInteger units(Domain domain, Value value) {
    BigDecimal units = ValueOrder.exact(value).movePointRight(domain.scale());
    try {
      BigInteger integer = units.toBigIntegerExact();
      return integer.bitLength() <= 127 ? integer : null;
    } catch (ArithmeticException e) {
      return null;
    }
  }

  Domain domain() {
    return domain;
  }

  boolean contains(long key) {
    return Arrays.binarySearch(keys, key) >= 0;
  }

  @Override
  public boolean matches(Lane lane, int row) {
    int low = 0;
    int high = (domain.keys() == Domain.Keys.PAIR ? pairs.length : segments.length) - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int compared = compare(lane, row, middle);
      if (compared == 0) {
        return true;
      }
      if (compared > 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return false;
  }

  private int compare(Lane lane, int row, int literal) {
    return domain.keys() == Domain.Keys.PAIR
        ? Pairs.compare(
            lane, row, pairs[literal].shiftRight(64).longValue(), pairs[literal].longValue())
        : lane.compare(row, segments[literal]);
  }
}
