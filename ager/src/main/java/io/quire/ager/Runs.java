package io.quire.ager;

import java.util.Arrays;

/**
 * Divides a range of pages, of memory or of a file, into runs: each page belongs to one run, and a
 * run is free, or used by an owner, or reserved by a {@link CompactionPlan}. No two free runs are
 * neighbours. Not thread-safe: guarded by the lock of whoever owns it.
 *
 * <p>A run is a node in a few arrays of ints, 28 bytes for each. Its <i>handle</i> is the index of
 * the node. It stays the same while the run is used, also when a plan moves the run, and after the
 * run was freed it means another one, or none. An owner is any number of the caller's, the slot of
 * an extent for one; each run has its own, so that a plan can say whose bytes are to be moved.
 *
 * <p>The nodes are linked in the order of their pages, and the free ones are in {@link
 * SizeClasses}. So to allocate and to free takes the same few steps however many runs there are.
 * One exception: if only runs of the request's own size class may be long enough, their list is
 * walked; that is never so for less than 128 pages.
 *
 * <p>The free run that is taken is at most a 64th longer than the best fit. It is split exactly:
 * short runs are taken from its low end, long ones from its high end, so that long ones come to lie
 * beside long ones.
 */
final class Runs {
  static final int PAGE_BYTES = 4096;
  static final int NONE = -1;

  // What stands in `owner` of a run that nobody uses; that of a claimed run is below all of them.
  private static final int FREE = -1;
  private static final int RESERVED = -2;
  private static final int SPARE = -3;
  private static final int CLAIMED = Integer.MIN_VALUE;

  private static final int OWNER_MAX = Integer.MAX_VALUE - 8;
  private static final int ARRAYS = 5;

  private final SizeClasses sizes = new SizeClasses();
  private final int longPages;
  private int[] start = new int[0];
  private int[] count = new int[0];
  private int[] before = new int[0];
  private int[] after = new int[0];
  private int[] owner = new int[0];
  private int spare = NONE;
  private int first = NONE;
  private int last = NONE;
  private int pages;
  private int freePages;
  private int reservedPages;
  private int freeRuns;
  private int runs;
  private int changes;

  /** One free run, or none if there are no pages yet. */
  Runs(int pages) {
    this(pages, Integer.MAX_VALUE);
  }

  /**
   * As {@link #Runs(int)}.
   *
   * @param longPages so many pages has a run at least that is taken from the high end
   */
  Runs(int pages, int longPages) {
    this.longPages = longPages;
    grow(pages);
  }

  /** How many pages so many bytes take, at most 2^31 - 1. */
  static int pagesOf(long bytes) {
    return Math.toIntExact((bytes + PAGE_BYTES - 1) / PAGE_BYTES);
  }

  // ---- allocate and free

  /**
   * Takes a run; fails only if no free one is long enough.
   *
   * @param owner at least 0
   * @return the handle, or {@link #NONE}
   */
  int allocate(int wanted, int owner) {
    if (owner < 0 || owner > OWNER_MAX) {
      throw new IllegalArgumentException("no such owner: owner=" + owner);
    }
    return take(wanted, owner);
  }

  /** As {@link #allocate}, for a plan. */
  int reserve(int wanted) {
    return take(wanted, RESERVED);
  }

  private int take(int wanted, int whose) {
    if (wanted < 1) {
      throw new IllegalArgumentException("a run has at least one page: pages=" + wanted);
    }
    int fit = sizes.find(wanted, count);
    if (fit == NONE) {
      return NONE;
    }
    unlist(fit);
    int taken = fit;
    int rest = count[fit] - wanted;
    if (rest > 0 && wanted < longPages) {
      list(cut(fit, wanted));
    } else if (rest > 0) {
      taken = cut(fit, rest);
      list(fit);
    }
    mark(taken, whose);
    return taken;
  }

  /**
   * Gives the pages of a used run back. If a plan was about to move it, the plan gets the pages.
   *
   * @throws IllegalStateException if nobody uses it
   */
  void free(int handle) {
    checkUsed(handle);
    if (isClaimed(handle)) {
      mark(handle, RESERVED);
    } else {
      release(handle);
    }
  }

  /** Appends free pages. */
  void grow(int more) {
    if (more < 0 || pages > Integer.MAX_VALUE - more) {
      throw new IllegalArgumentException(
          "cannot grow by that: pages=%d more=%d".formatted(pages, more));
    }
    if (more > 0) {
      int node = node(pages, more);
      link(last, node);
      link(node, NONE);
      pages += more;
      release(node);
    }
  }

  // ---- a run

  /** The first page. */
  int start(int handle) {
    check(handle);
    return start[handle];
  }

  int pages(int handle) {
    check(handle);
    return count[handle];
  }

  /** The page behind the last one. */
  int end(int handle) {
    check(handle);
    return start[handle] + count[handle];
  }

