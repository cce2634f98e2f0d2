package io.quire.columns;

import java.util.List;

/** How large a filter may be. */
final class FilterLimits {
  static final int DEPTH_MAX = 32;
  static final int PARTS_MAX = 4096;
  static final int LITERALS_MAX = 65_536;
  static final int COLUMN_MAX = 65_535;

  private FilterLimits() {}

  static void column(int column) {
    if (column < 0 || column > COLUMN_MAX) {
      throw new IllegalArgumentException("no such column: column=" + column);
    }
  }

  static void literals(int count) {
    if (count > LITERALS_MAX) {
      throw new IllegalArgumentException(
          "too many literals: literals=" + count + " max=" + LITERALS_MAX);
    }
  }

  /** A copy of the parts of a filter, if they may be. */
  static List<Filter> parts(List<Filter> parts) {
    List<Filter> copy = List.copyOf(parts);
    int[] found = new int[2];
    for (Filter part : copy) {
      int depth = measure(part, found) + 1;
      if (depth > DEPTH_MAX) {
        throw new IllegalArgumentException(
            "filter is too deep: depth=" + depth + " max=" + DEPTH_MAX);
      }
    }
    if (found[0] >= PARTS_MAX) {
      throw new IllegalArgumentException(
          "filter is too large: parts=" + (found[0] + 1) + " max=" + PARTS_MAX);
    }
    literals(found[1]);
    return copy;
  }

  /** Its depth; adds its parts and literals to what was found. */
  private static int measure(Filter filter, int[] found) {
    found[0]++;
    return switch (filter) {
      case Filter.And and -> deepest(and.parts(), found) + 1;
      case Filter.Or or -> deepest(or.parts(), found) + 1;
      case Filter.Not not -> measure(not.part(), found) + 1;
      case Filter.In in -> {
        found[1] += in.values().size();
        yield 1;
      }
      case Filter.Compare _, Filter.Between _, Filter.Prefix _, Filter.IsNull _ -> 1;
    };
  }

  private static int deepest(List<Filter> parts, int[] found) {
    int depth = 0;
    for (Filter part : parts) {
      depth = Math.max(depth, measure(part, found));
    }
    return depth;
  }
}
