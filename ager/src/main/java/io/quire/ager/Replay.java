package io.quire.ager;

import java.util.BitSet;
import java.util.Map;

/**
 * Which uses would find their extent in memory, if the ager had nothing to go by but the uses: its
 * choice of victims without memory, stores or scans. To measure policies on traces. Not
 * thread-safe.
 */
public final class Replay {
  private final Experts experts;
  private final int budgetPages;
  private final BitSet resident = new BitSet();
  private int[] sizes = {};
  private long residentPages;
  private long evictions;

  /**
   * Begins with nothing in memory.
   *
   * @param budgetPages what extents may take in memory, in whatever unit sizes are given in; 1 at
   *     least
   */
  public Replay(int budgetPages) {
    this.budgetPages = budgetPages;
    experts = new Experts(budgetPages);
  }

  /**
   * Uses an extent, and brings it in if it is not there. One that is larger than the budget is
   * never there.
   *
   * @param slot names the extent; numbers from 0 that lie close together
   * @param pages its size, the same at each use; 1 at least
   * @return whether it was there
   */
  public boolean access(int slot, int pages) {
    experts.access(slot, pages);
    if (resident.get(slot)) {
      return true;
    }
    if (pages <= budgetPages) {
      while (residentPages + pages > budgetPages) {
        evict(experts.victim(each -> true));
      }
      if (slot >= sizes.length) {
        sizes = SlotArrays.grown(sizes, slot + 1);
      }
      sizes[slot] = pages;
      residentPages += pages;
      resident.set(slot);
      experts.resident(slot);
    }
    return false;
  }

  private void evict(int victim) {
    experts.absent(victim);
    resident.clear(victim);
    residentPages -= sizes[victim];
    evictions++;
  }

  /** The policy that is followed now. */
  public String leader() {
    return experts.figures().leader();
  }

  /** How often another policy took over. */
  public long switches() {
    return experts.figures().switches();
  }

  /** How many extents had to go. */
  public long evictions() {
    return evictions;
  }

  /** What each policy alone would have read so far, by name. */
  public Map<String, Long> missedPages() {
    return Map.copyOf(experts.figures().missedPages());
  }

  Experts experts() {
    return experts;
  }
}
