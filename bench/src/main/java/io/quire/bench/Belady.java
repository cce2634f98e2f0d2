package io.quire.bench;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeSet;

/*
 * All extents are of one size here, so keeping what is needed soonest is best, and the bound is exact.
 * What is asked for must be in memory while it is used, as with a pin.
 */
/** How many of a sequence of accesses can be hits at best, and how many are with LRU. */
final class Belady {
  private static final int NEVER = Integer.MAX_VALUE;

  private Belady() {}

  /**
   * The most hits that anybody can have who knows the whole sequence.
   *
   * @param sequence of extents, numbered from 0
   * @param extents how many there are
   * @param capacity how many memory holds
   * @param first those that are in memory at the beginning, as many as it holds at most
   */
  static int hits(int[] sequence, int extents, int capacity, Set<Integer> first) {
    int[] nextAfter = new int[sequence.length];
    int[] next = new int[extents];
    Arrays.fill(next, NEVER);
    for (int i = sequence.length - 1; i >= 0; i--) {
      nextAfter[i] = next[sequence[i]];
      next[sequence[i]] = i;
    }
    TreeSet<Integer> memory =
        new TreeSet<>(
            Comparator.<Integer>comparingInt(extent -> next[extent])
                .thenComparingInt(each -> each));
    memory.addAll(first);
    int hits = 0;
    for (int i = 0; i < sequence.length; i++) {
      int wanted = sequence[i];
      if (memory.remove(wanted)) {
        hits++;
      } else if (memory.size() >= capacity) {
        memory.pollLast();
      }
      next[wanted] = nextAfter[i];
      memory.add(wanted);
    }
    return hits;
  }

  /** The hits of one who evicts what was used longest ago; the set is in the order of use. */
  static int leastRecentlyUsed(int[] sequence, int capacity, LinkedHashSet<Integer> first) {
    LinkedHashSet<Integer> memory = new LinkedHashSet<>(first);
    int hits = 0;
    for (int wanted : sequence) {
      if (memory.remove(wanted)) {
        hits++;
      } else if (memory.size() >= capacity) {
        memory.removeFirst();
      }
      memory.addLast(wanted);
    }
    return hits;
  }
}
