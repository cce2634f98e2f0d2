package io.quire.bench;

import java.util.Arrays;

/*
 * With equal sizes, evicting whoever is used last again is the best that can be. With sizes that
 * differ the best is hard to find, but not a bound for it: let each extent be cut into pages that come
 * and go by themselves, though all are used at once. Whatever keeps whole extents is also a way to keep
 * pages, and hits the same bytes; and for pages, which are all of one size, Belady's choice is the best
 * again. All pages of an extent have the same next use, so it is enough to count how many are held.
 */
/** What nobody can surpass, in bytes, even if he knows what comes. */
record BytesBound() implements CacheReplay {
  @Override
  public String name() {
    return "Belady's bound";
  }

  @Override
  public boolean weighs() {
    return true;
  }

  @Override
  public long hits(Trace trace, int memory) {
    long[] next = nextUses(trace);
    int[] held = new int[trace.extents()];
    long[] nextOf = new long[trace.extents()];
    Heap farthest = new Heap();
    long used = 0;
    long hits = 0;
    for (int i = 0; i < trace.length(); i++) {
      int extent = trace.use(i);
      int size = trace.size(extent);
      if (size > memory) {
        continue;
      }
      hits += held[extent];
      used += size - held[extent];
      held[extent] = size;
      nextOf[extent] = next[i];
      while (used > memory) {
        long top = farthest.top();
        int victim = (int) (top & Integer.MAX_VALUE);
        if (victim == extent || nextOf[victim] != top >>> 31 || held[victim] == 0) {
          farthest.removeTop();
          continue;
        }
        int taken = (int) Math.min(used - memory, held[victim]);
        held[victim] -= taken;
        used -= taken;
      }
      farthest.add(next[i] << 31 | extent);
    }
    return hits;
  }

  /** By use: when the same extent is used again; behind the end if it is not. */
  private static long[] nextUses(Trace trace) {
    long[] next = new long[trace.length()];
    int[] later = new int[trace.extents()];
    Arrays.fill(later, trace.length());
    for (int i = trace.length() - 1; i >= 0; i--) {
      next[i] = later[trace.use(i)];
      later[trace.use(i)] = i;
    }
    return next;
  }

  /** The largest in front. */
  private static final class Heap {
    private long[] items = new long[1024];
    private int size;

    long top() {
      return items[0];
    }

    void add(long item) {
      items = size == items.length ? Arrays.copyOf(items, 2 * size) : items;
      int at = size++;
      while (at > 0 && items[(at - 1) / 2] < item) {
        items[at] = items[(at - 1) / 2];
        at = (at - 1) / 2;
      }
      items[at] = item;
    }

    void removeTop() {
      long item = items[--size];
      int at = 0;
      for (int child = 1; child < size; child = 2 * at + 1) {
        child += child + 1 < size && items[child + 1] > items[child] ? 1 : 0;
        if (items[child] <= item) {
          break;
        }
        items[at] = items[child];
        at = child;
      }
      items[at] = item;
    }
  }
}
