package io.quire.jet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.columns.ColumnMemory;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Values of rows, written into columns of every type that rows have. */
final class ColumnWriterTest {
  private static final ArrowType SINGLE =
      new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE);
  private static final ArrowType DOUBLE =
      new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
  private static final BigInteger UNSIGNED_MAX = BigInteger.TWO.pow(64).subtract(BigInteger.ONE);

  private final BufferAllocator memory = ColumnMemory.open(1 << 20);

  @AfterEach
  void close() {
    memory.close();
  }

  private static ArrowType.Int whole(int bits, boolean signed) {
    return new ArrowType.Int(bits, signed);
  }

  private void assertKept(ArrowType type, Object... values) {
    Field field = new Field("a", FieldType.nullable(type), null);
    try (FieldVector vector = field.createVector(memory)) {
      vector.allocateNew();
      ColumnWriter writer = ColumnWriter.of(vector);
      for (int i = 0; i < values.length; i++) {
        assertThat(writer.put(i, values[i])).isPositive();
      }
      assertThat(writer.put(values.length, null)).isPositive();
      vector.setValueCount(values.length + 1);
      ColumnValues read = ColumnValues.of(vector);
      for (int i = 0; i < values.length; i++) {
        assertThat(read.get(i)).as("%s", type).isEqualTo(values[i]);
      }
      assertThat(read.get(values.length)).isNull();
    }
  }

  private void assertRefused(ArrowType type, Object... values) {
    Field field = new Field("a", FieldType.nullable(type), null);
    try (FieldVector vector = field.createVector(memory)) {
      vector.allocateNew();
      ColumnWriter writer = ColumnWriter.of(vector);
      for (Object value : values) {
        assertThatThrownBy(() -> writer.put(0, value))
            .as("%s %s", type, value)
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageStartingWith(
                "value does not fit its column: column=a type=%s found=%s value="
                    .formatted(type, value.getClass().getSimpleName()));
      }
    }
  }

  @Test
  void values_areReadBackAsTheyWereWritten() {
    assertKept(new ArrowType.Bool(), true, false);
    assertKept(whole(8, true), -128, 127);
    assertKept(whole(16, true), -32_768, 32_767);
    assertKept(whole(32, true), Integer.MIN_VALUE, Integer.MAX_VALUE);
    assertKept(whole(64, true), Long.MIN_VALUE, Long.MAX_VALUE);
    assertKept(whole(8, false), 0, 255);
    assertKept(whole(16, false), 0, 65_535);
    assertKept(whole(32, false), 0L, 0xffff_ffffL);
    assertKept(whole(64, false), BigInteger.ZERO, UNSIGNED_MAX);
    assertKept(SINGLE, (double) 0.1f, Double.NaN, Double.NEGATIVE_INFINITY);
    assertKept(DOUBLE, 0.1, Double.NaN, Double.MAX_VALUE);
    assertKept(
        new ArrowType.Decimal(38, 3, 128),
        new BigDecimal("-12345678901234567890123456789012345.678"));
    LocalDate day = LocalDate.of(1969, 12, 31);
    assertKept(new ArrowType.Date(DateUnit.DAY), day);
    assertKept(new ArrowType.Date(DateUnit.MILLISECOND), day);
    for (TimeUnit unit : TimeUnit.values()) {
      long nanosEach = 1_000_000_000 / ColumnValues.perSecond(unit);
      int bits = nanosEach < 1_000_000 ? 64 : 32;
      assertKept(
          new ArrowType.Time(unit, bits), LocalTime.ofNanoOfDay(86_400_000_000_000L - nanosEach));
      assertKept(
          new ArrowType.Timestamp(unit, null),
          LocalDateTime.of(1970, 1, 1, 0, 0).minusNanos(nanosEach));
      assertKept(
          new ArrowType.Timestamp(unit, "UTC"),
          Instant.ofEpochSecond(-7, nanosEach % 1_000_000_000));
      assertKept(new ArrowType.Duration(unit), Duration.ofNanos(-3 * nanosEach));
    }
    assertKept(new ArrowType.Utf8(), "", "é\uD83D\uDE00");
    assertKept(new ArrowType.LargeUtf8(), "é", "x".repeat(10_000));
    byte[] bytes = {1, -1, 0};
    assertKept(new ArrowType.Binary(), bytes, new byte[0]);
    assertKept(new ArrowType.LargeBinary(), (Object) bytes);
    assertKept(new ArrowType.FixedSizeBinary(3), (Object) bytes);
  }

  /** Those of columns of one type fit columns of others, where that is exact. */
  @Test
  void wholeNumbersOfAnyWidth_fitWhereTheyAreExact() {
    Field field = new Field("a", FieldType.nullable(whole(8, true)), null);
    try (FieldVector vector = field.createVector(memory)) {
      vector.allocateNew();
      List<Object> sevens = List.of((byte) 7, (short) 7, 7, 7L, BigInteger.valueOf(7));
      for (int i = 0; i < sevens.size(); i++) {
        ColumnWriter.of(vector).put(i, sevens.get(i));
      }
      vector.setValueCount(sevens.size());
      for (int i = 0; i < sevens.size(); i++) {
        assertThat(ColumnValues.of(vector).get(i)).isEqualTo(7);
      }
    }
  }

  @Test
  void valuesThatDoNotFit_areRefused_andSaid() {
    assertRefused(new ArrowType.Bool(), 1, "true");
    assertRefused(whole(8, true), 128, -129L, "1", 1.0, new BigDecimal("1.5"));
    assertRefused(whole(16, true), 32_768, -32_769);
    assertRefused(whole(32, true), 1L << 31, -(1L << 31) - 1);
    assertRefused(whole(64, true), BigInteger.TWO.pow(63));
    assertRefused(whole(8, false), -1, 256);
    assertRefused(whole(16, false), -1, 65_536);
    assertRefused(whole(32, false), -1, 1L << 32);
    assertRefused(whole(64, false), -1, UNSIGNED_MAX.add(BigInteger.ONE));
    assertRefused(SINGLE, 0.1, 16_777_217, "1");
    assertRefused(DOUBLE, (1L << 53) + 1, BigInteger.TWO.pow(2_000));
    assertRefused(
        new ArrowType.Decimal(5, 2, 128), new BigDecimal("0.001"), new BigDecimal("1000"), 1.5);
    assertRefused(new ArrowType.Date(DateUnit.DAY), LocalDate.MAX, "2026-01-01");
    assertRefused(new ArrowType.Date(DateUnit.MILLISECOND), LocalDateTime.MIN);
    assertRefused(new ArrowType.Time(TimeUnit.SECOND, 32), LocalTime.of(0, 0, 0, 1), 7);
    assertRefused(
        new ArrowType.Timestamp(TimeUnit.NANOSECOND, null), LocalDateTime.MAX, Instant.EPOCH);
    assertRefused(
        new ArrowType.Timestamp(TimeUnit.MILLISECOND, "UTC"),
        Instant.ofEpochSecond(0, 1),
        LocalDateTime.MIN);
    assertRefused(new ArrowType.Duration(TimeUnit.SECOND), Duration.ofMillis(1), 1);
    assertRefused(new ArrowType.Utf8(), "\uD83D", 1);
    assertRefused(new ArrowType.FixedSizeBinary(3), new byte[2], "abc");
  }

  @Test
  void longValue_isPrintedInPart() {
    Field field = new Field("a", FieldType.nullable(whole(8, true)), null);
    try (FieldVector vector = field.createVector(memory)) {
      vector.allocateNew();
      assertThatThrownBy(() -> ColumnWriter.of(vector).put(0, "x".repeat(1_000)))
          .hasMessageEndingWith("value=" + "x".repeat(60) + "...");
    }
  }
}
