package io.quire.ager;

import java.util.Arrays;

/**
 * Slots with keys, the largest in front; a key may change. Not thread-safe.
 *
 * <p>Some heaps may share what says where a slot stands, if no slot is in two of them. Then a slot
 * must be removed from, and put into, that which it is in.
 */
final class IndexedHeap {
  private static final int NONE = -1;

  /** Where slots stand in their heaps, or NONE: 4 bytes for each slot. */
  static final class Places {
    private int[] at = {};

    boolean contains(int slot) {
      return slot < at.length && at[slot] != NONE;
    }
  }

  private int[] slots = {};
  private double[] keys = {};

  private final Places places;
  private int size;

  IndexedHeap() {
    this(new Places());
  }

  IndexedHeap(Places places) {
    this.places = places;
  }

  int size() {
    return size;
  }

  boolean contains(int slot) {
    return places.contains(slot);
  }

  /** The key of a slot that is there. */
  double key(int slot) {
    return keys[places.at[slot]];
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
    if (slot >= places.at.length) {
      int had = places.at.length;
      places.at = SlotArrays.grown(places.at, slot + 1);
      Arrays.fill(places.at, had, places.at.length, NONE);
    }
    int place = places.at[slot];
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
    int place = places.at[slot];
    places.at[slot] = NONE;
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
    places.at[slot] = place;
  }
}
