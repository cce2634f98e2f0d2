package io.quire.columns;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Numbers bytes: equal ones have the same number, from 0 on. Nothing is made for known ones. */
final class Interned {
  private static final int BYTES_MAX = 0xffff;

  private byte[][] all = new byte[16][];
  private MemorySegment[] segments = new MemorySegment[16];
  private int[] slots = new int[64];
  private int size;

  int number(MemorySegment from, long start, long end) {
    int slot = slot(from, start, end);
    if (slots[slot] > 0) {
      return slots[slot] - 1;
    }
    if (end - start > BYTES_MAX) {
      throw new IllegalArgumentException(
          "too long to group by: bytes=" + (end - start) + " max=" + BYTES_MAX);
    }
    if (size == all.length) {
      all = Arrays.copyOf(all, size * 2);
      segments = Arrays.copyOf(segments, size * 2);
      slots = new int[size * 8];
      for (int i = 0; i < size; i++) {
        slots[slot(segments[i], 0, all[i].length)] = i + 1;
      }
      slot = slot(from, start, end);
    }
    all[size] = from.asSlice(start, end - start).toArray(Memory.BYTE);
    segments[size] = MemorySegment.ofArray(all[size]);
    slots[slot] = ++size;
    return size - 1;
  }

  byte[] bytes(long number) {
    return all[(int) number];
  }

  private int slot(MemorySegment from, long start, long end) {
    int mask = slots.length - 1;
    int slot = (int) hash(from, start, end) & mask;
    while (slots[slot] > 0) {
      int known = slots[slot] - 1;
      if (all[known].length == end - start
          && MemorySegment.mismatch(from, start, end, segments[known], 0, end - start) < 0) {
        break;
      }
      slot = slot + 1 & mask;
    }
    return slot;
  }

  private static long hash(MemorySegment from, long start, long end) {
    long hash = end - start;
    long at = start;
    for (; at + 8 <= end; at += 8) {
      hash = mix(hash ^ from.get(Memory.LONG, at));
    }
    long rest = 0;
    for (; at < end; at++) {
      rest = rest << 8 | from.get(Memory.BYTE, at) & 0xff;
    }
    return mix(hash ^ rest);
  }

  static long mix(long bits) {
    long mixed = bits * 0x9e37_79b9_7f4a_7c15L;
    return mixed ^ mixed >>> 32;
  }
}
