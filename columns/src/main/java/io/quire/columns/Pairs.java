package io.quire.columns;

/** Numbers of 128 bits as two longs, of which the lower has no sign. */
final class Pairs {
  private Pairs() {}

  static int compare(long high, long low, long otherHigh, long otherLow) {
    return high != otherHigh ? Long.compare(high, otherHigh) : Long.compareUnsigned(low, otherLow);
  }

  static int compare(Lane lane, int row, long otherHigh, long otherLow) {
    return compare(lane.high(row), lane.low(row), otherHigh, otherLow);
  }

  /**
   * The higher half of a sum, of which the lower is {@code low + otherLow}; throws if too large.
   */
  static long addHigh(long high, long low, long otherHigh, long otherLow) {
    long carry = Long.compareUnsigned(low + otherLow, low) < 0 ? 1 : 0;
    long sum = high + otherHigh + carry;
    if (((high ^ sum) & (otherHigh ^ sum)) < 0) {
      throw new ArithmeticException("sum is beyond 128 bits");
    }
    return sum;
  }
}
