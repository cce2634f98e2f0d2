package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SlotIndexTest {
  @Test
  void random_agreesWithAMap() {
    for (long seed = 1; seed <= 20; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      int capacity = 1 + random.nextInt(300);
      int[] slots = random.ints(capacity, 0, 1 << 20).toArray();
      SlotIndex index = new SlotIndex(capacity);
      Map<Integer, Integer> model = new HashMap<>();
      for (int step = 0; step < 2_000; step++) {
        int slot = slots[random.nextInt(capacity)];
        int value = random.nextInt(100) - 1;
        Integer before = model.put(slot, value);
        assertThat(index.put(slot, value))
            .as("seed %d", seed)
            .isEqualTo(before == null ? SlotIndex.NONE : before);
        int asked = random.nextInt(1 << 20);
        assertThat(index.get(asked)).isEqualTo(model.getOrDefault(asked, SlotIndex.NONE));
        assertThat(index.get(slot)).isEqualTo(value);
      }
    }
  }
}
