package io.quire.ager;

import io.quire.ager.Frame.Phase;
import java.util.Collection;
import java.util.TreeMap;

/**
 * Where frames lie in the region: places them, and moves and evicts others for that. Guarded by the
 * lock of {@link Memory}.
 */
final class Space {
  private final Region region;
  private final PageRuns runs;
  private final TreeMap<Long, Frame> byPage = new TreeMap<>();
  private final Sliding sliding;
  private final VictimQueue toEvict;
  private long peakPages;
  private long evictions;

  Space(Region region, EvictionOrder order) {
    this.region = region;
    runs = new PageRuns(region.bytes() / PageRuns.PAGE_BYTES);
    sliding = new Sliding(region, runs, byPage);
    toEvict = new VictimQueue(order, frame -> idle(frame) && frame.clean());
  }

  /** Resident, and nobody holds or dropped it. */
  static boolean idle(Frame frame) {
    return frame.phase() == Phase.RESIDENT && frame.pins() == 0 && !frame.dropped();
  }

  /**
   * Gives the frame a place, if moving and evicting frames of rank above the given one make room
   * for it without more pages being used than the limit; whether they do.
   */
  boolean place(Frame frame, long limitPages, long rankAbove) {
    while (true) {
      if (runs.usedPages() + frame.pages() <= limitPages) {
        long start = runs.allocate(frame.pages());
        if (start < 0) {
          start = sliding.allocate(frame.pages());
        }
        if (start >= 0) {
          peakPages = Math.max(peakPages, runs.usedPages());
          frame.lies(start, region.slice(start, frame.bytes()).asReadOnly());
          byPage.put(start, frame);
          return true;
        }
      }
      Frame victim = toEvict.poll(byPage.values(), rankAbove);
      if (victim == null) {
        return false;
      }
      if (victim.leaveResident(Phase.ABSENT)) {
        vacate(victim);
        evictions++;
      }
    }
  }

  /** Takes the frame's place from it. */
  void vacate(Frame frame) {
    byPage.remove(frame.start);
    runs.free(frame.start, frame.pages());
    frame.start = -1;
  }

  /** All frames that have a place. */
  Collection<Frame> frames() {
    return byPage.values();
  }

  long pages() {
    return runs.pages();
  }

  long usedBytes() {
    return runs.usedPages() * PageRuns.PAGE_BYTES;
  }

  long peakBytes() {
    return peakPages * PageRuns.PAGE_BYTES;
  }

  long evictions() {
    return evictions;
  }

  long moves() {
    return sliding.moves();
  }
}
