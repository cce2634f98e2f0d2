package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.Compaction.Effort;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CompactionPlanTest {
  /** Runs whose pages have contents: owner and index of the page. */
  private static final class World {
    private final Runs runs;
    private final long[] contents;
    private final BitSet pinned = new BitSet();
    private final List<Integer> held = new ArrayList<>();
    private final Compaction compaction;
    private int owners;

    World(int pages) {
      runs = new Runs(pages);
      contents = new long[pages];
      compaction = new Compaction(runs, owner -> !pinned.get(owner));
    }

    boolean allocate(int pages) {
      int handle = runs.allocate(pages, owners);
      if (handle != Runs.NONE) {
        hold(handle);
      }
      return handle != Runs.NONE;
    }

    void hold(int handle) {
      assertThat(runs.owner(handle)).isEqualTo(owners);
      for (int i = 0; i < runs.pages(handle); i++) {
        contents[runs.start(handle) + i] = content(owners, i);
      }
      held.add(handle);
      owners++;
    }

    void free(int index) {
      int handle = held.remove(index);
      check(handle);
      runs.free(handle);
    }

    void copy(CompactionPlan plan) {
      assertThat(pinned.get(plan.owner())).isFalse();
      System.arraycopy(contents, plan.from(), contents, plan.to(), plan.pages());
    }

    void finish(CompactionPlan plan) {
      hold(plan.finish(owners));
    }

    @Nullable CompactionPlan plan(int pages, Effort effort) {
      return compaction.plan(pages, effort);
    }

    void carryOut(CompactionPlan plan) {
      while (plan.next()) {
        copy(plan);
        plan.moved();
      }
      finish(plan);
    }

    void check() {
      runs.check();
      held.forEach(this::check);
    }

    private void check(int handle) {
      for (int i = 0; i < runs.pages(handle); i++) {
        assertThat(contents[runs.start(handle) + i]).isEqualTo(content(runs.owner(handle), i));
      }
    }

    private static long content(int owner, int page) {
      return (long) owner << 32 | page;
    }
  }

  private static void withSeeds(int seeds, Consumer<SplittableRandom> test) {
    for (long seed = 1; seed <= seeds; seed++) {
      try {
        test.accept(new SplittableRandom(seed));
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed=" + seed, e);
      }
    }
  }

  @Test
  void plan_nothingPinned_neverFailsWhileEnoughPagesAreFree() {
    withSeeds(
        40,
        random -> {
          World world = new World(512);
          for (int step = 0; step < 400; step++) {
            int wanted = 1 + random.nextInt(1 << random.nextInt(9));
            while (world.runs.freePages() < wanted) {
              world.free(random.nextInt(world.held.size()));
            }
            if (!world.allocate(wanted)) {
              world.carryOut(
                  Objects.requireNonNull(world.plan(wanted, Effort.EVERYWHERE), "no plan"));
            }
            world.check();
          }
          assertThat(world.runs.reservedPages()).isZero();
          assertThat(world.compaction.moves()).isPositive();
        });
  }

  /** All that may happen between the steps of a plan: frees, allocations, pins, other plans. */
  @Test
  void plan_othersAllocateFreePinAndPlanMeanwhile_noByteIsLost() {
    withSeeds(60, CompactionPlanTest::disturb);
  }

  private static void disturb(SplittableRandom random) {
    World world = new World(512);
    List<CompactionPlan> plans = new ArrayList<>();
    for (int step = 0; step < 600; step++) {
      int wanted = 1 + random.nextInt(1 << random.nextInt(8));
      switch (random.nextInt(6)) {
        case 0, 1 -> {
          if (!world.allocate(wanted)) {
            Effort effort = random.nextBoolean() ? Effort.NEAR : Effort.EVERYWHERE;
            CompactionPlan plan = plans.size() < 4 ? world.plan(wanted, effort) : null;
            if (plan != null) {
              plans.add(plan);
            }
          }
        }
        case 2 -> {
          if (!world.held.isEmpty() && world.runs.freePages() < 128) {
            world.free(random.nextInt(world.held.size()));
          }
        }
        case 3 -> world.pinned.set(random.nextInt(world.owners + 1));
        case 4 -> world.pinned.clear(random.nextInt(world.owners + 1));
        default -> {
          if (!plans.isEmpty()) {
            CompactionPlan plan = plans.get(random.nextInt(plans.size()));
            if (!step(world, plan, random)) {
              plans.remove(plan);
            }
          }
        }
      }
      world.check();
    }
    plans.forEach(CompactionPlan::abandon);
    world.check();
    assertThat(world.runs.reservedPages()).isZero();
    world.pinned.clear();
    int all = world.runs.freePages();
    if (all > 0 && !world.allocate(all)) {
      world.carryOut(Objects.requireNonNull(world.plan(all, Effort.EVERYWHERE)));
    }
    world.check();
  }

  /** One move of a plan; whether it goes on. */
  private static boolean step(World world, CompactionPlan plan, SplittableRandom random) {
    if (!plan.next()) {
      world.finish(plan);
      return false;
    }
    if (world.pinned.get(plan.owner()) || random.nextInt(20) == 0) {
      plan.abandon();
      return false;
    }
    world.copy(plan);
    int source = plan.source();
    if (random.nextInt(8) == 0) {
      // Its owner lets it go while it is on its way.
      world.held.remove((Integer) source);
      world.runs.free(source);
    }
    plan.moved();
    return true;
  }

  @Test
  void plan_placesElsewhere_movesHalfOfWhatSlidingWould() {
    World world = alternating(80);
    world.carryOut(Objects.requireNonNull(world.plan(20, Effort.NEAR)));
    world.check();
    assertThat(world.compaction.pagesMoved()).isEqualTo(10);
  }

  @Test
  void plan_noPlaceElsewhere_slides() {
    World world = alternating(40);
    world.carryOut(Objects.requireNonNull(world.plan(20, Effort.NEAR)));
    world.check();
    assertThat(world.runs.freePages()).isZero();
    assertThat(world.compaction.pagesMoved()).isLessThanOrEqualTo(20);
  }

  /** Used and free runs of one page in turn. */
  private static World alternating(int pages) {
    World world = new World(pages);
    for (int i = 0; i < pages; i++) {
      world.allocate(1);
    }
    for (int i = pages - 1; i >= 0; i -= 2) {
      world.free(i);
    }
    return world;
  }

  @Test
  void plan_runsThatFitNowhereElseAndAPin_makesWhatOneSideHas() {
    World world = new World(30);
    for (int i = 0; i < 10; i++) {
      world.allocate(2);
      world.allocate(1);
    }
    for (int i = 19; i >= 0; i -= 2) {
      world.free(i);
    }
    world.pinned.set(10);
    assertThat(world.plan(6, Effort.EVERYWHERE)).isNull();
    assertThat(world.runs.reservedPages()).isZero();
    world.check();
    world.carryOut(Objects.requireNonNull(world.plan(5, Effort.EVERYWHERE)));
    world.check();
  }

  @Test
  void stepsOutOfOrder_areRefused() {
    World world = new World(12);
    for (int i = 0; i < 6; i++) {
      world.allocate(2);
    }
    world.free(4);
    world.free(2);
    world.free(0);
    CompactionPlan plan = Objects.requireNonNull(world.plan(4, Effort.NEAR));
    assertThatThrownBy(() -> plan.finish(9)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(plan::moved).isInstanceOf(IllegalStateException.class);
    assertThat(plan.next()).isTrue();
    assertThatThrownBy(plan::next).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> plan.finish(9)).isInstanceOf(IllegalStateException.class);
    plan.abandon();
    plan.abandon();
    assertThat(world.compaction.abandoned()).isEqualTo(1);
    assertThatThrownBy(plan::next).isInstanceOf(IllegalStateException.class);
    world.check();
    assertThat(world.runs.freePages()).isEqualTo(6);
  }
}
