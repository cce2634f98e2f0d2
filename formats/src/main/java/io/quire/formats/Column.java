package io.quire.formats;

import java.math.BigDecimal;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TimeMicroVector;
import org.apache.arrow.vector.TimeMilliVector;
import org.apache.arrow.vector.TimeNanoVector;
import org.apache.arrow.vector.TimeSecVector;
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;

/**
 * Fills one vector from text. A row may be filled again as long as no later one is. Confined to one
 * thread.
 */
final class Column {
  private final Field field;
  private final FieldVector vector;
  private final Setter setter;

  /** Sets a value from well-formed text and says how many bytes the value takes. */
  @FunctionalInterface
  private interface Setter {
    int set(int row, byte[] b, int off, int len) throws BadRecord;
  }

  Column(FieldVector vector) {
    this.field = vector.getField();
    this.vector = vector;
    this.setter = setter(vector);
  }

  String name() {
    return field.getName();
  }

  FieldVector vector() {
    return vector;
  }

  /** Whether it takes any text as it is. */
  boolean isText() {
    return vector instanceof VarCharVector;
  }

  int set(int row, byte[] b, int off, int len) throws BadRecord {
    try {
      return setter.set(row, b, off, len);
    } catch (BadRecord e) {
      throw new BadRecord(e.reason() + " column=" + name());
    }
  }

  void setNull(int row) throws BadRecord {
    if (!field.isNullable()) {
      throw new BadRecord("null in a column that takes none: column=" + name());
    }
    // What a bad record left in that row.
    if (vector instanceof BaseVariableWidthVector wide && wide.getLastSet() >= row) {
      wide.setLastSet(row - 1);
    }
    vector.setNull(row);
  }

  private static Setter setter(FieldVector vector) {
    String type = SchemaText.type(vector.getName(), vector.getField().getType());
    return switch (vector) {
      case BitVector v ->
          (row, b, off, len) -> {
            v.setSafe(row, Values.bool(b, off, len) ? 1 : 0);
            return 1;
          };
      case TinyIntVector v ->
          (row, b, off, len) -> {
            v.setSafe(row, (int) Values.integer(type, Byte.MIN_VALUE, Byte.MAX_VALUE, b, off, len));
            return 1;
          };
      case SmallIntVector v ->
          (row, b, off, len) -> {
            v.setSafe(
                row, (int) Values.integer(type, Short.MIN_VALUE, Short.MAX_VALUE, b, off, len));
            return 2;
          };
      case IntVector v ->
          (row, b, off, len) -> {
            v.setSafe(
                row, (int) Values.integer(type, Integer.MIN_VALUE, Integer.MAX_VALUE, b, off, len));
            return 4;
          };
      case BigIntVector v ->
          (row, b, off, len) -> {
            v.setSafe(row, Values.integer(type, Long.MIN_VALUE, Long.MAX_VALUE, b, off, len));
            return 8;
          };
      case Float4Vector v ->
          (row, b, off, len) -> {
            v.setSafe(row, Values.single(b, off, len));
            return 4;
          };
      case Float8Vector v ->
          (row, b, off, len) -> {
            v.setSafe(row, Values.real(type, b, off, len));
            return 8;
          };
      case DecimalVector v -> decimal(v);
      case DateDayVector v ->
          (row, b, off, len) -> {
            v.setSafe(row, Values.date(b, off, len));
            return 4;
          };
      case TimeStampVector v -> {
        ArrowType.Timestamp stamp = (ArrowType.Timestamp) v.getField().getType();
        long units = unitsASecond(stamp.getUnit());
        boolean zoned = stamp.getTimezone() != null;
        yield (row, b, off, len) -> {
          v.setSafe(row, Values.timestamp(type, units, zoned, b, off, len));
          return 8;
        };
      }
      case TimeSecVector v ->
          (row, b, off, len) -> {
            v.setSafe(row, (int) Values.time(type, 1, b, off, len));
            return 4;
          };
      case TimeMilliVector v ->
          (row, b, off, len) -> {
            v.setSafe(row, (int) Values.time(type, 1_000, b, off, len));
            return 4;
          };
      case TimeMicroVector v ->
          (row, b, off, len) -> {
            v.setSafe(row, Values.time(type, 1_000_000, b, off, len));
            return 8;
          };
      case TimeNanoVector v ->
          (row, b, off, len) -> {
            v.setSafe(row, Values.time(type, 1_000_000_000, b, off, len));
            return 8;
          };
      case VarCharVector v ->
          (row, b, off, len) -> {
            v.setSafe(row, b, off, len);
            return len;
          };
      case VarBinaryVector v ->
          (row, b, off, len) -> {
            v.setSafe(row, b, off, len);
            return len;
          };
      default ->
          throw new FormatsException.Unsupported(
              "type of a column: column=" + vector.getName() + " type=" + type);
    };
  }

  private static Setter decimal(DecimalVector v) {
    int digits = v.getPrecision();
    int scale = v.getScale();
    long limit = digits > 18 ? Long.MAX_VALUE : power(digits);
    return (row, b, off, len) -> {
      long unscaled = Values.shortDecimal(scale, b, off, len);
      if (unscaled > -limit && unscaled < limit) {
        v.setSafe(row, unscaled);
      } else {
        BigDecimal value = Values.decimal(digits, scale, b, off, len);
        v.setSafe(row, value);
      }
      return 16;
    };
  }

  private static long power(int digits) {
    long power = 1;
    for (int i = 0; i < digits; i++) {
      power *= 10;
    }
    return power;
  }

  static long unitsASecond(TimeUnit unit) {
    return switch (unit) {
      case SECOND -> 1;
      case MILLISECOND -> 1_000;
      case MICROSECOND -> 1_000_000;
      case NANOSECOND -> 1_000_000_000;
    };
  }
}
