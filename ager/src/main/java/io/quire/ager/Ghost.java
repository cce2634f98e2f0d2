package io.quire.ager;

/**
 * What one replacement policy would hold of all extents, if it had the memory to itself. It holds
 * no bytes. Each access brings in what is absent; then, while more is held than the budget, the
 * policy lets go of what it likes least. An extent may be let go at once if the policy would not
 * have it. One that is larger than the budget is held alone.
 *
 * <p>One access lets go of {@value #RELEASES} extents at most, so that a very large one, or a
 * smaller budget, does not stall the call: the rest follows with the next accesses, and meanwhile
 * more is held than the budget.
 */
sealed interface Ghost permits Lru, Mru, Lirs, TinyLfu {
  int RELEASES = 256;

  /** Is told which slots are let go. */
  interface Releases {
    void released(int slot);
  }

  String name();

  /** An extent is used; its size is known to the {@link GhostSpace}. */
  void access(int slot);

  boolean holds(int slot);

  /** Forgets all about a slot, which may then be used for another extent. Not told as released. */
  void remove(int slot);
}
