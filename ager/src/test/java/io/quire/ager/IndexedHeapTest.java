package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class IndexedHeapTest {
  @Test
  void random_agreesWithAMap() {
    for (long seed = 1; seed <= 20; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      IndexedHeap heap = new IndexedHeap();
      Map<Integer, Double> model = new HashMap<>();
      for (int step = 0; step < 2_000; step++) {
        int slot = random.nextInt(60);
        if (random.nextInt(3) > 0) {
          double key = random.nextInt(1_000);
          heap.put(slot, key);
          model.put(slot, key);
        } else {
          heap.remove(slot);
          model.remove(slot);
        }
        assertThat(heap.size()).isEqualTo(model.size());
        assertThat(heap.contains(slot)).as("seed %d", seed).isEqualTo(model.containsKey(slot));
        if (!model.isEmpty()) {
          double largest = model.values().stream().mapToDouble(each -> each).max().orElseThrow();
          assertThat(heap.firstKey()).as("seed %d", seed).isEqualTo(largest);
          assertThat(model.get(heap.first())).as("seed %d", seed).isEqualTo(largest);
        }
      }
    }
  }
}
