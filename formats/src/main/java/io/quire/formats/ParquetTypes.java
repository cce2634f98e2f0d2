package io.quire.formats;

import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DateLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.EnumLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.JsonLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.StringLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.UUIDLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/** What Parquet's types are in Arrow. */
final class ParquetTypes {
  private ParquetTypes() {}

  /**
   * The schema of a file.
   *
   * @throws FormatsException.Unsupported if one of its columns is not flat, or of a type that is
   *     not read
   */
  static Schema schema(String file, MessageType message) {
    List<Field> fields = new ArrayList<>();
    for (Type type : message.getFields()) {
      fields.add(field(file, type));
    }
    return new Schema(fields);
  }

  static Field field(String file, Type type) {
    if (!type.isPrimitive() || type.isRepetition(Type.Repetition.REPEATED)) {
      throw new FormatsException.Unsupported(
          "nested column: file=%s column=%s type=[%s]"
              .formatted(file, type.getName(), type.toString().replaceAll("\\s+", " ")));
    }
    ArrowType arrow = arrow(type.asPrimitiveType());
    if (arrow == null) {
      throw new FormatsException.Unsupported(
          "type of a column: file=%s column=%s type=[%s]".formatted(file, type.getName(), type));
    }
    return SchemaText.field(type.getName(), arrow, type.isRepetition(Type.Repetition.OPTIONAL));
  }

  private static @Nullable ArrowType arrow(PrimitiveType type) {
    LogicalTypeAnnotation logical = type.getLogicalTypeAnnotation();
    if (logical instanceof DecimalLogicalTypeAnnotation decimal) {
      return decimal.getPrecision() <= SchemaText.DIGITS_MAX
          ? SchemaText.decimal(decimal.getPrecision(), decimal.getScale())
          : null;
    }
    return switch (type.getPrimitiveTypeName()) {
      case BOOLEAN -> new ArrowType.Bool();
      case FLOAT -> new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE);
      case DOUBLE -> new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
      case INT96 -> SchemaText.timestamp(TimeUnit.NANOSECOND);
      case INT32 ->
          switch (logical) {
            case null -> integer(32);
            case DateLogicalTypeAnnotation _ -> new ArrowType.Date(DateUnit.DAY);
            case TimeLogicalTypeAnnotation time -> SchemaText.time(unit(time.getUnit()));
            case IntLogicalTypeAnnotation number -> integer(number);
            default -> null;
          };
      case INT64 ->
          switch (logical) {
            case null -> integer(64);
            case TimeLogicalTypeAnnotation time -> SchemaText.time(unit(time.getUnit()));
            case TimestampLogicalTypeAnnotation stamp ->
                stamp.isAdjustedToUTC()
                    ? SchemaText.instant(unit(stamp.getUnit()))
                    : SchemaText.timestamp(unit(stamp.getUnit()));
            case IntLogicalTypeAnnotation number -> integer(number);
            default -> null;
          };
      case BINARY ->
          switch (logical) {
            case null -> new ArrowType.Binary();
            case StringLogicalTypeAnnotation _ -> new ArrowType.Utf8();
            case EnumLogicalTypeAnnotation _ -> new ArrowType.Utf8();
            case JsonLogicalTypeAnnotation _ -> new ArrowType.Utf8();
            default -> null;
          };
      case FIXED_LEN_BYTE_ARRAY ->
          logical == null || logical instanceof UUIDLogicalTypeAnnotation
              ? new ArrowType.Binary()
              : null;
    };
  }

  private static ArrowType integer(int bits) {
    return new ArrowType.Int(bits, true);
  }

  /** Unsigned numbers are of the next larger type, the largest ones decimals. */
  private static ArrowType integer(IntLogicalTypeAnnotation number) {
    if (number.isSigned()) {
      return integer(number.getBitWidth());
    }
    return number.getBitWidth() == 64
        ? SchemaText.decimal(20, 0)
        : integer(number.getBitWidth() * 2);
  }

  private static TimeUnit unit(LogicalTypeAnnotation.TimeUnit unit) {
    return switch (unit) {
      case MILLIS -> TimeUnit.MILLISECOND;
      case MICROS -> TimeUnit.MICROSECOND;
      case NANOS -> TimeUnit.NANOSECOND;
    };
  }

  /** Whether each value of the one type is one of the other: the same type, or a wider one. */
  static boolean fits(ArrowType found, ArrowType wanted) {
    if (found.equals(wanted)) {
      return true;
    }
    if (found instanceof ArrowType.Int a && wanted instanceof ArrowType.Int b) {
      return a.getBitWidth() <= b.getBitWidth();
    }
    if (found instanceof ArrowType.Decimal a && wanted instanceof ArrowType.Decimal b) {
      return a.getScale() == b.getScale() && a.getPrecision() <= b.getPrecision();
    }
    return found instanceof ArrowType.FloatingPoint a
        && wanted instanceof ArrowType.FloatingPoint b
        && a.getPrecision() == FloatingPointPrecision.SINGLE
        && b.getPrecision() == FloatingPointPrecision.DOUBLE;
  }
}
