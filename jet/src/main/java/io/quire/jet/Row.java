package io.quire.jet;

import java.io.Serializable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A row of a table. Immutable; equal to another that has the same columns and values.
 *
 * <p>A value is of one of these types: {@link Boolean}; {@link Integer} for whole numbers of up to
 * 32 bits, {@link Long} for longer ones, {@link BigInteger} for those of 64 bits without sign;
 * {@link Double} for all floats; {@link BigDecimal}; {@link LocalDate}, {@link LocalTime}, {@link
 * LocalDateTime} for timestamps without a time zone, {@link Instant} for those with one, {@link
 * Duration}; {@link String}; {@code byte[]}. It may be null.
 *
 * <p>The getters that are called by a type throw {@link IllegalStateException} if the value is
 * null, or is not of that type; {@link IllegalArgumentException} if there is no such column.
 *
 * <p>Rows that travel between members take the names of their columns along: map them to what is
 * needed first.
 */
public final class Row implements Serializable {
  private static final long serialVersionUID = 1;

  private final Columns columns;

  /** Each is Serializable. */
  @SuppressWarnings("serial")
  private final @Nullable Object[] values;

  /**
   * @param values not to be changed
   */
  Row(Columns columns, @Nullable Object[] values) {
    this.columns = columns;
    this.values = values;
  }

  /** The names of the columns, in their order. */
  public List<String> columns() {
    return columns.names();
  }

  /** How many columns there are. */
  public int size() {
    return values.length;
  }

  /** All values, in the order of the columns; some may be null. The array is the caller's. */
  public @Nullable Object[] toArray() {
    @Nullable Object[] all = values.clone();
    for (int i = 0; i < all.length; i++) {
      if (all[i] instanceof byte[] bytes) {
        all[i] = bytes.clone();
      }
    }
    return all;
  }

  /** Whether the value of a column is null. */
  public boolean isNull(String column) {
    return values[columns.number(column)] == null;
  }

  /** As above, by the number of the column, from 0. */
  public boolean isNull(int column) {
    return values[columns.check(column)] == null;
  }

  /** A value; empty if it is null. */
  public Optional<Object> find(String column) {
    return find(columns.number(column));
  }

  /** As above, by the number of the column, from 0. */
  public Optional<Object> find(int column) {
    Object value = values[columns.check(column)];
    return Optional.ofNullable(value instanceof byte[] bytes ? bytes.clone() : value);
  }

  public boolean getBoolean(String column) {
    return getBoolean(columns.number(column));
  }

  public boolean getBoolean(int column) {
    return value(column, Boolean.class);
  }

  /** A whole number of up to 32 bits. */
  public int getInt(String column) {
    return getInt(columns.number(column));
  }

  /** As above, by the number of the column, from 0. */
  public int getInt(int column) {
    return value(column, Integer.class);
  }

  /** A whole number of up to 64 bits. */
  public long getLong(String column) {
    return getLong(columns.number(column));
  }

  /** As above, by the number of the column, from 0. */
  public long getLong(int column) {
    return values[columns.check(column)] instanceof Integer small
        ? small
        : value(column, Long.class);
  }

  /** A float of 32 or 64 bits. */
  public double getDouble(String column) {
    return getDouble(columns.number(column));
  }

  /** As above, by the number of the column, from 0. */
  public double getDouble(int column) {
    return value(column, Double.class);
  }

  /** A decimal, or any whole number. */
  public BigDecimal getDecimal(String column) {
    return getDecimal(columns.number(column));
  }

  /** As above, by the number of the column, from 0. */
  public BigDecimal getDecimal(int column) {
    return switch (values[columns.check(column)]) {
      case Integer whole -> BigDecimal.valueOf(whole);
      case Long whole -> BigDecimal.valueOf(whole);
      case BigInteger whole -> new BigDecimal(whole);
      case null, default -> value(column, BigDecimal.class);
    };
  }

  public String getString(String column) {
    return getString(columns.number(column));
  }

  public String getString(int column) {
    return value(column, String.class);
  }

  /** Bytes; a copy of them. */
  public byte[] getBytes(String column) {
    return getBytes(columns.number(column));
  }

  /** As above, by the number of the column, from 0. */
  public byte[] getBytes(int column) {
    return value(column, byte[].class).clone();
  }

  public LocalDate getDate(String column) {
    return getDate(columns.number(column));
  }

  public LocalDate getDate(int column) {
    return value(column, LocalDate.class);
  }

  public LocalTime getTime(String column) {
    return getTime(columns.number(column));
  }

  public LocalTime getTime(int column) {
    return value(column, LocalTime.class);
  }

  /** A timestamp without a time zone. */
  public LocalDateTime getTimestamp(String column) {
    return getTimestamp(columns.number(column));
  }

  /** As above, by the number of the column, from 0. */
  public LocalDateTime getTimestamp(int column) {
    return value(column, LocalDateTime.class);
  }

  /** A timestamp with a time zone. */
  public Instant getInstant(String column) {
    return getInstant(columns.number(column));
  }

  /** As above, by the number of the column, from 0. */
  public Instant getInstant(int column) {
    return value(column, Instant.class);
  }

  public Duration getDuration(String column) {
    return getDuration(columns.number(column));
  }

  public Duration getDuration(int column) {
    return value(column, Duration.class);
  }

  private <V> V value(int column, Class<V> type) {
    Object value = values[columns.check(column)];
    if (!type.isInstance(value)) {
      throw new IllegalStateException(
          "not a value of that type: column=%s found=%s wanted=%s"
              .formatted(
                  columns.names().get(column),
                  value == null ? "null" : value.getClass().getSimpleName(),
                  type.getSimpleName()));
    }
    return type.cast(value);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Row row
        && columns.equals(row.columns)
        && Arrays.deepEquals(values, row.values);
  }

  @Override
  public int hashCode() {
    return Arrays.deepHashCode(values);
  }

  /** The columns with their values, for people. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("Row[");
    for (int i = 0; i < values.length; i++) {
      text.append(i == 0 ? "" : " ").append(columns.names().get(i)).append('=');
      text.append(values[i] instanceof byte[] bytes ? Arrays.toString(bytes) : values[i]);
    }
    return text.append(']').toString();
  }
}
