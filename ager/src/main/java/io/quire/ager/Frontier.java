package io.quire.ager;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * The cheapest of the windows that end at the runs it is shown, one after another, in the order of
 * their pages.
 */
final class Frontier {
  private static final int NONE = Runs.NONE;

  /** What a move costs besides its pages, in pages. */
  private static final int MOVE_PAGES = 1;

  /**
   * Neighbouring runs.
   *
   * @param startPage of the first, and
   * @param endPage of the last, when they were seen
   * @param cost of moving what lies there
   */
  record Window(int first, int last, int startPage, int endPage, long cost)
      implements Comparable<Window> {
    @Override
    public int compareTo(Window other) {
      return Long.compare(cost, other.cost);
    }
  }

  private final Runs runs;
  private final int wanted;
  private final boolean evacuates;
  private int from = NONE;
  private long room;
  private long cost;
  private @Nullable Window best;

  /**
   * Has seen nothing.
   *
   * @param evacuates whether all that lies in a window goes elsewhere; else it slides
   */
  Frontier(Runs runs, int wanted, boolean evacuates) {
    this.runs = runs;
    this.wanted = wanted;
    this.evacuates = evacuates;
  }

  /** The next run. */
  void take(int run, boolean yields) {
    if (!yields) {
      restart();
      return;
    }
    from = from == NONE ? run : from;
    room += room(run);
    cost += cost(run);
    while (room - room(from) >= wanted) {
      room -= room(from);
      cost -= cost(from);
      from = runs.next(from);
    }
    if (room >= wanted && (best == null || cost < best.cost)) {
      best = new Window(from, run, runs.start(from), runs.end(run), cost);
    }
  }

  /** No window has in it what was seen so far and what will be. */
  void restart() {
    from = NONE;
    room = 0;
    cost = 0;
  }

  void addTo(Collection<Window> windows) {
    if (best != null) {
      windows.add(best);
    }
  }

  /** As if it had seen nothing. */
  void forget() {
    restart();
    best = null;
  }

  private int room(int run) {
    return evacuates || runs.isFree(run) ? runs.pages(run) : 0;
  }

  private int cost(int run) {
    return runs.isFree(run) ? 0 : runs.pages(run) + MOVE_PAGES;
  }
}
