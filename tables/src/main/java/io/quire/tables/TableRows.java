package io.quire.tables;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.columns.ColumnBlock;
import io.quire.columns.Filter;
import io.quire.columns.RowGroup;
import io.quire.datasets.StreamFunction;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;

/**
 * Picks the rows for which a filter is true, and of them some columns, where they lie. A batch is a
 * count of rows, a count of columns, and the block of each column as bytes. Groups of which the
 * statistics say that no row is selected are not read.
 */
record TableRows(BufferAllocator memory) implements StreamFunction {
  static final String NAME = "quire.table.rows";

  /**
   * What it is asked.
   *
   * @param columns of the table
   * @param wanted numbers of the columns that are given, each once
   */
  record Question(int columns, int[] wanted, Filter filter) {
    byte[] toBytes() {
      WireWriter out = new WireWriter(256).int32(columns).int32(wanted.length);
      IntStream.of(wanted).forEach(out::int32);
      return out.bytes(filter.toBytes()).toBytes();
    }

    static Question read(byte[] bytes) {
      WireReader in = new WireReader(bytes);
      int columns = in.int32();
      int[] wanted = new int[in.count(4)];
      for (int i = 0; i < wanted.length; i++) {
        wanted[i] = in.int32();
      }
      Question question = new Question(columns, wanted, Filter.read(in.bytes()));
      in.end();
      return question;
    }

    /** Those that are read: what is wanted, and what the filter looks at. */
    int[] needed() {
      return IntStream.concat(IntStream.of(wanted), FilterColumns.of(filter)).distinct().toArray();
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
  public Batch pick(byte[] arguments, long rows, MemorySegment[] columns, long from, int bytesMax) {
    Question question = Question.read(arguments);
    try (RowGroup group = Views.of(rows, question.needed(), columns, memory)) {
      int[] selected = question.filter().select(group).toArray();
      int first = Arrays.binarySearch(selected, Math.toIntExact(from));
      first = first < 0 ? -first - 1 : first;
      if (first == selected.length) {
        return new Batch(new byte[0], 0);
      }
      int some = Math.min(selected.length - first, rowsIn(bytesMax, group, question.wanted()));
      byte[] bytes = written(group, question.wanted(), selected, first, some);
      while (bytes.length > bytesMax && some > 1) {
        some = (some + 1) / 2;
        bytes = written(group, question.wanted(), selected, first, some);
      }
      int next = first + some;
      return new Batch(bytes, next == selected.length ? 0 : selected[next]);
    }
  }

  /** How many rows may be so long, by what all of them take. */
  private static int rowsIn(int bytesMax, RowGroup group, int[] wanted) {
    long bytes = IntStream.of(wanted).mapToLong(i -> group.column(i).getBufferSize()).sum();
    long each = Math.max(1, bytes / Math.max(1, group.rows()));
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, bytesMax / each));
  }

  private byte[] written(RowGroup group, int[] wanted, int[] selected, int first, int count) {
    WireWriter out = new WireWriter(64 << 10).int32(count).int32(wanted.length);
    for (int column : wanted) {
      FieldVector all = group.column(column);
      try (FieldVector picked = all.getField().createVector(memory)) {
        picked.setInitialCapacity(count);
        picked.allocateNew();
        for (int i = 0; i < count; i++) {
          picked.copyFromSafe(selected[first + i], i, all);
        }
        picked.setValueCount(count);
        byte[] block = new byte[Math.toIntExact(ColumnBlock.bytes(picked))];
        ColumnBlock.write(picked, MemorySegment.ofArray(block));
        out.bytes(block);
      }
    }
    return out.toBytes();
  }

  /** The rows of a batch, in memory of their own. */
  static RowGroup read(byte[] batch, int[] wanted, BufferAllocator memory) {
    WireReader in = new WireReader(batch);
    int rows = in.int32();
    List<byte[]> blocks = new ArrayList<>(wanted.length);
    for (int left = in.count(4); left > 0; left--) {
      blocks.add(in.bytes());
    }
    in.end();
    if (blocks.size() != wanted.length) {
      throw new MalformedException(
          "not the columns that were wanted: found=" + blocks.size() + " wanted=" + wanted.length);
    }
    return Views.copied(rows, wanted, blocks, memory);
  }
}
