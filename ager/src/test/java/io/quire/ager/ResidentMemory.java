package io.quire.ager;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongFunction;
import java.util.stream.Stream;

/**
 * The process of {@link ResidentMemoryTest}: allocates, drops and pins at random, and prints the
 * resident memory of the process less its heap, in bytes: before there was an ager, and the
 * highest.
 */
final class ResidentMemory {
  private static final int STEPS = 3000;
  private static final int STORM_THREADS = 4;

  private static long highest;

  private ResidentMemory() {}

  /** Takes the budget, {@code mapped} or {@code allocated}, and a directory or nothing. */
  public static void main(String[] arguments) throws Exception {
    long budget = Long.parseLong(arguments[0]);
    long before = residentBytes() - heapBytes();
    LongFunction<Region> regions =
        arguments[1].equals("mapped") ? Region::open : bytes -> Region.allocate(bytes);
    if (arguments.length == 2) {
      try (Ager ager =
          Ager.open(Samples.config(budget).withReserveBytes(0), Disk.direct(), regions)) {
        churn(ager, budget / 10 * 9, STEPS);
      }
    } else {
      StoreConfig store = Samples.flash(Path.of(arguments[2]), 1L << 40);
      try (Ager ager = Ager.open(Samples.config(budget, store), Disk.direct(), regions)) {
        storm(ager, churn(ager, 4 * budget, STEPS));
      }
    }
    System.out.println("before=" + before + " resident=" + highest);
  }

  private static List<Extent> churn(Ager ager, long most, int steps) throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    List<Extent> extents = new ArrayList<>();
    long used = 0;
    for (int step = 0; step < steps; step++) {
      long bytes = (long) Runs.PAGE_BYTES << random.nextInt(13);
      while (used + bytes > most) {
        Extent victim = extents.remove(random.nextInt(extents.size()));
        ager.drop(victim);
        used -= victim.bytes();
      }
      try (Draft draft = ager.allocate(bytes, Samples.WAIT)) {
        draft.segment().fill((byte) step);
        extents.add(draft.seal());
      }
      used += bytes;
      sample(step);
    }
    return extents;
  }

  /** Pins of what is mostly not in memory, by several threads, while more is allocated. */
  private static void storm(Ager ager, List<Extent> extents) throws Exception {
    List<Future<?>> storms = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(STORM_THREADS)) {
      for (int thread = 0; thread < STORM_THREADS; thread++) {
        SplittableRandom random = new SplittableRandom(thread);
        storms.add(
            threads.submit(
                () -> {
                  for (int step = 0; step < STEPS / STORM_THREADS; step++) {
                    Extent extent = extents.get(random.nextInt(extents.size()));
                    ager.pin(extent, Samples.WAIT).close();
                    sample(step);
                  }
                  return null;
                }));
      }
      churn(ager, ager.stats().budgetBytes() / 4, STEPS / 4);
      for (Future<?> storm : storms) {
        storm.get();
      }
    }
    if (ager.stats().pageIns() < STEPS / 10
        || ager.stats().peakAccountedBytes() > ager.stats().budgetBytes()) {
      throw new IllegalStateException("no storm, or over the budget: " + ager.stats());
    }
  }

  private static void sample(int step) throws IOException {
    if (step % 50 == 0) {
      long now = residentBytes() - heapBytes();
      synchronized (ResidentMemory.class) {
        highest = Math.max(highest, now);
      }
    }
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
