package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class BytesBoundTest {
  private static final int EXTENTS = 5;

  @Test
  void equalSizes_areHitAsOftenAsTheBestOfAllWays() {
    int[] ones = new int[EXTENTS];
    Arrays.fill(ones, 1);
    for (long seed = 1; seed <= 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      Trace trace = new Trace(random.ints(14, 0, EXTENTS).toArray(), ones);
      int memory = 1 + random.nextInt(EXTENTS);
      assertThat(new BytesBound().hits(trace, memory))
          .as("seed %d", seed)
          .isEqualTo(best(trace, memory, 0, 0));
    }
  }

  @Test
  void otherSizes_areNeverHitMoreThanTheBound() {
    int reached = 0;
    for (long seed = 1; seed <= 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      int[] sizes = random.ints(EXTENTS, 1, 6).toArray();
      Trace trace = new Trace(random.ints(12, 0, EXTENTS).toArray(), sizes);
      int memory = 3 + random.nextInt(8);
      long bound = new BytesBound().hits(trace, memory);
      long best = best(trace, memory, 0, 0);
      assertThat(best).as("seed %d", seed).isLessThanOrEqualTo(bound);
      reached += best == bound ? 1 : 0;
    }
    assertThat(reached).as("the bound is not far away").isGreaterThan(50);
  }

  /** Tries everything: who is kept is a set of bits. */
  private static long best(Trace trace, int memory, int at, int held) {
    if (at == trace.length()) {
      return 0;
    }
    int extent = trace.use(at);
    if (trace.size(extent) > memory) {
      return best(trace, memory, at + 1, held);
    }
    long hit = (held >> extent & 1) == 0 ? 0 : trace.size(extent);
    int all = held | 1 << extent;
    long best = 0;
    for (int kept = all; kept > 0; kept = (kept - 1) & all) {
      if ((kept >> extent & 1) != 0 && size(trace, kept) <= memory) {
        best = Math.max(best, best(trace, memory, at + 1, kept));
        if (kept == all) {
          break;
        }
      }
    }
    return hit + best;
  }

  private static int size(Trace trace, int held) {
    int size = 0;
    for (int extent = 0; extent < EXTENTS; extent++) {
      size += (held >> extent & 1) * trace.size(extent);
    }
    return size;
  }
}
