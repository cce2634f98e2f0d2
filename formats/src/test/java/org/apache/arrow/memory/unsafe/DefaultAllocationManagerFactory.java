package org.apache.arrow.memory.unsafe;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.apache.arrow.memory.AllocationManager;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.ReferenceManager;
import org.jspecify.annotations.NullMarked;

/** Memory for the vectors of tests. Arrow looks for it by this name. */
@NullMarked
public final class DefaultAllocationManagerFactory implements AllocationManager.Factory {
  public static final AllocationManager.Factory FACTORY = new DefaultAllocationManagerFactory();

  private static final ArrowBuf EMPTY = new ArrowBuf(ReferenceManager.NO_OP, null, 0, 0);

  @Override
  public AllocationManager create(BufferAllocator allocator, long size) {
    return new Segment(allocator, size);
  }

  @Override
  public ArrowBuf empty() {
    return EMPTY;
  }

  private static final class Segment extends AllocationManager {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;

    Segment(BufferAllocator allocator, long size) {
      super(allocator);
      segment = arena.allocate(size, 8);
    }

    @Override
    public long getSize() {
      return segment.byteSize();
    }

    @Override
    protected long memoryAddress() {
      return segment.address();
    }

    @Override
    protected void release0() {
      arena.close();
    }
  }
}
