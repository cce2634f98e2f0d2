package io.quire.ager;

import java.io.BufferedReader;
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
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

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

  /** Touching is told of in pieces of this size. */
  private static final long PIECE_BYTES = 64L << 20;

  /** Asking the operating system takes milliseconds, and few would notice an older answer. */
  private static final long RSS_SAMPLE_NANOS = 1_000_000_000L;

  private static final long IN_USE_NANOS = 1_000_000;

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
    return open(bytes, _ -> {});
  }

  /**
   * As {@link #open(long)}.
   *
   * @param touched is told how many bytes are in physical memory, some seconds being needed for
   *     tens of gigabytes; the last time it is told, all of them
   */
  static Region open(long bytes, LongConsumer touched) {
    return canMap() ? touched(bytes, touched) : allocate(bytes, touched);
  }

  private static boolean canMap() {
    return System.getProperty("os.name").equals("Linux") && ValueLayout.ADDRESS.byteSize() == 8;
  }

  /**
   * As {@link #open(long)}, but nothing is touched or checked: pages that nobody writes take no
   * memory, as far as the operating system is one that can leave them out.
   */
  static Region lazy(long bytes) {
    return canMap() ? map(bytes) : allocate(bytes);
  }

  /** As {@link #allocate(long, LongConsumer)}. */
  static Region allocate(long bytes) {
    return allocate(bytes, _ -> {});
  }

  /**
   * One allocation of an arena, which zeroes and thereby touches it, all at once. It counts towards
   * {@code -XX:MaxDirectMemorySize}.
   *
   * @throws AgerException.NoMemory if there is not that much
   */
  static Region allocate(long bytes, LongConsumer touched) {
    check(bytes);
    Arena arena = Arena.ofShared();
    try {
      MemorySegment segment = arena.allocate(bytes, PageRuns.PAGE_BYTES);
      touched.accept(bytes);
      return new Region(arena, segment, false);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw new AgerException.NoMemory(bytes, "the process cannot allocate it");
    }
  }

  private static Region touched(long bytes, LongConsumer touched) {
    check(bytes);
    Region region = map(bytes);
    region.touch(touched);
    return region;
  }

  private static Region map(long bytes) {
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
    return new Region(arena, segment, true);
  }

  private void touch(LongConsumer touched) {
    for (long at = 0; at < segment.byteSize(); ) {
      long bytes = Math.min(PIECE_BYTES, segment.byteSize() - at);
      if (Native.madvise(segment.address() + at, bytes, MADV_POPULATE_WRITE) != 0) {
        touch(segment.asSlice(at, bytes));
      }
      at += bytes;
      touched.accept(at);
    }
  }

  /**
   * Asking for more than there is would end in a killed process, not in an error.
   *
   * @throws AgerException.NoMemory if the machine says that it has less
   */
  static void check(long bytes) {
    OptionalLong available = availableBytes();
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
      last = new RssSample(residentNow(), System.nanoTime());
      sample = last;
    }
    return last.bytes;
  }

  /** The sum over the mappings that lie in the region: the kernel may have divided it. */
  private OptionalLong residentNow() {
    long end = segment.address() + segment.byteSize();
    long resident = 0;
    try (BufferedReader lines = Files.newBufferedReader(Path.of("/proc/self/smaps"))) {
      boolean within = false;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int dash = line.indexOf('-');
        // The line that begins a mapping has its addresses first, others a name without a dash.
        if (dash > 0 && dash < line.indexOf(' ')) {
          long start = Long.parseUnsignedLong(line, 0, dash, 16);
          if (start >= end) {
            break;
          }
          within = start >= segment.address();
        } else if (within && line.startsWith("Rss:")) {
          resident += kilobytes(line);
        }
      }
    } catch (IOException unreadable) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(resident);
  }

  private static OptionalLong availableBytes() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
      return lines
          .filter(line -> line.startsWith("MemAvailable:"))
          .mapToLong(Region::kilobytes)
          .findFirst();
    } catch (IOException unreadable) {
      return OptionalLong.empty();
    }
  }

  /** Of a line such as {@code Rss: 12 kB}, in bytes. */
  private static long kilobytes(String line) {
    return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
  }

  /** Gives the memory back. Throws if a read or write of a channel still uses it. */
  @Override
  public void close() {
    arena.close();
  }

  /** As {@link #close()}, when nothing uses it any more; false if something does for too long. */
  boolean close(Deadline deadline) {
    while (true) {
      try {
        arena.close();
        return true;
      } catch (IllegalStateException inUse) {
        if (deadline.passed()) {
          return false;
        }
        LockSupport.parkNanos(IN_USE_NANOS);
      }
    }
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