  /** Who uses it, or {@link #NONE}. */
  int owner(int handle) {
    check(handle);
    int whose = owner[handle];
    return isUsed(handle) ? whose & ~CLAIMED : NONE;
  }

  boolean isFree(int handle) {
    check(handle);
    return owner[handle] == FREE;
  }

  /** Whether somebody uses it, and no plan is about to move it. */
  boolean isSettled(int handle) {
    check(handle);
    return owner[handle] >= 0;
  }

  /** Whether somebody uses it, and a plan is about to move it. */
  boolean isClaimed(int handle) {
    check(handle);
    return owner[handle] < SPARE;
  }

  /** Whether a plan holds it, and nobody has bytes there. */
  boolean isReserved(int handle) {
    check(handle);
    return owner[handle] == RESERVED;
  }

  /** The run with the first page, or {@link #NONE} if there are no pages. */
  int first() {
    return first;
  }

  /** The run behind it, or {@link #NONE}. */
  int next(int handle) {
    check(handle);
    return after[handle];
  }

  /** The run before it, or {@link #NONE}. */
  int previous(int handle) {
    check(handle);
    return before[handle];
  }

  /** Whether there is a run of that handle now. */
  boolean exists(int handle) {
    return handle >= 0 && handle < owner.length && owner[handle] != SPARE;
  }

  // ---- all of them

  int pages() {
    return pages;
  }

  int freePages() {
    return freePages;
  }

  /** Pages that plans hold. */
  int reservedPages() {
    return reservedPages;
  }

  /** Pages that owners use. */
  int usedPages() {
    return pages - freePages - reservedPages;
  }

  /** How many runs there are, of every kind. */
  int size() {
    return runs;
  }

  /** Another number whenever a run was taken, freed, moved, or held by a plan. */
  int changes() {
    return changes;
  }

  /** Free pages at the end of the range. */
  int freeAtEnd() {
    return last != NONE && isFree(last) ? count[last] : 0;
  }

  /** Pages of the longest free run; walks the list of one size class. */
  int longestFree() {
    return sizes.longestPages(count);
  }

  /** Fills the array with free runs, those of the longest size classes first; how many. */
  int longFreeRuns(int[] handles) {
    return sizes.longest(handles);
  }

  /** Bytes of the heap that this takes, but for the headers of a dozen objects. */
  long bookkeepingBytes() {
    return (long) start.length * ARRAYS * Integer.BYTES + sizes.bookkeepingBytes();
  }

  // ---- for plans

  /** A free run becomes reserved, a settled one claimed. */
  void hold(int handle) {
    if (isFree(handle)) {
      unlist(handle);
      mark(handle, RESERVED);
    } else if (isSettled(handle)) {
      owner[handle] |= CLAIMED;
      changes++;
    } else {
      throw new IllegalStateException("a plan holds the run already: handle=" + handle);
    }
  }

  /** A reserved run becomes free, and may end as a part of another; a claimed one is settled. */
  void letGo(int handle) {
    if (isReserved(handle)) {
      release(handle);
    } else if (isClaimed(handle)) {
      owner[handle] &= ~CLAIMED;
      changes++;
    } else {
      throw new IllegalStateException("no plan holds the run: handle=" + handle);
    }
  }

  /** A claimed run takes the place of a reserved one of as many pages and is settled there. */
  void exchange(int claimed, int reserved) {
    checkMove(claimed, reserved);
    if (count[claimed] != count[reserved]) {
      throw new IllegalStateException(
          "runs differ in length: handles=%d,%d".formatted(claimed, reserved));
    }
    int low = start[claimed] < start[reserved] ? claimed : reserved;
    int high = low == claimed ? reserved : claimed;
    int page = start[low];
    start[low] = start[high];
    start[high] = page;
    int beforeLow = before[low];
    int afterLow = after[low];
    int beforeHigh = before[high];
    int afterHigh = after[high];
    link(beforeLow, high);
    if (afterLow == high) {
      link(high, low);
    } else {
      link(high, afterLow);
      link(beforeHigh, low);
    }
    link(low, afterHigh);
    owner[claimed] &= ~CLAIMED;
  }

  /** A claimed run moves to the start of the reserved one before it, and is settled there. */
  void slide(int claimed) {
    int gap = previous(claimed);
    checkMove(claimed, gap);
    int behind = after[claimed];
    link(before[gap], claimed);
    link(claimed, gap);
    link(gap, behind);
    start[claimed] = start[gap];
    start[gap] = end(claimed);
    owner[claimed] &= ~CLAIMED;
  }

  /** A reserved run takes in the reserved one behind it, which ends. */
  void mergeNext(int reserved) {
    if (!isReserved(reserved) || !isReserved(after[reserved])) {
      throw new IllegalStateException("runs are not both reserved: handle=" + reserved);
    }
    swallowNext(reserved);
  }

