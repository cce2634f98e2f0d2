package io.quire.columns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.WireReader.MalformedException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.types.pojo.Field;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ColumnStatsTest {
  private final Random random = new Random(11);
  private BufferAllocator allocator;

  @BeforeEach
  void open() {
    allocator = ColumnMemory.open(Long.MAX_VALUE);
  }

  @AfterEach
  void close() {
    allocator.close();
  }

  static Stream<Field> flat() {
    return RandomColumns.flat().stream();
  }

  @ParameterizedTest
  @MethodSource("flat")
  void bounds_areThoseOfAllValues(Field field) {
    for (int round = 0; round < 60; round++) {
      int rows = random.nextInt(round < 20 ? 4 : 300);
      double nulls = round % 4 / 3.0;
      try (FieldVector vector = RandomColumns.make(field, rows, nulls, random, allocator)) {
        List<Value> values = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
          Model.value(vector, row).ifPresent(values::add);
        }
        ColumnStats stats = ColumnStats.of(vector);
        assertThat(stats.rows()).isEqualTo(rows);
        assertThat(stats.nulls()).isEqualTo(rows - values.size());
        if (values.isEmpty()) {
          assertThat(stats.min()).isEmpty();
          assertThat(stats.max()).isEmpty();
        } else {
          assertBounds(stats, values);
        }
        assertThat(ColumnStats.read(stats.toBytes())).isEqualTo(stats);
        assertThat(stats.toBytes()).hasSizeLessThanOrEqualTo(153);
      }
    }
  }

  private static void assertBounds(ColumnStats stats, List<Value> values) {
    Value least = values.stream().min(Model::compare).orElseThrow();
    Value greatest = values.stream().max(Model::compare).orElseThrow();
    Value min = stats.min().orElseThrow();
    Value max = stats.max().orElseThrow();
    if (least instanceof Value.Bytes(byte[] bytes) && bytes.length > 64) {
      assertThat(min).isEqualTo(Value.of(Arrays.copyOf(bytes, 64)));
    } else {
      assertThat(Model.compare(min, least)).isZero();
    }
    if (greatest instanceof Value.Bytes(byte[] bytes) && bytes.length > 64) {
      assertThat(Model.compare(max, greatest)).isPositive();
      assertThat(((Value.Bytes) max).value()).hasSizeLessThanOrEqualTo(64);
    } else {
      assertThat(Model.compare(max, greatest)).isZero();
    }
  }

  @Test
  void nested_haveCountsOnly() {
    for (Field field : RandomColumns.nested()) {
      try (FieldVector vector = RandomColumns.make(field, 100, 0.5, random, allocator)) {
        ColumnStats stats = ColumnStats.of(vector);
        assertThat(stats.nulls()).isEqualTo(vector.getNullCount()).isPositive();
        assertThat(stats.min()).isEmpty();
        assertThat(stats.max()).isEmpty();
      }
    }
  }

  @Test
  void nan_isTheGreatest_andZerosAreEqual() {
    assertThat(ofDoubles(1, Double.NaN, -2))
        .isEqualTo(stats(3, Value.of(-2.0), Value.of(Double.NaN)));
    assertThat(ofDoubles(Double.NaN))
        .isEqualTo(stats(1, Value.of(Double.NaN), Value.of(Double.NaN)));
    assertThat(ofDoubles(-0.0)).isEqualTo(stats(1, Value.of(0.0), Value.of(0.0)));
    double infinite = Double.POSITIVE_INFINITY;
    assertThat(ofDoubles(infinite, -infinite))
        .isEqualTo(stats(2, Value.of(-infinite), Value.of(infinite)));
  }

  @Test
  void longText_isRoundedOutwards() {
    byte[] some = "x".repeat(63).getBytes(StandardCharsets.UTF_8);
    byte[] long1 = Arrays.copyOf(some, 70);
    long1[63] = (byte) 0xff;
    byte[] up = Arrays.copyOf(some, 63);
    up[62]++;
    assertThat(ofBytes(long1))
        .isEqualTo(stats(1, Value.of(Arrays.copyOf(long1, 64)), Value.of(up)));
    byte[] greatest = new byte[65];
    Arrays.fill(greatest, (byte) 0xff);
    assertThat(ofBytes(greatest).max()).isEmpty();
    assertThat(ofBytes(greatest).min()).isPresent();
    byte[] fits = Arrays.copyOf(greatest, 64);
    assertThat(ofBytes(fits)).isEqualTo(stats(1, Value.of(fits), Value.of(fits)));
  }

  @Test
  void bytes_arePinned() {
    ColumnStats numbers =
        new ColumnStats(300, 2, Optional.of(Value.of(-1)), Optional.of(Value.of(256)));
    assertThat(HexFormat.of().formatHex(numbers.toBytes())).isEqualTo("0112012c0a020aff120100");
    ColumnStats texts = new ColumnStats(1, 0, Optional.of(Value.of("a")), Optional.empty());
    assertThat(HexFormat.of().formatHex(texts.toBytes())).isEqualTo("010a010a00050100" + "6100");
  }

  @Test
  void malformedBytes_areRefused() {
    ColumnStats stats =
        new ColumnStats(9, 1, Optional.of(Value.of("abc")), Optional.of(Value.of("abd")));
    byte[] good = stats.toBytes();
    for (int length = 0; length < good.length; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      assertThatThrownBy(() -> ColumnStats.read(cut)).isInstanceOf(MalformedException.class);
    }
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = good.clone();
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      try {
        assertThat(ColumnStats.read(bytes).rows()).isNotNegative();
      } catch (MalformedException e) {
        assertThat(e).hasMessageNotContaining("Exception");
      }
    }
    assertThatThrownBy(() -> ColumnStats.read(Arrays.copyOf(good, good.length + 1)))
        .isInstanceOf(MalformedException.class);
  }

  private static ColumnStats stats(long rows, Value min, Value max) {
    return new ColumnStats(rows, 0, Optional.of(min), Optional.of(max));
  }

  private ColumnStats ofDoubles(double... values) {
    try (Float8Vector vector = new Float8Vector("d", allocator)) {
      for (int i = 0; i < values.length; i++) {
        vector.setSafe(i, values[i]);
      }
      vector.setValueCount(values.length);
      return ColumnStats.of(vector);
    }
  }

  private ColumnStats ofBytes(byte[] value) {
    try (VarBinaryVector vector = new VarBinaryVector("b", allocator)) {
      vector.setSafe(0, value);
      vector.setValueCount(1);
      return ColumnStats.of(vector);
    }
  }
}
