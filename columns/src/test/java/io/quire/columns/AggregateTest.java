package io.quire.columns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quire.base.WireReader.MalformedException;
import io.quire.columns.Aggregate.Kind;
import io.quire.columns.Aggregate.Measure;
import io.quire.columns.Aggregate.Row;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class AggregateTest {
  private static final List<Field> FIELDS = RandomColumns.flat();

  private final Random random = new Random(17);
  private BufferAllocator allocator;

  @BeforeEach
  void open() {
    allocator = ColumnMemory.open(Long.MAX_VALUE);
  }

  @AfterEach
  void close() {
    allocator.close();
  }

  /** Groups of all types, in partials that are merged in some order, some of them through bytes. */
  @Test
  void partials_mergeToWhatTheModelCounts() {
    for (int round = 0; round < 60; round++) {
      Aggregate aggregate = aggregate();
      assertThat(Aggregate.read(aggregate.toBytes())).isEqualTo(aggregate);
      Map<List<Optional<Value>>, List<List<Value>>> model = new HashMap<>();
      List<Partial> partials = new ArrayList<>();
      for (int g = random.nextInt(4); g >= 0; g--) {
        partials.add(aggregate.begin());
      }
      for (int g = random.nextInt(6); g > 0; g--) {
        int rows = random.nextInt(10) == 0 ? 2500 : random.nextInt(100);
        try (RowGroup group = group(rows, random.nextInt(3) / 2.0)) {
          Selection selection = chosen(group);
          partials.get(random.nextInt(partials.size())).add(group, selection);
          selection.forEach(row -> count(model, aggregate, group, row));
        }
      }
      Partial all = aggregate.begin();
      for (Partial partial : partials) {
        all.merge(random.nextBoolean() ? Partial.read(aggregate, partial.toBytes()) : partial);
      }
      if (model.isEmpty() && aggregate.by().isEmpty()) {
        count(model, aggregate, null, -1);
      }
      assertThatRowsAre(all.finish(), model, aggregate);
    }
  }

  private Aggregate aggregate() {
    List<Integer> by = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      by.add(random.nextInt(FIELDS.size()));
    }
    List<Measure> measures = new ArrayList<>(List.of(Measure.rows()));
    for (int i = 0; i < 8; i++) {
      int column = random.nextInt(FIELDS.size());
      Kind kind = Kind.values()[random.nextInt(1, Kind.values().length)];
      boolean isSum = kind == Kind.SUM || kind == Kind.AVG;
      measures.add(new Measure(isSum && !canBeSummed(column) ? Kind.MIN : kind, column));
    }
    return new Aggregate(by, measures, 100_000);
  }

  /** But not the decimals that are beyond 128 bits together. */
  private static boolean canBeSummed(int column) {
    ArrowType type = FIELDS.get(column).getType();
    return type instanceof ArrowType.Int
        || type instanceof ArrowType.FloatingPoint
        || type instanceof ArrowType.Decimal d && d.getPrecision() < 38;
  }

  private Selection chosen(RowGroup group) {
    return random.nextBoolean()
        ? Selection.all(group.rows())
        : new Filter.Compare(3, Filter.Op.GE, Value.of(random.nextInt(-3, 12))).select(group);
  }

  private RowGroup group(int rows, double nulls) {
    List<FieldVector> vectors = new ArrayList<>();
    for (Field field : FIELDS) {
      vectors.add(RandomColumns.make(field, rows, nulls, random, allocator));
    }
    return RowGroup.of(rows, IntStream.range(0, FIELDS.size()).toArray(), vectors);
  }

  /** Notes the values of a row by its keys; with row -1 only that there is a group. */
  private static void count(
      Map<List<Optional<Value>>, List<List<Value>>> model,
      Aggregate aggregate,
      @Nullable RowGroup group,
      int row) {
    List<Optional<Value>> keys = new ArrayList<>();
    if (group != null) {
      aggregate
          .by()
          .forEach(c -> keys.add(Model.value(group.column(c), row).map(AggregateTest::canonical)));
    }
    List<List<Value>> values =
        model.computeIfAbsent(
            keys,
            _ ->
                aggregate.measures().stream()
                    .map(_ -> (List<Value>) new ArrayList<Value>())
                    .toList());
    if (group != null) {
      for (int i = 0; i < values.size(); i++) {
        Measure measure = aggregate.measures().get(i);
        if (measure.kind() == Kind.ROWS) {
          values.get(i).add(Value.of(1));
        } else {
          Model.value(group.column(measure.column()), row).ifPresent(values.get(i)::add);
        }
      }
    }
  }

  private static Value canonical(Value value) {
    return value instanceof Value.Real real ? Value.of(real.value() + 0.0) : value;
  }

  private static void assertThatRowsAre(
      List<Row> rows, Map<List<Optional<Value>>, List<List<Value>>> model, Aggregate aggregate) {
    assertThat(rows).hasSize(model.size());
    Row before = null;
    for (Row row : rows) {
      List<List<Value>> values = Objects.requireNonNull(model.get(row.keys()), row::toString);
      for (int i = 0; i < values.size(); i++) {
        assertValue(row.values().get(i), aggregate.measures().get(i).kind(), values.get(i));
      }
      assertThat(before == null || comesBefore(before.keys(), row.keys())).isTrue();
      before = row;
    }
  }

  private static boolean comesBefore(List<Optional<Value>> keys, List<Optional<Value>> others) {
    for (int i = 0; i < keys.size(); i++) {
      if (!keys.get(i).equals(others.get(i))) {
        return others.get(i).isEmpty()
            || keys.get(i).isPresent() && Model.compare(keys.get(i).get(), others.get(i).get()) < 0;
      }
    }
    return false;
  }

  private static void assertValue(Optional<Value> found, Kind kind, List<Value> values) {
    if (kind == Kind.ROWS || kind == Kind.COUNT) {
      assertThat(found).contains(Value.of((long) values.size()));
      return;
    }
    if (values.isEmpty()) {
      assertThat(found).isEmpty();
      return;
    }
    Value value = found.orElseThrow();
    switch (kind) {
      case MIN ->
          assertThat(Model.compare(value, values.stream().min(Model::compare).orElseThrow()))
              .isZero();
      case MAX ->
          assertThat(Model.compare(value, values.stream().max(Model::compare).orElseThrow()))
              .isZero();
      case SUM, AVG -> {
        if (values.get(0) instanceof Value.Real) {
          assertReal(((Value.Real) value).value(), kind, values);
        } else {
          BigDecimal sum =
              values.stream().map(AggregateTest::exact).reduce(BigDecimal.ZERO, BigDecimal::add);
          BigDecimal count = BigDecimal.valueOf(values.size());
          if (kind == Kind.SUM) {
            assertThat(exact(value)).isEqualByComparingTo(sum);
          } else {
            assertThat(value)
                .isEqualTo(Value.of(sum.divide(count, MathContext.DECIMAL128).doubleValue()));
          }
        }
      }
      case ROWS, COUNT -> throw new AssertionError();
    }
  }

  private static BigDecimal exact(Value value) {
    return value instanceof Value.Exact exact
        ? exact.value()
        : BigDecimal.valueOf(((Value.Whole) value).value());
  }

  private static void assertReal(double found, Kind kind, List<Value> values) {
    double[] all = values.stream().mapToDouble(value -> ((Value.Real) value).value()).toArray();
    double plain = Arrays.stream(all).sum();
    int count = kind == Kind.SUM ? 1 : all.length;
    if (!Double.isFinite(plain)) {
      assertThat(Value.of(found)).isEqualTo(Value.of(plain));
    } else {
      double sum =
          Arrays.stream(all)
              .mapToObj(BigDecimal::new)
              .reduce(BigDecimal.ZERO, BigDecimal::add)
              .doubleValue();
      assertThat(found).isCloseTo(sum / count, within(Math.abs(sum / count) * 1e-12 + 1e-12));
    }
  }

  @Test
  void sum_ofIntegersIsExact_beyondALong() {
    assertThat(sum(longs(Long.MAX_VALUE, Long.MAX_VALUE, 1)))
        .contains(
            new Value.Exact(
                new BigDecimal(
                    BigInteger.valueOf(Long.MAX_VALUE).shiftLeft(1).add(BigInteger.ONE))));
    assertThat(sum(longs(Long.MIN_VALUE, -1)))
        .contains(
            new Value.Exact(
                new BigDecimal(BigInteger.valueOf(Long.MIN_VALUE).subtract(BigInteger.ONE))));
  }

  @Test
  void sum_beyond128Bits_isAnError() {
    BigDecimal most = new BigDecimal(BigInteger.TEN.pow(38).subtract(BigInteger.ONE));
    assertThat(sum(decimals(most))).contains(new Value.Exact(most));
    assertThatThrownBy(() -> sum(decimals(most, most))).isInstanceOf(ArithmeticException.class);
    BigDecimal least = most.negate();
    assertThatThrownBy(() -> sum(decimals(least, least))).isInstanceOf(ArithmeticException.class);
    assertThat(sum(decimals(most, least, most))).contains(new Value.Exact(most));
  }

  @Test
  void sum_ofDoubles_isCompensated() {
    assertThat(sum(doubles(1e16, 1, -1e16))).contains(Value.of(1.0));
    assertThat(sum(doubles(Double.POSITIVE_INFINITY, 1)))
        .contains(Value.of(Double.POSITIVE_INFINITY));
    assertThat(sum(doubles(Double.NaN, 1))).contains(Value.of(Double.NaN));
  }

  private Optional<Value> sum(FieldVector vector) {
    Aggregate aggregate = new Aggregate(List.of(), List.of(new Measure(Kind.SUM, 0)), 1);
    try (RowGroup group = RowGroup.of(vector.getValueCount(), new int[] {0}, List.of(vector))) {
      Partial partial = aggregate.begin();
      partial.add(group, Selection.all(group.rows()));
      return partial.finish().get(0).values().get(0);
    }
  }

  @Test
  void groupsBeyondTheLimit_areAnError() {
    Aggregate two = new Aggregate(List.of(0), List.of(Measure.rows()), 2);
    Partial left = partial(two, longs(1, 2, 1));
    assertThat(left.groups()).isEqualTo(2);
    Partial right = partial(two, longs(3));
    assertThatThrownBy(() -> left.merge(right)).isInstanceOf(Aggregate.TooManyGroups.class);
    assertThatThrownBy(() -> partial(two, longs(1, 2, 3)))
        .isInstanceOf(Aggregate.TooManyGroups.class)
        .hasMessageContaining("max=2");
    Aggregate three = new Aggregate(List.of(0), List.of(Measure.rows()), 3);
    byte[] bytes = partial(three, longs(1, 2, 3)).toBytes();
    assertThatThrownBy(() -> Partial.read(two, bytes)).isInstanceOf(MalformedException.class);
  }

  private static Partial partial(Aggregate aggregate, FieldVector vector) {
    try (RowGroup group = RowGroup.of(vector.getValueCount(), new int[] {0}, List.of(vector))) {
      Partial partial = aggregate.begin();
      partial.add(group, Selection.all(group.rows()));
      return partial;
    }
  }

  @Test
  void whatCannotBeCounted_isRefused() {
    Aggregate sum = new Aggregate(List.of(), List.of(new Measure(Kind.SUM, 0)), 1);
    for (Field field : FIELDS) {
      ArrowType type = field.getType();
      if (!(type instanceof ArrowType.Int
          || type instanceof ArrowType.FloatingPoint
          || type instanceof ArrowType.Decimal)) {
        FieldVector vector = RandomColumns.make(field, 10, 0, random, allocator);
        assertThatThrownBy(() -> partial(sum, vector)).isInstanceOf(IllegalArgumentException.class);
      }
    }
    Partial ofLongs = partial(sum, longs(1));
    Partial ofDoubles = partial(sum, doubles(1));
    assertThatThrownBy(() -> ofLongs.merge(ofDoubles)).isInstanceOf(IllegalArgumentException.class);
    Partial other = new Aggregate(List.of(), List.of(new Measure(Kind.MIN, 0)), 1).begin();
    assertThatThrownBy(() -> ofLongs.merge(other)).isInstanceOf(IllegalArgumentException.class);
    List<Integer> nine = IntStream.range(0, 9).boxed().toList();
    assertThatThrownBy(() -> new Aggregate(nine, List.of(Measure.rows()), 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Aggregate(List.of(), List.of(), 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void bytes_arePinned() {
    Aggregate aggregate =
        new Aggregate(List.of(0), List.of(Measure.rows(), new Measure(Kind.SUM, 0)), 7);
    assertThat(HexFormat.of().formatHex(aggregate.toBytes()))
        .isEqualTo("0107000000" + "010000" + "02000000" + "020000");
    assertThat(HexFormat.of().formatHex(partial(aggregate, longs(5, 5)).toBytes()))
        .isEqualTo(
            "0101"
                + "0200"
                + "0000"
                + "0200"
                + "01000000"
                + "000500000000000000"
                + "0200000000000000"
                + "0200000000000000"
                + "0a00000000000000"
                + "0000000000000000");
  }

  @Test
  void malformedBytes_areRefused() {
    Aggregate aggregate =
        new Aggregate(
            List.of(20, 3, 11),
            List.of(Measure.rows(), new Measure(Kind.MAX, 22), new Measure(Kind.AVG, 5)),
            1000);
    Partial partial = aggregate.begin();
    try (RowGroup group = group(20, 0.3)) {
      partial.add(group, Selection.all(20));
    }
    byte[] good = partial.toBytes();
    for (int length = 0; length < good.length; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      assertThatThrownBy(() -> Partial.read(aggregate, cut)).isInstanceOf(MalformedException.class);
    }
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = good.clone();
      int within = random.nextBoolean() ? 20 : bytes.length;
      bytes[random.nextInt(within)] = (byte) random.nextInt(-4, 10);
      try {
        assertThat(Partial.read(aggregate, bytes).finish()).isNotEmpty();
      } catch (MalformedException e) {
        assertThat(e.getMessage()).isNotEmpty();
      }
    }
    byte[] plan = aggregate.toBytes();
    for (int length = 0; length < plan.length; length++) {
      byte[] cut = Arrays.copyOf(plan, length);
      assertThatThrownBy(() -> Aggregate.read(cut)).isInstanceOf(MalformedException.class);
    }
  }

  private BigIntVector longs(long... values) {
    BigIntVector vector = new BigIntVector("n", allocator);
    for (int i = 0; i < values.length; i++) {
      vector.setSafe(i, values[i]);
    }
    vector.setValueCount(values.length);
    return vector;
  }

  private Float8Vector doubles(double... values) {
    Float8Vector vector = new Float8Vector("d", allocator);
    for (int i = 0; i < values.length; i++) {
      vector.setSafe(i, values[i]);
    }
    vector.setValueCount(values.length);
    return vector;
  }

  private DecimalVector decimals(BigDecimal... values) {
    DecimalVector vector = new DecimalVector("m", allocator, 38, 0);
    for (int i = 0; i < values.length; i++) {
      vector.setSafe(i, values[i]);
    }
    vector.setValueCount(values.length);
    return vector;
  }
}
