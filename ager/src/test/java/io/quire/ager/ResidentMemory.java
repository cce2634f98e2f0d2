package io.quire.ager;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * The process of {@link ResidentMemoryTest}: allocates and drops at random, and prints the highest
 * resident memory of the process less its heap, in bytes.
 */
final class ResidentMemory {
  private static final int STEPS = 3000;

  private ResidentMemory() {}

  public static void main(String[] arguments) throws IOException {
    long budget = Long.parseLong(arguments[0]);
    SplittableRandom random = new SplittableRandom(1);
    List<Extent> extents = new ArrayList<>();
    long used = 0;
    long highest = 0;
    try (Ager ager = Ager.open(Samples.config(budget).withReserveBytes(0))) {
      for (int step = 0; step < STEPS; step++) {
        long bytes = (long) PageRuns.PAGE_BYTES << random.nextInt(13);
        while (used + bytes > budget / 10 * 9) {
          Extent victim = extents.remove(random.nextInt(extents.size()));
          ager.drop(victim);
          used -= victim.bytes();
        }
        try (Draft draft = ager.allocate(bytes, Duration.ZERO)) {
          draft.segment().fill((byte) step);
          extents.add(draft.seal());
        }
        used += bytes;
        if (step % 100 == 0) {
          highest = Math.max(highest, residentBytes() - heapBytes());
        }
      }
    }
    System.out.println("resident=" + highest);
  }

  /** All of the heap is resident: it is touched at the start and does not grow. */
  private static long heapBytes() {
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted();
  }

  private static long residentBytes() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
          .findFirst()
          .orElseThrow();
    }
  }
}
