package io.quire.jet;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.function.IntFunction;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DateMilliVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.DurationVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.FixedSizeBinaryVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.LargeVarBinaryVector;
import org.apache.arrow.vector.LargeVarCharVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TimeMicroVector;
import org.apache.arrow.vector.TimeMilliVector;
import org.apache.arrow.vector.TimeNanoVector;
import org.apache.arrow.vector.TimeSecVector;
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.UInt1Vector;
import org.apache.arrow.vector.UInt2Vector;
import org.apache.arrow.vector.UInt4Vector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.jspecify.annotations.Nullable;

/**
 * The values of a vector, as {@link Row} has them.
 *
 * @param notNull gives the value of a row that has one
 */
record ColumnValues(FieldVector vector, IntFunction<Object> notNull) {
  private static final long NANOS_OF_SECOND = 1_000_000_000;
  private static final long MILLIS_OF_DAY = 86_400_000;

  /**
   * Reads a vector, also when it is filled anew.
   *
   * @throws IllegalArgumentException if it is of a type that rows do not have
   */
  static ColumnValues of(FieldVector vector) {
    return new ColumnValues(vector, values(vector));
  }

  @Nullable Object get(int row) {
    return vector.isNull(row) ? null : notNull.apply(row);
  }

  private static IntFunction<Object> values(FieldVector vector) {
    return switch (vector) {
      case BitVector v -> row -> v.get(row) != 0;
      case TinyIntVector v -> row -> (int) v.get(row);
      case SmallIntVector v -> row -> (int) v.get(row);
      case IntVector v -> v::get;
      case BigIntVector v -> v::get;
      case UInt1Vector v -> row -> Byte.toUnsignedInt(v.get(row));
      case UInt2Vector v -> row -> (int) v.get(row);
      case UInt4Vector v -> row -> Integer.toUnsignedLong(v.get(row));
      case UInt8Vector v -> row -> unsigned(v.get(row));
      case Float4Vector v -> row -> (double) v.get(row);
      case Float8Vector v -> v::get;
      case DecimalVector v -> v::getObject;
      case DateDayVector v -> row -> LocalDate.ofEpochDay(v.get(row));
      case DateMilliVector v ->
          row -> LocalDate.ofEpochDay(Math.floorDiv(v.get(row), MILLIS_OF_DAY));
      case TimeSecVector v -> row -> LocalTime.ofSecondOfDay(v.get(row));
      case TimeMilliVector v -> row -> LocalTime.ofNanoOfDay(v.get(row) * 1_000_000L);
      case TimeMicroVector v -> row -> LocalTime.ofNanoOfDay(v.get(row) * 1_000);
      case TimeNanoVector v -> row -> LocalTime.ofNanoOfDay(v.get(row));
      case TimeStampVector v -> stamps(v);
      case DurationVector v -> v::getObject;
      case VarCharVector v -> row -> new String(v.get(row), StandardCharsets.UTF_8);
      case LargeVarCharVector v -> row -> new String(v.get(row), StandardCharsets.UTF_8);
      case VarBinaryVector v -> v::get;
      case LargeVarBinaryVector v -> v::get;
      case FixedSizeBinaryVector v -> v::get;
      default ->
          throw new IllegalArgumentException(
              "column of a type that rows do not have: column=%s type=%s"
                  .formatted(vector.getName(), vector.getField().getType()));
    };
  }

  private static BigInteger unsigned(long bits) {
    return new BigInteger(Long.toUnsignedString(bits));
  }

  private static IntFunction<Object> stamps(TimeStampVector vector) {
    ArrowType.Timestamp type = (ArrowType.Timestamp) vector.getField().getType();
    long perSecond = perSecond(type.getUnit());
    return type.getTimezone() == null
        ? row -> local(vector.get(row), perSecond)
        : row -> instant(vector.get(row), perSecond);
  }

  static long perSecond(TimeUnit unit) {
    return switch (unit) {
      case SECOND -> 1;
      case MILLISECOND -> 1_000;
      case MICROSECOND -> 1_000_000;
      case NANOSECOND -> NANOS_OF_SECOND;
    };
  }

  private static LocalDateTime local(long count, long perSecond) {
    return LocalDateTime.ofEpochSecond(
        Math.floorDiv(count, perSecond), nanos(count, perSecond), ZoneOffset.UTC);
  }

  private static Instant instant(long count, long perSecond) {
    return Instant.ofEpochSecond(Math.floorDiv(count, perSecond), nanos(count, perSecond));
  }

  private static int nanos(long count, long perSecond) {
    return (int) (Math.floorMod(count, perSecond) * (NANOS_OF_SECOND / perSecond));
  }
}
