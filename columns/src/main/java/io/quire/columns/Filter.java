package io.quire.columns;

import io.quire.base.WireReader.MalformedException;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * A condition on rows. Columns are numbers, as in a dataset. Immutable, for any thread.
 *
 * <p>A comparison with a null is unknown, as in SQL, and so is a combination that depends on it;
 * {@link #select} takes the rows for which the whole is true. Values compare as {@link Value} says,
 * whatever the type of the column; a literal of another kind than the column is an error when rows
 * are selected. A literal between the values of a column, such as 1.5 for integers, is compared as
 * what it is. One for floats of 32 bits is not rounded to these: 0.1 equals no such float.
 *
 * <p>A filter is at most 32 deep and has at most 4,096 parts and 65,536 literals, and columns have
 * numbers from 0 to 65,535; to make one beyond that is an {@link IllegalArgumentException}.
 */
public sealed interface Filter {
  /** How a value stands to a literal. Never true of a null. */
  enum Op {
    /** Equal; as {@link Value} says, which for floats takes all NaN as one, and 0.0 and -0.0. */
    EQ,
    /** Not equal, and not null. */
    NE,
    /** Less than the literal. */
    LT,
    /** Less than the literal, or equal to it. */
    LE,
    /** Greater than the literal. */
    GT,
    /** Greater than the literal, or equal to it. */
    GE
  }

  /** Values that stand so to the literal. */
  record Compare(int column, Op op, Value value) implements Filter {
    public Compare {
      FilterLimits.column(column);
    }
  }

  /** Equal to one of the values; with none of them, false for all that is not null. */
  record In(int column, List<Value> values) implements Filter {
    public In {
      FilterLimits.column(column);
      values = List.copyOf(values);
      FilterLimits.literals(values.size());
    }
  }

  /** From low to high, both included. */
  record Between(int column, Value low, Value high) implements Filter {
    public Between {
      FilterLimits.column(column);
    }
  }

  /** Text or bytes that begin so. */
  record Prefix(int column, Value.Bytes prefix) implements Filter {
    public Prefix {
      FilterLimits.column(column);
    }
  }

  /** Never unknown. Also for columns whose values do not compare. */
  record IsNull(int column) implements Filter {
    public IsNull {
      FilterLimits.column(column);
    }
  }

  /** True without parts. */
  record And(List<Filter> parts) implements Filter {
    public And {
      parts = FilterLimits.parts(parts);
    }
  }

  /** False without parts. */
  record Or(List<Filter> parts) implements Filter {
    public Or {
      parts = FilterLimits.parts(parts);
    }
  }

  /** True where the part is false, and unknown where that is unknown. */
  record Not(Filter part) implements Filter {
    public Not {
      FilterLimits.parts(List.of(part));
    }
  }

  /** True for every row, with nulls or not. */
  static Filter all() {
    return new And(List.of());
  }

  /** True where all parts are; with none of them, everywhere. */
  static Filter and(Filter... parts) {
    return new And(List.of(parts));
  }

  /** True where one part is at least; with none of them, nowhere. */
  static Filter or(Filter... parts) {
    return new Or(List.of(parts));
  }

  /** See {@link Not}: a row of which the part is unknown is in neither. */
  static Filter not(Filter part) {
    return new Not(part);
  }

  /** In the form of docs/formats/column-block.md. */
  default byte[] toBytes() {
    return FilterCodec.write(this);
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws MalformedException if the bytes are something else, or beyond the limits
   */
  static Filter read(byte[] bytes) {
    return FilterCodec.read(bytes);
  }

  /**
   * Whether a row group may have rows for which this is true. If not, it has none, and need not be
   * read. Never throws because of what the statistics say.
   *
   * @param stats by the number of the column; empty where there are none
   */
  default boolean mayMatch(IntFunction<Optional<ColumnStats>> stats) {
    return Outcomes.of(this, stats).yes();
  }

  /**
   * The rows for which this is true.
   *
   * @throws IllegalArgumentException if the group lacks a column, or a literal does not compare
   *     with its column
   */
  default Selection select(RowGroup rows) {
    return select(rows, Selection.all(rows.rows()));
  }

  /**
   * Those of some rows for which this is true. What a part has ruled out is not compared with the
   * next one, so parts that are cheap, or rule out much, go first.
   *
   * @throws IllegalArgumentException as above, or if the selection is of another group
   */
  default Selection select(RowGroup rows, Selection among) {
    if (among.rows() != rows.rows()) {
      throw new IllegalArgumentException(
          "selection of another group: rows=" + among.rows() + " wanted=" + rows.rows());
    }
    long[] chosen = new FilterRun(rows).truth(this, among.words()).yes();
    for (int i = 0; i < chosen.length; i++) {
      chosen[i] &= among.words()[i];
    }
    return new Selection(rows.rows(), chosen);
  }
}
