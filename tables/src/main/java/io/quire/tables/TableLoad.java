package io.quire.tables;

import io.quire.columns.ColumnBlock;
import io.quire.datasets.ExtentSink;
import io.quire.datasets.LoadFunction;
import io.quire.formats.Inputs;
import io.quire.formats.RecordSource;
import io.quire.formats.Split;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;

/** Loads a part: each batch that is read becomes a row group, each column of it an extent. */
record TableLoad(Inputs inputs, BufferAllocator memory) implements LoadFunction {
  static final String NAME = "quire.table";

  @Override
  public void load(byte[] arguments, int part, int parts, ExtentSink sink) {
    LoadArguments load = LoadArguments.read(arguments);
    List<Split> splits = load.source().splits();
    if (part >= splits.size()) {
      return; // Nothing but empty files.
    }
    BadRowsAside bad = new BadRowsAside();
    try (BufferAllocator own = memory.newChildAllocator("load", 0, Long.MAX_VALUE);
        RecordSource source =
            inputs.read(splits.get(part), load.schema(), load.options(), own, bad)) {
      for (int group = 0; source.next(); group++) {
        write(group, source.batch().getRowCount(), source.batch().getFieldVectors(), sink);
      }
    }
    bad.keep(sink);
  }

  /** Writes a row group, and behind its columns their statistics. */
  static void write(int group, long rows, List<FieldVector> vectors, ExtentSink sink) {
    for (int column = 0; column < vectors.size(); column++) {
      FieldVector vector = vectors.get(column);
      long bytes = ColumnBlock.bytes(vector);
      sink.extent(group, column, rows, bytes, to -> ColumnBlock.write(vector, to));
    }
    byte[] stats = GroupStats.of(vectors).toBytes();
    sink.extent(
        group,
        vectors.size(),
        rows,
        stats.length,
        to -> MemorySegment.copy(stats, 0, to, ValueLayout.JAVA_BYTE, 0, stats.length));
  }
}
