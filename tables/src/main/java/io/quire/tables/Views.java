package io.quire.tables;

import io.quire.columns.ColumnBlock;
import io.quire.columns.RowGroup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;

/** Vectors over the bytes of column blocks. */
final class Views {
  private static final int ALIGNMENT = 64;

  private Views() {}

  /** A row group over pinned blocks, which outlive it. */
  static RowGroup of(long rows, int[] numbers, MemorySegment[] columns, BufferAllocator memory) {
    List<FieldVector> vectors = new ArrayList<>(columns.length);
    boolean whole = false;
    try {
      for (MemorySegment column : columns) {
        vectors.add(ColumnBlock.view(column, memory, () -> {}));
      }
      RowGroup group = RowGroup.of(Math.toIntExact(rows), numbers, vectors);
      whole = true;
      return group;
    } finally {
      if (!whole) {
        vectors.forEach(FieldVector::close);
      }
    }
  }

  /** A row group over copies of blocks, in one piece of memory that goes with its last vector. */
  static RowGroup copied(int rows, int[] numbers, List<byte[]> blocks, BufferAllocator memory) {
    Arena arena = Arena.ofShared();
    AtomicInteger open = new AtomicInteger(blocks.size());
    Runnable release =
        () -> {
          if (open.decrementAndGet() == 0) {
            arena.close();
          }
        };
    List<FieldVector> vectors = new ArrayList<>(blocks.size());
    boolean whole = false;
    int tried = 0;
    try {
      MemorySegment all = arena.allocate(bytes(blocks), ALIGNMENT);
      long at = 0;
      for (byte[] block : blocks) {
        MemorySegment copy = all.asSlice(at, block.length);
        copy.copyFrom(MemorySegment.ofArray(block));
        at += aligned(block.length);
        tried++;
        vectors.add(ColumnBlock.view(copy, memory, release));
      }
      RowGroup group = RowGroup.of(rows, numbers, vectors);
      whole = true;
      return group;
    } finally {
      if (!whole) {
        vectors.forEach(FieldVector::close);
        for (int i = tried; i < blocks.size(); i++) {
          release.run();
        }
      }
    }
  }

  private static long bytes(List<byte[]> blocks) {
    return blocks.stream().mapToLong(block -> aligned(block.length)).sum();
  }

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
}
