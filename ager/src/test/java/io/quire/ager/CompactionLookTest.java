package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Looks in steps, while others allocate and free between them. */
class CompactionLookTest {
  private static final int PAGES = 5_000;
  private static final int STEP = 50;

  private final Runs runs = new Runs(PAGES);
  private final Compaction compaction = new Compaction(runs, _ -> true);
  private final List<Integer> held = new ArrayList<>();
  private SplittableRandom random = new SplittableRandom(1);

  private void churn(int steps) {
    for (int i = 0; i < steps; i++) {
      int wanted = 1 + random.nextInt(random.nextInt(10) == 0 ? 40 : 4);
      int run = runs.usedPages() + wanted > PAGES / 10 * 9 ? Runs.NONE : runs.allocate(wanted, 0);
      if (run != Runs.NONE) {
        held.add(run);
      } else {
        int index = random.nextInt(held.size());
        runs.free(held.get(index));
        held.set(index, held.getLast());
        held.removeLast();
      }
    }
  }

  private @Nullable CompactionPlan look(int wanted, int changesBetween) {
    CompactionLook look = compaction.look(wanted);
    CompactionPlan plan = null;
    while (plan == null && !look.over()) {
      long before = compaction.looks();
      plan = look.goOn(STEP);
      assertThat(compaction.looks() - before).isLessThanOrEqualTo(STEP);
      churn(plan == null ? changesBetween : 0);
    }
    return plan;
  }

  private void carryOut(CompactionPlan plan, int wanted) {
    while (plan.next()) {
      plan.moved();
    }
    int run = plan.finish(0);
    assertThat(runs.pages(run)).isEqualTo(wanted);
    runs.check();
    runs.free(run);
  }

  @Test
  void goOn_whileOthersAllocateAndFree_endsAndWhatItFindsCanBeDone() {
    int found = 0;
    int rounds = 0;
    for (long seed = 1; seed <= 100; seed++) {
      random = new SplittableRandom(seed);
      churn(5_000);
      int wanted = runs.longestFree() + 1 + random.nextInt(100);
      CompactionPlan plan = look(wanted, 1 + random.nextInt(20));
      rounds++;
      if (plan != null) {
        found++;
        carryOut(plan, wanted);
      }
      runs.check();
      assertThat(runs.reservedPages()).isZero();
    }
    assertThat(found).isGreaterThan(rounds / 2);
  }

  @Test
  void goOn_whenOthersAreQuiet_findsWhateverIsFree() {
    for (long seed = 1; seed <= 30; seed++) {
      random = new SplittableRandom(seed);
      churn(5_000);
      int wanted = runs.freePages();
      carryOut(Objects.requireNonNull(look(wanted, 0), "no plan"), wanted);
    }
  }
}
