package io.quire.ager;

/** Least recently used first. */
final class Lru implements Ghost {
  private final GhostSpace space;
  private final Releases releases;
  private final SlotLists held = new SlotLists(1);
  private long heldPages;

  Lru(GhostSpace space, Releases releases) {
    this.space = space;
    this.releases = releases;
  }

  @Override
  public String name() {
    return "LRU";
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
      int victim = held.first(0);
      if (victim == slot) {
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
