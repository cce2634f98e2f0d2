package io.quire.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Allocates and frees at random while nine tenths of a limit are in use, and writes to every page
 * that it gets. The size of each is the power of two of a uniform number.
 *
 * <p>A failure is an allocation that is refused, or after which the memory of the process is over
 * the limit by more than 2% and 64 MiB, which is looked at after every 16th; memory that the
 * process had before is not counted. At 90% there is always a tenth free.
 *
 * <p>Each allocation carries a stamp at both ends, which must be there when it is freed.
 */
public final class Churn {
  private static final int LOOK_EVERY = 16;
  private static final long PAGE = 4096;
  private static final long MARGIN = 64L << 20;
  private static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private final SplittableRandom random = new SplittableRandom(1);
  private final Allocator allocator;
  private final long limit;
  private final double leastLog;
  private final double mostLog;
  private final Resident resident = new Resident();
  private final long before;
  private long[] tokens = new long[1024];
  private long[] sizes = new long[1024];
  private int held;
  private long inUse;
  private long taken;
  private long steps;

  private long allocated;
  private long movedBefore;
  private long failures;
  private long allocations;
  private long looks;
  private long highest;
  private double wasteSum;
  private final long[] times = new long[256];

  private Churn(String name, long limit, long least, long most) throws IOException {
    this.limit = limit;
    leastLog = Math.log(least);
    mostLog = Math.log(most);
    before = resident.bytes();
    allocator = Allocator.of(name, limit);
  }

  /**
   * Prints a line for each figure.
   *
   * @param arguments allocator, limit, least and most bytes of an allocation, and how many
   *     allocations and frees
   */
  public static void main(String[] arguments) throws IOException {
    long[] numbers = new long[arguments.length];
    for (int i = 1; i < arguments.length; i++) {
      numbers[i] = Long.parseLong(arguments[i]);
    }
    Churn churn = new Churn(arguments[0], numbers[1], numbers[2], numbers[3]);
    churn.run(numbers[4] / 20);
    churn.forget();
    long begun = System.nanoTime();
    churn.run(numbers[4]);
    churn
        .figures(numbers[4], System.nanoTime() - begun)
        .forEach((name, figure) -> System.out.println("figure " + name + "=" + figure));
  }

  private void run(long operations) {
    long end = steps + operations;
    while (steps < end) {
      long bytes = (long) Math.exp(leastLog + random.nextDouble() * (mostLog - leastLog));
      while (inUse + bytes > limit / 10 * 9) {
        freeOne();
      }
      allocateOne(bytes);
    }
  }

  private void freeOne() {
    int at = random.nextInt(held);
    long address = allocator.address(tokens[at]);
    long first = MEMORY.get(ValueLayout.JAVA_LONG_UNALIGNED, address);
    long last = MEMORY.get(ValueLayout.JAVA_LONG_UNALIGNED, address + sizes[at] - Long.BYTES);
    if (first != last || first != stamp(tokens[at], sizes[at])) {
      throw new IllegalStateException(
          "bytes are not what was written: bytes=%d first=%d last=%d"
              .formatted(sizes[at], first, last));
    }
    taken -= allocator.takes(tokens[at], sizes[at]);
    allocator.free(tokens[at]);
    inUse -= sizes[at];
    held--;
    tokens[at] = tokens[held];
    sizes[at] = sizes[held];
    steps++;
  }

  private static long stamp(long token, long bytes) {
    return token * 0x9e3779b97f4a7c15L ^ bytes;
  }

  private void allocateOne(long bytes) {
    steps++;
    allocations++;
    allocated += bytes;
    long begun = System.nanoTime();
    long token = allocator.allocate(bytes);
    times[bucket(System.nanoTime() - begun)]++;
    if (token == Allocator.REFUSED) {
      failures++;
      freeOne();
      return;
    }
    long address = allocator.address(token);
    for (long at = 0; at < bytes; at += PAGE) {
      MEMORY.set(ValueLayout.JAVA_BYTE, address + at, (byte) 1);
    }
    MEMORY.set(ValueLayout.JAVA_LONG_UNALIGNED, address, stamp(token, bytes));
    MEMORY.set(ValueLayout.JAVA_LONG_UNALIGNED, address + bytes - Long.BYTES, stamp(token, bytes));
    keep(token, bytes);
    if (allocations % LOOK_EVERY == 0) {
      look();
    }
  }

  private void keep(long token, long bytes) {
    if (held == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * held);
      sizes = Arrays.copyOf(sizes, 2 * held);
    }
    tokens[held] = token;
    sizes[held++] = bytes;
    inUse += bytes;
    taken += allocator.takes(token, bytes);
  }

  private void look() {
    long now = resident.bytes() - before;
    highest = Math.max(highest, now);
    failures += now > limit + limit / 50 + MARGIN ? 1 : 0;
    looks++;
    wasteSum += (double) (taken > 0 ? taken : now) / inUse - 1;
  }

  private void forget() {
    allocated = 0;
    failures = 0;
    allocations = 0;
    looks = 0;
    highest = 0;
    wasteSum = 0;
    Arrays.fill(times, 0);
    movedBefore = allocator.movedBytes();
  }

  private Map<String, Double> figures(long operations, long nanos) {
    Map<String, Double> all = new TreeMap<>();
    all.put("", operations / (nanos / 1e9));
    all.put("-failures", (double) failures);
    all.put("-moved", (double) (allocator.movedBytes() - movedBefore) / allocated);
    all.put("-resident", 100.0 * highest / limit);
    all.put("-waste", 100.0 * wasteSum / looks);
    all.put("-p99", micros(0.99));
    all.put("-p50", micros(0.5));
    return all;
  }

  /** Four buckets for each doubling. */
  private static int bucket(long nanos) {
    long value = Math.max(nanos, 4);
    int log = Long.SIZE - 1 - Long.numberOfLeadingZeros(value);
    return 4 * log + (int) (value >>> (log - 2) & 3);
  }

  private double micros(double share) {
    long left = (long) (allocations * share);
    int at = 0;
    while (left >= times[at]) {
      left -= times[at++];
    }
    return (4 + at % 4 + 1) * (double) (1L << (at / 4)) / 4 / 1000;
  }

  /** The memory of this process that is resident. */
  private static final class Resident {
    private final FileChannel file = open();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(256);

    private static FileChannel open() {
      try {
        return FileChannel.open(Path.of("/proc/self/statm"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    long bytes() {
      try {
        buffer.clear();
        file.read(buffer, 0);
        String text = StandardCharsets.US_ASCII.decode(buffer.flip()).toString();
        return Long.parseLong(text.split(" ")[1]) * PAGE;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
