package io.quire.columns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.WireReader.MalformedException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class FilterTest {
  private static final List<Field> FIELDS = RandomColumns.flat();

  private final Random random = new Random(5);
  private BufferAllocator allocator;

  @BeforeEach
  void open() {
    allocator = ColumnMemory.open(Long.MAX_VALUE);
  }

  @AfterEach
  void close() {
    allocator.close();
  }

  /** Of groups with all types, against one row at a time; and no group that matches is skipped. */
  @Test
  void select_andMayMatch_agreeWithTheModel() {
    int skipped = 0;
    int some = 0;
    for (int round = 0; round < 60; round++) {
      int rows = random.nextInt(10) == 0 ? 2000 : random.nextInt(round < 20 ? 4 : 150);
      try (RowGroup group = group(rows, new double[] {0, 0.2, 1}[random.nextInt(3)])) {
        List<Optional<ColumnStats>> stats = stats(group);
        for (int i = 0; i < 60; i++) {
          Filter filter = filter(group, i % 4);
          List<Integer> expected =
              IntStream.range(0, rows)
                  .filter(row -> Boolean.TRUE.equals(truth(filter, group, row)))
                  .boxed()
                  .toList();
          Selection selection = filter.select(group);
          assertThat(selection.toArray())
              .as("%s", filter)
              .containsExactly(expected.stream().mapToInt(n -> n).toArray());
          assertThat(selection.count()).isEqualTo(expected.size());
          Selection among = filter(group, 1).select(group);
          assertThat(filter.select(group, among).toArray())
              .as("%s among %s", filter, among)
              .containsExactly(
                  expected.stream().filter(among::contains).mapToInt(n -> n).toArray());
          boolean may = filter.mayMatch(stats::get);
          assertThat(may || expected.isEmpty()).as("skipped: %s %s", filter, stats).isTrue();
          skipped += may ? 0 : 1;
          some += expected.isEmpty() ? 0 : 1;
          assertThat(Filter.read(filter.toBytes())).isEqualTo(filter);
        }
      }
    }
    assertThat(skipped).isGreaterThan(200);
    assertThat(some).isGreaterThan(200);
  }

  private RowGroup group(int rows, double nulls) {
    List<FieldVector> vectors = new ArrayList<>();
    for (Field field : FIELDS) {
      vectors.add(RandomColumns.make(field, rows, nulls, random, allocator));
    }
    return RowGroup.of(rows, IntStream.range(0, FIELDS.size()).toArray(), vectors);
  }

  private List<Optional<ColumnStats>> stats(RowGroup group) {
    return group.root().getFieldVectors().stream()
        .map(
            vector ->
                random.nextInt(20) == 0
                    ? Optional.<ColumnStats>empty()
                    : Optional.of(ColumnStats.of(vector)))
        .toList();
  }

  private Filter filter(RowGroup group, int depth) {
    if (depth > 0) {
      List<Filter> parts = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        parts.add(filter(group, depth - 1));
      }
      return switch (random.nextInt(3)) {
        case 0 -> new Filter.And(parts);
        case 1 -> new Filter.Or(parts);
        default -> Filter.not(filter(group, depth - 1));
      };
    }
    int column = random.nextInt(FIELDS.size());
    Value value = literal(group, column);
    return switch (random.nextInt(8)) {
      case 0 -> new Filter.IsNull(column);
      case 1 -> new Filter.Between(column, value, literal(group, column));
      case 2 -> {
        List<Value> values = new ArrayList<>(List.of(value));
        for (int i = random.nextInt(5); i > 0; i--) {
          values.add(literal(group, column));
        }
        yield new Filter.In(column, random.nextInt(5) == 0 ? List.of() : values);
      }
      case 3 ->
          value instanceof Value.Bytes(byte[] bytes)
              ? new Filter.Prefix(
                  column, new Value.Bytes(Arrays.copyOf(bytes, random.nextInt(bytes.length + 1))))
              : new Filter.IsNull(column);
      default ->
          new Filter.Compare(
              column, Filter.Op.values()[random.nextInt(Filter.Op.values().length)], value);
    };
  }

  /** Of a row, or near that, or of another kind that compares. */
  private Value literal(RowGroup group, int column) {
    FieldVector vector = group.column(column);
    Optional<Value> ofRow =
        group.rows() == 0 ? Optional.empty() : Model.value(vector, random.nextInt(group.rows()));
    Value value =
        ofRow.orElse(Objects.requireNonNull(Domain.of(vector.getField().getType())).example());
    return switch (value) {
      case Value.Whole whole ->
          switch (random.nextInt(5)) {
            case 0 -> Value.of(BigDecimal.valueOf(whole.value()).add(new BigDecimal("0.5")));
            case 1 -> Value.of(BigDecimal.valueOf(whole.value()).scaleByPowerOfTen(3));
            case 2 -> Value.of(RandomColumns.number(random));
            default -> value;
          };
      case Value.Exact exact ->
          switch (random.nextInt(5)) {
            case 0 -> Value.of(exact.value().add(new BigDecimal("0.00000000001")));
            case 1 -> Value.of(exact.value().negate());
            case 2 -> Value.of(exact.value().longValue());
            default -> value;
          };
      case Value.Real _ ->
          switch (random.nextInt(4)) {
            case 0 -> Value.of(RandomColumns.real(random));
            case 1 -> Value.of(new BigDecimal("0.25"));
            default -> value;
          };
      case Value.Bytes(byte[] bytes) ->
          switch (random.nextInt(4)) {
            case 0 -> Value.of(RandomColumns.text(random));
            case 1 -> Value.of(Arrays.copyOf(bytes, bytes.length + 1));
            default -> value;
          };
      case Value.Bool bool -> Value.of(bool.value() ^ random.nextInt(3) == 0);
    };
  }

  /** Null if unknown. */
  private static @Nullable Boolean truth(Filter filter, RowGroup group, int row) {
    return switch (filter) {
      case Filter.And and -> {
        List<Boolean> parts = new ArrayList<>();
        and.parts().forEach(part -> parts.add(truth(part, group, row)));
        yield parts.contains(false) ? Boolean.FALSE : parts.contains(null) ? null : Boolean.TRUE;
      }
      case Filter.Or or -> {
        List<Boolean> parts = new ArrayList<>();
        or.parts().forEach(part -> parts.add(truth(part, group, row)));
        yield parts.contains(true) ? Boolean.TRUE : parts.contains(null) ? null : Boolean.FALSE;
      }
      case Filter.Not not -> {
        Boolean part = truth(not.part(), group, row);
        yield part == null ? null : Boolean.valueOf(!part);
      }
      case Filter.IsNull isNull -> group.column(isNull.column()).isNull(row);
      case Filter.Compare compare ->
          leaf(
              group,
              compare.column(),
              row,
              value -> holds(compare, Model.compare(value, compare.value())));
      case Filter.Between between ->
          leaf(
              group,
              between.column(),
              row,
              value ->
                  Model.compare(value, between.low()) >= 0
                      && Model.compare(value, between.high()) <= 0);
      case Filter.In in ->
          leaf(
              group,
              in.column(),
              row,
              value -> in.values().stream().anyMatch(each -> Model.compare(value, each) == 0));
      case Filter.Prefix prefix ->
          leaf(
              group,
              prefix.column(),
              row,
              value -> {
                byte[] bytes = ((Value.Bytes) value).value();
                byte[] wanted = prefix.prefix().value();
                return bytes.length >= wanted.length
                    && Arrays.equals(Arrays.copyOf(bytes, wanted.length), wanted);
              });
    };
  }

  private static @Nullable Boolean leaf(
      RowGroup group, int column, int row, Predicate<Value> test) {
    return Model.value(group.column(column), row).map(test::test).orElse(null);
  }

  private static boolean holds(Filter.Compare compare, int order) {
    return switch (compare.op()) {
      case EQ -> order == 0;
      case NE -> order != 0;
      case LT -> order < 0;
      case LE -> order <= 0;
      case GT -> order > 0;
      case GE -> order >= 0;
    };
  }

  @Test
  void literal_thatDoesNotCompare_isAnErrorWhenSelecting_andSkipsNothing() {
    try (RowGroup group = group(10, 0)) {
      int text = column("Utf8");
      Filter number = new Filter.Compare(text, Filter.Op.EQ, Value.of(1));
      assertThatThrownBy(() -> number.select(group))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("column=" + text);
      assertThat(number.mayMatch(column -> Optional.of(ColumnStats.of(group.column(column)))))
          .isTrue();
      Filter absent = new Filter.IsNull(999);
      assertThatThrownBy(() -> absent.select(group))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("column=999");
      assertThat(absent.mayMatch(_ -> Optional.empty())).isTrue();
    }
  }

  @Test
  void nested_canOnlyBeAskedForNulls() {
    FieldVector list =
        RandomColumns.make(RandomColumns.nested().get(0), 100, 0.5, random, allocator);
    try (RowGroup group = RowGroup.of(100, new int[] {3}, List.of(list))) {
      assertThat(new Filter.IsNull(3).select(group).count()).isEqualTo(list.getNullCount());
      assertThatThrownBy(() -> new Filter.In(3, List.of()).select(group))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void float32_isNotRounded_andNanIsTheGreatest() {
    Float4Vector vector = new Float4Vector("f", allocator);
    vector.setSafe(0, 0.1f);
    vector.setSafe(1, Float.NaN);
    vector.setSafe(2, -0.0f);
    vector.setValueCount(3);
    try (RowGroup group = RowGroup.of(3, new int[] {0}, List.of(vector))) {
      assertThat(rows(group, Filter.Op.EQ, 0.1)).isEmpty();
      assertThat(rows(group, Filter.Op.EQ, 0.1f)).containsExactly(0);
      assertThat(rows(group, Filter.Op.EQ, Double.NaN)).containsExactly(1);
      assertThat(rows(group, Filter.Op.GT, Double.POSITIVE_INFINITY)).containsExactly(1);
      assertThat(rows(group, Filter.Op.EQ, 0.0)).containsExactly(2);
      assertThat(rows(group, Filter.Op.LT, 0.0)).isEmpty();
    }
  }

  private static int[] rows(RowGroup group, Filter.Op op, double literal) {
    return new Filter.Compare(0, op, Value.of(literal)).select(group).toArray();
  }

  @Test
  void limits_holdWhenMadeAndWhenRead() {
    Filter deep = new Filter.IsNull(1);
    for (int i = 1; i < 32; i++) {
      deep = Filter.not(deep);
    }
    Filter deepest = deep;
    assertThat(Filter.read(deepest.toBytes())).isEqualTo(deepest);
    assertThatThrownBy(() -> Filter.not(deepest)).isInstanceOf(IllegalArgumentException.class);
    byte[] bytes = new byte[1 << 20];
    Arrays.fill(bytes, (byte) 3);
    bytes[0] = 1;
    assertThatThrownBy(() -> Filter.read(bytes))
        .isInstanceOf(MalformedException.class)
        .hasMessageContaining("deep");
    List<Filter> many = Collections.nCopies(4096, new Filter.IsNull(1));
    assertThatThrownBy(() -> new Filter.And(many)).isInstanceOf(IllegalArgumentException.class);
    assertThat(new Filter.And(many.subList(1, 4096)).parts()).hasSize(4095);
    List<Value> values = Collections.nCopies(65_537, Value.of(1));
    assertThatThrownBy(() -> new Filter.In(0, values)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Filter.IsNull(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Filter.IsNull(65_536))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void bytes_arePinned() {
    Filter filter =
        Filter.and(
            new Filter.Compare(2, Filter.Op.LT, Value.of(new BigDecimal("0.5"))),
            Filter.or(
                Filter.not(new Filter.IsNull(1)),
                new Filter.In(3, List.of(Value.of(true), Value.of(1.0)))),
            new Filter.Between(4, Value.of(-2), Value.of(300)),
            new Filter.Prefix(5, (Value.Bytes) Value.of("ab")));
    assertThat(HexFormat.of().formatHex(filter.toBytes()))
        .isEqualTo(
            "010104000000"
                + "040200020b0105"
                + "0202000000"
                + "03080100"
                + "0503000200000009"
                + "04000000000000f03f"
                + "0604000afe12012c"
                + "07050005020061"
                + "62");
  }

  @Test
  void malformedBytes_areRefused() {
    byte[] good =
        Filter.and(
                new Filter.Compare(2, Filter.Op.LT, Value.of(new BigDecimal("0.5"))),
                Filter.or(new Filter.IsNull(1), new Filter.In(3, List.of(Value.of("abc")))))
            .toBytes();
    for (int length = 0; length < good.length; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      assertThatThrownBy(() -> Filter.read(cut)).isInstanceOf(MalformedException.class);
    }
    int refused = 0;
    for (int round = 0; round < 50_000; round++) {
      byte[] bytes = good.clone();
      for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(-4, 10);
      }
      try {
        assertThat(Filter.read(bytes).toBytes()).hasSizeLessThanOrEqualTo(bytes.length);
      } catch (MalformedException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(10_000);
  }

  @Test
  void selection_saysWhatWasChosen() {
    Selection all = Selection.all(130);
    assertThat(all.count()).isEqualTo(130);
    assertThat(all.contains(129)).isTrue();
    assertThatThrownBy(() -> all.contains(130)).isInstanceOf(IndexOutOfBoundsException.class);
    List<Integer> rows = new ArrayList<>();
    all.forEach(rows::add);
    assertThat(rows).hasSize(130).isSorted();
    assertThat(Selection.all(0).toArray()).isEmpty();
  }

  private static int column(String type) {
    return IntStream.range(0, FIELDS.size())
        .filter(i -> FIELDS.get(i).getName().equals(type))
        .findFirst()
        .orElseThrow();
  }
}
