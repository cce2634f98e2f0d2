package io.quire.columns;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One measure of all groups. How many values were counted in a group is kept by all of them. */
abstract sealed class Tally {
  /** Of so many groups there is room. */
  long[] counts = new long[0];

  /**
   * Rows that are added.
   *
   * @param from the first row of the run; all rows are from there to {@link Lane#RUN} rows later
   * @param rows what is added, {@code size} of it
   * @param groups the group of each
   */
  record Run(int from, int count, int[] rows, int[] groups, int size) {}

  /**
   * What a measure needs.
   *
   * @param domain of the column, null if its values do not compare or it has none
   * @throws IllegalArgumentException if such a column cannot be measured so
   */
  static Tally of(Aggregate.Kind kind, @Nullable Domain domain) {
    if (kind == Aggregate.Kind.ROWS || kind == Aggregate.Kind.COUNT) {
      return new Count();
    }
    if (domain == null) {
      throw new IllegalArgumentException("values do not compare: measure=" + kind);
    }
    boolean isExtreme = kind == Aggregate.Kind.MIN || kind == Aggregate.Kind.MAX;
    boolean isMean = kind == Aggregate.Kind.AVG;
    if (isExtreme) {
      return domain.keys() == Domain.Keys.BYTES
          ? new ExtremeBytes(kind == Aggregate.Kind.MAX)
          : new Extreme(domain, kind == Aggregate.Kind.MAX);
    }
    return switch (domain.kind()) {
      case WHOLE, UNSIGNED, DECIMAL -> new ExactSum(domain, isMean);
      case REAL -> new RealSum(isMean);
      case BOOL, BYTES -> throw new IllegalArgumentException("no such sum: of=" + domain.kind());
    };
  }

  abstract void add(@Nullable Lane lane, Run run);

  /** Adds what another one of this kind has of a group. */
  abstract void merge(int group, Tally other, int otherGroup);

  abstract void writeMore(WireWriter out, int group);

  abstract void readMore(WireReader in, int group);

  /** Of a group of which something was counted. */
  abstract Value value(int group);

  void grow(int groups) {
    if (groups > counts.length) {
      resize(Math.max(16, Math.max(groups, counts.length * 2)));
    }
  }

  void resize(int groups) {
    counts = Arrays.copyOf(counts, groups);
  }

  Optional<Value> finish(int group) {
    return counts[group] == 0 ? Optional.empty() : Optional.of(value(group));
  }

  void write(WireWriter out, int group) {
    out.int64(counts[group]);
    if (counts[group] > 0) {
      writeMore(out, group);
    }
  }

  void read(WireReader in, int group) {
    counts[group] = in.int64();
    if (counts[group] < 0) {
      throw new MalformedException("negative count: found=" + counts[group]);
    }
    if (counts[group] > 0) {
      readMore(in, group);
    }
  }

  static Lane given(@Nullable Lane lane) {
    if (lane == null) {
      throw new IllegalStateException("a measure without a column");
    }
    return lane;
  }

  static final class Count extends Tally {
    @Override
    void add(@Nullable Lane lane, Run run) {
      for (int i = 0; i < run.size; i++) {
        if (lane == null || lane.isValid(run.rows[i])) {
          counts[run.groups[i]]++;
        }
      }
    }

    @Override
    void merge(int group, Tally other, int otherGroup) {
      counts[group] += other.counts[otherGroup];
    }

    @Override
    Optional<Value> finish(int group) {
      return Optional.of(value(group));
    }

    @Override
    Value value(int group) {
      return new Value.Whole(counts[group]);
    }

    @Override
    void writeMore(WireWriter out, int group) {}

    @Override
    void readMore(WireReader in, int group) {}
  }

  /** A pair of longs for each group. */
  abstract static sealed class OfPairs extends Tally {
    final Domain domain;
    private final long[] keys = new long[Lane.RUN];
    long[] high = new long[0];
    long[] low = new long[0];

    OfPairs(Domain domain) {
      this.domain = domain;
    }

    abstract void add(int group, long addHigh, long addLow);

    @Override
    void add(@Nullable Lane given, Run run) {
      Lane lane = given(given);
      boolean isLong = domain.keys() == Domain.Keys.LONG;
      if (isLong) {
        lane.keys(run.from, run.count, keys);
      }
      // Added up, a number without a sign is what it is, and not what it is compared by.
      long flip =
          this instanceof ExactSum && domain.kind() == Domain.Kind.UNSIGNED ? Long.MIN_VALUE : 0;
      for (int i = 0; i < run.size; i++) {
        int row = run.rows[i];
        if (lane.isValid(row)) {
          long addLow = isLong ? keys[row - run.from] ^ flip : lane.low(row);
          long addHigh = isLong ? flip != 0 ? 0 : addLow >> 63 : lane.high(row);
          add(run.groups[i], addHigh, addLow);
          counts[run.groups[i]]++;
        }
      }
    }

    @Override
    void merge(int group, Tally other, int otherGroup) {
      if (other.counts[otherGroup] > 0) {
        OfPairs pairs = (OfPairs) other;
        add(group, pairs.high[otherGroup], pairs.low[otherGroup]);
        counts[group] += other.counts[otherGroup];
      }
    }

    @Override
    void resize(int groups) {
      super.resize(groups);
      high = Arrays.copyOf(high, groups);
      low = Arrays.copyOf(low, groups);
    }

