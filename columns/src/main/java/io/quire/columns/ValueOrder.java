package io.quire.columns;

import io.quire.columns.Value.Bool;
import io.quire.columns.Value.Bytes;
import io.quire.columns.Value.Exact;
import io.quire.columns.Value.Real;
import io.quire.columns.Value.Whole;
import java.math.BigDecimal;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The order of values. */
final class ValueOrder {
  private ValueOrder() {}

  /** Whether a literal can be compared with a column that has such values. */
  static boolean comparable(Value ofColumn, Value literal) {
    return switch (ofColumn) {
      case Bool _ -> literal instanceof Bool;
      case Whole _, Exact _ -> isExact(literal);
      case Real _ -> literal instanceof Real || isExact(literal);
      case Bytes _ -> literal instanceof Bytes;
    };
  }

  /** How a value of a column compares with a literal that is comparable with it. */
  static int compare(Value ofColumn, Value literal) {
    return switch (ofColumn) {
      case Bool value -> Boolean.compare(value.value(), ((Bool) literal).value());
      case Whole value when literal instanceof Whole other ->
          Long.compare(value.value(), other.value());
      case Whole _, Exact _ -> exact(ofColumn).compareTo(exact(literal));
      case Real value -> Long.compare(realKey(value.value()), realKey(real(literal)));
      case Bytes value -> Arrays.compareUnsigned(value.value(), ((Bytes) literal).value());
    };
  }

  static boolean isExact(Value value) {
    return value instanceof Whole || value instanceof Exact;
  }

  static BigDecimal exact(Value value) {
    return value instanceof Exact exact
        ? exact.value()
        : BigDecimal.valueOf(((Whole) value).value());
  }

  static double real(Value value) {
    return value instanceof Real real ? real.value() : exact(value).doubleValue();
  }

  /** A number in the order of doubles: equal ones have one key, and NaN the greatest. */
  static long realKey(double value) {
    long bits = value == 0 ? 0 : Double.doubleToLongBits(value);
    return bits ^ (bits >> 63 & Long.MAX_VALUE);
  }

  static double ofRealKey(long key) {
    return Double.longBitsToDouble(key ^ (key >> 63 & Long.MAX_VALUE));
  }

  /** The least bytes that are greater than all that begin with these, or null if there are none. */
  static byte @Nullable [] after(byte[] prefix) {
    int length = prefix.length;
    while (length > 0 && prefix[length - 1] == -1) {
      length--;
    }
    if (length == 0) {
      return null;
    }
    byte[] after = Arrays.copyOf(prefix, length);
    after[length - 1]++;
    return after;
  }
}
