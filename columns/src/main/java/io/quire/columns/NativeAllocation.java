package io.quire.columns;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.apache.arrow.memory.AllocationManager;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.memory.ReferenceManager;

/**
 * Memory of the C library for one of Arrow's buffers.
 *
 * <p>Not an {@link java.lang.foreign.Arena}: one that any thread may close stops all threads for a
 * moment when it is closed, and clears its memory first. Arrow counts references itself.
 */
final class NativeAllocation extends AllocationManager {
  static final Factory FACTORY =
      new Factory() {
        @Override
        public AllocationManager create(BufferAllocator allocator, long size) {
          long address = allocate(size);
          try {
            return new NativeAllocation(allocator, size, address);
          } catch (Throwable e) {
            free(address);
            throw e;
          }
        }

        @Override
        public ArrowBuf empty() {
          return Empty.BUFFER;
        }
      };

  private static final int ALIGNMENT = 64;

  private final long size;
  private final long address;

  private NativeAllocation(BufferAllocator allocator, long size, long address) {
    super(allocator);
    this.size = size;
    this.address = address;
  }

  /** Made late: a buffer needs Arrow's allocators, which may be looking for the factory. */
  private static final class Empty {
    static final ArrowBuf BUFFER =
        new ArrowBuf(ReferenceManager.NO_OP, null, 0, allocate(ALIGNMENT));
  }

  /** The C library, not looked up before it is needed. */
  private static final class Library {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    static final MethodHandle ALIGNED_ALLOC =
        handle("aligned_alloc", FunctionDescriptor.of(LONG, LONG, LONG));
    static final MethodHandle FREE = handle("free", FunctionDescriptor.ofVoid(LONG));

    private static MethodHandle handle(String name, FunctionDescriptor type) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
    }
  }

  private static long allocate(long size) {
    long address;
    try {
      long whole = Math.addExact(size, ALIGNMENT - 1) & -ALIGNMENT;
      address = (long) Library.ALIGNED_ALLOC.invokeExact((long) ALIGNMENT, whole);
    } catch (Throwable e) {
      throw new IllegalStateException("call failed: call=aligned_alloc bytes=" + size, e);
    }
    if (address == 0) {
      throw new OutOfMemoryException("no memory: bytes=" + size);
    }
    return address;
  }

  private static void free(long address) {
    try {
      Library.FREE.invokeExact(address);
    } catch (Throwable e) {
      throw new IllegalStateException("call failed: call=free", e);
    }
  }

  @Override
  public long getSize() {
    return size;
  }

  @Override
  protected long memoryAddress() {
    return address;
  }

  @Override
  protected void release0() {
    free(address);
  }
}
