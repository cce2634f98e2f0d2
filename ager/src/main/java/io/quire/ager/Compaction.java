package io.quire.ager;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds out how a run can be made when enough pages are free and do not lie together: which window
 * of neighbouring runs to empty with the fewest pages moved. Guarded by the lock of its {@link
 * Runs}.
 *
 * <p>There are two ways, and one plan may use both. Runs that are <i>evacuated</i> go to free runs
 * elsewhere; then the window is no longer than what is wanted, and the more of it is free to begin
 * with the better, so the longest free runs are where to look. Runs that <i>slide</i> go to the low
 * end of the window; then the window has to be so long that enough is free in it, ten times as long
 * at nine tenths used, and yet that always works.
 *
 * <p>What is guaranteed. {@code EVERYWHERE} finds a plan
 *
 * <ul>
 *   <li>if nothing is immovable: whenever as many pages are free as are wanted;
 *   <li>else, of the stretches between immovable runs: whenever as many are free in one of them, or
 *       would be after its runs, the longest first, were put where they fit outside of it.
 * </ul>
 *
 * {@code NEAR} looks at a number of runs that depends on what is wanted and not on how many there
 * are, and may find nothing where there is something; each time it looks further on. {@code
 * EVERYWHERE} walks over all of them, so it is for the end: when nothing is left to evict and the
 * alternative is to refuse. A {@link CompactionLook} does the same in steps.
 */
final class Compaction {
  /** How long to look. */
  enum Effort {
    NEAR,
    EVERYWHERE
  }

  private static final int NONE = Runs.NONE;

  private static final int SEEDS = 16;
  private static final int NEAR_RUNS = 2048;

  private final Runs runs;
  private final IntPredicate movable;
  private final int[] seeds = new int[SEEDS];
  private int rover = NONE;
  private long moves;
  private long pagesMoved;
  private long abandoned;
  private long looks;

  /**
   * Looks for plans.
   *
   * @param movable whether the run of an owner may be moved now; asked of many owners for each plan
   */
  Compaction(Runs runs, IntPredicate movable) {
    this.runs = runs;
    this.movable = movable;
  }

  /**
   * A plan to make a run of so many pages; it holds what it needs from here on.
   *
   * @return null if there is none, or, with {@code NEAR}, if none was found
   */
  @Nullable CompactionPlan plan(int wanted, Effort effort) {
    if (wanted > runs.freePages()) {
      return null;
    }
    return switch (effort) {
      case NEAR -> new Search(wanted).near();
      case EVERYWHERE -> look(wanted).goOn(Integer.MAX_VALUE);
    };
  }

  /** A look at all runs, for a plan to make one of so many pages, which may be made in steps. */
  CompactionLook look(int wanted) {
    return new CompactionLook(runs, this, wanted);
  }

  /** Moves that were made. */
  long moves() {
    return moves;
  }

  /** Pages that they moved. */
  long pagesMoved() {
    return pagesMoved;
  }

  /** Plans that were given up. */
  long abandoned() {
    return abandoned;
  }

  /** Runs that were looked at. */
  long looks() {
    return looks;
  }

  void countLooks(int more) {
    looks += more;
  }

  void countMove(int pages) {
    moves++;
    pagesMoved += pages;
  }

  void countAbandoned() {
    abandoned++;
  }

  /** Free, or such that its bytes may go elsewhere. */
  boolean yields(int run) {
    return runs.isFree(run) || runs.isSettled(run) && movable.test(runs.owner(run));
  }

  /** For one plan: collects windows, and tries them in the order of what they cost. */
  private final class Search {
    private final int wanted;
    private final int longestFree = runs.longestFree();
    private final List<Frontier.Window> windows = new ArrayList<>();
    private int left;

    Search(int wanted) {
      this.wanted = wanted;
    }

    @Nullable CompactionPlan near() {
      left = NEAR_RUNS + 2 * Math.min(wanted, Integer.MAX_VALUE / 4);
      int found = runs.longFreeRuns(seeds);
      for (int i = 0; i < found && left > 0; i++) {
        around(seeds[i]);
      }
      CompactionPlan plan = best();
      if (plan != null) {
        return plan;
      }
      windows.clear();
      left = NEAR_RUNS;
      rover = sweep(runs.exists(rover) ? rover : runs.first(), Long.MAX_VALUE);
      return best();
    }

    /** All windows with this run in them, as long as is wanted. */
    private void around(int seed) {
      int low = seed;
      int from = seed;
      while (runs.end(seed) - runs.start(low) < wanted && left > 0) {
        low = runs.previous(low);
        if (low == NONE || !yields(low)) {
          break;
        }
        from = low;
        left--;
        looks++;
      }
      sweep(from, (long) runs.start(seed) + wanted);
    }

    /** Looks at runs from this one up to a page; where it stopped. */
    private int sweep(int from, long toPage) {
      Frontier evacuated = new Frontier(runs, wanted, true);
      Frontier slid = new Frontier(runs, wanted, false);
      int at = from;
      for (; at != NONE && left > 0 && runs.start(at) < toPage; at = runs.next(at)) {
        left--;
        looks++;
        boolean yields = yields(at);
        evacuated.take(at, yields && (runs.isFree(at) || runs.pages(at) <= longestFree));
        slid.take(at, yields);
      }
      evacuated.addTo(windows);
      slid.addTo(windows);
      return at;
    }

    @Nullable CompactionPlan best() {
      windows.sort(null);
      for (Frontier.Window window : windows) {
        CompactionPlan plan =
            CompactionPlan.of(runs, Compaction.this, wanted, window.first(), window.last());
        if (plan != null) {
          return plan;
        }
      }
      return null;
    }
  }
}
