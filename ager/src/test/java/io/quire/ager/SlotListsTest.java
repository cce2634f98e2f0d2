package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SlotListsTest {
  private static final int LISTS = 3;
  private static final int SLOTS = 200;

  @Test
  void anyOperations_agreeWithArrayLists() {
    for (long seed = 1; seed <= 50; seed++) {
      run(seed);
    }
  }

  private static void run(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    SlotLists lists = new SlotLists(LISTS);
    List<List<Integer>> model = new ArrayList<>();
    for (int i = 0; i < LISTS; i++) {
      model.add(new ArrayList<>());
    }
    for (int step = 0; step < 2_000; step++) {
      int slot = random.nextInt(1 + random.nextInt(SLOTS));
      int list = random.nextInt(LISTS);
      boolean linked = model.stream().anyMatch(each -> each.contains(slot));
      assertThat(lists.contains(slot)).as("seed %d step %d", seed, step).isEqualTo(linked);
      model.forEach(each -> each.remove((Integer) slot));
      if (!linked) {
        if (random.nextInt(3) == 0) {
          lists.addFirst(list, slot);
          model.get(list).addFirst(slot);
        } else {
          lists.addLast(list, slot);
          model.get(list).add(slot);
        }
      } else if (random.nextInt(3) == 0) {
        lists.remove(slot);
      } else {
        lists.moveLast(list, slot);
        model.get(list).add(slot);
      }
      for (int i = 0; i < LISTS; i++) {
        assertThat(backwards(lists, i)).as("seed %d step %d", seed, step).isEqualTo(model.get(i));
      }
    }
  }

  private static List<Integer> backwards(SlotLists lists, int list) {
    List<Integer> found = new ArrayList<>();
    for (int slot = lists.last(list); slot != SlotLists.NONE; slot = lists.previous(slot)) {
      found.addFirst(slot);
    }
    assertThat(lists.first(list)).isEqualTo(found.isEmpty() ? SlotLists.NONE : found.getFirst());
    return found;
  }
}
