package io.quire.columns;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;

/** Applies an expression to the chosen rows of one group, a run of them at a time. */
final class ExpressionRun {
  private static final int DECIMAL_DIGITS = 38;
  private static final int DECIMAL_BYTES = 16;
  private static final int POWER_MAX = 18;

  private final RowGroup group;
  private final Selection chosen;

  private ExpressionRun(RowGroup group, Selection chosen) {
    this.group = group;
    this.chosen = chosen;
  }

  /**
   * A vector with the numbers of the chosen rows, and null for all others: of integers of 64 bits,
   * or of decimals if there are digits behind the point.
   *
   * @throws IllegalArgumentException if the group lacks a column, or one is of another type
   * @throws ArithmeticException if a number does not fit
   */
  static FieldVector vector(
      Expression expression, int number, RowGroup group, Selection chosen, BufferAllocator memory) {
    Part whole = new ExpressionRun(group, chosen).part(expression);
    String name = "derived-" + number;
    BaseFixedWidthVector vector =
        whole.scale == 0
            ? new BigIntVector(name, memory)
            : new DecimalVector(name, memory, DECIMAL_DIGITS, whole.scale);
    boolean made = false;
    try {
      vector.allocateNew(group.rows());
      vector.setValueCount(group.rows());
      fill(vector, whole, group.rows(), chosen.toArray());
      made = true;
      return vector;
    } finally {
      if (!made) {
        vector.close();
      }
    }
  }

  private static void fill(BaseFixedWidthVector vector, Part whole, int rows, int[] chosen) {
    int width = whole.scale == 0 ? Long.BYTES : DECIMAL_BYTES;
    MemorySegment data = Memory.of(vector.getDataBuffer(), (long) rows * width);
    long[] validity = new long[Memory.words(rows)];
    int[] run = new int[Lane.RUN];
    int next = 0;
    while (next < chosen.length) {
      int from = chosen[next] / Lane.RUN * Lane.RUN;
      int count = Math.min(Lane.RUN, rows - from);
      int size = 0;
      while (next < chosen.length && chosen[next] < from + count) {
        run[size++] = chosen[next++];
      }
      whole.compute(from, count, run, size);
      for (int i = 0; i < size; i++) {
        int row = run[i];
        long value = whole.values[i];
        if (whole.known[i]) {
          validity[row >>> 6] |= 1L << row;
        }
        if (width == Long.BYTES) {
          data.set(Memory.LONG, 8L * row, value);
        } else {
          data.set(Memory.LONG, 16L * row, value);
          data.set(Memory.LONG, 16L * row + 8, value >> 63);
        }
      }
    }
    MemorySegment bitmap = Memory.of(vector.getValidityBuffer(), Memory.bitmapBytes(rows));
    for (long at = 0; at < bitmap.byteSize(); at++) {
      bitmap.set(Memory.BYTE, at, (byte) (validity[(int) (at >>> 3)] >>> ((at & 7) << 3)));
    }
  }

  /** A part of an expression, and its numbers in the run that was computed last. */
  private abstract static class Part {
    final int scale;
    final long[] values = new long[Lane.RUN];
    final boolean[] known = new boolean[Lane.RUN];

    Part(int scale) {
      if (Math.abs(scale) > Expression.SCALE_MAX) {
        throw new IllegalArgumentException(
            "too many digits behind the point: scale=%d max=%d"
                .formatted(scale, Expression.SCALE_MAX));
      }
      this.scale = scale;
    }

    /** Computes the numbers of some rows; all lie in the run that begins at {@code from}. */
    abstract void compute(int from, int count, int[] rows, int size);
  }

  private Part part(Expression expression) {
    return switch (expression) {
      case Expression.Column column -> new OfColumn(column.column(), group);
      case Expression.Literal number ->
          new OfLiteral(number.value().unscaledValue().longValueExact(), number.value().scale());
      case Expression.Plus plus -> new OfSum(part(plus.left()), part(plus.right()), false);
      case Expression.Minus minus -> new OfSum(part(minus.left()), part(minus.right()), true);
      case Expression.Times times -> new OfProduct(part(times.left()), part(times.right()));
      case Expression.Lookup lookup -> new OfLookup(part(lookup.key()), lookup.map());
      case Expression.When when ->
          new OfWhen(when.filter().select(group, chosen), part(when.then()));
    };
  }

  private static final class OfColumn extends Part {
    private final Lane lane;
    private final boolean whole;
    private final boolean nulls;
    private final long[] keys = new long[Lane.RUN];

