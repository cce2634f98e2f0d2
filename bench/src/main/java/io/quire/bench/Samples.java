package io.quire.bench;

import java.util.Arrays;

/** Times of calls. Any thread may add. */
final class Samples {
  /** Of more than these, as many are kept, spread over all that there were. */
  static final int MAX = 1 << 20;

  private long[] nanos = new long[1024];
  private int count;
  private long seen;
  private int stride = 1;

  synchronized void add(long nanosEach) {
    if (seen++ % stride != 0) {
      return;
    }
    if (count == MAX) {
      halve();
      if ((seen - 1) % stride != 0) {
        return;
      }
    }
    if (count == nanos.length) {
      nanos = Arrays.copyOf(nanos, 2 * count);
    }
    nanos[count++] = nanosEach;
  }

  /** Keeps every second one, from here on too. */
  private void halve() {
    for (int i = 0; i < count / 2; i++) {
      nanos[i] = nanos[2 * i];
    }
    count /= 2;
    stride *= 2;
  }

  /** How many were added. */
  synchronized long count() {
    return seen;
  }

  /**
   * The time that a share of the calls did not exceed.
   *
   * @param share 0.5 for the median
   * @throws IllegalStateException if there is none
   */
  synchronized double micros(double share) {
    if (count == 0) {
      throw new IllegalStateException("no call ended in time");
    }
    long[] sorted = Arrays.copyOf(nanos, count);
    Arrays.sort(sorted);
    int at = (int) Math.ceil(share * count) - 1;
    return sorted[Math.clamp(at, 0, count - 1)] / 1e3;
  }
}
