package io.quire.columns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.WireReader.MalformedException;
import io.quire.columns.Pipeline.Step;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class PipelineTest {
  private static final int COLUMNS = 4;
  private static final KeyMap MAP =
      new KeyMap.Builder().put(-3, 11).put(0, -12).put(2, 13).put(5, 0).build();

  private final Random random = new Random(38);
  private BufferAllocator allocator;

  @BeforeEach
  void open() {
    allocator = ColumnMemory.open(Long.MAX_VALUE);
  }

  @AfterEach
  void close() {
    allocator.close();
  }

  /** Longs, decimals, ints and doubles, of which the last cannot be computed with. */
  private RowGroup group(int rows) {
    BigIntVector longs = new BigIntVector("a", allocator);
    DecimalVector decimals = new DecimalVector("b", allocator, 15, 2);
    IntVector ints = new IntVector("c", allocator);
    Float8Vector doubles = new Float8Vector("d", allocator);
    List<FieldVector> all = List.of(longs, decimals, ints, doubles);
    for (FieldVector vector : all) {
      vector.setInitialCapacity(rows);
      vector.allocateNew();
    }
    for (int row = 0; row < rows; row++) {
      if (random.nextInt(5) > 0) {
        longs.set(row, random.nextInt(-9, 10));
      }
      if (random.nextInt(5) > 0) {
        decimals.set(row, BigDecimal.valueOf(random.nextInt(-999, 999), 2));
      }
      ints.set(row, random.nextInt(-4, 8));
      doubles.set(row, random.nextDouble());
    }
    all.forEach(vector -> vector.setValueCount(rows));
    return RowGroup.of(rows, new int[] {0, 1, 2, 3}, all);
  }

  private Expression expression(int depth, int columns) {
    if (depth == 0) {
      return switch (random.nextInt(4)) {
        case 0 -> Expression.literal(random.nextInt(-5, 6));
        case 1 -> new Expression.Literal(BigDecimal.valueOf(random.nextInt(-99, 99), 1));
        default -> Expression.column(column(columns));
      };
    }
    Expression left = expression(random.nextInt(depth), columns);
    Expression right = expression(random.nextInt(depth), columns);
    return switch (random.nextInt(6)) {
      case 0 -> left.plus(right);
      case 1 -> left.minus(right);
      case 2, 3 -> left.times(right);
      case 4 -> new Expression.Lookup(Expression.column(random.nextBoolean() ? 0 : 2), MAP);
      default -> new Expression.When(filter(columns), left);
    };
  }

  /** Any but the doubles. */
  private int column(int columns) {
    int column = random.nextInt(columns - 1);
    return column < 3 ? column : column + 1;
  }

  private Filter filter(int columns) {
    int column = column(columns);
    return switch (random.nextInt(3)) {
      case 0 -> Filter.not(new Filter.IsNull(column));
      default ->
          new Filter.Compare(
              column,
              random.nextBoolean() ? Filter.Op.LE : Filter.Op.GT,
              Value.of(BigDecimal.valueOf(random.nextInt(-50, 50), 1)));
    };
  }

  /** Row by row, with decimals of any length. */
  private static Optional<BigDecimal> value(Expression expression, List<Optional<BigDecimal>> row) {
    return switch (expression) {
      case Expression.Column column -> row.get(column.column());
      case Expression.Literal literal -> Optional.of(literal.value());
      case Expression.Plus(Expression left, Expression right) ->
          value(left, row).flatMap(a -> value(right, row).map(a::add));
      case Expression.Minus(Expression left, Expression right) ->
          value(left, row).flatMap(a -> value(right, row).map(a::subtract));
      case Expression.Times(Expression left, Expression right) ->
          value(left, row).flatMap(a -> value(right, row).map(a::multiply));
      case Expression.Lookup lookup ->
          value(lookup.key(), row)
              .flatMap(
                  key -> {
                    OptionalLong found = lookup.map().find(key.longValueExact());
                    return found.isPresent()
                        ? Optional.of(BigDecimal.valueOf(found.getAsLong()))
                        : Optional.empty();
                  });
      case Expression.When(Filter filter, Expression then) ->
          holds(filter, row) ? value(then, row) : Optional.empty();
    };
  }

  private static boolean holds(Filter filter, List<Optional<BigDecimal>> row) {
    return switch (filter) {
      case Filter.Not(Filter.IsNull(int column)) -> row.get(column).isPresent();
      case Filter.Compare compare ->
          row.get(compare.column())
              .map(
                  found -> {
                    int order = found.compareTo(((Value.Exact) compare.value()).value());
                    return compare.op() == Filter.Op.LE ? order <= 0 : order > 0;
                  })
              .orElse(false);
      default -> throw new IllegalArgumentException("not made here: filter=" + filter);
    };
  }

  private static Optional<BigDecimal> number(FieldVector vector, int row) {
    return switch (vector.isNull(row) ? null : vector.getObject(row)) {
      case null -> Optional.empty();
      case BigDecimal decimal -> Optional.of(decimal);
      case Double _ -> Optional.empty();
      case Object whole -> Optional.of(BigDecimal.valueOf(((Number) whole).longValue()));
    };
  }

  @Test
  void steps_keepAndDeriveWhatTheModelDoes() {
    int kept = 0;
    int known = 0;
    for (int round = 0; round < 300; round++) {
      int rows = round % 10 == 0 ? 2_500 : random.nextInt(1, 100);
      List<Step> steps = new ArrayList<>();
      int columns = COLUMNS;
      for (int i = random.nextInt(1, 5); i > 0; i--) {
        if (random.nextInt(3) == 0) {
          steps.add(new Step.Keep(filter(columns)));
        } else {
          steps.add(new Step.Derive(expression(2, columns)));
          columns++;
        }
      }
      Pipeline pipeline = new Pipeline(steps);
      RowGroup group = group(rows);
      List<List<Optional<BigDecimal>>> model = new ArrayList<>();
      for (int row = 0; row < rows; row++) {
        List<Optional<BigDecimal>> values = new ArrayList<>();
        for (int c = 0; c < COLUMNS; c++) {
          values.add(number(group.column(c), row));
        }
        model.add(values);
      }
      List<Integer> wanted = new ArrayList<>();
      for (int row = 0; row < rows; row++) {
        if (keeps(steps, model.get(row))) {
          wanted.add(row);
        }
      }
      try (Pipeline.Kept found =
          (random.nextBoolean() ? pipeline : Pipeline.read(pipeline.toBytes()))
              .run(group, COLUMNS, allocator)) {
        assertThat(found.rows().toArray())
            .as("%s", steps)
            .containsExactly(wanted.stream().mapToInt(n -> n).toArray());
        for (int c = COLUMNS; c < columns && !wanted.isEmpty(); c++) {
          for (int row : wanted) {
            Optional<BigDecimal> number = number(found.group().column(c), row);
            assertThat(number.map(BigDecimal::stripTrailingZeros))
                .as("%s row %d", steps, row)
                .isEqualTo(model.get(row).get(c).map(BigDecimal::stripTrailingZeros));
            known += number.isPresent() ? 1 : 0;
          }
        }
        kept += wanted.size();
      }
    }
    assertThat(kept).isGreaterThan(10_000);
    assertThat(known).isGreaterThan(10_000);
  }

  /** Also appends what is derived. */
  private static boolean keeps(List<Step> steps, List<Optional<BigDecimal>> row) {
    for (Step step : steps) {
      switch (step) {
        case Step.Keep(Filter filter) -> {
          if (!holds(filter, row)) {
            return false;
          }
        }
        case Step.Derive(Expression expression) -> row.add(value(expression, row));
      }
    }
    return true;
  }

  @Test
  void whatDoesNotFit_isAnErrorAndNoNumber() {
    Expression large = Expression.literal(Long.MAX_VALUE);
    assertThatThrownBy(() -> run(new Step.Derive(large.plus(Expression.literal(1)))))
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(() -> run(new Step.Derive(large.times(Expression.literal(-2)))))
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(
            () -> run(new Step.Derive(large.minus(new Expression.Literal(new BigDecimal("0.1"))))))
        .isInstanceOf(ArithmeticException.class);
  }

  @Test
  void columnsThatAreNoNumbers_orNotThere_areRefused() {
    assertThatThrownBy(() -> run(new Step.Derive(Expression.column(3))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("neither integers nor decimals: column=3 of=REAL");
    assertThatThrownBy(() -> run(new Step.Derive(Expression.column(4))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("group does not have this column: column=4");
    assertThatThrownBy(() -> run(new Step.Derive(new Expression.Lookup(Expression.column(1), MAP))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("key has digits behind the point: scale=2");
    Expression fine = new Expression.Literal(new BigDecimal("0.000000000000000001"));
    assertThatThrownBy(() -> run(new Step.Derive(fine.times(fine).times(fine))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("too many digits behind the point: scale=54 max=38");
  }

  private void run(Step step) {
    new Pipeline(List.of(step)).run(group(3), COLUMNS, allocator).close();
  }

  @Test
  void limits_areSaid() {
    assertThatThrownBy(() -> new Expression.Literal(new BigDecimal("1E+3")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Expression.Literal(new BigDecimal("9223372036854775808")))
        .isInstanceOf(IllegalArgumentException.class);
    Expression deep = Expression.column(0);
    for (int i = 1; i < 32; i++) {
      deep = deep.plus(Expression.literal(1));
    }
    Pipeline deepest = new Pipeline(List.of(new Step.Derive(deep)));
    assertThat(Pipeline.read(deepest.toBytes())).isEqualTo(deepest);
    Expression deeper = Expression.literal(1).times(deep);
    assertThatThrownBy(() -> new Pipeline(List.of(new Step.Derive(deeper))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("expression is too deep: max=32");
    Step keep = new Step.Keep(Filter.all());
    assertThatThrownBy(() -> new Pipeline(Collections.nCopies(65, keep)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("too many steps: steps=65 max=64");
  }

  @Test
  void groupsThatKeepNothing_areKnownByTheirStatistics() {
    Pipeline pipeline =
        new Pipeline(
            List.of(
                new Step.Keep(new Filter.Compare(2, Filter.Op.LT, Value.of(100))),
                new Step.Derive(Expression.column(2)),
                new Step.Keep(new Filter.Compare(COLUMNS, Filter.Op.GT, Value.of(1000))),
                new Step.Keep(new Filter.Compare(2, Filter.Op.GT, Value.of(7)))));
    try (RowGroup group = group(50)) {
      ColumnStats ints = ColumnStats.of(group.column(2));
      assertThat(pipeline.mayKeep(column -> column == 2 ? Optional.of(ints) : Optional.empty()))
          .isFalse();
      assertThat(pipeline.mayKeep(_ -> Optional.empty())).isTrue();
    }
  }

  @Test
  void bytes_arePinned() {
    Pipeline pipeline =
        new Pipeline(
            List.of(
                new Step.Keep(new Filter.IsNull(1)),
                new Step.Derive(
                    new Expression.When(
                        new Filter.IsNull(2),
                        new Expression.Lookup(Expression.column(0), MAP)
                            .plus(Expression.literal(3))
                            .minus(new Expression.Literal(new BigDecimal("0.5")))
                            .times(Expression.column(1))))));
    byte[] bytes = pipeline.toBytes();
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(
            "0102"
                + "0104000000"
                + "01080100"
                + "02"
                + "0704000000"
                + "01080200"
                + "05"
                + "04"
                + "03"
                + "060e000000"
                + "010400000000"
                + "05030203"
                + "16171a00"
                + "010000"
                + "02000300000000000000"
                + "02010500000000000000"
                + "010100");
    assertThat(Pipeline.read(bytes)).isEqualTo(pipeline);
  }

  @Test
  void otherBytes_areRefused() {
    byte[] bytes =
        new Pipeline(
                List.of(
                    new Step.Keep(new Filter.IsNull(1)),
                    new Step.Derive(new Expression.Lookup(Expression.column(0), MAP))))
            .toBytes();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> Pipeline.read(cut)).isInstanceOf(MalformedException.class);
    }
    for (int i = 0; i < 5_000; i++) {
      byte[] other = bytes.clone();
      other[random.nextInt(other.length)] = (byte) random.nextInt(256);
      try {
        Pipeline read = Pipeline.read(other);
        assertThat(Pipeline.read(read.toBytes())).isEqualTo(read);
      } catch (MalformedException e) {
        assertThat(e).hasMessageNotContaining("null");
      }
    }
  }
}
