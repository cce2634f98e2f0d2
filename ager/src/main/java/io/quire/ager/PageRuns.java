package io.quire.ager;

import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Divides a range of pages into runs: best fit, lowest first among equals, neighbours joined when
 * freed. Knows only what is free; the caller knows what it took. Not thread-safe.
 */
final class PageRuns {
  static final int PAGE_BYTES = 4096;

  private record Run(long start, long pages) {}

  private final TreeMap<Long, Run> byStart = new TreeMap<>();
  private final TreeSet<Run> bySize =
      new TreeSet<>(Comparator.comparingLong(Run::pages).thenComparingLong(Run::start));
  private long pages;
  private long freePages;

  PageRuns(long pages) {
    grow(pages);
  }

  static long pagesOf(long bytes) {
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
  }

  /** First page of a run, or -1 if no free run is long enough. */
  long allocate(long wanted) {
    Run fit = bySize.ceiling(new Run(0, wanted));
    if (fit == null) {
      return -1;
    }
    take(fit.start, wanted);
    return fit.start;
  }

  /** Takes these pages, all of which must be free. */
  void take(long start, long wanted) {
    Map.Entry<Long, Run> entry = byStart.floorEntry(start);
    if (entry == null || start + wanted > end(entry.getValue())) {
      throw new IllegalStateException(
          "pages are not free: start=%d pages=%d".formatted(start, wanted));
    }
    Run run = entry.getValue();
    remove(run);
    add(run.start, start - run.start);
    add(start + wanted, end(run) - start - wanted);
  }

  /** Gives these pages back, none of which may be free. */
  void free(long start, long count) {
    if (start < 0 || count < 1 || start + count > pages) {
      throw new IllegalStateException("no such pages: start=%d pages=%d".formatted(start, count));
    }
    Map.Entry<Long, Run> before = byStart.lowerEntry(start + count);
    long from = start;
    long to = start + count;
    if (before != null && end(before.getValue()) > start) {
      throw new IllegalStateException(
          "pages are free already: start=%d pages=%d".formatted(start, count));
    }
    if (before != null && end(before.getValue()) == start) {
      from = before.getValue().start;
      remove(before.getValue());
    }
    Run after = byStart.get(to);
    if (after != null) {
      to = end(after);
      remove(after);
    }
    add(from, to - from);
  }

  /** Appends free pages. */
  void grow(long more) {
    long start = pages;
    pages += more;
    if (more > 0) {
      free(start, more);
    }
  }

  /** Takes pages away from the end of the range, all of which must be free. */
  void shrink(long less) {
    long from = pages - less;
    take(from, less);
    pages = from;
  }

  /** Free pages at the end of the range. */
  long freeAtEnd() {
    Map.Entry<Long, Run> last = byStart.lastEntry();
    return last == null || end(last.getValue()) < pages ? 0 : last.getValue().pages;
  }

  long pages() {
    return pages;
  }

  long freePages() {
    return freePages;
  }

  long usedPages() {
    return pages - freePages;
  }

  private static long end(Run run) {
    return run.start + run.pages;
  }

  private void add(long start, long count) {
    if (count > 0) {
      Run run = new Run(start, count);
      byStart.put(start, run);
      bySize.add(run);
      freePages += count;
    }
  }

  private void remove(Run run) {
    byStart.remove(run.start);
    bySize.remove(run);
    freePages -= run.pages;
  }
}