  /** A reserved run becomes a used one of so many pages; what is left at its end becomes free. */
  void give(int reserved, int wanted, int owner) {
    if (!isReserved(reserved) || wanted < 1 || wanted > count[reserved]) {
      throw new IllegalStateException(
          "not so much is reserved: handle=%d pages=%d".formatted(reserved, wanted));
    }
    if (wanted < count[reserved]) {
      int rest = cut(reserved, wanted);
      this.owner[rest] = RESERVED;
      release(rest);
    }
    mark(reserved, owner);
  }

  private void checkMove(int claimed, int reserved) {
    if (!isClaimed(claimed) || !isReserved(reserved)) {
      throw new IllegalStateException(
          "runs are not held for a move: handles=%d,%d".formatted(claimed, reserved));
    }
  }

  // ---- nodes

  private boolean isUsed(int node) {
    return owner[node] >= 0 || owner[node] < SPARE;
  }

  private void check(int handle) {
    if (!exists(handle)) {
      throw new IllegalStateException("no such run: handle=" + handle);
    }
  }

  private void checkUsed(int handle) {
    check(handle);
    if (!isUsed(handle)) {
      throw new IllegalStateException("run is not in use: handle=" + handle);
    }
  }

  /** A run that is in no list becomes used or reserved. */
  private void mark(int node, int whose) {
    changes++;
    if (owner[node] == RESERVED) {
      reservedPages -= count[node];
    }
    if (whose == RESERVED) {
      reservedPages += count[node];
    }
    owner[node] = whose;
  }

  /** A run that is in no list becomes free, as one with its free neighbours. */
  private void release(int node) {
    mark(node, FREE);
    int free = node;
    int low = before[node];
    if (low != NONE && owner[low] == FREE) {
      unlist(low);
      swallowNext(low);
      free = low;
    }
    int high = after[free];
    if (high != NONE && owner[high] == FREE) {
      unlist(high);
      swallowNext(free);
    }
    list(free);
  }

  private void list(int node) {
    owner[node] = FREE;
    sizes.add(node, count[node]);
    freePages += count[node];
    freeRuns++;
  }

  private void unlist(int node) {
    sizes.remove(node, count[node]);
    freePages -= count[node];
    freeRuns--;
  }

  /** Shortens a run; what is cut off is a new one behind it, in no list. */
  private int cut(int node, int keep) {
    int rest = node(start[node] + keep, count[node] - keep);
    count[node] = keep;
    link(rest, after[node]);
    link(node, rest);
    return rest;
  }

  private void swallowNext(int node) {
    int next = after[node];
    count[node] += count[next];
    link(node, after[next]);
    owner[next] = SPARE;
    after[next] = spare;
    spare = next;
    runs--;
  }

  private void link(int low, int high) {
    changes++;
    if (low == NONE) {
      first = high;
    } else {
      after[low] = high;
    }
    if (high == NONE) {
      last = low;
    } else {
      before[high] = low;
    }
  }

  private int node(int from, int many) {
    if (spare == NONE) {
      moreNodes();
    }
    int node = spare;
    spare = after[node];
    start[node] = from;
    count[node] = many;
    owner[node] = FREE;
    runs++;
    return node;
  }

  private void moreNodes() {
    int had = start.length;
    int now = SlotArrays.length(had, had + 1);
    start = Arrays.copyOf(start, now);
    count = Arrays.copyOf(count, now);
    before = Arrays.copyOf(before, now);
    after = Arrays.copyOf(after, now);
    owner = Arrays.copyOf(owner, now);
    sizes.resize(now);
    for (int node = now - 1; node >= had; node--) {
      owner[node] = SPARE;
      after[node] = spare;
      spare = node;
    }
  }

  /**
   * Walks over everything.
   *
   * @throws IllegalStateException if something does not agree with the rest
   */
  void check() {
    int page = 0;
    int free = 0;
    int found = 0;
    int low = NONE;
    for (int at = first; at != NONE; at = after[at]) {
      boolean twoFree = low != NONE && owner[at] == FREE && owner[low] == FREE;
      if (start[at] != page || count[at] < 1 || before[at] != low || twoFree || !exists(at)) {
        throw new IllegalStateException(
            "run does not fit to the one before: handle=%d start=%d page=%d pages=%d"
                .formatted(at, start[at], page, count[at]));
      }
      page += count[at];
      free += owner[at] == FREE ? count[at] : 0;
      found++;
      low = at;
    }
    if (page != pages || free != freePages || found != runs || low != last) {
      throw new IllegalStateException(
          "sums differ: pages=%d,%d freePages=%d,%d runs=%d,%d"
              .formatted(page, pages, free, freePages, found, runs));
    }
    sizes.check(count, freeRuns);
  }
}
