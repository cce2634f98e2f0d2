package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class BeladyTest {
  @Test
  void hits_ofALoop_areAsManyAsOnePlaceLessHolds() {
    // After the first round 50 of 99 are hits; at the end, what is not needed again helps a little.
    int[] loop = IntStream.range(0, 800).map(i -> i % 100).toArray();
    assertThat(Belady.hits(loop, 100, 51, Set.of())).isBetween(700 * 50 / 99, 700 * 50 / 99 + 5);
    assertThat(Belady.leastRecentlyUsed(loop, 51, new LinkedHashSet<>())).isZero();
  }

  @Test
  void hits_countWhatIsThereAtTheBeginning() {
    assertThat(Belady.hits(new int[] {0, 1, 2}, 3, 2, Set.of(1, 2))).isEqualTo(1);
    assertThat(Belady.hits(new int[] {0, 1, 2}, 3, 3, Set.of(1, 2))).isEqualTo(2);
    assertThat(Belady.leastRecentlyUsed(new int[] {0, 1}, 1, new LinkedHashSet<>(List.of(0))))
        .isEqualTo(1);
  }

  @Test
  void hits_areThoseOfTrialOfAllChoices() {
    Random random = new Random(7);
    for (int trial = 0; trial < 300; trial++) {
      int[] sequence = random.ints(9, 0, 4).toArray();
      int capacity = 1 + random.nextInt(3);
      assertThat(Belady.hits(sequence, 4, capacity, Set.of()))
          .as("sequence=%s capacity=%d", IntStream.of(sequence).boxed().toList(), capacity)
          .isEqualTo(best(sequence, 0, capacity, new TreeSet<>()));
    }
  }

  /** The best of all ways to evict, each tried. */
  private static int best(int[] sequence, int from, int capacity, TreeSet<Integer> memory) {
    if (from == sequence.length) {
      return 0;
    }
    int wanted = sequence[from];
    if (memory.contains(wanted)) {
      return 1 + best(sequence, from + 1, capacity, memory);
    }
    if (memory.size() < capacity) {
      return best(sequence, from + 1, capacity, with(memory, wanted));
    }
    int best = 0;
    for (int victim : memory) {
      TreeSet<Integer> less = new TreeSet<>(memory);
      less.remove(victim);
      best = Math.max(best, best(sequence, from + 1, capacity, with(less, wanted)));
    }
    return best;
  }

  private static TreeSet<Integer> with(TreeSet<Integer> memory, int wanted) {
    TreeSet<Integer> more = new TreeSet<>(memory);
    more.add(wanted);
    return more;
  }
}
