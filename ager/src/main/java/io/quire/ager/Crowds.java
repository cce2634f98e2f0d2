package io.quire.ager;

import org.jspecify.annotations.Nullable;

/**
 * The {@link Crowd}s there are: a few, since few extents are pinned by several threads all the
 * time. One that is wanted when all are in use is taken from an extent that nobody pins at that
 * moment.
 */
final class Crowds {
  static final int MAX = 64;

  /** A pin meets another one so often in a row before its extent is given a crowd. */
  static final int MEETINGS = 1_000;

  private static final int SUSPECTS = 64;

  private final Memory memory;
  private final @Nullable Crowd[] crowds = new Crowd[MAX];

  /* Which extents pins met on, and how often. Changed without a lock: a meeting that is lost, or
  counted for another one, only moves the moment. */
  private final long[] suspects = new long[SUSPECTS];
  private final int[] meetings = new int[SUSPECTS];

  Crowds(Memory memory) {
    this.memory = memory;
  }

  /**
   * Of the number that is in the state of a frame. It is there before its number is in any state.
   */
  Crowd get(int number) {
    Crowd found = crowds[number - 1];
    if (found == null) {
      throw new IllegalStateException("no such crowd: number=" + number);
    }
    return found;
  }

  /** A pin was counted on an extent that was pinned already. Any thread. */
  void met(Extent extent) {
    int at = (int) (extent.id() & (SUSPECTS - 1));
    if (suspects[at] != extent.id()) {
      suspects[at] = extent.id();
      meetings[at] = 0;
    } else if (++meetings[at] >= MEETINGS) {
      meetings[at] = 0;
      memory.gather(extent);
    }
  }

  /** A crowd without an owner, or null. Under the lock. */
  @Nullable Crowd free() {
    for (int i = 0; i < MAX; i++) {
      Crowd crowd = crowds[i];
      if (crowd == null) {
        crowd = new Crowd(i + 1);
        crowds[i] = crowd;
      }
      Extent owner = crowd.owner();
      if (owner == null) {
        return crowd;
      }
    }
    for (Crowd crowd : crowds) {
      Extent owner = crowd == null ? null : crowd.owner();
      if (owner != null && !owner.dropped() && owner.disband()) {
        memory.idle(owner);
        return crowd;
      }
    }
    return null;
  }
}
