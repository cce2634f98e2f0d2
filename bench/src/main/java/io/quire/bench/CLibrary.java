package io.quire.bench;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** A few calls of the C library, with addresses as numbers. */
final class CLibrary {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final int READ_WRITE = 3;
  private static final int PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
  private static final int DONTNEED = 4;

  private static final MethodHandle MALLOC = handle("malloc", FunctionDescriptor.of(LONG, LONG));
  private static final MethodHandle FREE = handle("free", FunctionDescriptor.ofVoid(LONG));
  private static final MethodHandle MMAP =
      handle("mmap", FunctionDescriptor.of(LONG, LONG, LONG, INT, INT, INT, LONG));
  private static final MethodHandle MADVISE =
      handle("madvise", FunctionDescriptor.of(INT, LONG, LONG, INT));

  private CLibrary() {}

  private static MethodHandle handle(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
  }

  /** An address, or 0. */
  static long malloc(long bytes) {
    try {
      return (long) MALLOC.invokeExact(bytes);
    } catch (Throwable e) {
      throw new IllegalStateException("call failed: call=malloc", e);
    }
  }

  static void free(long address) {
    try {
      FREE.invokeExact(address);
    } catch (Throwable e) {
      throw new IllegalStateException("call failed: call=free", e);
    }
  }

  /** Reserves addresses; memory comes as they are touched. */
  static long reserve(long bytes) {
    try {
      long address =
          (long) MMAP.invokeExact(0L, bytes, READ_WRITE, PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
      if (address == -1) {
        throw new IllegalStateException("mmap refused: bytes=" + bytes);
      }
      return address;
    } catch (IllegalStateException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("call failed: call=mmap", e);
    }
  }

  /** Gives the memory of these addresses back. */
  static void release(long address, long bytes) {
    try {
      int failed = (int) MADVISE.invokeExact(address, bytes, DONTNEED);
      if (failed != 0) {
        throw new IllegalStateException("madvise refused: bytes=" + bytes);
      }
    } catch (IllegalStateException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("call failed: call=madvise", e);
    }
  }
}
