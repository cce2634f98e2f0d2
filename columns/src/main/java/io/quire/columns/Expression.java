package io.quire.columns;

import java.math.BigDecimal;

/**
 * A number for each row, computed of its columns. Immutable, for any thread.
 *
 * <p>Numbers are exact: integers of 64 bits with a scale, and what does not fit, on the way too, is
 * an {@link ArithmeticException}. A sum has the larger scale of its parts, a product both together,
 * at most {@value #SCALE_MAX}. What depends on a null is null.
 *
 * <p>At most 32 deep: one that is deeper is refused by the {@link Pipeline} that it is put into.
 */
public sealed interface Expression {
  /** The most digits behind the point that a product may have. */
  int SCALE_MAX = 38;

  /** A column of integers, dates, times or decimals; not of integers of 64 bits without sign. */
  record Column(int column) implements Expression {
    public Column {
      FilterLimits.column(column);
    }
  }

  /** The same for all rows: 64 bits, and a scale from 0 to 18. */
  record Literal(BigDecimal value) implements Expression {
    private static final int DIGITS_MAX = 18;

    public Literal {
      if (value.unscaledValue().bitLength() > 63
          || value.scale() < 0
          || value.scale() > DIGITS_MAX) {
        throw new IllegalArgumentException(
            "literal is beyond 64 bits or has a scale beyond %d: literal=%s"
                .formatted(DIGITS_MAX, value));
      }
    }
  }

  /** The sum of both, with the larger scale of the two. */
  record Plus(Expression left, Expression right) implements Expression {}

  /** What is left of the first when the second is taken away, with the larger scale of the two. */
  record Minus(Expression left, Expression right) implements Expression {}

  /** The product, with the scales of both added. */
  record Times(Expression left, Expression right) implements Expression {}

  /** What a map has for the key, which has no digits behind the point; null if it has nothing. */
  record Lookup(Expression key, KeyMap map) implements Expression {}

  /** The number in rows for which the filter is true, else null. */
  record When(Filter filter, Expression then) implements Expression {}

  /**
   * See {@link Column}.
   *
   * @throws IllegalArgumentException unless the number is 0 to 65,535
   */
  static Expression column(int column) {
    return new Column(column);
  }

  /** The same whole number for all rows. */
  static Expression literal(long value) {
    return new Literal(BigDecimal.valueOf(value));
  }

  /** This and another one, added. */
  default Expression plus(Expression other) {
    return new Plus(this, other);
  }

  /** This less another one. */
  default Expression minus(Expression other) {
    return new Minus(this, other);
  }

  /** This and another one, multiplied. */
  default Expression times(Expression other) {
    return new Times(this, other);
  }
}
