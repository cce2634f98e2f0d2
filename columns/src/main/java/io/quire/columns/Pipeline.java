package io.quire.columns;

import io.quire.base.WireReader.MalformedException;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.apache.arrow.memory.BufferAllocator;

/**
 * What is done with the rows of a group, step by step, before they are aggregated or collected.
 * Each step sees the rows that the ones before it kept, so what is cheap and keeps few rows goes
 * first. Immutable, for any thread.
 *
 * <p>A derived column has a number as well: the first that is derived has the one behind the last
 * column of the table, and so on. Steps behind it may use it as any other.
 *
 * @param steps at most 64
 */
public record Pipeline(List<Step> steps) {
  private static final int STEPS_MAX = 64;

  /** One step. */
  public sealed interface Step {
    /** Keeps the rows for which a filter is true. */
    record Keep(Filter filter) implements Step {}

    /** Derives a column, of integers, or of decimals if it has digits behind the point. */
    record Derive(Expression expression) implements Step {}
  }

  public Pipeline {
    steps = List.copyOf(steps);
    if (steps.size() > STEPS_MAX) {
      throw new IllegalArgumentException(
          "too many steps: steps=%d max=%d".formatted(steps.size(), STEPS_MAX));
    }
    for (Step step : steps) {
      if (step instanceof Step.Derive derive) {
        PipelineCodec.checkDepth(derive.expression(), 1);
      }
    }
  }

  /** Keeps what a filter says. */
  public static Pipeline of(Filter filter) {
    return new Pipeline(List.of(new Step.Keep(filter)));
  }

  /** How many columns it derives. */
  public int derived() {
    return (int) steps.stream().filter(Step.Derive.class::isInstance).count();
  }

  /**
   * Whether a row group may have rows that are kept. If not, it has none, and need not be read.
   *
   * @param stats by the number of the column; empty where there are none, as for derived columns
   */
  public boolean mayKeep(IntFunction<Optional<ColumnStats>> stats) {
    return steps.stream()
        .allMatch(step -> !(step instanceof Step.Keep keep) || keep.filter().mayMatch(stats));
  }

  /**
   * Does all steps with a group. What it derives takes 8 or 16 bytes for each row of the group, of
   * the memory given, until the answer is closed.
   *
   * @param group is taken over, also if this throws
   * @param columns of the table, so the number of the first column that is derived
   * @throws IllegalArgumentException if a column is missing or not of a type for a step
   * @throws ArithmeticException if a number does not fit 64 bits
   */
  public Kept run(RowGroup group, int columns, BufferAllocator memory) {
    RowGroup current = group;
    Selection chosen = Selection.all(group.rows());
    int next = columns;
    boolean done = false;
    try {
      for (Step step : steps) {
        if (chosen.count() == 0) {
          break;
        }
        switch (step) {
          case Step.Keep(Filter filter) -> chosen = filter.select(current, chosen);
          case Step.Derive(Expression expression) -> {
            current =
                current.with(next, ExpressionRun.vector(expression, next, current, chosen, memory));
            next++;
          }
        }
      }
      done = true;
      return new Kept(current, chosen);
    } finally {
      if (!done) {
        current.close();
      }
    }
  }

  /**
   * What is left of a group. Close it.
   *
   * @param group with the derived columns; they are not there if no row was kept
   */
  public record Kept(RowGroup group, Selection rows) implements AutoCloseable {
    @Override
    public void close() {
      group.close();
    }
  }

  /** In the form of docs/formats/column-block.md. */
  public byte[] toBytes() {
    return PipelineCodec.write(this);
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws MalformedException if the bytes are something else, or beyond the limits
   */
  public static Pipeline read(byte[] bytes) {
    return PipelineCodec.read(bytes);
  }
}
