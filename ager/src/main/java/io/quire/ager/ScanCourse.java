package io.quire.ager;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a declared scan will read and has read, as {@link Declared} wants to know it. Guarded by the
 * lock of {@link Memory}. An extent may be in a scan more than once; so a loop is a list that
 * repeats itself, and a zigzag one that turns. 13 bytes for each extent whose neighbours in the
 * table are in the scan too, up to 45 for others.
 */
final class ScanCourse {
  private static final int NONE = SlotIndex.NONE;
  private static final int LOOK_AHEAD = 4096;

  /** No scan is taken to be slower than this part of all reading. */
  private static final double SMALL_PACE = 1e-3;

  private final List<Extent> extents;
  private final int beganAt;

  /** How much comes before each, in units of so many bytes that the sum fits. */
  private final int[] before;

  private final int unitShift;

  /** Where the same extent comes again; empty if none does. */
  private int[] sameAgain = {};

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
    int least = Integer.MAX_VALUE;
    int most = 0;
    long bytes = 0;
    for (Extent extent : extents) {
      bytes += extent.bytes();
      if (extent.slot != Frame.NO_SLOT) {
        least = Math.min(least, extent.slot);
        most = Math.max(most, extent.slot);
      }
    }
    unitShift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(bytes) - (Integer.SIZE - 1));
    before = new int[extents.size()];
    next = new SlotIndex(before.length, Math.min(least, most), most);
    for (int i = before.length - 1; i >= 0; i--) {
      Extent extent = extents.get(i);
      bytes -= extent.bytes();
      before[i] = (int) (bytes >> unitShift);
      if (extent.slot != Frame.NO_SLOT) {
        againAt(i, next.put(extent.slot, i));
      }
    }
  }

  private void againAt(int index, int again) {
    if (again != NONE && sameAgain.length == 0) {
      sameAgain = new int[before.length];
      Arrays.fill(sameAgain, NONE);
    }
    if (again != NONE) {
      sameAgain[index] = again;
    }
  }

  private int again(int index) {
    return sameAgain.length == 0 ? NONE : sameAgain[index];
  }

  /** Opened beside others; it is taken to have read as much as they have lately. */
  void begin(int scans, double lately) {
    read = lately / scans;
    readByAll = lately;
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
    return before.length;
  }

  /** Of the extent at an index; {@link Frame#NO_SLOT} if it was dropped. */
  int slot(int index) {
    return extents.get(index).slot;
  }

  /** The scan has read what stands at this index, or passed it over. */
  void consume(int index, long bytes) {
    if (done.get(index)) {
      return;
    }
    done.set(index);
    read += bytes;
    int slot = slot(index);
    if (slot != Frame.NO_SLOT && next.get(slot) == index) {
      int again = again(index);
      while (again != NONE && done.get(again)) {
        again = again(again);
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
  double pace() {
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
    return front >= before.length
        ? 0
        : Math.max(0, (long) before[next.get(slot)] - before[front]) << unitShift;
  }

  /** How many bytes all scans together read before this one comes to this slot, about. */
  double until(int slot) {
    return bytesUntil(slot) / pace();
  }
}
