package io.quire.columns;

import java.math.BigDecimal;
import java.math.BigInteger;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.jspecify.annotations.Nullable;

/**
 * What the values of a column are and how they compare. In an execution a value is a key: a long, a
 * pair of longs, or bytes, in the same order as the values.
 *
 * @param scale of decimals, else 0
 */
record Domain(Kind kind, int scale) {
  enum Kind {
    BOOL,
    WHOLE,
    /** Integers of 64 bits without sign; the key has its highest bit flipped. */
    UNSIGNED,
    /** The key is {@link ValueOrder#realKey}. */
    REAL,
    /** Decimals; the key is a pair, the lower of which has no sign. */
    DECIMAL,
    BYTES
  }

  /** How keys look. */
  enum Keys {
    LONG,
    PAIR,
    BYTES
  }

  private static final BigInteger TWO_64 = BigInteger.ONE.shiftLeft(64);

  /** The domain of a type, or null if its values do not compare. */
  static @Nullable Domain of(ArrowType type) {
    return switch (type) {
      case ArrowType.Bool _ -> new Domain(Kind.BOOL, 0);
      case ArrowType.Int t when !t.getIsSigned() && t.getBitWidth() == 64 ->
          new Domain(Kind.UNSIGNED, 0);
      case ArrowType.Int _,
          ArrowType.Date _,
          ArrowType.Time _,
          ArrowType.Timestamp _,
          ArrowType.Duration _ ->
          new Domain(Kind.WHOLE, 0);
      case ArrowType.FloatingPoint _ -> new Domain(Kind.REAL, 0);
      case ArrowType.Decimal t when t.getBitWidth() == 128 ->
          new Domain(Kind.DECIMAL, t.getScale());
      case ArrowType.Utf8 _,
          ArrowType.LargeUtf8 _,
          ArrowType.Binary _,
          ArrowType.LargeBinary _,
          ArrowType.FixedSizeBinary _ ->
          new Domain(Kind.BYTES, 0);
      default -> null;
    };
  }

  Keys keys() {
    return switch (kind) {
      case BOOL, WHOLE, UNSIGNED, REAL -> Keys.LONG;
      case DECIMAL -> Keys.PAIR;
      case BYTES -> Keys.BYTES;
    };
  }

  /** The value of a key that is a long. */
  Value value(long key) {
    return switch (kind) {
      case BOOL -> new Value.Bool(key != 0);
      case WHOLE -> new Value.Whole(key);
      case UNSIGNED -> value(0, key ^ Long.MIN_VALUE);
      case REAL -> new Value.Real(ValueOrder.ofRealKey(key));
      case DECIMAL, BYTES -> throw new IllegalStateException("no key of this kind: kind=" + kind);
    };
  }

  /** The value of a key that is a pair. */
  Value value(long high, long low) {
    return new Value.Exact(new BigDecimal(integer(high, low), scale));
  }

  static BigInteger integer(long high, long low) {
    BigInteger lower = BigInteger.valueOf(low);
    return BigInteger.valueOf(high).shiftLeft(64).add(low < 0 ? lower.add(TWO_64) : lower);
  }

  /** A value that the domain could have. */
  Value example() {
    return switch (kind) {
      case BOOL -> new Value.Bool(false);
      case WHOLE -> new Value.Whole(0);
      case UNSIGNED, DECIMAL -> new Value.Exact(BigDecimal.ZERO);
      case REAL -> new Value.Real(0);
      case BYTES -> new Value.Bytes(new byte[0]);
    };
  }
}
