package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ReplayTest {
  private static final int BUDGET = 1_000;

  /**
   * Belady's bound for a loop is (budget - 1) / (slots - 1) of all uses but those of the first
   * pass.
   */
  @Test
  void loopsNobodyDeclared_areHitAsOftenAsCanBe() {
    for (int tenths : new int[] {5, 11, 15, 20, 40, 80}) {
      int slots = BUDGET * tenths / 10;
      int passes = 50;
      long hits = hits(Uses.loop(slots, passes * slots), 1);
      double bound = Math.min(1, (BUDGET - 1.0) / (slots - 1)) * (passes - 1) * slots;
      assertThat(hits / bound).as("loop over %d tenths of memory", tenths).isBetween(0.98, 1.001);
    }
  }

  @Test
  void walksBackAndForth_areHitAsOftenAsCanBe() {
    int slots = 2_000;
    int turns = 40;
    long hits = hits(Uses.zigzag(slots, turns * (slots - 1)), 1);
    assertThat(hits / ((turns - 1.0) * BUDGET)).isBetween(0.97, 1.01);
  }

  @Test
  void anyWorkload_missesHardlyMoreThanTheBestPolicyAlone() {
    for (long seed = 1; seed <= 20; seed++) {
      int[] uses = Uses.switching(new SplittableRandom(seed), 2_500, 8, 30_000);
      Replay replay = new Replay(BUDGET);
      long missed = 0;
      for (int slot : uses) {
        missed += replay.access(slot, 1) ? 0 : 1;
      }
      long best = Collections.min(replay.missedPages().values());
      assertThat(missed).as("seed %d", seed).isLessThan(best * 21 / 20);
    }
  }

  @Test
  void anExtentLargerThanTheBudget_isNeverThereAndDrivesNobodyOut() {
    Replay replay = new Replay(10);
    assertThat(replay.access(0, 5)).isFalse();
    for (int i = 0; i < 3; i++) {
      assertThat(replay.access(1, 11)).isFalse();
    }
    assertThat(replay.access(0, 5)).isTrue();
    assertThat(replay.evictions()).isZero();
  }

  private static long hits(int[] uses, int pages) {
    Replay replay = new Replay(BUDGET * pages);
    long hits = 0;
    for (int slot : uses) {
      hits += replay.access(slot, pages) ? 1 : 0;
    }
    return hits;
  }
}
