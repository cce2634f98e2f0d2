package io.quire.ager;

import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All extents and drafts by their slots: small numbers that are used again, so that what is kept of
 * each can stand in arrays. Guarded by the lock of {@link Memory}.
 */
final class Table {
  private @Nullable Extent[] extents = {};
  private int[] free = {};
  private int freeCount;
  private int top;
  private int size;

  /** Gives it a slot. */
  void add(Extent extent) {
    if (freeCount > 0) {
      extent.slot = free[--freeCount];
    } else {
      if (top == extents.length) {
        extents = Arrays.copyOf(extents, SlotArrays.length(top, top + 1));
      }
      extent.slot = top++;
    }
    extents[extent.slot] = extent;
    size++;
  }

  /** Takes its slot away, which may be another's from here on. */
  void remove(Extent extent) {
    if (freeCount == free.length) {
      free = SlotArrays.grown(free, freeCount + 1);
    }
    extents[extent.slot] = null;
    free[freeCount++] = extent.slot;
    extent.slot = Frame.NO_SLOT;
    size--;
  }

  /** The extent of a slot that is in use. */
  Extent get(int slot) {
    Extent found = extents[slot];
    if (found == null) {
      throw new IllegalStateException("no such slot: slot=" + slot);
    }
    return found;
  }

  /** The extent of a slot below {@link #top}, if it is in use. */
  @Nullable Extent find(int slot) {
    return extents[slot];
  }

  /** Above all slots that are in use. */
  int top() {
    return top;
  }

  int size() {
    return size;
  }

  void forEach(Consumer<Extent> action) {
    for (int slot = 0; slot < top; slot++) {
      Extent extent = extents[slot];
      if (extent != null) {
        action.accept(extent);
      }
    }
  }
}
