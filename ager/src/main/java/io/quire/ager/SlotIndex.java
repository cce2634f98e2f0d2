package io.quire.ager;

import java.util.Arrays;

/** A map from slots to small numbers, for as many slots as it was made for. Not thread-safe. */
final class SlotIndex {
  static final int NONE = -1;

  private final int[] slots;
  private final int[] values;
  private final int mask;

  SlotIndex(int capacity) {
    int length = Integer.highestOneBit(Math.max(4, capacity)) * 4;
    slots = new int[length];
    values = new int[length];
    mask = length - 1;
    Arrays.fill(slots, NONE);
  }

  /** The value of a slot, or {@link #NONE}. */
  int get(int slot) {
    int at = find(slot);
    return slots[at] == slot ? values[at] : NONE;
  }

  /** Sets the value; {@link #NONE} stands for no value. Returns the one before. */
  int put(int slot, int value) {
    int at = find(slot);
    int before = slots[at] == slot ? values[at] : NONE;
    slots[at] = slot;
    values[at] = value;
    return before;
  }

  private int find(int slot) {
    int at = (slot * 0x9e3779b9 >>> 7) & mask;
    while (slots[at] != slot && slots[at] != NONE) {
      at = (at + 1) & mask;
    }
    return at;
  }
}
