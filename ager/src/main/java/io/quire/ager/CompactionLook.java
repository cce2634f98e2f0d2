package io.quire.ager;

import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * A look at all runs for a way to make one of so many pages, in steps, between which the lock is
 * given back: with a million runs all of it takes the better part of a second. What it finds is
 * what {@link Compaction} promises, if nothing changes between the steps. If something does, what
 * lies on both sides of the place where it stopped is not seen as one window; then it may find
 * nothing, and another look something.
 */
final class CompactionLook {
  private static final int NONE = Runs.NONE;

  /** What a whole stretch costs at least: more than any window that was chosen. */
  private static final long LAST_RESORT = 1L << 40;

  private final Runs runs;
  private final Compaction compaction;
  private final int wanted;
  private final int longestFree;
  private final Frontier evacuated;
  private final Frontier slid;

  /** Those that were found, the cheapest first; tried when all runs have been seen. */
  private final PriorityQueue<Frontier.Window> windows = new PriorityQueue<>();

  /** The next run to look at, and its first page; NONE when all have been seen. */
  private int at;

  private int atPage;
  private int changes;
  private int left;
  private boolean over;

  /** Of the stretch without immovable runs that is being looked at. */
  private int from = NONE;

  private int fromPage;
  private long freePages;
  private long usedPages;

  CompactionLook(Runs runs, Compaction compaction, int wanted) {
    this.runs = runs;
    this.compaction = compaction;
    this.wanted = wanted;
    longestFree = runs.longestFree();
    evacuated = new Frontier(runs, wanted, true);
    slid = new Frontier(runs, wanted, false);
    begin(runs.first());
    changes = runs.changes();
    // Runs come and go meanwhile; it ends all the same.
    left = 2 * Math.min(runs.size(), Integer.MAX_VALUE / 2);
  }

  private void begin(int run) {
    at = run;
    atPage = run == NONE ? 0 : runs.start(run);
  }

  /** Whether there is nothing more to look at. */
  boolean over() {
    return over;
  }

  /**
   * Looks at so many runs more, and at those of a window if it tries one.
   *
   * @return a plan, which holds what it needs from here on; null if none was found so far
   */
  @Nullable CompactionPlan goOn(int most) {
    if (runs.changes() != changes) {
      catchUp();
    }
    int seen = 0;
    for (; at != NONE && seen < most && left > 0; seen++, left--) {
      take(at);
      begin(runs.next(at));
    }
    compaction.countLooks(seen);
    CompactionPlan plan = null;
    if (at == NONE || left == 0) {
      plan = tryWindows(most - seen);
    }
    changes = runs.changes();
    return plan;
  }

  /** What was seen may not be so any more. */
  private void catchUp() {
    evacuated.restart();
    slid.restart();
    if (at != NONE && !isAt(at, atPage)) {
      begin(runs.first());
      from = NONE;
    }
    if (from != NONE && !isAt(from, fromPage)) {
      from = NONE;
    }
  }

  private boolean isAt(int run, int page) {
    return runs.exists(run) && runs.start(run) == page;
  }

  private void take(int run) {
    boolean yields = compaction.yields(run);
    boolean free = runs.isFree(run);
    int pages = runs.pages(run);
    evacuated.take(run, yields && (free || pages <= longestFree));
    slid.take(run, yields);
    if (yields && from == NONE) {
      from = run;
      fromPage = runs.start(run);
      freePages = 0;
      usedPages = 0;
    }
    if (yields) {
      freePages += free ? pages : 0;
      usedPages += free ? 0 : pages;
    }
    if (!yields || runs.next(run) == NONE) {
      endStretch(yields ? run : runs.previous(run));
    }
  }

  /** A stretch is a window, if it may be enough to move out of it what has a place elsewhere. */
  private void endStretch(int last) {
    long elsewhere = Math.max(0, runs.freePages() - freePages);
    if (from != NONE && freePages + Math.min(usedPages, elsewhere) >= wanted) {
      int endPage = runs.end(last);
      long cost = LAST_RESORT + endPage - fromPage;
      windows.add(new Frontier.Window(from, last, fromPage, endPage, cost));
    }
    from = NONE;
  }

  private @Nullable CompactionPlan tryWindows(int most) {
    evacuated.addTo(windows);
    slid.addTo(windows);
    evacuated.forget();
    slid.forget();
    int walked = 0;
    for (Frontier.Window window = windows.poll(); window != null; window = windows.poll()) {
      int last = lastOf(window);
      CompactionPlan plan =
          last == NONE ? null : CompactionPlan.of(runs, compaction, wanted, window.first(), last);
      if (plan != null) {
        return plan;
      }
      walked += window.endPage() - window.startPage();
      if (walked > most) {
        return null;
      }
    }
    over = true;
    return null;
  }

  /** The last run of a window, as it is now, or NONE if it cannot be emptied any more. */
  private int lastOf(Frontier.Window window) {
    if (runs.changes() == changes) {
      return window.last();
    }
    if (!isAt(window.first(), window.startPage())) {
      return NONE;
    }
    int last = window.first();
    while (last != NONE && compaction.yields(last) && runs.end(last) < window.endPage()) {
      last = runs.next(last);
    }
    return last == NONE || !compaction.yields(last) ? NONE : last;
  }
}
