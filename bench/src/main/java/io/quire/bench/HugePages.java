package io.quire.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Memory for the floor that has what the ager's region has: huge pages, if the system gives any.
 */
final class HugePages {
  private static final long HUGE = 2 << 20;
  private static final int MADV_HUGEPAGE = 14;

  private HugePages() {}

  /** Zeroed memory for which huge pages were asked. */
  static MemorySegment allocate(Arena arena, long bytes) {
    MemorySegment segment = arena.allocate(bytes, HUGE);
    Linker linker = Linker.nativeLinker();
    linker
        .defaultLookup()
        .find("madvise")
        .ifPresent(
            advise -> {
              try {
                // Without them it is only slower; whoever reads the figure is told by the spread.
                int unused =
                    (int)
                        linker
                            .downcallHandle(
                                advise,
                                FunctionDescriptor.of(
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.ADDRESS,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_INT))
                            .invokeExact(segment, bytes, MADV_HUGEPAGE);
              } catch (Throwable e) {
                throw new IllegalStateException("madvise cannot be called: bytes=" + bytes, e);
              }
            });
    return segment;
  }
}