    OfColumn(int column, RowGroup group) {
      this(column, new Lane(group.column(column)));
    }

    private OfColumn(int column, Lane lane) {
      super(lane.domain() == null ? 0 : lane.domain().scale());
      Domain domain = lane.domain();
      whole = domain != null && domain.kind() == Domain.Kind.WHOLE;
      if (!whole && (domain == null || domain.kind() != Domain.Kind.DECIMAL)) {
        throw new IllegalArgumentException(
            "neither integers nor decimals: column=%d of=%s"
                .formatted(column, domain == null ? "no order" : domain.kind()));
      }
      this.lane = lane;
      nulls = lane.nulls() > 0;
    }

    @Override
    void compute(int from, int count, int[] rows, int size) {
      if (whole) {
        lane.keys(from, count, keys);
      }
      for (int i = 0; i < size; i++) {
        int row = rows[i];
        known[i] = !nulls || lane.isValid(row);
        long low = whole ? keys[row - from] : lane.low(row);
        if (!whole && known[i] && lane.high(row) != low >> 63) {
          throw new ArithmeticException("decimal is beyond 64 bits: row=" + row);
        }
        values[i] = low;
      }
    }
  }

  private static final class OfLiteral extends Part {
    OfLiteral(long value, int scale) {
      super(scale);
      Arrays.fill(values, value);
      Arrays.fill(known, true);
    }

    @Override
    void compute(int from, int count, int[] rows, int size) {}
  }

  private static final class OfSum extends Part {
    private final Part left;
    private final Part right;
    private final boolean less;
    private final long leftFactor;
    private final long rightFactor;

    OfSum(Part left, Part right, boolean less) {
      super(Math.max(left.scale, right.scale));
      this.left = left;
      this.right = right;
      this.less = less;
      leftFactor = power(scale - left.scale);
      rightFactor = power(scale - right.scale);
    }

    private static long power(int digits) {
      if (digits > POWER_MAX) {
        throw new IllegalArgumentException("scales differ by too much: digits=" + digits);
      }
      long power = 1;
      for (int i = 0; i < digits; i++) {
        power *= 10;
      }
      return power;
    }

    @Override
    void compute(int from, int count, int[] rows, int size) {
      left.compute(from, count, rows, size);
      right.compute(from, count, rows, size);
      for (int i = 0; i < size; i++) {
        known[i] = left.known[i] & right.known[i];
        if (known[i]) {
          long a = Math.multiplyExact(left.values[i], leftFactor);
          long b = Math.multiplyExact(right.values[i], rightFactor);
          values[i] = less ? Math.subtractExact(a, b) : Math.addExact(a, b);
        }
      }
    }
  }

  private static final class OfProduct extends Part {
    private final Part left;
    private final Part right;

    OfProduct(Part left, Part right) {
      super(left.scale + right.scale);
      this.left = left;
      this.right = right;
    }

    @Override
    void compute(int from, int count, int[] rows, int size) {
      left.compute(from, count, rows, size);
      right.compute(from, count, rows, size);
      for (int i = 0; i < size; i++) {
        known[i] = left.known[i] & right.known[i];
        if (known[i]) {
          values[i] = Math.multiplyExact(left.values[i], right.values[i]);
        }
      }
    }
  }

  private static final class OfLookup extends Part {
    private final Part key;
    private final KeyMap map;

    OfLookup(Part key, KeyMap map) {
      super(0);
      if (key.scale != 0) {
        throw new IllegalArgumentException("key has digits behind the point: scale=" + key.scale);
      }
      this.key = key;
      this.map = map;
    }

    @Override
    void compute(int from, int count, int[] rows, int size) {
      key.compute(from, count, rows, size);
      for (int i = 0; i < size; i++) {
        values[i] = key.known[i] ? map.get(key.values[i]) : KeyMap.ABSENT;
        known[i] = values[i] != KeyMap.ABSENT;
      }
    }
  }

  private static final class OfWhen extends Part {
    private final Selection when;
    private final Part then;

    OfWhen(Selection when, Part then) {
      super(then.scale);
      this.when = when;
      this.then = then;
    }

    @Override
    void compute(int from, int count, int[] rows, int size) {
      then.compute(from, count, rows, size);
      for (int i = 0; i < size; i++) {
        values[i] = then.values[i];
        known[i] = then.known[i] && when.contains(rows[i]);
      }
    }
  }
}
