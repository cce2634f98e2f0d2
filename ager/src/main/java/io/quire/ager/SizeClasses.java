package io.quire.ager;

import java.util.Arrays;

/**
 * The free ones among the nodes of {@link Runs}, in a list for each class of sizes, with bitmaps
 * over the lists that are not empty. There are 64 classes for each doubling, and one for each size
 * up to 127 pages. All but {@link #find} and {@link #longest} takes a constant time. Not
 * thread-safe.
 */
final class SizeClasses {
  static final int NONE = -1;

  private static final int COLUMNS_LOG = 6;
  private static final int COLUMNS = 1 << COLUMNS_LOG;

  /** A row for each doubling; one more, so that every class has a next one. */
  private static final int ROWS = Integer.SIZE - COLUMNS_LOG + 1;

  private final int[] heads = new int[ROWS * COLUMNS];
  private final long[] columns = new long[ROWS];
  private long rows;
  private int[] next = new int[0];
  private int[] previous = new int[0];

  SizeClasses() {
    Arrays.fill(heads, NONE);
  }

  /** Makes place for nodes below this one. */
  void resize(int nodes) {
    next = Arrays.copyOf(next, nodes);
    previous = Arrays.copyOf(previous, nodes);
  }

  /** Rises with the size, and is the size itself up to 127. */
  static int classOf(int pages) {
    if (pages < COLUMNS) {
      return pages;
    }
    int doublings = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(pages) - COLUMNS_LOG;
    return (doublings + 1) * COLUMNS + ((pages >>> doublings) & (COLUMNS - 1));
  }

  void add(int node, int pages) {
    int at = classOf(pages);
    int head = heads[at];
    next[node] = head;
    previous[node] = NONE;
    if (head != NONE) {
      previous[head] = node;
    }
    heads[at] = node;
    columns[at / COLUMNS] |= 1L << at;
    rows |= 1L << (at / COLUMNS);
  }

  void remove(int node, int pages) {
    int before = previous[node];
    int behind = next[node];
    if (behind != NONE) {
      previous[behind] = before;
    }
    if (before != NONE) {
      next[before] = behind;
      return;
    }
    int at = classOf(pages);
    heads[at] = behind;
    if (behind == NONE) {
      columns[at / COLUMNS] &= ~(1L << at);
      if (columns[at / COLUMNS] == 0) {
        rows &= ~(1L << (at / COLUMNS));
      }
    }
  }

  /**
   * A node of so many pages or more, or NONE. Of the lowest class in which every run is long
   * enough; if there is none, the first in the class of the size itself that is.
   *
   * @param pages of each node
   */
  int find(int wanted, int[] pages) {
    int own = classOf(wanted);
    boolean allLongEnough = own < 2 * COLUMNS || classOf(wanted - 1) != own;
    int at = firstFrom(allLongEnough ? own : own + 1);
    if (at != NONE) {
      return heads[at];
    }
    int node = heads[own];
    while (node != NONE && pages[node] < wanted) {
      node = next[node];
    }
    return node;
  }

  /** The lowest class that is not empty, from this one on. */
  private int firstFrom(int from) {
    int row = from / COLUMNS;
    long inRow = columns[row] & (-1L << from);
    if (inRow == 0) {
      long above = rows & (-2L << row);
      if (above == 0) {
        return NONE;
      }
      row = Long.numberOfTrailingZeros(above);
      inRow = columns[row];
    }
    return row * COLUMNS + Long.numberOfTrailingZeros(inRow);
  }

  /** Fills the array with nodes, those of the highest classes first; how many there were. */
  int longest(int[] nodes) {
    int found = 0;
    for (int at = below(heads.length); at != NONE; at = below(at)) {
      for (int node = heads[at]; node != NONE; node = next[node]) {
        if (found == nodes.length) {
          return found;
        }
        nodes[found++] = node;
      }
    }
    return found;
  }

  /** The pages of the longest node, or 0; walks the list of one class. */
  int longestPages(int[] pages) {
    int most = 0;
    int at = below(heads.length);
    for (int node = at == NONE ? NONE : heads[at]; node != NONE; node = next[node]) {
      most = Math.max(most, pages[node]);
    }
    return most;
  }

  /** The highest class that is not empty, below this one. */
  private int below(int to) {
    int row = to / COLUMNS;
    long inRow = row < ROWS ? columns[row] & ~(-1L << to) : 0;
    if (inRow == 0) {
      long under = rows & ~(-1L << row);
      if (under == 0) {
        return NONE;
      }
      row = Long.SIZE - 1 - Long.numberOfLeadingZeros(under);
      inRow = columns[row];
    }
    return row * COLUMNS + Long.SIZE - 1 - Long.numberOfLeadingZeros(inRow);
  }

  long bookkeepingBytes() {
    return (heads.length + next.length + previous.length) * (long) Integer.BYTES
        + columns.length * (long) Long.BYTES;
  }

  /**
   * Checks that a node is in the list of its class.
   *
   * @throws IllegalStateException if the lists and bitmaps do not agree, or hold other nodes
   */
  void check(int[] pages, int nodes) {
    int found = 0;
    for (int at = 0; at < heads.length; at++) {
      boolean marked = (columns[at / COLUMNS] >>> at & 1) == 1;
      boolean rowMarked = (rows >>> (at / COLUMNS) & 1) == 1;
      if (marked != (heads[at] != NONE) || rowMarked != (columns[at / COLUMNS] != 0)) {
        throw new IllegalStateException("bitmap and list differ: class=" + at);
      }
      int before = NONE;
      for (int node = heads[at]; node != NONE; node = next[node]) {
        if (classOf(pages[node]) != at || previous[node] != before) {
          throw new IllegalStateException(
              "node in a wrong place: class=%d node=%d".formatted(at, node));
        }
        before = node;
        found++;
      }
    }
    if (found != nodes) {
      throw new IllegalStateException("nodes in lists: found=%d wanted=%d".formatted(found, nodes));
    }
  }
}
