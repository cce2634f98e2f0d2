package io.quire.tables;

import io.quire.columns.ColumnBlock;
import io.quire.columns.RowGroup;
import io.quire.columns.RowGroupReader;
import io.quire.datasets.GroupReader;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/** Row groups of a table as Arrow vectors over the extents themselves. */
final class TableReader implements Iterator<RowGroup> {
  private final GroupReader groups;
  private final int[] columns;
  private final BufferAllocator memory;
  private @Nullable RowGroup next;

  TableReader(GroupReader groups, int[] columns, BufferAllocator memory) {
    this.groups = groups;
    this.columns = columns;
    this.memory = memory;
  }

  /** As a stream of batches; closing it lets go of the table. */
  static RowGroupReader open(
      GroupReader groups, int[] columns, List<Field> fields, BufferAllocator memory) {
    TableReader reader = new TableReader(groups, columns, memory);
    return new RowGroupReader(memory, fields, reader, reader::close);
  }

  @Override
  public boolean hasNext() {
    if (next == null) {
      next = groups.next().map(this::view).orElse(null);
    }
    return next != null;
  }

  @Override
  public RowGroup next() {
    RowGroup taken = hasNext() ? next : null;
    if (taken == null) {
      throw new NoSuchElementException("no more row groups");
    }
    next = null;
    return taken;
  }

  /** The memory of the group is let go of when its last vector is closed. */
  private RowGroup view(GroupReader.Group group) {
    AtomicInteger open = new AtomicInteger(group.columns().size());
    Runnable release =
        () -> {
          if (open.decrementAndGet() == 0) {
            group.release().run();
          }
        };
    List<FieldVector> vectors = new ArrayList<>();
    boolean whole = false;
    int tried = 0;
    try {
      for (MemorySegment column : group.columns()) {
        tried++;
        vectors.add(ColumnBlock.view(column, memory, release));
      }
      RowGroup made = RowGroup.of(Math.toIntExact(group.rows()), columns, vectors);
      whole = true;
      return made;
    } finally {
      if (!whole) {
        vectors.forEach(FieldVector::close);
        for (int i = tried; i < group.columns().size(); i++) {
          release.run();
        }
      }
    }
  }

  private void close() {
    RowGroup left = next;
    next = null;
    if (left != null) {
      left.close();
    }
    groups.close();
  }
}
