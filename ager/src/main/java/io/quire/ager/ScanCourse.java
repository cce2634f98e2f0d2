package io.quire.ager;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a declared scan will read and has read, as the eviction order wants to know it. Guarded by
 * the lock of {@link Memory}. An extent may be in a scan more than once.
 */
final class ScanCourse {
  private static final int NONE = -1;

  private final long beganAt;
  private final boolean residentFirst;
  private final long[] bytesBefore;
  private final int[] sameAgain;
  private final boolean[] done;
  private final Map<Frame, Integer> next = new HashMap<>();
  private final Map<Frame, Integer> consumed = new HashMap<>();
  private int front;
  private long steps;

  ScanCourse(List<Extent> extents, boolean residentFirst, long beganAt) {
    this.residentFirst = residentFirst;
    this.beganAt = beganAt;
    int count = extents.size();
    bytesBefore = new long[count];
    sameAgain = new int[count];
    done = new boolean[count];
    long bytes = 0;
    for (int i = 0; i < count; i++) {
      bytesBefore[i] = bytes;
      bytes += extents.get(i).bytes();
    }
    Arrays.fill(sameAgain, NONE);
    for (int i = count - 1; i >= 0; i--) {
      Integer later = next.put(extents.get(i).frame(), i);
      sameAgain[i] = later == null ? NONE : later;
    }
  }

  /** The tick at which the scan was opened. */
  long beganAt() {
    return beganAt;
  }

  long steps() {
    return steps;
  }

  /** The scan has read its extent at this index. */
  void consume(int index, Frame frame) {
    done[index] = true;
    steps++;
    consumed.put(frame, (int) Math.min(steps, Integer.MAX_VALUE));
    int again = sameAgain[index];
    while (again != NONE && done[again]) {
      again = sameAgain[again];
    }
    if (again == NONE) {
      next.remove(frame);
    } else {
      next.put(frame, again);
    }
    while (front < done.length && done[front]) {
      front++;
    }
  }

  /** How many bytes the scan reads before it comes to this frame; MAX_VALUE if it will not. */
  long bytesUntil(Frame frame) {
    Integer index = next.get(frame);
    if (index == null || front >= done.length) {
      return Long.MAX_VALUE;
    }
    if (residentFirst && frame.phase() == Frame.Phase.RESIDENT) {
      return 0;
    }
    return Math.max(0, bytesBefore[index] - bytesBefore[front]);
  }

  /** The step at which the scan read this frame last, or -1. */
  long consumedAt(Frame frame) {
    return consumed.getOrDefault(frame, NONE);
  }
}
