package io.quire.ager;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/**
 * Joins free pages that lie apart by moving the unpinned extents between them. It looks for the
 * stretch without a pinned extent that has enough free pages and the fewest pages to move, and
 * slides what lies there to its low end; so it succeeds whenever such a stretch exists, and always
 * when nothing is pinned. Guarded by the lock of {@link Memory}.
 */
final class Sliding {
  /**
   * A pin that comes between planning and moving spoils a plan; pins are brief, plans are cheap.
   */
  private static final int ATTEMPTS_MAX = 4;

  /** Frames to slide, in the order of their pages, to a run that starts here. */
  private record Plan(long start, List<Frame> frames) {}

  private final Region region;
  private final PageRuns runs;
  private final NavigableMap<Long, Frame> byPage;
  private long moves;

  Sliding(Region region, PageRuns runs, NavigableMap<Long, Frame> byPage) {
    this.region = region;
    this.runs = runs;
    this.byPage = byPage;
  }

  long moves() {
    return moves;
  }

  /** Allocates a run after moving what is in the way, or returns -1. */
  long allocate(long pages) {
    for (int attempt = 0; attempt < ATTEMPTS_MAX && runs.freePages() >= pages; attempt++) {
      Plan plan = plan(pages);
      if (plan == null) {
        return -1;
      }
      if (slide(plan)) {
        return runs.allocate(pages);
      }
    }
    return -1;
  }

  private @Nullable Plan plan(long pages) {
    Search search = new Search(pages);
    for (Frame frame : byPage.values()) {
      search.gapUpTo(frame.start);
      if (movable(frame)) {
        search.frame(frame);
      } else {
        search.restartAt(frame.start + frame.pages());
      }
    }
    search.gapUpTo(runs.pages());
    return search.best;
  }

  private static boolean movable(Frame frame) {
    return frame.phase() == Frame.Phase.RESIDENT && frame.pins() == 0 && !frame.dropped();
  }

  private boolean slide(Plan plan) {
    long to = plan.start;
    for (Frame frame : plan.frames) {
      if (frame.start != to) {
        if (!frame.leaveResident(Frame.Phase.MOVING)) {
          return false;
        }
        move(frame, to);
      }
      to += frame.pages();
    }
    return true;
  }

  private void move(Frame frame, long to) {
    byPage.remove(frame.start);
    region.move(frame.start, to, frame.pages());
    runs.free(frame.start, frame.pages());
    runs.take(to, frame.pages());
    frame.moved(to, region.slice(to, frame.bytes()).asReadOnly());
    byPage.put(to, frame);
    frame.becomes(Frame.Phase.RESIDENT);
    moves++;
  }

  /** A window over the frames between two pinned ones: free pages in it, pages to move in it. */
  private static final class Search {
    private final long wanted;
    private final List<Frame> frames = new ArrayList<>();
    private final List<Long> gaps = new ArrayList<>();
    private int from;
    private long free;
    private long toMove;
    private long start;
    private long end;
    private long bestToMove = Long.MAX_VALUE;
    private @Nullable Plan best;

    Search(long wanted) {
      this.wanted = wanted;
    }

    void gapUpTo(long page) {
      long gap = page - end;
      gaps.add(gap);
      free += gap;
      end = page;
      while (from < frames.size() && free - gaps.get(from) >= wanted) {
        Frame first = frames.get(from);
        free -= gaps.get(from);
        toMove -= first.pages();
        start = first.start + first.pages();
        from++;
      }
      if (free >= wanted && toMove < bestToMove) {
        bestToMove = toMove;
        best = new Plan(start, List.copyOf(frames.subList(from, frames.size())));
      }
    }

    void frame(Frame frame) {
      frames.add(frame);
      toMove += frame.pages();
      end = frame.start + frame.pages();
    }

    void restartAt(long page) {
      frames.clear();
      gaps.clear();
      from = 0;
      free = 0;
      toMove = 0;
      start = page;
      end = page;
    }
  }
}
