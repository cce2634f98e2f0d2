package io.quire.tables;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.columns.Aggregate;
import io.quire.columns.KeyMap;
import io.quire.columns.Partial;
import io.quire.columns.Pipeline;
import io.quire.datasets.Accumulator;
import io.quire.datasets.ScanFunction;
import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;

/**
 * Runs a pipeline over the groups of a fragment where they lie, and counts or collects what it
 * keeps. Groups of which the statistics say that no row is kept are not read.
 *
 * @param memory for views and derived columns
 * @param known the questions that were read
 */
record TableScan(BufferAllocator memory, Known<Question> known) implements ScanFunction {
  static final String NAME = "quire.table.scan";

  private static final int AGGREGATE = 1;
  private static final int KEYS = 2;

  TableScan(BufferAllocator memory) {
    this(memory, new Known<>(Question::read));
  }

  /** What becomes of the rows that are kept. */
  sealed interface End {
    record Counted(Aggregate aggregate) implements End {}

    /** A map of two columns. */
    record Mapped(int key, int value) implements End {}

    default IntStream columns() {
      return switch (this) {
        case Counted(Aggregate aggregate) ->
            IntStream.concat(
                aggregate.by().stream().mapToInt(Integer::intValue),
                aggregate.measures().stream()
                    .filter(measure -> measure.kind() != Aggregate.Kind.ROWS)
                    .mapToInt(Aggregate.Measure::column));
        case Mapped(int key, int value) -> IntStream.of(key, value);
      };
    }
  }

  /**
   * What it is asked.
   *
   * @param columns of the table
   */
  record Question(int columns, Pipeline pipeline, End end) {
    byte[] toBytes() {
      WireWriter out = new WireWriter(256).int32(columns).bytes(pipeline.toBytes());
      switch (end) {
        case End.Counted(Aggregate aggregate) -> out.int8(AGGREGATE).bytes(aggregate.toBytes());
        case End.Mapped(int key, int value) -> out.int8(KEYS).uint16(key).uint16(value);
      }
      return out.toBytes();
    }

    static Question read(byte[] bytes) {
      WireReader in = new WireReader(bytes);
      int columns = in.int32();
      Pipeline pipeline = Pipeline.read(in.bytes());
      int kind = in.int8();
      End end =
          switch (kind) {
            case AGGREGATE -> new End.Counted(Aggregate.read(in.bytes()));
            case KEYS -> new End.Mapped(in.uint16(), in.uint16());
            default -> throw new WireReader.MalformedException("not a question: found=" + kind);
          };
      in.end();
      return new Question(columns, pipeline, end);
    }

    /** The columns of the table that are read; the first one if only rows are counted. */
    int[] needed() {
      int[] needed =
          IntStream.concat(PipelineColumns.of(pipeline), end.columns())
              .filter(column -> column < columns)
              .distinct()
              .sorted()
              .toArray();
      return needed.length == 0 ? new int[] {0} : needed;
    }

    /** The first column that is named and not there; empty if all are. */
    OptionalInt missing() {
      int inSteps = PipelineColumns.firstMissing(pipeline, columns);
      int all = columns + pipeline.derived();
      return inSteps >= 0
          ? OptionalInt.of(inSteps)
          : end.columns().filter(column -> column >= all).findFirst();
    }
  }

  @Override
  public int[] columns(byte[] arguments) {
    return known.of(arguments).needed();
  }

  /** The statistics stand behind the columns. */
  @Override
  public OptionalInt guard(byte[] arguments) {
    return OptionalInt.of(known.of(arguments).columns());
  }

  @Override
  public boolean needs(byte[] arguments, long rows, MemorySegment guard) {
    return known.of(arguments).pipeline().mayKeep(GroupStats.read(guard)::column);
  }

  @Override
  public Accumulator begin(byte[] arguments) {
    Question question = known.of(arguments);
    return switch (question.end()) {
      case End.Counted(Aggregate aggregate) -> counted(question, aggregate.begin());
      case End.Mapped(int key, int value) -> mapped(question, key, value);
    };
  }

  private Accumulator counted(Question question, Partial partial) {
    int[] needed = question.needed();
    return new Accumulator() {
      @Override
      public void group(long rows, MemorySegment[] columns) {
        try (Pipeline.Kept kept = run(question, rows, needed, columns)) {
          if (kept.rows().count() > 0) {
            partial.add(kept.group(), kept.rows());
          }
        }
      }

      @Override
      public byte[] partial() {
        return partial.toBytes();
      }
    };
  }

  private Accumulator mapped(Question question, int key, int value) {
    int[] needed = question.needed();
    KeyMap.Builder map = new KeyMap.Builder();
    return new Accumulator() {
      @Override
      public void group(long rows, MemorySegment[] columns) {
        try (Pipeline.Kept kept = run(question, rows, needed, columns)) {
          if (kept.rows().count() > 0) {
            map.add(kept.group(), kept.rows(), key, value);
          }
        }
      }

      @Override
      public byte[] partial() {
        return map.build().toBytes();
      }
    };
  }

  private Pipeline.Kept run(Question question, long rows, int[] needed, MemorySegment[] columns) {
    return question
        .pipeline()
        .run(Views.of(rows, needed, columns, memory), question.columns(), memory);
  }
}
