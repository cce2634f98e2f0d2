package io.quire.tables;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.columns.ColumnStats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.vector.FieldVector;

/**
 * Statistics of all columns of a row group: one more extent of it, behind its columns, by which a
 * scan finds out that it need not read the others. A version, a count, and the statistics of each
 * column as bytes.
 *
 * @param columns in their order
 */
record GroupStats(List<ColumnStats> columns) {
  private static final int VERSION = 1;

  static GroupStats of(List<FieldVector> vectors) {
    return new GroupStats(vectors.stream().map(ColumnStats::of).toList());
  }

  /** Those of a column; empty if there is no such column. */
  Optional<ColumnStats> column(int number) {
    return number < columns.size() ? Optional.of(columns.get(number)) : Optional.empty();
  }

  byte[] toBytes() {
    WireWriter out = new WireWriter(64 * columns.size() + 8).int8(VERSION).int32(columns.size());
    columns.forEach(column -> out.bytes(column.toBytes()));
    return out.toBytes();
  }

  static GroupStats read(MemorySegment bytes) {
    WireReader in = new WireReader(bytes.toArray(ValueLayout.JAVA_BYTE));
    int version = in.int8();
    if (version != VERSION) {
      throw new MalformedException("unknown version of statistics: found=" + version);
    }
    List<ColumnStats> columns = new ArrayList<>();
    for (int left = in.count(4); left > 0; left--) {
      columns.add(ColumnStats.read(in.bytes()));
    }
    in.end();
    return new GroupStats(columns);
  }
}
