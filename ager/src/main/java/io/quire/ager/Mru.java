package io.quire.ager;

/** Most recently used first, but not the one that is being used: the best there is for a loop. */
final class Mru implements Ghost {
  private final GhostSpace space;
  private final Releases releases;
  private final SlotLists held = new SlotLists(1);
  private long heldPages;

  Mru(GhostSpace space, Releases releases) {
    this.space = space;
    this.releases = releases;
  }

  @Override
  public String name() {
    return "MRU";
  }

  @Override
  public void access(int slot) {
    if (held.contains(slot)) {
      held.moveLast(0, slot);
      return;
    }
    held.addLast(0, slot);
    heldPages += space.pages(slot);
    for (int i = 0; i < RELEASES && heldPages > space.budget(); i++) {
      int victim = held.previous(slot);
      if (victim == SlotLists.NONE) {
        return;
      }
      remove(victim);
      releases.released(victim);
    }
  }

  @Override
  public boolean holds(int slot) {
    return held.contains(slot);
  }

  @Override
  public void remove(int slot) {
    if (held.contains(slot)) {
      held.remove(slot);
      heldPages -= space.pages(slot);
    }
  }
}
