package io.quire.columns;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.LargeVarBinaryVector;
import org.apache.arrow.vector.LargeVarCharVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.UInt1Vector;
import org.apache.arrow.vector.UInt2Vector;
import org.apache.arrow.vector.UInt4Vector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.StructVector;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;

/** Vectors of all types that a block can have, with values near each other and at the edges. */
final class RandomColumns {
  private static final double[] DOUBLES = {
    0.0, -0.0, 1, -1, 0.5, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1e300
  };

  private RandomColumns() {}

  static List<Field> flat() {
    List<ArrowType> types = new ArrayList<>();
    types.add(new ArrowType.Bool());
    for (int bits : new int[] {8, 16, 32, 64}) {
      types.add(new ArrowType.Int(bits, true));
      types.add(new ArrowType.Int(bits, false));
    }
    types.add(new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE));
    types.add(new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE));
    types.add(new ArrowType.Decimal(10, 2, 128));
    types.add(new ArrowType.Decimal(38, 10, 128));
    types.add(new ArrowType.Date(DateUnit.DAY));
    types.add(new ArrowType.Date(DateUnit.MILLISECOND));
    types.add(new ArrowType.Time(TimeUnit.SECOND, 32));
    types.add(new ArrowType.Time(TimeUnit.NANOSECOND, 64));
    types.add(new ArrowType.Timestamp(TimeUnit.MICROSECOND, null));
    types.add(new ArrowType.Timestamp(TimeUnit.MILLISECOND, "Europe/Zurich"));
    types.add(new ArrowType.Duration(TimeUnit.NANOSECOND));
    types.add(new ArrowType.Utf8());
    types.add(new ArrowType.Binary());
    types.add(new ArrowType.LargeUtf8());
    types.add(new ArrowType.LargeBinary());
    types.add(new ArrowType.FixedSizeBinary(3));
    return types.stream().map(type -> Field.nullable(type.toString(), type)).toList();
  }

  static List<Field> nested() {
    Field number = Field.nullable("n", new ArrowType.Int(32, true));
    Field text = Field.nullable("t", new ArrowType.Utf8());
    Field key = Field.notNullable("key", new ArrowType.Utf8());
    Field value = Field.nullable("value", new ArrowType.Int(32, true));
    Field entries =
        new Field("entries", FieldType.notNullable(new ArrowType.Struct()), List.of(key, value));
    return List.of(
        new Field("list", FieldType.nullable(new ArrowType.List()), List.of(number)),
        new Field("struct", FieldType.nullable(new ArrowType.Struct()), List.of(number, text)),
        new Field("map", FieldType.nullable(new ArrowType.Map(false)), List.of(entries)),
        new Field("three", FieldType.nullable(new ArrowType.FixedSizeList(3)), List.of(number)));
  }

  /**
   * A vector of a field.
   *
   * @param nulls the share of nulls, 0 to 1
   */
  static FieldVector make(
      Field field, int rows, double nulls, RandomGenerator random, BufferAllocator allocator) {
    FieldVector vector = field.createVector(allocator);
    fill(vector, rows, nulls, random);
    return vector;
  }

  private static void fill(FieldVector vector, int rows, double nulls, RandomGenerator random) {
    vector.setInitialCapacity(Math.max(1, rows));
    vector.allocateNew();
    for (int i = 0; i < rows; i++) {
      if (random.nextDouble() < nulls) {
        if (vector instanceof BaseFixedWidthVector fixed) {
          fixed.setNull(i);
        }
      } else {
        set(vector, i, random);
      }
    }
    vector.setValueCount(rows);
    if (vector instanceof StructVector struct) {
      struct.getChildrenFromFields().forEach(child -> fill(child, rows, nulls, random));
      for (int i = 0; i < rows; i++) {
        if (random.nextDouble() >= nulls) {
          struct.setIndexDefined(i);
        }
      }
      struct.setValueCount(rows);
    } else if (vector instanceof FixedSizeListVector list) {
      fill(list.getDataVector(), rows * list.getListSize(), nulls, random);
      list.setValueCount(rows);
    } else if (vector instanceof ListVector list) {
      int values = list.getElementEndIndex(rows - 1);
      FieldVector data = list.getDataVector();
      if (data instanceof StructVector entries) {
        entries.getChildrenFromFields().forEach(child -> fill(child, values, 0, random));
        for (int i = 0; i < values; i++) {
          entries.setIndexDefined(i);
        }
        entries.setValueCount(values);
      } else {
        fill(data, values, nulls, random);
      }
    }
  }

  private static void set(FieldVector vector, int row, RandomGenerator random) {
    long number = number(random);
    switch (vector) {
      case BitVector v -> v.setSafe(row, (int) (number & 1));
      case TinyIntVector v -> v.setSafe(row, (byte) number);
      case SmallIntVector v -> v.setSafe(row, (short) number);
      case IntVector v -> v.setSafe(row, (int) number);
      case BigIntVector v -> v.setSafe(row, number);
      case UInt1Vector v -> v.setSafe(row, (byte) number);
      case UInt2Vector v -> v.setSafe(row, (char) number);
      case UInt4Vector v -> v.setSafe(row, (int) number);
      case UInt8Vector v -> v.setSafe(row, number);
      case Float4Vector v -> v.setSafe(row, (float) real(random));
      case Float8Vector v -> v.setSafe(row, real(random));
      case DecimalVector v -> v.setSafe(row, decimal(v.getPrecision(), v.getScale(), random));
      case VarCharVector v -> v.setSafe(row, text(random));
      case VarBinaryVector v -> v.setSafe(row, text(random));
      case LargeVarCharVector v -> v.setSafe(row, text(random));
      case LargeVarBinaryVector v -> v.setSafe(row, text(random));
      case FixedSizeListVector v -> v.startNewValue(row);
      case ListVector v -> {
        v.startNewValue(row);
        v.endValue(row, random.nextInt(4));
      }
      case StructVector _ -> {}
      case BaseFixedWidthVector v -> {
        v.setIndexDefined(row);
        v.getDataBuffer().setZero((long) row * v.getTypeWidth(), v.getTypeWidth());
        long bounded = v.getTypeWidth() == 4 ? Math.floorMod(number, 86_400) : number;
        for (int i = 0; i < v.getTypeWidth(); i++) {
          v.getDataBuffer().setByte((long) row * v.getTypeWidth() + i, (byte) (bounded >> 8 * i));
        }
      }
      default -> throw new IllegalArgumentException("no values: vector=" + vector.getField());
    }
  }

  static long number(RandomGenerator random) {
    return switch (random.nextInt(20)) {
      case 0 -> Long.MIN_VALUE + random.nextInt(2);
      case 1 -> Long.MAX_VALUE - random.nextInt(2);
      case 2 -> random.nextLong();
      default -> random.nextInt(-20, 20);
    };
  }

  static double real(RandomGenerator random) {
    return random.nextBoolean()
        ? DOUBLES[random.nextInt(DOUBLES.length)]
        : random.nextInt(-8, 8) / 4.0;
  }

  static BigDecimal decimal(int digits, int scale, RandomGenerator random) {
    BigInteger edge = BigInteger.TEN.pow(digits).subtract(BigInteger.ONE);
    BigInteger unscaled =
        switch (random.nextInt(12)) {
          case 0 -> edge;
          case 1 -> edge.negate();
          default -> BigInteger.valueOf(random.nextInt(-300, 300));
        };
    return new BigDecimal(unscaled, scale);
  }

  static byte[] text(RandomGenerator random) {
    String text = "aàz€😀".repeat(5);
    int from = random.nextInt(4);
    String some =
        switch (random.nextInt(8)) {
          case 0 -> "";
          case 1 -> "x".repeat(60 + random.nextInt(10)) + (char) ('a' + random.nextInt(3));
          case 2 -> text.substring(0, text.offsetByCodePoints(0, 24 - from));
          default -> text.substring(from % 3, from % 3 + random.nextInt(2));
        };
    return some.getBytes(StandardCharsets.UTF_8);
  }
}
