package io.quire.columns;

import org.apache.arrow.memory.AllocationManager;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;

/**
 * Memory for Arrow's vectors: that of the C library, aligned to 64 bytes, of unspecified content.
 * Neither Netty nor Arrow's own module of memory is needed.
 *
 * <p>As long as this module is the only one on the class path that has memory for Arrow, every
 * {@link RootAllocator} takes it from here.
 */
public final class ColumnMemory {
  private ColumnMemory() {}

  /**
   * An allocator of its own. Blocks that are viewed through it count like what it allocated. Any
   * thread may use it.
   *
   * <p>What would go beyond the limit fails with {@link
   * org.apache.arrow.memory.OutOfMemoryException}, as does what the C library refuses. Closing it
   * fails with {@link IllegalStateException} while something of it is not closed.
   *
   * @param limitBytes at least 0; {@link Long#MAX_VALUE} is no limit
   * @throws IllegalArgumentException if the limit is negative
   */
  public static BufferAllocator open(long limitBytes) {
    if (limitBytes < 0) {
      throw new IllegalArgumentException("negative limit: limitBytes=" + limitBytes);
    }
    return new RootAllocator(limitBytes);
  }

  /** What makes Arrow's buffers, for allocators that are built elsewhere. */
  public static AllocationManager.Factory factory() {
    return NativeAllocation.FACTORY;
  }
}
