package io.quire.jet;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
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
 * Writes values of the types that {@link Row} has into a vector. One that the column cannot have
 * exactly is refused, and never becomes another.
 *
 * @param writing throws ArithmeticException or IllegalArgumentException if the value does not fit
 */
record ColumnWriter(FieldVector vector, Writing writing) {
  private static final BigInteger UNSIGNED_END = BigInteger.ONE.shiftLeft(64);
  private static final long MILLIS_OF_DAY = 86_400_000;
  private static final long NANOS_OF_SECOND = 1_000_000_000;

  /** What of a value is printed. */
  private static final int TEXT_MAX = 60;

  /** Puts a value that is not null; answers about how many bytes it takes. */
  @FunctionalInterface
  interface Writing {
    int put(int row, Object value);
  }

  /**
   * Writes to a vector, also when it is allocated anew.
   *
   * @throws IllegalArgumentException if it is of a type that rows do not have
   */
  static ColumnWriter of(FieldVector vector) {
    return new ColumnWriter(vector, writing(vector));
  }

  /**
   * Puts a value; answers about how many bytes it takes.
   *
   * @throws IllegalArgumentException if it does not fit; says which, and where
   */
  int put(int row, @Nullable Object value) {
    if (value == null) {
      if (!vector.getField().isNullable()) {
        throw new IllegalArgumentException(
            "null in a column that may have none: column=" + vector.getName());
      }
      vector.setNull(row);
      return 1;
    }
    try {
      return writing.put(row, value);
    } catch (ArithmeticException | IllegalArgumentException | ClassCastException e) {
      String text = value.toString();
      throw new IllegalArgumentException(
          "value does not fit its column: column=%s type=%s found=%s value=%s"
              .formatted(
                  vector.getName(),
                  vector.getField().getType(),
                  value.getClass().getSimpleName(),
                  text.length() > TEXT_MAX ? text.substring(0, TEXT_MAX) + "..." : text),
          e);
    }
  }

  private static Writing writing(FieldVector vector) {
    return switch (vector) {
      case BitVector v -> fixed((row, value) -> v.setSafe(row, (Boolean) value ? 1 : 0));
      case TinyIntVector v -> fixed((row, value) -> v.setSafe(row, (byte) whole(value, 8)));
      case SmallIntVector v -> fixed((row, value) -> v.setSafe(row, (short) whole(value, 16)));
      case IntVector v -> fixed((row, value) -> v.setSafe(row, (int) whole(value, 32)));
      case BigIntVector v -> fixed((row, value) -> v.setSafe(row, whole(value, 64)));
      case UInt1Vector v -> fixed((row, value) -> v.setSafe(row, (byte) natural(value, 8)));
      case UInt2Vector v -> fixed((row, value) -> v.setSafe(row, (char) natural(value, 16)));
      case UInt4Vector v -> fixed((row, value) -> v.setSafe(row, (int) natural(value, 32)));
      case UInt8Vector v -> fixed((row, value) -> v.setSafe(row, unsigned(value)));
      case Float4Vector v -> fixed((row, value) -> v.setSafe(row, single(value)));
      case Float8Vector v -> fixed((row, value) -> v.setSafe(row, real(value)));
      case DecimalVector v -> fixed((row, value) -> v.setSafe(row, decimal(v, value)));
      case DateDayVector v ->
          fixed((row, value) -> v.setSafe(row, Math.toIntExact(((LocalDate) value).toEpochDay())));
      case DateMilliVector v ->
          fixed(
              (row, value) ->
                  v.setSafe(
                      row, Math.multiplyExact(((LocalDate) value).toEpochDay(), MILLIS_OF_DAY)));
      case TimeSecVector v -> fixed((row, value) -> v.setSafe(row, (int) ofDay(value, 1)));
      case TimeMilliVector v -> fixed((row, value) -> v.setSafe(row, (int) ofDay(value, 1_000)));
      case TimeMicroVector v -> fixed((row, value) -> v.setSafe(row, ofDay(value, 1_000_000)));
      case TimeNanoVector v -> fixed((row, value) -> v.setSafe(row, ofDay(value, NANOS_OF_SECOND)));
      case TimeStampVector v -> stamps(v);
      case DurationVector v -> durations(v);
      case VarCharVector v ->
          (row, value) -> {
            byte[] text = utf8((String) value);
            v.setSafe(row, text);
            return text.length + Integer.BYTES;
          };
      case LargeVarCharVector v ->
          (row, value) -> {
            byte[] text = utf8((String) value);
            v.setSafe(row, text);
            return text.length + Long.BYTES;
          };
      case VarBinaryVector v ->
          (row, value) -> {
            v.setSafe(row, (byte[]) value);
            return ((byte[]) value).length + Integer.BYTES;
          };
      case LargeVarBinaryVector v ->
          (row, value) -> {
            v.setSafe(row, (byte[]) value);
            return ((byte[]) value).length + Long.BYTES;
          };
      case FixedSizeBinaryVector v ->
          (row, value) -> {
            byte[] bytes = (byte[]) value;
            if (bytes.length != v.getByteWidth()) {
              throw new IllegalArgumentException("not of that length");
            }
            v.setSafe(row, bytes);
            return bytes.length;
          };
      default ->
          throw new IllegalArgumentException(
              "column of a type that rows do not have: column=%s type=%s"
                  .formatted(vector.getName(), vector.getField().getType()));
    };
  }

