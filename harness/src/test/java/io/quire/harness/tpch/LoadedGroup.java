package io.quire.harness.tpch;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A row group in memory of its own: what a node would keep in extents. */
record LoadedGroup(int rows, List<MemorySegment> blocks) {
  static final int SMALL_POOL = 1 << 20;

  static List<LoadedGroup> load(LineitemPart part, Arena arena)
      throws IOException, InterruptedException {
    List<LoadedGroup> groups = new ArrayList<>();
    part.load(
        (group, rows, column, bytes, fill) -> {
          if (column == 0) {
            groups.add(new LoadedGroup(rows, new ArrayList<>()));
          }
          MemorySegment block = arena.allocate(bytes, 1);
          fill.accept(block);
          groups.get(group).blocks.add(block);
        });
    return groups;
  }

  MemorySegment block(Lineitem column) {
    return blocks.get(column.ordinal());
  }

  <P> P scan(Query<P> query) {
    return query.scan(rows, query.columns().stream().map(blocks::get).toList());
  }
}
