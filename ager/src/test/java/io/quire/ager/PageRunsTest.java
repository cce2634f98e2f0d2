package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PageRunsTest {
  private static final int PAGES = 1024;

  private record Run(long start, long pages) {}

  @Test
  void allocateAndFree_atNinetyPercent_agreesWithABitmap() {
    for (long seed = 1; seed <= 30; seed++) {
      churn(seed);
    }
  }

  private static void churn(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    PageRuns runs = new PageRuns(PAGES);
    BitSet used = new BitSet(PAGES);
    List<Run> held = new ArrayList<>();
    for (int step = 0; step < 3000; step++) {
      long wanted = 1 + random.nextInt(random.nextInt(8) == 0 ? 100 : 8);
      if (used.cardinality() + wanted <= PAGES * 9 / 10) {
        long start = runs.allocate(wanted);
        assertThat(start >= 0).as("seed %d step %d", seed, step).isEqualTo(fits(used, wanted));
        if (start >= 0) {
          int from = (int) start;
          int to = (int) (start + wanted);
          assertThat(used.get(from, to).cardinality()).as("overlap: seed %d", seed).isZero();
          used.set(from, to);
          held.add(new Run(start, wanted));
        }
      } else {
        Run run = held.remove(random.nextInt(held.size()));
        runs.free(run.start, run.pages);
        used.clear((int) run.start, (int) (run.start + run.pages));
      }
      assertThat(runs.usedPages()).as("seed %d", seed).isEqualTo(used.cardinality());
    }
    held.forEach(run -> runs.free(run.start, run.pages));
    assertThat(runs.allocate(PAGES)).as("all joined again: seed %d", seed).isZero();
  }

  private static boolean fits(BitSet used, long wanted) {
    int at = used.nextClearBit(0);
    while (at < PAGES) {
      int end = used.nextSetBit(at);
      if ((end < 0 ? PAGES : end) - at >= wanted) {
        return true;
      }
      at = end < 0 ? PAGES : used.nextClearBit(end);
    }
    return false;
  }

  @Test
  void allocate_severalRunsFit_takesTheSmallest() {
    PageRuns runs = new PageRuns(30);
    runs.take(0, 30);
    runs.free(2, 10);
    runs.free(20, 4);
    assertThat(runs.allocate(3)).isEqualTo(20);
  }

  @Test
  void grow_behindAFreeRun_joinsThem() {
    PageRuns runs = new PageRuns(4);
    runs.take(0, 2);
    assertThat(runs.freeAtEnd()).isEqualTo(2);
    runs.grow(3);
    assertThat(runs.allocate(5)).isEqualTo(2);
    assertThat(runs.freeAtEnd()).isZero();
  }

  @Test
  void free_pagesThatAreFree_isRefused() {
    PageRuns runs = new PageRuns(10);
    runs.take(2, 4);
    assertThatThrownBy(() -> runs.free(0, 3)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runs.free(5, 2)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runs.take(1, 2)).isInstanceOf(IllegalStateException.class);
    runs.free(2, 4);
    assertThat(runs.freePages()).isEqualTo(10);
  }
}
