package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * The memory of all extents: one range for the life of an {@link Ager}, every page of it touched.
 * On Linux it is an anonymous mapping of its own between two inaccessible pages, with huge pages
 * asked for; elsewhere one allocation of an arena.
 *
 * <p>The arena is shared because pins are used from any thread. It is closed once, at the end:
 * after that an access through a forgotten segment throws instead of reading foreign memory.
 */
final class Region implements AutoCloseable {
  private static final long HUGE_PAGE_BYTES = 2 << 20;
  private static final int PROT_NONE = 0;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
  private static final int MADV_HUGEPAGE = 14;
  private static final int MADV_POPULATE_WRITE = 23;

  /** Asking the operating system takes milliseconds, and few would notice an older answer. */
  private static final long RSS_SAMPLE_NANOS = 1_000_000_000L;

  private record RssSample(OptionalLong bytes, long atNanos) {}

  private final Arena arena;
  private final MemorySegment segment;
  private final boolean mapped;
  private volatile RssSample sample = new RssSample(OptionalLong.empty(), 0);

  private Region(Arena arena, MemorySegment segment, boolean mapped) {
    this.arena = arena;
    this.segment = segment;
    this.mapped = mapped;
  }

  /**
   * The best kind this machine has.
   *
   * @throws AgerException.NoMemory if there is not that much
   */
  static Region open(long bytes) {
    boolean linux = System.getProperty("os.name").equals("Linux");
    return linux && ValueLayout.ADDRESS.byteSize() == 8 ? map(bytes) : allocate(bytes);
  }

  /** One allocation of an arena, which is zeroed and thereby touched. */
  static Region allocate(long bytes) {
    Arena arena = Arena.ofShared();
    try {
      return new Region(arena, arena.allocate(bytes, PageRuns.PAGE_BYTES), false);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw new AgerException.NoMemory(bytes, "the process cannot allocate it");
    }
  }

  private static Region map(long bytes) {
    check(bytes);
    long reserved = bytes + 2 * HUGE_PAGE_BYTES;
    long base = Native.mmap(reserved, PROT_NONE, MAP_PRIVATE_ANONYMOUS_NORESERVE);
    if (base == -1) {
      throw new AgerException.NoMemory(bytes, "mmap refused");
    }
    // At least one page stays inaccessible on each side, so nothing merges with this mapping.
    long start = (base + HUGE_PAGE_BYTES) & -HUGE_PAGE_BYTES;
    if (Native.mprotect(start, bytes, PROT_READ_WRITE) != 0) {
      Native.munmap(base, reserved);
      throw new AgerException.NoMemory(bytes, "mprotect refused");
    }
    // Not every kernel has huge pages; the region works without.
    Native.madvise(start, bytes, MADV_HUGEPAGE);
    Arena arena = Arena.ofShared();
    MemorySegment segment =
        MemorySegment.ofAddress(start)
            .reinterpret(bytes, arena, _ -> Native.munmap(base, reserved));
    if (Native.madvise(start, bytes, MADV_POPULATE_WRITE) != 0) {
      touch(segment);
    }
    return new Region(arena, segment, true);
  }

  /**
   * Asking for more than there is would end in a killed process, not in an error.
   *
   * @throws AgerException.NoMemory if the machine says that it has less
   */
  static void check(long bytes) {
    OptionalLong available = kilobytes(Path.of("/proc/meminfo"), "", "MemAvailable:");
    if (available.isPresent() && available.getAsLong() < bytes) {
      throw new AgerException.NoMemory(
          bytes, "the machine has less: availableBytes=" + available.getAsLong());
    }
  }

  private static void touch(MemorySegment segment) {
    for (long at = 0; at < segment.byteSize(); at += PageRuns.PAGE_BYTES) {
      segment.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
    }
  }

  long bytes() {
    return segment.byteSize();
  }

  MemorySegment slice(long startPage, long bytes) {
    return segment.asSlice(startPage * PageRuns.PAGE_BYTES, bytes, PageRuns.PAGE_BYTES);
  }

  /** Moves pages within the region; source and target may overlap. */
  void move(long fromPage, long toPage, long pages) {
    long bytes = pages * PageRuns.PAGE_BYTES;
    MemorySegment.copy(
        segment, fromPage * PageRuns.PAGE_BYTES, segment, toPage * PageRuns.PAGE_BYTES, bytes);
  }

  /**
   * Bytes of the region that lie in physical memory, as the operating system counted them within a
   * second.
   */
  OptionalLong residentBytes() {
    if (!mapped) {
      return OptionalLong.empty();
    }
    RssSample last = sample;
    if (last.bytes.isEmpty() || System.nanoTime() - last.atNanos > RSS_SAMPLE_NANOS) {
      String mapping = Long.toHexString(segment.address()) + "-";
      OptionalLong bytes = kilobytes(Path.of("/proc/self/smaps"), mapping, "Rss:");
      last = new RssSample(bytes, System.nanoTime());
      sample = last;
    }
    return last.bytes;
  }

  private static OptionalLong kilobytes(Path file, String afterLine, String name) {
    try (var lines = Files.lines(file)) {
      return lines
          .dropWhile(line -> !line.startsWith(afterLine))
          .filter(line -> line.startsWith(name))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
          .findFirst();
    } catch (IOException unreadable) {
      return OptionalLong.empty();
    }
  }

  /** Gives the memory back. Throws if a read or write of a channel still uses it. */
  @Override
  public void close() {
    arena.close();
  }

  /** The few calls of the C library. */
  private static final class Native {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MMAP =
        handle(
            "mmap",
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG));
    private static final MethodHandle MUNMAP =
        handle(
            "munmap",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle MPROTECT = handle("mprotect", rangeCall());
    private static final MethodHandle MADVISE = handle("madvise", rangeCall());

    private static FunctionDescriptor rangeCall() {
      return FunctionDescriptor.of(
          ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);
    }

    private static MethodHandle handle(String name, FunctionDescriptor type) {
      return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
    }

    static long mmap(long bytes, int protection, int flags) {
      try {
        return (long) MMAP.invokeExact(0L, bytes, protection, flags, -1, 0L);
      } catch (Throwable e) {
        throw unexpected("mmap", e);
      }
    }

    static void munmap(long address, long bytes) {
      try {
        int failed = (int) MUNMAP.invokeExact(address, bytes);
        if (failed != 0) {
          throw new IllegalStateException(
              "munmap refused: address=%x bytes=%d".formatted(address, bytes));
        }
      } catch (Throwable e) {
        throw unexpected("munmap", e);
      }
    }

    static int mprotect(long address, long bytes, int protection) {
      try {
        return (int) MPROTECT.invokeExact(address, bytes, protection);
      } catch (Throwable e) {
        throw unexpected("mprotect", e);
      }
    }

    static int madvise(long address, long bytes, int advice) {
      try {
        return (int) MADVISE.invokeExact(address, bytes, advice);
      } catch (Throwable e) {
        throw unexpected("madvise", e);
      }
    }

    private static RuntimeException unexpected(String call, Throwable e) {
      return new IllegalStateException("call failed: call=" + call, e);
    }
  }
}
