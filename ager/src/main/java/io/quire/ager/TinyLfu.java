package io.quire.ager;

/**
 * W-TinyLFU: what enters a full cache must have been used more often of late than what it drives
 * out.
 *
 * <p>New extents go through a window of a tenth of the budget, least recently used first. Whoever
 * leaves it is compared with the one that was not used for longest on probation. A hit on probation
 * protects; up to four fifths are protected. See G. Einziger, R. Friedman and B. Manes, "TinyLFU: a
 * highly efficient cache admission policy", ACM Transactions on Storage 2017. Counts are exact
 * here, as there is one for each slot.
 */
final class TinyLfu implements Ghost {
  private static final int WINDOW = 0;
  private static final int PROBATION = 1;
  private static final int PROTECTED = 2;

  /** The paper has 100, which is as good on loops, and worse where use comes in bursts. */
  private static final int WINDOW_SHARE = 10;

  private static final int[] VICTIMS = {PROBATION, PROTECTED, WINDOW};

  private final GhostSpace space;
  private final Releases releases;
  private final SlotLists held = new SlotLists(3);
  private final Frequencies frequencies = new Frequencies();
  private byte[] part = {};
  private final long[] partPages = new long[3];
  private int count;

  TinyLfu(GhostSpace space, Releases releases) {
    this.space = space;
    this.releases = releases;
  }

  @Override
  public String name() {
    return "W-TinyLFU";
  }

  @Override
  public void access(int slot) {
    if (slot >= part.length) {
      part = SlotArrays.grown(part, slot + 1);
    }
    frequencies.increment(slot, count);
    if (!held.contains(slot)) {
      held.addLast(WINDOW, slot);
      part[slot] = WINDOW;
      partPages[WINDOW] += space.pages(slot);
      count++;
      leaveWindow();
    } else if (part[slot] == PROBATION && space.pages(slot) <= protectedMax()) {
      move(slot, PROTECTED);
      for (int i = 0; i < RELEASES && partPages[PROTECTED] > protectedMax(); i++) {
        move(held.first(PROTECTED), PROBATION);
      }
    } else {
      held.moveLast(part[slot], slot);
    }
  }

  private void leaveWindow() {
    int left = RELEASES;
    while (left > 0 && partPages[WINDOW] > windowMax()) {
      int candidate = held.first(WINDOW);
      move(candidate, PROBATION);
      left = compete(candidate, left - 1);
    }
    while (left-- > 0 && heldPages() > space.budget() && count > 1) {
      release(victim(SlotLists.NONE));
    }
  }

  private int compete(int candidate, int releasesLeft) {
    int left = releasesLeft;
    while (left-- > 0 && heldPages() > space.budget() && count > 1) {
      int victim = victim(candidate);
      if (frequencies.of(candidate) <= frequencies.of(victim)) {
        release(candidate);
        break;
      }
      release(victim);
    }
    return left;
  }

  /** Who goes next, but not this one. There must be another. */
  private int victim(int candidate) {
    for (int each : VICTIMS) {
      int first = held.first(each);
      if (first != SlotLists.NONE && first != candidate) {
        return first;
      }
    }
    return candidate;
  }

  private void release(int slot) {
    unlink(slot);
    releases.released(slot);
  }

  private void unlink(int slot) {
    held.remove(slot);
    partPages[part[slot]] -= space.pages(slot);
    count--;
  }

  private void move(int slot, int to) {
    partPages[part[slot]] -= space.pages(slot);
    partPages[to] += space.pages(slot);
    part[slot] = (byte) to;
    held.moveLast(to, slot);
  }

  @Override
  public boolean holds(int slot) {
    return held.contains(slot);
  }

  @Override
  public void remove(int slot) {
    if (held.contains(slot)) {
      unlink(slot);
    }
    frequencies.remove(slot);
  }

  private long heldPages() {
    return partPages[WINDOW] + partPages[PROBATION] + partPages[PROTECTED];
  }

  private int windowMax() {
    return Math.max(1, space.budget() / WINDOW_SHARE);
  }

  private int protectedMax() {
    return (int) ((space.budget() - windowMax()) * 4L / 5);
  }
}
