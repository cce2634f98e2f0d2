package io.quire.ager;

/**
 * LIRS: what was used twice within a short time is worth more than what was used once just now.
 *
 * <p>An extent is "low" if its last two uses lay closer together than the last use of the low one
 * that was used longest ago; the low ones fill 99% of the budget, the others go through the rest,
 * first in first out. See S. Jiang and X. Zhang, "LIRS: an efficient low inter-reference recency
 * set replacement policy", SIGMETRICS 2002.
 */
final class Lirs implements Ghost {
  /*
   * The paper keeps a stack of all extents in the order of use, down to the oldest low one, and
   * prunes the others from its bottom; one call may prune very many. What the stack is asked is only
   * whether an extent lies above the oldest low one, and that is whether it was used later. So the
   * time of the last use serves in its place, and nothing is pruned. The time of the oldest low one
   * never goes back, so whoever fell off the stack is not taken for one who is on it.
   *
   * Time counts accesses in 32 bits and is compared by differences. After 2^31 accesses without a
   * use an extent may be taken for a recent one, once.
   */
  private static final int LOW = 0;
  private static final int HIGH = 1;
  private static final int NEVER = 0;

  /** Of the budget, one in so many pages is for those that are not low. */
  private static final int HIGH_SHARE = 100;

  private final GhostSpace space;
  private final Releases releases;
  private final SlotLists held = new SlotLists(2);
  private int[] usedAt = {};
  private byte[] high = {};
  private int now = NEVER;
  private long lowPages;
  private long heldPages;

  Lirs(GhostSpace space, Releases releases) {
    this.space = space;
    this.releases = releases;
  }

  @Override
  public String name() {
    return "LIRS";
  }

  @Override
  public void access(int slot) {
    if (slot >= usedAt.length) {
      usedAt = SlotArrays.grown(usedAt, slot + 1);
      high = SlotArrays.grown(high, usedAt.length);
    }
    int before = now++;
    if (now == NEVER) {
      now++;
    }
    boolean again = usedSinceOldestLow(slot) && usedAt[slot] != before;
    if (!held.contains(slot)) {
      miss(slot, again);
    } else if (high[slot] == LOW) {
      held.moveLast(LOW, slot);
    } else if (again && space.pages(slot) <= lowMax()) {
      becomeLow(slot);
    } else {
      held.moveLast(HIGH, slot);
    }
    usedAt[slot] = now;
  }

  private void miss(int slot, boolean again) {
    int pages = space.pages(slot);
    makeRoom(pages);
    boolean unused = lowPages + pages <= lowMax() && heldPages + pages <= space.budget();
    heldPages += pages;
    held.addLast(HIGH, slot);
    high[slot] = HIGH;
    if (unused || (again && pages <= lowMax())) {
      becomeLow(slot);
    }
  }

  private void makeRoom(int pages) {
    for (int i = 0; i < RELEASES && heldPages + pages > space.budget(); i++) {
      int victim = held.first(HIGH);
      if (victim == SlotLists.NONE) {
        victim = held.first(LOW);
        if (victim == SlotLists.NONE) {
          return;
        }
      }
      release(victim);
      releases.released(victim);
    }
  }

  private void becomeLow(int slot) {
    held.moveLast(LOW, slot);
    high[slot] = LOW;
    lowPages += space.pages(slot);
    for (int i = 0; i < RELEASES && lowPages > lowMax(); i++) {
      int oldest = held.first(LOW);
      held.moveLast(HIGH, oldest);
      high[oldest] = HIGH;
      lowPages -= space.pages(oldest);
    }
  }

  @Override
  public boolean holds(int slot) {
    return held.contains(slot);
  }

  @Override
  public void remove(int slot) {
    if (held.contains(slot)) {
      release(slot);
    }
    if (slot < usedAt.length) {
      usedAt[slot] = NEVER;
    }
  }

  private void release(int slot) {
    held.remove(slot);
    heldPages -= space.pages(slot);
    if (high[slot] == LOW) {
      lowPages -= space.pages(slot);
    }
  }

  private boolean usedSinceOldestLow(int slot) {
    int oldest = held.first(LOW);
    return oldest != SlotLists.NONE && usedAt[slot] != NEVER && usedAt[slot] - usedAt[oldest] > 0;
  }

  private int lowMax() {
    return space.budget() - Math.max(1, space.budget() / HIGH_SHARE);
  }
}
