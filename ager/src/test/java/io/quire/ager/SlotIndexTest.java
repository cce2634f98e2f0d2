package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SlotIndexTest {
  @Test
  void random_agreesWithAMap() {
    for (long seed = 1; seed <= 20; seed++) {
      check(seed, 1 << 20);
      check(seed, 300);
    }
  }

  private static void check(long seed, int range) {
    SplittableRandom random = new SplittableRandom(seed);
    int capacity = 1 + random.nextInt(300);
    int offset = random.nextInt(range);
    int[] slots = random.ints(capacity, offset, offset + range).toArray();
    SlotIndex index =
        new SlotIndex(
            capacity,
            Arrays.stream(slots).min().orElseThrow(),
            Arrays.stream(slots).max().orElseThrow());
    Map<Integer, Integer> model = new HashMap<>();
    for (int step = 0; step < 2_000; step++) {
      int slot = slots[random.nextInt(capacity)];
      int value = random.nextInt(100) - 1;
      Integer before = model.put(slot, value);
      assertThat(index.put(slot, value))
          .as("seed %d", seed)
          .isEqualTo(before == null ? SlotIndex.NONE : before);
      int asked = random.nextInt(2 * range);
      assertThat(index.get(asked)).isEqualTo(model.getOrDefault(asked, SlotIndex.NONE));
      assertThat(index.get(slot)).isEqualTo(value);
    }
  }
}
