package io.quire.columns;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is computed of rows, for each group of equal values in some columns. Immutable, for any
 * thread; {@link #begin} makes what counts.
 *
 * <p>Null is a value to group by, all NaN are one, and so are 0.0 and -0.0. Nulls do not count in
 * measures, except in {@link Kind#ROWS}. What is over its limits is an {@link
 * IllegalArgumentException}; whether columns are there and of a type to be measured so shows when
 * rows are added.
 *
 * @param by the numbers of at most 8 columns, whose values compare
 * @param measures 1 to 64
 * @param groupsMax 1 to 10,000,000
 */
public record Aggregate(List<Integer> by, List<Measure> measures, int groupsMax) {
  private static final int VERSION = 1;
  private static final int BY_MAX = 8;
  private static final int MEASURES_MAX = 64;
  private static final int GROUPS_MAX = 10_000_000;
  private static final Kind[] KINDS = Kind.values();

  /** What is computed of the values of a column in the rows of a group. */
  public enum Kind {
    /** How many rows. The column is not looked at and is 0. */
    ROWS,
    /** How many that are not null. */
    COUNT,
    /**
     * The sum; empty if all are null. Of integers and decimals it is exact, and beyond 128 bits an
     * {@link ArithmeticException}, also if only a part of the rows goes there. Of floats it is a
     * double, summed with compensation: its last bits may depend on the order in which rows were
     * added and partials merged.
     */
    SUM,
    /** The least; empty if all are null. Text and bytes up to 65,535. */
    MIN,
    /** The greatest; empty if all are null. Text and bytes up to 65,535. */
    MAX,
    /** The mean as a double: the exact sum, or that of floats, divided by the count. */
    AVG
  }

  /**
   * What is computed of one column.
   *
   * @param column its number, 0 to 65,535
   */
  public record Measure(Kind kind, int column) {
    public Measure {
      FilterLimits.column(column);
    }

    /** How many rows a group has, nulls or not. */
    public static Measure rows() {
      return new Measure(Kind.ROWS, 0);
    }
  }

  /**
   * A group.
   *
   * @param keys what it has in the columns that rows are grouped by; empty for null
   * @param values one for each measure; empty if there was nothing to measure
   */
  public record Row(List<Optional<Value>> keys, List<Optional<Value>> values) {
    public Row {
      keys = List.copyOf(keys);
      values = List.copyOf(values);
    }
  }

  /** There are more groups than allowed. What was counting them is of no use any more. */
  public static final class TooManyGroups extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooManyGroups(int max) {
      super("too many groups: max=" + max);
    }
  }

  public Aggregate {
    by = List.copyOf(by);
    measures = List.copyOf(measures);
    by.forEach(FilterLimits::column);
    if (by.size() > BY_MAX
        || measures.isEmpty()
        || measures.size() > MEASURES_MAX
        || groupsMax < 1
        || groupsMax > GROUPS_MAX) {
      throw new IllegalArgumentException(
          "not an aggregate: by=%d measures=%d groupsMax=%d"
              .formatted(by.size(), measures.size(), groupsMax));
    }
  }

  /** A partial result of no rows. */
  public Partial begin() {
    return new Partial(this);
  }

  /** In the form of docs/formats/column-block.md. */
  public byte[] toBytes() {
    WireWriter out = new WireWriter(64).int8(VERSION).int32(groupsMax).int8(by.size());
    by.forEach(out::uint16);
    out.int8(measures.size());
    measures.forEach(measure -> out.int8(measure.kind.ordinal()).uint16(measure.column));
    return out.toBytes();
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws MalformedException if the bytes are something else
   */
  public static Aggregate read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int version = in.int8();
    if (version != VERSION) {
      throw new MalformedException("unknown version of aggregates: found=" + version);
    }
    int groupsMax = in.int32();
    List<Integer> by = new ArrayList<>();
    for (int i = in.int8(); i > 0; i--) {
      by.add(in.uint16());
    }
    List<Measure> measures = new ArrayList<>();
    for (int i = in.int8(); i > 0; i--) {
      int kind = in.int8();
      if (kind < 0 || kind >= KINDS.length) {
        throw new MalformedException("not a measure: found=" + kind);
      }
      measures.add(new Measure(KINDS[kind], in.uint16()));
    }
    in.end();
    try {
      return new Aggregate(by, measures, groupsMax);
    } catch (IllegalArgumentException e) {
      throw new MalformedException(String.valueOf(e.getMessage()));
    }
  }
}