    @Override
    void writeMore(WireWriter out, int group) {
      out.int64(low[group]).int64(high[group]);
    }

    @Override
    void readMore(WireReader in, int group) {
      low[group] = in.int64();
      high[group] = in.int64();
    }
  }

  static final class ExactSum extends OfPairs {
    private final boolean mean;

    ExactSum(Domain domain, boolean mean) {
      super(domain);
      this.mean = mean;
    }

    @Override
    void add(int group, long addHigh, long addLow) {
      high[group] = Pairs.addHigh(high[group], low[group], addHigh, addLow);
      low[group] += addLow;
    }

    @Override
    Value value(int group) {
      BigDecimal sum = new BigDecimal(Domain.integer(high[group], low[group]), domain.scale());
      if (!mean) {
        return new Value.Exact(sum);
      }
      BigDecimal count = BigDecimal.valueOf(counts[group]);
      return new Value.Real(sum.divide(count, MathContext.DECIMAL128).doubleValue());
    }
  }

  static final class Extreme extends OfPairs {
    private final boolean max;

    Extreme(Domain domain, boolean max) {
      super(domain);
      this.max = max;
    }

    @Override
    void add(int group, long addHigh, long addLow) {
      int order = Pairs.compare(addHigh, addLow, high[group], low[group]);
      if (counts[group] == 0 || (max ? order > 0 : order < 0)) {
        high[group] = addHigh;
        low[group] = addLow;
      }
    }

    @Override
    Value value(int group) {
      return domain.keys() == Domain.Keys.LONG
          ? domain.value(low[group])
          : domain.value(high[group], low[group]);
    }
  }

  /** Neumaier's sum. With an infinity or NaN the plain sum is what there is. */
  static final class RealSum extends Tally {
    private final boolean mean;
    private double[] sums = new double[0];
    private double[] lost = new double[0];

    RealSum(boolean mean) {
      this.mean = mean;
    }

    @Override
    void add(@Nullable Lane given, Run run) {
      Lane lane = given(given);
      for (int i = 0; i < run.size; i++) {
        int row = run.rows[i];
        if (lane.isValid(row)) {
          add(run.groups[i], lane.real(row));
          counts[run.groups[i]]++;
        }
      }
    }

    private void add(int group, double value) {
      double before = sums[group];
      double sum = before + value;
      lost[group] +=
          Math.abs(before) >= Math.abs(value) ? before - sum + value : value - sum + before;
      sums[group] = sum;
    }

    @Override
    void merge(int group, Tally other, int otherGroup) {
      RealSum real = (RealSum) other;
      add(group, real.sums[otherGroup]);
      lost[group] += real.lost[otherGroup];
      counts[group] += other.counts[otherGroup];
    }

    @Override
    void resize(int groups) {
      super.resize(groups);
      sums = Arrays.copyOf(sums, groups);
      lost = Arrays.copyOf(lost, groups);
    }

    @Override
    Value value(int group) {
      double sum = Double.isFinite(sums[group]) ? sums[group] + lost[group] : sums[group];
      return new Value.Real(mean ? sum / counts[group] : sum);
    }

    @Override
    void writeMore(WireWriter out, int group) {
      out.int64(Double.doubleToRawLongBits(sums[group]));
      out.int64(Double.doubleToRawLongBits(lost[group]));
    }

    @Override
    void readMore(WireReader in, int group) {
      sums[group] = Double.longBitsToDouble(in.int64());
      lost[group] = Double.longBitsToDouble(in.int64());
    }
  }

  static final class ExtremeBytes extends Tally {
    private static final int BYTES_MAX = 0xffff;

    private final boolean max;
    private byte[][] best = new byte[0][];

    ExtremeBytes(boolean max) {
      this.max = max;
    }

    @Override
    void add(@Nullable Lane given, Run run) {
      Lane lane = given(given);
      for (int i = 0; i < run.size; i++) {
        int row = run.rows[i];
        int group = run.groups[i];
        if (lane.isValid(row) && (counts[group]++ == 0 || beats(lane, row, group))) {
          if (lane.end(row) - lane.start(row) > BYTES_MAX) {
            throw new IllegalArgumentException("too long for an extreme: max=" + BYTES_MAX);
          }
          best[group] = lane.bytes(row, BYTES_MAX);
        }
      }
    }

    private boolean beats(Lane lane, int row, int group) {
      int order = lane.compare(row, MemorySegment.ofArray(best[group]));
      return max ? order > 0 : order < 0;
    }

    @Override
    void merge(int group, Tally other, int otherGroup) {
      if (other.counts[otherGroup] == 0) {
        return;
      }
      byte[] bytes = ((ExtremeBytes) other).best[otherGroup];
      int order = counts[group] == 0 ? 0 : Arrays.compareUnsigned(bytes, best[group]);
      if (counts[group] == 0 || (max ? order > 0 : order < 0)) {
        best[group] = bytes;
      }
      counts[group] += other.counts[otherGroup];
    }

    @Override
    void resize(int groups) {
      super.resize(groups);
      best = Arrays.copyOf(best, groups);
    }

    @Override
    Value value(int group) {
      return new Value.Bytes(best[group]);
    }

    @Override
    void writeMore(WireWriter out, int group) {
      out.uint16(best[group].length).raw(best[group]);
    }

    @Override
    void readMore(WireReader in, int group) {
      best[group] = in.raw(in.uint16());
    }
  }
}