  private interface Putting {
    void put(int row, Object value);
  }

  /** Of up to 16 bytes. */
  private static Writing fixed(Putting putting) {
    return (row, value) -> {
      putting.put(row, value);
      return Long.BYTES;
    };
  }

  private static BigInteger integer(Object value) {
    return switch (value) {
      case BigInteger whole -> whole;
      case BigDecimal whole -> whole.toBigIntegerExact();
      case Byte whole -> BigInteger.valueOf(whole);
      case Short whole -> BigInteger.valueOf(whole);
      case Integer whole -> BigInteger.valueOf(whole);
      case Long whole -> BigInteger.valueOf(whole);
      default -> throw new IllegalArgumentException("not a whole number");
    };
  }

  /** With sign, in so many bits. */
  private static long whole(Object value, int bits) {
    long whole =
        switch (value) {
          case Integer small -> small;
          case Long some -> some;
          default -> integer(value).longValueExact();
        };
    long beyond = whole >> bits - 1;
    if (beyond != 0 && beyond != -1) {
      throw new ArithmeticException("too large");
    }
    return whole;
  }

  private static long natural(Object value, int bits) {
    long whole = whole(value, Long.SIZE);
    if (whole >>> bits != 0) {
      throw new ArithmeticException("too large, or negative");
    }
    return whole;
  }

  private static long unsigned(Object value) {
    BigInteger whole = integer(value);
    if (whole.signum() < 0 || whole.compareTo(UNSIGNED_END) >= 0) {
      throw new ArithmeticException("too large, or negative");
    }
    return whole.longValue();
  }

  private static double real(Object value) {
    return switch (value) {
      case Double real -> real;
      case Float real -> real;
      default -> {
        BigInteger whole = integer(value);
        double nearest = whole.doubleValue();
        if (!new BigDecimal(nearest).toBigInteger().equals(whole)) {
          throw new ArithmeticException("not exact");
        }
        yield nearest;
      }
    };
  }

  private static float single(Object value) {
    double real = real(value);
    float nearest = (float) real;
    if (nearest != real && !Double.isNaN(real)) {
      throw new ArithmeticException("not exact");
    }
    return nearest;
  }

  private static BigDecimal decimal(DecimalVector vector, Object value) {
    BigDecimal exact =
        value instanceof BigDecimal decimal ? decimal : new BigDecimal(integer(value));
    BigDecimal scaled = exact.setScale(vector.getScale());
    if (scaled.precision() > vector.getPrecision()) {
      throw new ArithmeticException("too large");
    }
    return scaled;
  }

  private static long ofDay(Object value, long perSecond) {
    return count(((LocalTime) value).toSecondOfDay(), ((LocalTime) value).getNano(), perSecond);
  }

  /** How many of a unit that is. */
  private static long count(long seconds, int nanos, long perSecond) {
    long nanosEach = NANOS_OF_SECOND / perSecond;
    if (nanos % nanosEach != 0) {
      throw new ArithmeticException("finer than its unit");
    }
    BigInteger count =
        BigInteger.valueOf(seconds)
            .multiply(BigInteger.valueOf(perSecond))
            .add(BigInteger.valueOf(nanos / nanosEach));
    return count.longValueExact();
  }

  private static Writing stamps(TimeStampVector vector) {
    ArrowType.Timestamp type = (ArrowType.Timestamp) vector.getField().getType();
    long perSecond = ColumnValues.perSecond(type.getUnit());
    return type.getTimezone() == null
        ? fixed(
            (row, value) -> {
              LocalDateTime time = (LocalDateTime) value;
              vector.setSafe(
                  row, count(time.toEpochSecond(ZoneOffset.UTC), time.getNano(), perSecond));
            })
        : fixed(
            (row, value) -> {
              Instant time = (Instant) value;
              vector.setSafe(row, count(time.getEpochSecond(), time.getNano(), perSecond));
            });
  }

  private static Writing durations(DurationVector vector) {
    TimeUnit unit = ((ArrowType.Duration) vector.getField().getType()).getUnit();
    long perSecond = ColumnValues.perSecond(unit);
    return fixed(
        (row, value) -> {
          Duration time = (Duration) value;
          vector.setSafe(row, count(time.getSeconds(), time.getNano(), perSecond));
        });
  }

  /** Half a surrogate pair is no text. */
  private static byte[] utf8(String text) {
    try {
      ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
      byte[] exact = new byte[bytes.remaining()];
      bytes.get(exact);
      return exact;
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("not text", e);
    }
  }
}
