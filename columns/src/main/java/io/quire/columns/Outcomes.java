package io.quire.columns;

import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a filter may say of rows of which only the statistics are known. Each of the three is left
 * out only if no row can have it, taking the parts of a filter as if they did not depend on each
 * other; so "not yes" is certain, and "yes" is not.
 */
record Outcomes(boolean yes, boolean no, boolean unknown) {
  private static final Outcomes ANY = new Outcomes(true, true, true);

  static Outcomes of(Filter filter, IntFunction<Optional<ColumnStats>> stats) {
    return switch (filter) {
      case Filter.And and -> all(and.parts(), stats);
      case Filter.Or or -> any(or.parts(), stats);
      case Filter.Not not -> of(not.part(), stats).not();
      case Filter.IsNull isNull ->
          stats
              .apply(isNull.column())
              .map(s -> new Outcomes(s.nulls() > 0, s.nulls() < s.rows(), false))
              .orElse(new Outcomes(true, true, false));
      case Filter.Compare compare ->
          leaf(
              stats.apply(compare.column()),
              List.of(compare.value()),
              range -> compare(compare, range));
      case Filter.Between between ->
          leaf(
              stats.apply(between.column()),
              List.of(between.low(), between.high()),
              range ->
                  new Outcomes(
                      range.max(between.low()) >= 0 && range.min(between.high()) <= 0,
                      range.min(between.low()) < 0 || range.max(between.high()) > 0,
                      false));
      case Filter.In in ->
          leaf(
              stats.apply(in.column()),
              in.values(),
              range ->
                  new Outcomes(
                      in.values().stream().anyMatch(v -> range.min(v) <= 0 && range.max(v) >= 0),
                      in.values().stream().noneMatch(v -> range.min(v) == 0 && range.max(v) == 0),
                      false));
      case Filter.Prefix prefix ->
          leaf(
              stats.apply(prefix.column()),
              List.of(prefix.prefix()),
              range -> prefix(prefix, range));
    };
  }

  private static Outcomes all(List<Filter> parts, IntFunction<Optional<ColumnStats>> stats) {
    Outcomes all = new Outcomes(true, false, false);
    for (Filter part : parts) {
      all = all.and(of(part, stats));
    }
    return all;
  }

  private static Outcomes any(List<Filter> parts, IntFunction<Optional<ColumnStats>> stats) {
    Outcomes none = new Outcomes(true, false, false);
    for (Filter part : parts) {
      none = none.and(of(part, stats).not());
    }
    return none.not();
  }

  private Outcomes and(Outcomes other) {
    return new Outcomes(
        yes && other.yes,
        no || other.no,
        unknown && (other.unknown || other.yes) || other.unknown && yes);
  }

  private Outcomes not() {
    return new Outcomes(no, yes, unknown);
  }

  /** Bounds of what is not null; where one is missing, nothing is beyond it. */
  private record Range(@Nullable Value min, @Nullable Value max) {
    int min(Value literal) {
      return min == null ? -1 : ValueOrder.compare(min, literal);
    }

    int max(Value literal) {
      return max == null ? 1 : ValueOrder.compare(max, literal);
    }
  }

  private interface Leaf {
    Outcomes of(Range range);
  }

  private static Outcomes leaf(Optional<ColumnStats> stats, List<Value> literals, Leaf leaf) {
    if (stats.isEmpty()) {
      return ANY;
    }
    ColumnStats known = stats.get();
    boolean unknown = known.nulls() > 0;
    if (known.nulls() == known.rows()) {
      return new Outcomes(false, false, unknown);
    }
    Range range = new Range(known.min().orElse(null), known.max().orElse(null));
    for (Value literal : literals) {
      if (range.min != null && !ValueOrder.comparable(range.min, literal)
          || range.max != null && !ValueOrder.comparable(range.max, literal)) {
        return ANY;
      }
    }
    Outcomes outcomes = leaf.of(range);
    return new Outcomes(outcomes.yes, outcomes.no, unknown);
  }

  private static Outcomes compare(Filter.Compare compare, Range range) {
    int min = range.min(compare.value());
    int max = range.max(compare.value());
    return switch (compare.op()) {
      case EQ -> new Outcomes(min <= 0 && max >= 0, min != 0 || max != 0, false);
      case NE -> new Outcomes(min != 0 || max != 0, min <= 0 && max >= 0, false);
      case LT -> new Outcomes(min < 0, max >= 0, false);
      case LE -> new Outcomes(min <= 0, max > 0, false);
      case GT -> new Outcomes(max > 0, min <= 0, false);
      case GE -> new Outcomes(max >= 0, min < 0, false);
    };
  }

  private static Outcomes prefix(Filter.Prefix prefix, Range range) {
    byte[] after = ValueOrder.after(prefix.prefix().value());
    Value.Bytes end = after == null ? null : new Value.Bytes(after);
    return new Outcomes(
        range.max(prefix.prefix()) >= 0 && (end == null || range.min(end) < 0),
        range.min(prefix.prefix()) < 0 || end != null && range.max(end) >= 0,
        false);
  }
}
