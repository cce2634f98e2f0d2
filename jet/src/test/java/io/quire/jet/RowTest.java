package io.quire.jet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.columns.ColumnMemory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
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
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What the values of rows are, for every type that a column of numbers, times, text or bytes has.
 */
final class RowTest {
  private final BufferAllocator memory = ColumnMemory.open(1 << 20);

  @AfterEach
  void close() {
    memory.close();
  }

  /** The value of a vector of a type with one that a setter writes; behind it stands a null. */
  private <V extends FieldVector> Object value(
      ArrowType type, Class<V> vector, BiConsumer<V, Integer> set) {
    Field field = new Field("a", FieldType.nullable(type), null);
    try (FieldVector made = field.createVector(memory)) {
      made.setInitialCapacity(2);
      made.allocateNew();
      set.accept(vector.cast(made), 0);
      made.setValueCount(2);
      ColumnValues values = ColumnValues.of(made);
      assertThat(values.get(1)).isNull();
      Object value = values.get(0);
      assertThat(value).isNotNull();
      return value == null ? "" : value;
    }
  }

  private static ArrowType.Int whole(int bits, boolean signed) {
    return new ArrowType.Int(bits, signed);
  }

  @Test
  void numbers_ofAllWidths_areExact() {
    assertThat(value(new ArrowType.Bool(), BitVector.class, (v, i) -> v.set(i, 1))).isEqualTo(true);
    assertThat(value(whole(8, true), TinyIntVector.class, (v, i) -> v.set(i, -128)))
        .isEqualTo(-128);
    assertThat(value(whole(16, true), SmallIntVector.class, (v, i) -> v.set(i, -32_768)))
        .isEqualTo(-32_768);
    assertThat(value(whole(32, true), IntVector.class, (v, i) -> v.set(i, Integer.MIN_VALUE)))
        .isEqualTo(Integer.MIN_VALUE);
    assertThat(value(whole(64, true), BigIntVector.class, (v, i) -> v.set(i, Long.MIN_VALUE)))
        .isEqualTo(Long.MIN_VALUE);
    assertThat(value(whole(8, false), UInt1Vector.class, (v, i) -> v.set(i, 255))).isEqualTo(255);
    assertThat(value(whole(16, false), UInt2Vector.class, (v, i) -> v.set(i, 65_535)))
        .isEqualTo(65_535);
    assertThat(value(whole(32, false), UInt4Vector.class, (v, i) -> v.set(i, -1)))
        .isEqualTo(0xffff_ffffL);
    assertThat(value(whole(64, false), UInt8Vector.class, (v, i) -> v.set(i, -1)))
        .isEqualTo(new BigInteger("18446744073709551615"));
    assertThat(
            value(
                new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE),
                Float4Vector.class,
                (v, i) -> v.set(i, 0.1f)))
        .isEqualTo((double) 0.1f);
    assertThat(
            value(
                new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE),
                Float8Vector.class,
                (v, i) -> v.set(i, 0.1)))
        .isEqualTo(0.1);
    BigDecimal longest = new BigDecimal("-12345678901234567890123456789012345.678");
    assertThat(
            value(
                new ArrowType.Decimal(38, 3, 128),
                DecimalVector.class,
                (v, i) -> v.set(i, longest)))
        .isEqualTo(longest);
  }

  private static void set(FieldVector vector, int index, long count) {
    switch (vector) {
      case TimeSecVector v -> v.set(index, (int) count);
      case TimeMilliVector v -> v.set(index, (int) count);
      case TimeMicroVector v -> v.set(index, count);
      case TimeNanoVector v -> v.set(index, count);
      case TimeStampVector v -> v.set(index, count);
      default -> throw new IllegalArgumentException("" + vector);
    }
  }

  @Test
  void times_ofAllUnits_beforeAndAfter1970_areExact() {
    assertThat(value(new ArrowType.Date(DateUnit.DAY), DateDayVector.class, (v, i) -> v.set(i, -1)))
        .isEqualTo(LocalDate.of(1969, 12, 31));
    assertThat(
            value(
                new ArrowType.Date(DateUnit.MILLISECOND),
                DateMilliVector.class,
                (v, i) -> v.set(i, -86_400_000L)))
        .isEqualTo(LocalDate.of(1969, 12, 31));
    assertThat(
            value(
                new ArrowType.Duration(TimeUnit.MICROSECOND),
                DurationVector.class,
                (v, i) -> v.set(i, -1)))
        .isEqualTo(Duration.ofNanos(-1_000));
    for (TimeUnit unit : TimeUnit.values()) {
      long perSecond = ColumnValues.perSecond(unit);
      long nanosEach = 1_000_000_000 / perSecond;
      int bits = perSecond > 1_000 ? 64 : 32;
      assertThat(
              value(
                  new ArrowType.Time(unit, bits),
                  BaseFixedWidthVector.class,
                  (v, i) -> set(v, i, 86_399 * perSecond + perSecond - 1)))
          .isEqualTo(LocalTime.ofNanoOfDay(86_400_000_000_000L - nanosEach));
      LocalDateTime before = LocalDateTime.of(1970, 1, 1, 0, 0).minusNanos(nanosEach);
      assertThat(
              value(
                  new ArrowType.Timestamp(unit, null),
                  TimeStampVector.class,
                  (v, i) -> set(v, i, -1)))
          .isEqualTo(before);
      assertThat(
              value(
                  new ArrowType.Timestamp(unit, "UTC"),
                  TimeStampVector.class,
                  (v, i) -> set(v, i, perSecond + 1)))
          .isEqualTo(Instant.ofEpochSecond(1, nanosEach));
    }
  }

  @Test
  void textAndBytes_areAsTheyAre() {
    byte[] text = {(byte) 0xc3, (byte) 0xa9, 'a'};
    assertThat(value(new ArrowType.Utf8(), VarCharVector.class, (v, i) -> v.set(i, text)))
        .isEqualTo("éa");
    assertThat(value(new ArrowType.LargeUtf8(), LargeVarCharVector.class, (v, i) -> v.set(i, text)))
        .isEqualTo("éa");
    assertThat(value(new ArrowType.Binary(), VarBinaryVector.class, (v, i) -> v.set(i, text)))
        .isEqualTo(text);
    assertThat(
            value(
                new ArrowType.LargeBinary(), LargeVarBinaryVector.class, (v, i) -> v.set(i, text)))
        .isEqualTo(text);
    assertThat(
            value(
                new ArrowType.FixedSizeBinary(3),
                FixedSizeBinaryVector.class,
                (v, i) -> v.set(i, text)))
        .isEqualTo(text);
  }

  @Test
  void nestedColumn_isRefused() {
    Field element = new Field("e", FieldType.nullable(whole(32, true)), null);
    Field field = new Field("a", FieldType.nullable(new ArrowType.List()), List.of(element));
    try (FieldVector vector = field.createVector(memory)) {
      assertThatThrownBy(() -> ColumnValues.of(vector))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("column of a type that rows do not have: column=a type=List");
    }
  }

  private static Row row() {
    return new Row(
        Columns.of(List.of("id", "text", "bytes", "none", "big")),
        new Object[] {7, "a", new byte[] {1, 2}, null, BigInteger.TEN.pow(19)});
  }

  @Test
  void row_isEqualByItsValues_cannotBeChanged_andTravels() throws Exception {
    Row row = row();
    assertThat(row).isEqualTo(row()).hasSameHashCodeAs(row());
    row.getBytes("bytes")[0] = 9;
    ((byte[]) row.find(2).orElseThrow())[0] = 9;
    ((byte[]) Objects.requireNonNull(row.toArray()[2]))[0] = 9;
    row.toArray()[0] = 8;
    assertThat(row).isEqualTo(row());
    assertThat(row)
        .isNotEqualTo(new Row(Columns.of(List.of("a", "b", "c", "d", "e")), row.toArray()));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(row);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(in.readObject()).isEqualTo(row);
    }
    assertThat(row).hasToString("Row[id=7 text=a bytes=[1, 2] none=null big=10000000000000000000]");
  }

  @Test
  void getters_giveWhatIsThere_andRefuseAllElse() {
    Row row = row();
    assertThat(row.columns()).containsExactly("id", "text", "bytes", "none", "big");
    assertThat(row.size()).isEqualTo(5);
    assertThat(row.getInt("id")).isEqualTo(7);
    assertThat(row.getLong("id")).isEqualTo(7);
    assertThat(row.getDecimal("id")).isEqualTo("7");
    assertThat(row.getDecimal("big")).isEqualTo("10000000000000000000");
    assertThat(row.getString(1)).isEqualTo("a");
    assertThat(row.isNull("none")).isTrue();
    assertThat(row.find("none")).isEmpty();
    assertThat(row.find("text")).contains("a");
    assertThatThrownBy(() -> row.getLong("text"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("not a value of that type: column=text found=String wanted=Long");
    assertThatThrownBy(() -> row.getInt("none"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("not a value of that type: column=none found=null wanted=Integer");
    assertThatThrownBy(() -> row.getInt("x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no such column: column=x known=[id, text, bytes, none, big]");
    assertThatThrownBy(() -> row.getInt(5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no such column: column=5 columns=5");
  }
}
