package io.quire.ager;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How one long run is made: used runs leave a window of neighbouring ones, to free runs elsewhere
 * or to the low end of the window. What is free in the window and what is needed elsewhere is
 * reserved from the beginning, so nobody allocates there; and every page belongs to one run at all
 * times, so wherever a plan stops, what has moved has moved, and the rest is where it was.
 *
 * <p>A plan is carried out move by move. Its calls are made under the lock that guards the {@link
 * Runs}; the bytes are copied between {@link #next} and {@link #moved}, without it:
 *
 * <pre>
 *   while (plan.next()) {                          // under the lock
 *     if (!leavesResident(plan.owner())) {         // somebody has pinned it meanwhile
 *       plan.abandon();
 *       return;                                    // and plan again, or evict
 *     }
 *     region.move(plan.from(), plan.to(), plan.pages());   // without the lock
 *     plan.moved();                                // under the lock
 *     becomesResident(plan.owner(), plan.to());
 *   }
 *   int handle = plan.finish(owner);
 * </pre>
 *
 * <p>In between, other runs may be allocated and freed and other plans made. A run that the plan is
 * going to move may be freed as well, even while it is being moved; its pages go to the plan. The
 * handle of a run that moved stays the same. Source and target of a move may overlap; the target is
 * then the lower one.
 *
 * <p>Either {@link #finish} or {@link #abandon} ends it, and one of them must.
 */
final class CompactionPlan {
  private static final int NONE = Runs.NONE;

  private final Runs runs;
  private final Compaction compaction;
  private final int wanted;

  /** The window goes from this run to that page; all runs in it are claimed or reserved. */
  private int edge;

  private final int endPage;

  /** What is to be moved, and the reserved runs it is moved to, or NONE if it slides. */
  private int[] sources = {};

  private int[] targets = {};
  private int move = -1;
  private boolean moving;
  private boolean ended;

  private CompactionPlan(Runs runs, Compaction compaction, int wanted, int first, int last) {
    this.runs = runs;
    this.compaction = compaction;
    this.wanted = wanted;
    edge = first;
    endPage = runs.end(last);
  }

  /**
   * Plans to make a run of so many pages out of these neighbouring ones, all of them free or
   * settled. If less than that is free there, runs are evacuated, the longest first.
   *
   * @return null, with nothing held, if too few of them find a place elsewhere
   */
  static @Nullable CompactionPlan of(
      Runs runs, Compaction compaction, int wanted, int first, int last) {
    CompactionPlan plan = new CompactionPlan(runs, compaction, wanted, first, last);
    if (plan.hold()) {
      return plan;
    }
    plan.undo();
    return null;
  }

  private boolean hold() {
    int[] used = new int[16];
    int found = 0;
    int free = 0;
    for (int at = edge; at != NONE && runs.start(at) < endPage; at = runs.next(at)) {
      if (runs.isFree(at)) {
        free += runs.pages(at);
      } else {
        used = found < used.length ? used : Arrays.copyOf(used, 2 * found);
        used[found++] = at;
      }
      runs.hold(at);
    }
    sources = Arrays.copyOf(used, found);
    targets = new int[found];
    Arrays.fill(targets, NONE);
    return evacuate(wanted - free);
  }

  /** Reserves places for so many pages; what is left slides, in the order of the pages. */
  private boolean evacuate(int pages) {
    if (pages <= 0) {
      return true;
    }
    long[] byLength = new long[sources.length];
    for (int i = 0; i < sources.length; i++) {
      byLength[i] = (long) runs.pages(sources[i]) << Integer.SIZE | i;
    }
    Arrays.sort(byLength);
    int[] evacuees = new int[sources.length];
    int[] places = new int[sources.length];
    int found = 0;
    int missing = pages;
    for (int i = byLength.length - 1; i >= 0 && missing > 0; i--) {
      int source = sources[(int) byLength[i]];
      int place = runs.reserve(runs.pages(source));
      if (place != NONE) {
        missing -= runs.pages(source);
        evacuees[found] = source;
        places[found++] = place;
        sources[(int) byLength[i]] = NONE;
      }
    }
    int moves = found;
    for (int source : sources) {
      if (source != NONE) {
        evacuees[moves] = source;
        places[moves++] = NONE;
      }
    }
    sources = evacuees;
    targets = places;
    return missing <= 0;
  }

  /**
   * Goes on to the next move, if there is one.
   *
   * @throws IllegalStateException if the last one was not made
   */
  boolean next() {
    if (moving || ended) {
      throw new IllegalStateException("a move is under way, or the plan has ended");
    }
    while (++move < sources.length) {
      if (!runs.isClaimed(sources[move])) {
        letGoOfTarget();
      } else if (targets[move] != NONE || hasGapBefore(sources[move])) {
        moving = true;
        return true;
      }
    }
    return false;
  }

  /** Joins the reserved runs before a run that slides; if there are none, it stays where it is. */
  private boolean hasGapBefore(int source) {
    if (edge == source) {
      edge = runs.next(source);
      runs.letGo(source);
      return false;
    }
    while (runs.next(edge) != source) {
      runs.mergeNext(edge);
    }
    return true;
  }

  /** Whose bytes are to be moved. */
  int owner() {
    return runs.owner(source());
  }

  /** The run that is to be moved. */
  int source() {
    if (!moving) {
      throw new IllegalStateException("no move is under way");
    }
    return sources[move];
  }

  /** The page at which the bytes begin. */
  int from() {
    return runs.start(source());
  }

  /** The page at which they are to begin. */
  int to() {
    int target = targets[move];
    return runs.start(target == NONE ? runs.previous(source()) : target);
  }

  int pages() {
    return runs.pages(source());
  }

  /** The bytes have been copied: the run lies at its new place. */
  void moved() {
    int source = source();
    int target = targets[move];
    moving = false;
    if (!runs.isClaimed(source)) {
      letGoOfTarget();
      return;
    }
    compaction.countMove(runs.pages(source));
    if (target == NONE) {
      runs.slide(source);
    } else {
      runs.exchange(source, target);
      edge = edge == source ? target : edge;
      targets[move] = NONE;
    }
  }

  private void letGoOfTarget() {
    if (targets[move] != NONE) {
      runs.letGo(targets[move]);
      targets[move] = NONE;
    }
  }

  /**
   * Gives the long run to its owner, after the last move.
   *
   * @return its handle
   */
  int finish(int owner) {
    if (moving || ended || move < sources.length) {
      throw new IllegalStateException("the plan has moves left, or has ended");
    }
    ended = true;
    while (runs.end(edge) < endPage) {
      runs.mergeNext(edge);
    }
    runs.give(edge, wanted, owner);
    return edge;
  }

  /**
   * Gives up what is left of it. After {@link #next} this is allowed only if no byte was copied.
   * Does nothing if the plan has ended.
   */
  void abandon() {
    if (!ended) {
      compaction.countAbandoned();
      undo();
    }
  }

  private void undo() {
    ended = true;
    moving = false;
    for (int i = Math.max(move, 0); i < targets.length; i++) {
      if (targets[i] != NONE) {
        runs.letGo(targets[i]);
      }
    }
    boolean more = true;
    for (int at = edge; more; ) {
      int next = runs.next(at);
      more = runs.end(at) < endPage;
      runs.letGo(at);
      at = next;
    }
  }
}
