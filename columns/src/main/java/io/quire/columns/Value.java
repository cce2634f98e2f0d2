package io.quire.columns;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A value of a column, or a literal that one is compared with.
 *
 * <p>A column of integers, dates, times, timestamps or durations has {@link Whole} values, in the
 * unit of the column; one of decimals or of integers of 64 bits without sign {@link Exact} ones;
 * floats {@link Real}, bool {@link Bool}, text and bytes {@link Bytes}. A literal for integers or
 * decimals may be {@link Whole} or {@link Exact} and is compared exactly; one for floats may be of
 * these too, and is then rounded to a double.
 */
public sealed interface Value {
  /** A truth value; false comes before true. */
  record Bool(boolean value) implements Value {}

  /** An integer of 64 bits with sign, in the unit of its column. */
  record Whole(long value) implements Value {}

  /** A decimal, of at most 31 bytes without its scale, which is from -128 to 127. */
  record Exact(BigDecimal value) implements Value {
    public Exact {
      if (value.unscaledValue().bitLength() > 31 * 8 - 1 || value.scale() != (byte) value.scale()) {
        throw new IllegalArgumentException(
            "decimal is too long: digits=" + value.precision() + " scale=" + value.scale());
      }
    }
  }

  /**
   * A double. All that are not a number are equal, and greater than all others; 0.0 and -0.0 are
   * equal.
   */
  record Real(double value) implements Value {}

  /**
   * Text in UTF-8, or bytes: at most 65,535. They are compared as bytes without sign, which for
   * text is the order of code points. The array is not to be changed.
   */
  record Bytes(byte[] value) implements Value {
    public Bytes {
      if (value.length > 0xffff) {
        throw new IllegalArgumentException("too many bytes: bytes=" + value.length + " max=65535");
      }
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Bytes bytes && Arrays.equals(value, bytes.value);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(value);
    }

    @Override
    public String toString() {
      return "Bytes[" + HexFormat.of().formatHex(value) + "]";
    }
  }

  /** A {@link Bool}. */
  static Value of(boolean value) {
    return new Bool(value);
  }

  /** A {@link Whole}. */
  static Value of(long value) {
    return new Whole(value);
  }

  /**
   * A decimal.
   *
   * @throws IllegalArgumentException if it is too long
   */
  static Value of(BigDecimal value) {
    return new Exact(value);
  }

  /** A {@link Real}; a literal that is to be exact is made of a {@link BigDecimal}. */
  static Value of(double value) {
    return new Real(value);
  }

  /**
   * Text.
   *
   * @throws IllegalArgumentException if it has more than 65,535 bytes in UTF-8
   */
  static Value of(String text) {
    return new Bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Bytes, of which a copy is kept.
   *
   * @throws IllegalArgumentException if they are more than 65,535
   */
  static Value of(byte[] bytes) {
    return new Bytes(bytes.clone());
  }
}
