package io.quire.tables;

import io.quire.columns.Filter;
import java.util.stream.IntStream;

/** Which columns a filter looks at. */
final class FilterColumns {
  private FilterColumns() {}

  static IntStream of(Filter filter) {
    return switch (filter) {
      case Filter.Compare compare -> IntStream.of(compare.column());
      case Filter.In in -> IntStream.of(in.column());
      case Filter.Between between -> IntStream.of(between.column());
      case Filter.Prefix prefix -> IntStream.of(prefix.column());
      case Filter.IsNull isNull -> IntStream.of(isNull.column());
      case Filter.And and -> and.parts().stream().flatMapToInt(FilterColumns::of);
      case Filter.Or or -> or.parts().stream().flatMapToInt(FilterColumns::of);
      case Filter.Not not -> of(not.part());
    };
  }
}
