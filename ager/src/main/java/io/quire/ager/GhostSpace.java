package io.quire.ager;

/** What all ghosts share: the budget, and how large each extent is. 4 bytes for each slot. */
final class GhostSpace {
  private int budgetPages;
  private int[] pages = {};

  GhostSpace(int budgetPages) {
    budget(budgetPages);
  }

  int budget() {
    return budgetPages;
  }

  void budget(int newPages) {
    if (newPages < 1) {
      throw new IllegalArgumentException("budget out of range: pages=" + newPages + " allowed=1..");
    }
    budgetPages = newPages;
  }

  int pages(int slot) {
    return pages[slot];
  }

  /** Whether its size was told. */
  boolean knows(int slot) {
    return slot < pages.length && pages[slot] != 0;
  }

  void forget(int slot) {
    if (slot < pages.length) {
      pages[slot] = 0;
    }
  }

  void pages(int slot, int count) {
    if (slot >= pages.length) {
      pages = SlotArrays.grown(pages, slot + 1);
    }
    pages[slot] = count;
  }
}
