package io.quire.ager;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a declared scan will read and has read, as {@link Declared} wants to know it. Guarded by the
 * lock of {@link Memory}. An extent may be in a scan more than once; so a loop is a list that
 * repeats itself, and a zigzag one that turns.
 */
final class ScanCourse {
  private static final int NONE = SlotIndex.NONE;
  private static final int LOOK_AHEAD = 4096;

  /** No scan is taken to be slower than this part of all reading. */
  private static final double SMALL_PACE = 1e-3;

  private final List<Extent> extents;
  private final int beganAt;
  private final int[] slots;
  private final long[] bytesBefore;
  private final int[] sameAgain;
  private final BitSet done = new BitSet();
  private final SlotIndex next;
  private int front;
  private double read = 1;
  private double readByAll = 1;

  /**
   * Takes some nanoseconds for each extent.
   *
   * @param beganAt the tick at which it begins
   */
  ScanCourse(List<Extent> extents, int beganAt) {
    this.extents = extents;
    this.beganAt = beganAt;
    int count = extents.size();
    slots = new int[count];
    bytesBefore = new long[count];
    sameAgain = new int[count];
    next = new SlotIndex(count);
    long bytes = 0;
    for (int i = 0; i < count; i++) {
      slots[i] = extents.get(i).slot;
      bytesBefore[i] = bytes;
      bytes += extents.get(i).bytes();
    }
    Arrays.fill(sameAgain, NONE);
    for (int i = count - 1; i >= 0; i--) {
      if (slots[i] != Frame.NO_SLOT) {
        sameAgain[i] = next.put(slots[i], i);
      }
    }
  }

  int beganAt() {
    return beganAt;
  }

  /** In the order in which they will be read, about. */
  List<Extent> extents() {
    return extents;
  }

  /** The next that is not in memory, of a number of extents. */
  @Nullable Extent nextAbsent() {
    int end = Math.min(extents.size(), front + LOOK_AHEAD);
    for (int i = front; i < end; i++) {
      Extent extent = extents.get(i);
      if (!done.get(i) && extent.phase() != Frame.Phase.RESIDENT && !extent.dropped()) {
        return extent;
      }
    }
    return null;
  }

  int size() {
    return slots.length;
  }

  int slot(int index) {
    return slots[index];
  }

  /** The scan has read what stands at this index, or passed it over. */
  void consume(int index, long bytes) {
    if (done.get(index)) {
      return;
    }
    done.set(index);
    read += bytes;
    int slot = slots[index];
    if (slot != Frame.NO_SLOT && next.get(slot) == index) {
      int again = sameAgain[index];
      while (again != NONE && done.get(again)) {
        again = sameAgain[again];
      }
      next.put(slot, again);
    }
    front = done.nextClearBit(front);
  }

  /** Some scan has read so many bytes; half of the past counts no more after {@code memory}. */
  void paceOf(long bytes, double memory) {
    double keep = Math.pow(0.5, bytes / memory);
    read *= keep;
    readByAll = readByAll * keep + bytes;
  }

  /** Which part of all that is read by scans this one reads. */
  private double pace() {
    return Math.max(SMALL_PACE, Math.min(1, read / readByAll));
  }

  boolean wants(int slot) {
    return next.get(slot) != NONE;
  }

  /** The slot is another extent's from here on. */
  void forget(int slot) {
    if (wants(slot)) {
      next.put(slot, NONE);
    }
  }

  /** How many bytes the scan reads before it comes to this slot, which it wants. */
  long bytesUntil(int slot) {
    return front >= slots.length
        ? 0
        : Math.max(0, bytesBefore[next.get(slot)] - bytesBefore[front]);
  }

  /** How many bytes all scans together read before this one comes to this slot, about. */
  double until(int slot) {
    return bytesUntil(slot) / pace();
  }
}
