package io.quire.tables;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.columns.Aggregate;
import io.quire.columns.Filter;
import io.quire.columns.Partial;
import io.quire.columns.RowGroup;
import io.quire.datasets.Accumulator;
import io.quire.datasets.ScanFunction;
import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;

/**
 * Filters and aggregates the groups of a fragment where they lie. Groups of which the statistics
 * say that no row is selected are not read.
 */
record TableScan(BufferAllocator memory) implements ScanFunction {
  static final String NAME = "quire.table.aggregate";

  /** What it is asked. */
  record Question(int columns, Filter filter, Aggregate aggregate) {
    byte[] toBytes() {
      return new WireWriter(256)
          .int32(columns)
          .bytes(filter.toBytes())
          .bytes(aggregate.toBytes())
          .toBytes();
    }

    static Question read(byte[] bytes) {
      WireReader in = new WireReader(bytes);
      Question question =
          new Question(in.int32(), Filter.read(in.bytes()), Aggregate.read(in.bytes()));
      in.end();
      return question;
    }

    /** Those that are read; the first one if only rows are counted. */
    int[] needed() {
      IntStream measured =
          aggregate.measures().stream()
              .filter(measure -> measure.kind() != Aggregate.Kind.ROWS)
              .mapToInt(Aggregate.Measure::column);
      IntStream grouped = aggregate.by().stream().mapToInt(Integer::intValue);
      IntStream all =
          IntStream.concat(IntStream.concat(grouped, measured), FilterColumns.of(filter));
      int[] needed = all.distinct().sorted().toArray();
      return needed.length == 0 ? new int[] {0} : needed;
    }
  }

  @Override
  public int[] columns(byte[] arguments) {
    return Question.read(arguments).needed();
  }

  /** The statistics stand behind the columns. */
  @Override
  public OptionalInt guard(byte[] arguments) {
    return OptionalInt.of(Question.read(arguments).columns());
  }

  @Override
  public boolean needs(byte[] arguments, long rows, MemorySegment guard) {
    return Question.read(arguments).filter().mayMatch(GroupStats.read(guard)::column);
  }

  @Override
  public Accumulator begin(byte[] arguments) {
    Question question = Question.read(arguments);
    int[] needed = question.needed();
    Partial partial = question.aggregate().begin();
    return new Accumulator() {
      @Override
      public void group(long rows, MemorySegment[] columns) {
        try (RowGroup group = Views.of(rows, needed, columns, memory)) {
          partial.add(group, question.filter().select(group));
        }
      }

      @Override
      public byte[] partial() {
        return partial.toBytes();
      }
    };
  }
}
