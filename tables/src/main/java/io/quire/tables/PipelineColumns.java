package io.quire.tables;

import io.quire.columns.Expression;
import io.quire.columns.Pipeline;
import java.util.stream.IntStream;

/** Which columns a pipeline looks at. */
final class PipelineColumns {
  private PipelineColumns() {}

  /** Columns of the table and derived ones alike, some of them more than once. */
  static IntStream of(Pipeline pipeline) {
    return pipeline.steps().stream().flatMapToInt(PipelineColumns::of);
  }

  private static IntStream of(Pipeline.Step step) {
    return switch (step) {
      case Pipeline.Step.Keep keep -> FilterColumns.of(keep.filter());
      case Pipeline.Step.Derive derive -> of(derive.expression());
    };
  }

  private static IntStream of(Expression expression) {
    return switch (expression) {
      case Expression.Column column -> IntStream.of(column.column());
      case Expression.Literal _ -> IntStream.empty();
      case Expression.Plus plus -> IntStream.concat(of(plus.left()), of(plus.right()));
      case Expression.Minus minus -> IntStream.concat(of(minus.left()), of(minus.right()));
      case Expression.Times times -> IntStream.concat(of(times.left()), of(times.right()));
      case Expression.Lookup lookup -> of(lookup.key());
      case Expression.When when ->
          IntStream.concat(FilterColumns.of(when.filter()), of(when.then()));
    };
  }

  /**
   * The first column that a step names and that is not there yet; -1 if there is none.
   *
   * @param columns of the table
   */
  static int firstMissing(Pipeline pipeline, int columns) {
    int known = columns;
    for (Pipeline.Step step : pipeline.steps()) {
      int there = known;
      int missing = of(step).filter(column -> column >= there).findFirst().orElse(-1);
      if (missing >= 0) {
        return missing;
      }
      known += step instanceof Pipeline.Step.Derive ? 1 : 0;
    }
    return -1;
  }
}
