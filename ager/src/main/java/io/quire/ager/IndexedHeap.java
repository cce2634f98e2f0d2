package io.quire.ager;

import java.util.Arrays;

/** Slots with keys, the largest in front; a key may change. Not thread-safe. */
final class IndexedHeap {
  private static final int NONE = -1;

  private int[] slots = {};
  private double[] keys = {};

  /** Where a slot stands, or NONE. */
  private int[] at = {};

  private int size;

  int size() {
    return size;
  }

  boolean contains(int slot) {
    return slot < at.length && at[slot] != NONE;
  }

  /** The slot with the largest key; there must be one. */
  int first() {
    return slots[0];
  }

  double firstKey() {
    return keys[0];
  }

  /** The slot at a place from 0 to {@link #size}. */
  int slotAt(int place) {
    return slots[place];
  }

  /** Adds a slot, or changes its key. */
  void put(int slot, double key) {
    if (slot >= at.length) {
      int had = at.length;
      at = SlotArrays.grown(at, slot + 1);
      Arrays.fill(at, had, at.length, NONE);
    }
    int place = at[slot];
    if (place == NONE) {
      if (size == slots.length) {
        slots = SlotArrays.grown(slots, size + 1);
        keys = SlotArrays.grown(keys, size + 1);
      }
      place = size++;
    }
    set(place, slot, key);
    down(up(place));
  }

  /** Does nothing if it is not there. */
  void remove(int slot) {
    if (!contains(slot)) {
      return;
    }
    int place = at[slot];
    at[slot] = NONE;
    size--;
    if (place < size) {
      set(place, slots[size], keys[size]);
      down(up(place));
    }
  }

  private int up(int from) {
    int place = from;
    int slot = slots[place];
    double key = keys[place];
    while (place > 0 && keys[(place - 1) / 2] < key) {
      int parent = (place - 1) / 2;
      set(place, slots[parent], keys[parent]);
      place = parent;
    }
    set(place, slot, key);
    return place;
  }

  private void down(int from) {
    int place = from;
    int slot = slots[place];
    double key = keys[place];
    while (2 * place + 1 < size) {
      int child = 2 * place + 1;
      if (child + 1 < size && keys[child + 1] > keys[child]) {
        child++;
      }
      if (keys[child] <= key) {
        break;
      }
      set(place, slots[child], keys[child]);
      place = child;
    }
    set(place, slot, key);
  }

  private void set(int place, int slot, double key) {
    slots[place] = slot;
    keys[place] = key;
    at[slot] = place;
  }
}
