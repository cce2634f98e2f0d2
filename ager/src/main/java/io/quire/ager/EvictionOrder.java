package io.quire.ager;

import java.util.List;

/**
 * Says who goes first when room is needed. Called under the lock of {@link Memory}; must be quick
 * and must not block.
 */
interface EvictionOrder {
  /** The higher, the sooner the frame goes, whether to be evicted or to be written. */
  long rank(Frame frame);

  /** Changes when ranks may have changed other than by use of a frame. */
  long generation();

  /**
   * Follows the declared scans, and recency for all else. From first to go to last:
   *
   * <ol>
   *   <li>consumed by an open scan and not needed again by any: the latest first, as in a loop it
   *       is needed last;
   *   <li>in no scan and not used since the oldest open scan began: least recently used first;
   *   <li>needed by a scan, farther than it reads ahead: the farthest first;
   *   <li>in no scan and used since then: least recently used first;
   *   <li>needed by a scan soon: the farthest first.
   * </ol>
   */
  final class ScansThenRecency implements EvictionOrder {
    private static final int CLASS_SHIFT = 56;
    private static final long CONSUMED = 4L << CLASS_SHIFT;
    private static final long IDLE = 3L << CLASS_SHIFT;
    private static final long FAR = 2L << CLASS_SHIFT;
    private static final long RECENT = 1L << CLASS_SHIFT;
    private static final long OLDEST = (1L << CLASS_SHIFT) - 1;

    private final List<ScanCourse> scans;
    private final long nearBytes;

    /** Follows the list as it changes. */
    ScansThenRecency(List<ScanCourse> scans, long nearBytes) {
      this.scans = scans;
      this.nearBytes = nearBytes;
    }

    @Override
    public long rank(Frame frame) {
      long distance = Long.MAX_VALUE;
      long consumed = -1;
      long oldestScan = Long.MAX_VALUE;
      for (ScanCourse scan : scans) {
        oldestScan = Math.min(oldestScan, scan.beganAt());
        distance = Math.min(distance, scan.bytesUntil(frame));
        consumed = Math.max(consumed, scan.consumedAt(frame));
      }
      if (distance <= nearBytes) {
        return distance;
      }
      if (distance < Long.MAX_VALUE) {
        return FAR + distance;
      }
      if (consumed >= 0) {
        return CONSUMED + consumed;
      }
      return (frame.lastUse() < oldestScan ? IDLE : RECENT) + (OLDEST - frame.lastUse());
    }

    @Override
    public long generation() {
      long sum = 0;
      for (ScanCourse scan : scans) {
        sum += 1 + scan.steps();
      }
      return sum;
    }
  }
}
