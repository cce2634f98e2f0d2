package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

class GhostTest {
  private static final int SLOTS = 300;

  private static final List<BiFunction<GhostSpace, Ghost.Releases, Ghost>> ALL =
      List.of(Lru::new, Mru::new, Lirs::new, TinyLfu::new);

  @Test
  void held_isTheBudgetAtMost_andWhatWasReleasedIsNotHeld() {
    for (var policy : ALL) {
      for (long seed = 1; seed <= 20; seed++) {
        followReleases(policy, seed);
      }
    }
  }

  private static void followReleases(
      BiFunction<GhostSpace, Ghost.Releases, Ghost> policy, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    GhostSpace space = new GhostSpace(1_000);
    BitSet model = new BitSet();
    Ghost ghost = policy.apply(space, model::clear);
    int[] sizes = random.ints(SLOTS, 1, 60).toArray();
    int[] uses = Uses.switching(random, SLOTS, 6, 700);
    for (int i = 0; i < uses.length; i++) {
      int slot = uses[i] % SLOTS;
      if (random.nextInt(50) == 0) {
        ghost.remove(slot);
        model.clear(slot);
        sizes[slot] = random.nextInt(1, 60);
      }
      space.pages(slot, sizes[slot]);
      model.set(slot);
      ghost.access(slot);
      String where = ghost.name() + " seed " + seed + " step " + i;
      assertThat(ghost.holds(slot)).as(where).isEqualTo(model.get(slot));
      int pages = model.stream().map(each -> sizes[each]).sum();
      assertThat(pages).as(where).isLessThanOrEqualTo(1_000);
      if (i % 50 == 0) {
        for (int each = 0; each < SLOTS; each++) {
          assertThat(ghost.holds(each)).as(where).isEqualTo(model.get(each));
        }
      }
    }
  }

  @Test
  void lru_agreesWithALinkedHashSet() {
    for (long seed = 1; seed <= 20; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      GhostSpace space = new GhostSpace(60);
      Ghost lru = new Lru(space, slot -> {});
      LinkedHashSet<Integer> model = new LinkedHashSet<>();
      for (int slot : Uses.switching(random, 100, 8, 500)) {
        space.pages(slot, 1);
        assertThat(lru.holds(slot)).as("seed %d", seed).isEqualTo(model.remove(slot));
        lru.access(slot);
        model.add(slot);
        if (model.size() > 60) {
          model.removeFirst();
        }
      }
    }
  }

  /** The paper's own description, with a stack that is pruned. */
  @Test
  void lirs_agreesWithItsStack() {
    for (long seed = 1; seed <= 30; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      int budget = 20 + random.nextInt(200);
      GhostSpace space = new GhostSpace(budget);
      Ghost lirs = new Lirs(space, slot -> {});
      Stack model = new Stack(budget - Math.max(1, budget / 100), budget);
      int[] uses = Uses.switching(random, 50 + random.nextInt(300), 8, 600);
      for (int i = 0; i < uses.length; i++) {
        space.pages(uses[i], 1);
        boolean held = lirs.holds(uses[i]);
        lirs.access(uses[i]);
        assertThat(held).as("seed %d step %d", seed, i).isEqualTo(model.use(uses[i]));
      }
    }
  }

  private static final class Stack {
    private final LinkedHashSet<Integer> stack = new LinkedHashSet<>();
    private final LinkedHashSet<Integer> low = new LinkedHashSet<>();
    private final ArrayDeque<Integer> high = new ArrayDeque<>();
    private final int lowMax;
    private final int budget;

    Stack(int lowMax, int budget) {
      this.lowMax = lowMax;
      this.budget = budget;
    }

    boolean use(int slot) {
      boolean hit = low.contains(slot) || high.contains(slot);
      boolean justUsed = !stack.isEmpty() && stack.getLast() == slot;
      if (!hit && low.size() + high.size() == budget) {
        high.removeFirst();
      }
      boolean inStack = stack.remove(slot) && !justUsed;
      stack.add(slot);
      if (low.contains(slot)) {
        prune();
        return true;
      }
      high.remove((Integer) slot);
      if (inStack || low.size() < lowMax) {
        low.add(slot);
        if (low.size() > lowMax) {
          int oldest = stack.getFirst();
          stack.remove(oldest);
          low.remove(oldest);
          high.add(oldest);
        }
        prune();
      } else {
        high.add(slot);
      }
      return hit;
    }

    private void prune() {
      for (Iterator<Integer> each = stack.iterator(); each.hasNext(); ) {
        if (low.contains(each.next())) {
          return;
        }
        each.remove();
      }
    }
  }

  @Test
  void loopOverTwiceTheBudget_isHalfHitByMruAndLirsAndNotByLru() {
    int[] loop = Uses.loop(200, 20_000);
    assertThat(hits(new GhostSpace(100), Lru::new, loop)).isZero();
    assertThat(hits(new GhostSpace(100), Mru::new, loop)).isBetween(9_600, 9_900);
    assertThat(hits(new GhostSpace(100), Lirs::new, loop)).isBetween(9_600, 9_900);
  }

  @Test
  void zipf_isHitMoreOftenByTinyLfuThanByLru() {
    int[] zipf = Uses.zipf(new SplittableRandom(7), 10_000, 200_000);
    int lru = hits(new GhostSpace(200), Lru::new, zipf);
    int tinyLfu = hits(new GhostSpace(200), TinyLfu::new, zipf);
    assertThat(tinyLfu).isGreaterThan(lru * 6 / 5);
  }

  private static int hits(
      GhostSpace space, BiFunction<GhostSpace, Ghost.Releases, Ghost> policy, int[] uses) {
    Ghost ghost = policy.apply(space, slot -> {});
    int hits = 0;
    for (int slot : uses) {
      space.pages(slot, 1);
      hits += ghost.holds(slot) ? 1 : 0;
      ghost.access(slot);
    }
    return hits;
  }

  @Test
  void oneAccess_releasesABoundedNumber_andTheRestFollows() {
    for (var policy : ALL) {
      GhostSpace space = new GhostSpace(100_000);
      List<Integer> released = new ArrayList<>();
      Ghost ghost = policy.apply(space, released::add);
      for (int slot = 0; slot < 100_000; slot++) {
        space.pages(slot, 1);
        ghost.access(slot);
      }
      space.budget(10);
      int most = 0;
      for (int i = 0; i < 4_000; i++) {
        released.clear();
        space.pages(100_000 + i, 1);
        ghost.access(100_000 + i);
        most = Math.max(most, released.size());
      }
      assertThat(most).as(ghost.name()).isBetween(2, 2 * Ghost.RELEASES);
      int held = 0;
      for (int slot = 0; slot < 104_000; slot++) {
        held += ghost.holds(slot) ? 1 : 0;
      }
      assertThat(held).as(ghost.name()).isLessThanOrEqualTo(10);
    }
  }

  @Test
  void counts_areHalvedForAllAtOnce() {
    Frequencies counts = new Frequencies();
    for (int i = 0; i < 9; i++) {
      counts.increment(3, 100);
    }
    counts.increment(4, 100);
    assertThat(counts.of(3)).isEqualTo(9);
    for (int i = 0; i < 1_000 - 10; i++) {
      counts.increment(100 + i, 100);
    }
    assertThat(counts.of(3)).isEqualTo(4);
    assertThat(counts.of(4)).isZero();
    counts.remove(3);
    assertThat(counts.of(3)).isZero();
  }
}
