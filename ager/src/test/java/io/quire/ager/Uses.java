package io.quire.ager;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;

/** Sequences of slots, as different workloads would use them. */
final class Uses {
  private Uses() {}

  /** From 0 to the end, again and again. */
  static int[] loop(int slots, int count) {
    return of(count, i -> i % slots);
  }

  /** From 0 to the end and back, again and again. */
  static int[] zigzag(int slots, int count) {
    int turn = 2 * (slots - 1);
    return of(count, i -> Math.min(i % turn, turn - i % turn));
  }

  /** The k-th slot is used in proportion to 1/k. */
  static int[] zipf(SplittableRandom random, int slots, int count) {
    double[] sums = new double[slots];
    double sum = 0;
    for (int i = 0; i < slots; i++) {
      sum += 1.0 / (i + 1);
      sums[i] = sum;
    }
    double all = sum;
    return of(
        count,
        i -> {
          int at = Arrays.binarySearch(sums, random.nextDouble() * all);
          return Math.min(slots - 1, at < 0 ? -at - 1 : at);
        });
  }

  /** Zipf and, in between, a loop over other slots. */
  static int[] mixed(SplittableRandom random, int slots, int count) {
    int[] points = zipf(random, slots, count);
    return of(count, i -> i % 2 == 0 ? points[i] : slots + i / 2 % slots);
  }

  /** Some of all that, one after the other. */
  static int[] switching(SplittableRandom random, int slots, int phases, int each) {
    int[] all = new int[phases * each];
    for (int phase = 0; phase < phases; phase++) {
      int[] part =
          switch (random.nextInt(4)) {
            case 0 -> loop(slots, each);
            case 1 -> zigzag(slots, each);
            case 2 -> zipf(random, slots, each);
            default -> mixed(random, slots / 2, each);
          };
      System.arraycopy(part, 0, all, phase * each, each);
    }
    return all;
  }

  private static int[] of(int count, IntUnaryOperator use) {
    int[] all = new int[count];
    Arrays.setAll(all, use);
    return all;
  }
}
