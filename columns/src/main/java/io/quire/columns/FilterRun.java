package io.quire.columns;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.TreeMap;

/**
 * Applies a filter to some rows of one group. A column is prepared once. What is said of other rows
 * means nothing.
 */
final class FilterRun {
  private final RowGroup group;
  private final TreeMap<Integer, Lane> lanes = new TreeMap<>();

  FilterRun(RowGroup group) {
    this.group = group;
  }

  /**
   * What a filter says.
   *
   * @param among marks of the rows that are asked for
   */
  Truth truth(Filter filter, long[] among) {
    return switch (filter) {
      case Filter.And and -> all(and.parts(), among);
      case Filter.Or or -> any(or.parts(), among);
      case Filter.Not not -> truth(not.part(), among).not();
      case Filter.IsNull isNull -> isNull(lane(isNull.column()));
      case Filter.Compare compare -> {
        Lane lane = lane(compare.column());
        Bounds bounds = bounds(lane, compare.column(), compare.value());
        bounds.narrow(compare.op(), compare.value());
        Truth truth = within(lane, bounds, among);
        yield compare.op() == Filter.Op.NE ? truth.not() : truth;
      }
      case Filter.Between between -> {
        Lane lane = lane(between.column());
        Bounds bounds = bounds(lane, between.column(), between.low(), between.high());
        bounds.narrow(Filter.Op.GE, between.low());
        bounds.narrow(Filter.Op.LE, between.high());
        yield within(lane, bounds, among);
      }
      case Filter.Prefix prefix -> {
        Lane lane = lane(prefix.column());
        Bounds bounds = bounds(lane, prefix.column(), prefix.prefix());
        bounds.narrowToPrefix(prefix.prefix().value());
        yield within(lane, bounds, among);
      }
      case Filter.In in -> {
        Lane lane = lane(in.column());
        Domain domain = bounds(lane, in.column(), in.values().toArray(Value[]::new)).domain();
        yield match(lane, new Literals(domain, in.values()), among);
      }
    };
  }

  private Lane lane(int column) {
    return lanes.computeIfAbsent(column, number -> new Lane(group.column(number)));
  }

  /** Rows that a part has ruled out are not asked for any more. */
  private Truth all(List<Filter> parts, long[] among) {
    Truth all = Truth.always(group.rows());
    long[] left = among.clone();
    for (Filter part : parts) {
      all.and(truth(part, left));
      for (int i = 0; i < left.length; i++) {
        left[i] &= ~all.no()[i];
      }
    }
    return all;
  }

  /** Nor are those here for which a part is true. */
  private Truth any(List<Filter> parts, long[] among) {
    Truth any = Truth.always(group.rows()).not();
    long[] left = among.clone();
    for (Filter part : parts) {
      any.or(truth(part, left));
      for (int i = 0; i < left.length; i++) {
        left[i] &= ~any.yes()[i];
      }
    }
    return any;
  }

  private Truth isNull(Lane lane) {
    long[] yes = Truth.ones(lane.rows());
    long[] no = new long[yes.length];
    for (int i = 0; i < yes.length; i++) {
      no[i] = lane.valid(i);
      yes[i] &= ~no[i];
    }
    return new Truth(yes, no);
  }

  /** The bounds of all values of a column, which the literals must be comparable with. */
  private static Bounds bounds(Lane lane, int column, Value... literals) {
    Domain domain = lane.domain();
    if (domain == null) {
      throw new IllegalArgumentException("values do not compare: column=" + column);
    }
    for (Value literal : literals) {
      if (!ValueOrder.comparable(domain.example(), literal)) {
        throw new IllegalArgumentException(
            "literal does not compare with the column: column=%d of=%s literal=%s"
                .formatted(column, domain.kind(), literal));
      }
    }
    return new Bounds(domain);
  }

  private static Truth within(Lane lane, Bounds bounds, long[] among) {
    return switch (bounds.domain().keys()) {
      case LONG -> withinLongs(lane, bounds.low(), bounds.high(), among);
      case PAIR, BYTES -> match(lane, bounds, among);
    };
  }

  private static Truth withinLongs(Lane lane, long low, long high, long[] among) {
    int rows = lane.rows();
    long[] yes = new long[Memory.words(rows)];
    long[] keys = new long[Lane.RUN];
    for (int from = 0; from < rows; from += Lane.RUN) {
      int count = Math.min(Lane.RUN, rows - from);
      if (!isAny(among, from, count)) {
        continue;
      }
      lane.keys(from, count, keys);
      for (int at = 0; at < count; at += 64) {
        int end = Math.min(64, count - at);
        long word = 0;
        for (int i = 0; i < end; i++) {
          long key = keys[at + i];
          word |= (key >= low & key <= high ? 1L : 0L) << i;
        }
        yes[(from + at) >>> 6] = word;
      }
    }
    return known(lane, yes);
  }

  /** Whether any of these rows is asked for; they begin at a word. */
  private static boolean isAny(long[] among, int from, int count) {
    long any = 0;
    for (int i = from >>> 6; i < Memory.words(from + count); i++) {
      any |= among[i];
    }
    return any != 0;
  }

  /** What tells of each row whether it matches; called for rows that are not null. */
  interface Match {
    boolean matches(Lane lane, int row);
  }

  private static Truth match(Lane lane, Match match, long[] among) {
    long[] yes = new long[Memory.words(lane.rows())];
    for (int i = 0; i < yes.length; i++) {
      for (long valid = lane.valid(i) & among[i]; valid != 0; valid &= valid - 1) {
        long bit = Long.lowestOneBit(valid);
        if (match.matches(lane, (i << 6) + Long.numberOfTrailingZeros(bit))) {
          yes[i] |= bit;
        }
      }
    }
    return known(lane, yes);
  }

  private static Truth match(Lane lane, Literals literals, long[] among) {
    if (literals.domain().keys() != Domain.Keys.LONG) {
      return match(lane, (Match) literals, among);
    }
    int rows = lane.rows();
    long[] yes = new long[Memory.words(rows)];
    long[] keys = new long[Lane.RUN];
    for (int from = 0; from < rows; from += Lane.RUN) {
      int count = Math.min(Lane.RUN, rows - from);
      if (!isAny(among, from, count)) {
        continue;
      }
      lane.keys(from, count, keys);
      for (int i = 0; i < count; i++) {
        if (literals.contains(keys[i])) {
          yes[(from + i) >>> 6] |= 1L << i;
        }
      }
    }
    return known(lane, yes);
  }

  /** Takes over the marks of rows that match, also of nulls. */
  private static Truth known(Lane lane, long[] yes) {
    long[] no = new long[yes.length];
    for (int i = 0; i < yes.length; i++) {
      long valid = lane.valid(i);
      no[i] = valid & ~yes[i];
      yes[i] &= valid;
    }
    return new Truth(yes, no);
  }

  /** Bytes of a literal where a row's bytes can be compared with them. */
  static MemorySegment segment(byte[] bytes) {
    return MemorySegment.ofArray(bytes);
  }
}
