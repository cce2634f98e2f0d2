package io.quire.formats;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;

/** Moves the current value of a column of Parquet into a vector, and says how many bytes it is. */
@FunctionalInterface
interface ParquetCell {
  int set(ColumnReader from, int row) throws BadRecord;

  /** For types of which the one fits the other. */
  static ParquetCell of(PrimitiveType type, FieldVector vector) {
    PrimitiveTypeName physical = type.getPrimitiveTypeName();
    boolean unsigned =
        type.getLogicalTypeAnnotation() instanceof IntLogicalTypeAnnotation number
            && !number.isSigned();
    return switch (vector) {
      case BitVector v ->
          (from, row) -> {
            v.setSafe(row, from.getBoolean() ? 1 : 0);
            return 1;
          };
      case TinyIntVector v ->
          (from, row) -> {
            v.setSafe(row, from.getInteger());
            return 1;
          };
      case SmallIntVector v ->
          (from, row) -> {
            v.setSafe(row, from.getInteger());
            return 2;
          };
      case IntVector v ->
          (from, row) -> {
            v.setSafe(row, from.getInteger());
            return 4;
          };
      case BigIntVector v ->
          (from, row) -> {
            v.setSafe(row, number(from, physical, unsigned));
            return 8;
          };
      case Float4Vector v ->
          (from, row) -> {
            v.setSafe(row, from.getFloat());
            return 4;
          };
      case Float8Vector v ->
          (from, row) -> {
            v.setSafe(
                row, physical == PrimitiveTypeName.FLOAT ? from.getFloat() : from.getDouble());
            return 8;
          };
      case DecimalVector v ->
          (from, row) -> {
            decimal(from, physical, unsigned, v, row);
            return 16;
          };
      case DateDayVector v ->
          (from, row) -> {
            v.setSafe(row, from.getInteger());
            return 4;
          };
      case TimeMilliVector v ->
          (from, row) -> {
            v.setSafe(row, from.getInteger());
            return 4;
          };
      case TimeMicroVector v ->
          (from, row) -> {
            v.setSafe(row, from.getLong());
            return 8;
          };
      case TimeNanoVector v ->
          (from, row) -> {
            v.setSafe(row, from.getLong());
            return 8;
          };
      case TimeStampVector v ->
          (from, row) -> {
            v.setSafe(row, physical == PrimitiveTypeName.INT96 ? nanos(from) : from.getLong());
            return 8;
          };
      case VarCharVector v ->
          (from, row) -> {
            byte[] bytes = from.getBinary().getBytesUnsafe();
            if (!Utf8.isValid(bytes, 0, bytes.length)) {
              throw new BadRecord("not UTF-8: column=" + v.getName());
            }
            v.setSafe(row, bytes, 0, bytes.length);
            return bytes.length;
          };
      case VarBinaryVector v ->
          (from, row) -> {
            byte[] bytes = from.getBinary().getBytesUnsafe();
            v.setSafe(row, bytes, 0, bytes.length);
            return bytes.length;
          };
      default -> throw new IllegalStateException("no such vector: type=" + vector.getField());
    };
  }

  private static long number(ColumnReader from, PrimitiveTypeName physical, boolean unsigned) {
    if (physical == PrimitiveTypeName.INT64) {
      return from.getLong();
    }
    return unsigned ? Integer.toUnsignedLong(from.getInteger()) : from.getInteger();
  }

  private static void decimal(
      ColumnReader from, PrimitiveTypeName physical, boolean unsigned, DecimalVector v, int row)
      throws BadRecord {
    BigInteger unscaled =
        switch (physical) {
          case INT32 -> BigInteger.valueOf(from.getInteger());
          case INT64 ->
              unsigned
                  ? new BigInteger(Long.toUnsignedString(from.getLong()))
                  : BigInteger.valueOf(from.getLong());
          default -> new BigInteger(from.getBinary().getBytesUnsafe());
        };
    BigDecimal value = new BigDecimal(unscaled, v.getScale());
    if (value.precision() > v.getPrecision()) {
      throw new BadRecord("out of range: column=" + v.getName() + " found=" + value.toString());
    }
    v.setSafe(row, value);
  }

  /** The time stamps of old writers: nanoseconds of a day, and its number in the Julian count. */
  private static long nanos(ColumnReader from) throws BadRecord {
    ByteBuffer bytes = from.getBinary().toByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    long nanosOfDay = bytes.getLong(bytes.position());
    long day = bytes.getInt(bytes.position() + 8) - 2_440_588L;
    try {
      return Math.addExact(Math.multiplyExact(day, 86_400_000_000_000L), nanosOfDay);
    } catch (ArithmeticException e) {
      throw new BadRecord("out of range: wanted=timestamp(ns) day=" + day);
    }
  }
}
