package io.quire.bench;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;

/** A trace that is made, by a seed. */
record MadeTrace(String name, String what, Kind kind) implements TraceSource {
  enum Kind {
    LOOP,
    SCANS,
    ZIPF,
    MIXED,
    SIZES,
    SWITCHING
  }

  private static final int EXTENTS = 2_000;
  private static final int USES = 100_000;
  private static final int SEED = 20;

  @Override
  public int memory() {
    return 0;
  }

  @Override
  public Trace read() {
    SplittableRandom random = new SplittableRandom(SEED);
    int[] ones = new int[2 * EXTENTS];
    Arrays.fill(ones, 1);
    int[] one = Arrays.copyOf(ones, EXTENTS);
    return switch (kind) {
      case LOOP -> new Trace(loop(), one);
      case SCANS -> new Trace(scans(), one);
      case ZIPF -> new Trace(zipf(random), one);
      case MIXED -> new Trace(mixed(random), ones);
      case SIZES -> new Trace(mixed(random), logUniform(random));
      case SWITCHING -> new Trace(switching(random), ones);
    };
  }

  private static int[] loop() {
    return uses(i -> i % EXTENTS);
  }

  /** Four that begin at different places; the first makes four steps while the last makes one. */
  private static int[] scans() {
    int[] at = {0, EXTENTS / 8, EXTENTS / 2, EXTENTS * 3 / 4};
    int[] steps = {0, 0, 0, 0, 1, 1, 1, 2, 2, 3};
    return uses(
        i -> {
          int scan = steps[i % steps.length];
          at[scan] = (at[scan] + 1) % EXTENTS;
          return at[scan];
        });
  }

  private static int[] zipf(SplittableRandom random) {
    double[] sums = new double[EXTENTS];
    double sum = 0;
    for (int i = 0; i < EXTENTS; i++) {
      sum += 1 / Math.pow(i + 1, 0.9);
      sums[i] = sum;
    }
    double all = sum;
    return uses(
        _ -> {
          int at = Arrays.binarySearch(sums, random.nextDouble() * all);
          return Math.min(EXTENTS - 1, at < 0 ? -at - 1 : at);
        });
  }

  private static int[] mixed(SplittableRandom random) {
    int[] points = zipf(random);
    return uses(i -> i % 2 == 0 ? points[i] : EXTENTS + i / 2 % EXTENTS);
  }

  private static int[] switching(SplittableRandom random) {
    int[] loop = loop();
    int[] zipf = zipf(random);
    int[] scans = scans();
    return uses(
        i ->
            switch (i / (USES / 8) % 4) {
              case 0 -> loop[i];
              case 1 -> EXTENTS + zipf[i];
              case 2 -> 2 * EXTENTS - 1 - loop[i];
              default -> scans[i];
            });
  }

  /** From 1 page to 65,536: 4 KiB to 256 MiB. */
  private static int[] logUniform(SplittableRandom random) {
    int[] sizes = new int[2 * EXTENTS];
    Arrays.setAll(sizes, _ -> (int) Math.pow(2, 16 * random.nextDouble()));
    return sizes;
  }

  private static int[] uses(IntUnaryOperator use) {
    int[] all = new int[USES];
    for (int i = 0; i < USES; i++) {
      all[i] = use.applyAsInt(i);
    }
    return all;
  }
}
