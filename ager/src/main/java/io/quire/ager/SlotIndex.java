package io.quire.ager;

import java.util.Arrays;

/**
 * A map from slots to small numbers, for as many slots as it was made for: an array where they lie
 * close together, 4 bytes for each, else a hash table of 16 to 32. Not thread-safe.
 */
final class SlotIndex {
  static final int NONE = -1;

  /** Of an array so many may be of no use for each that is. */
  private static final int SPREAD = 4;

  /** Empty if the values stand in an array, from the least slot on. */
  private final int[] slots;

  private final int[] values;
  private final int least;

  /**
   * An empty one.
   *
   * @param capacity how many slots at most
   * @param least no slot is less
   * @param most no slot is greater
   */
  SlotIndex(int capacity, int least, int most) {
    this.least = least;
    boolean close = (long) most - least < (long) SPREAD * capacity;
    int length = Integer.highestOneBit(Math.max(4, capacity)) * 4;
    slots = new int[close ? 0 : length];
    values = new int[close ? most - least + 1 : length];
    Arrays.fill(slots, NONE);
    Arrays.fill(values, NONE);
  }

  /** The value of a slot, or {@link #NONE}. */
  int get(int slot) {
    if (slots.length == 0) {
      int at = slot - least;
      return at >= 0 && at < values.length ? values[at] : NONE;
    }
    return values[find(slot)];
  }

  /** Sets the value; {@link #NONE} stands for no value. Returns the one before. */
  int put(int slot, int value) {
    int at = slot - least;
    if (slots.length > 0) {
      at = find(slot);
      slots[at] = slot;
    }
    int before = values[at];
    values[at] = value;
    return before;
  }

  private int find(int slot) {
    int mask = slots.length - 1;
    int at = (slot * 0x9e3779b9 >>> 7) & mask;
    while (slots[at] != slot && slots[at] != NONE) {
      at = (at + 1) & mask;
    }
    return at;
  }
}
