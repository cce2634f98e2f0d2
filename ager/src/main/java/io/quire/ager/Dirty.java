package io.quire.ager;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * What is in memory only, the oldest first, and when it is to be written: as soon as more than
 * three fifths of the budget is, until less than two fifths is; and whenever somebody waits for
 * room. Guarded by the lock of {@link Memory}.
 */
final class Dirty {
  private final long highBytes;
  private final long lowBytes;
  private final Victims victims;
  private final ArrayDeque<Extent> queue = new ArrayDeque<>();
  private long bytes;
  private boolean draining;
  private List<String> refusals = List.of();
  private long refusedSince;

  Dirty(long budgetBytes, Victims victims) {
    this.victims = victims;
    highBytes = budgetBytes * 3 / 5;
    lowBytes = budgetBytes * 2 / 5;
  }

  long bytes() {
    return bytes;
  }

  /** It was sealed. */
  void add(Extent extent) {
    bytes += extent.footprint();
    queue.add(extent);
  }

  /** It is about to have a copy, or to go without one. */
  void remove(Extent extent) {
    if (extent.dirty()) {
      bytes -= extent.footprint();
    }
  }

  boolean isHigh() {
    return bytes > highBytes;
  }

  /**
   * Takes the next ones to be written, with a pin on each, at most so many bytes; those that a scan
   * will want soon come last.
   */
  List<Extent> take(long most, boolean somebodyWaits) {
    draining = bytes > (draining ? lowBytes : highBytes);
    List<Extent> taken = new ArrayList<>();
    if (!draining && !somebodyWaits) {
      return taken;
    }
    long sum = 0;
    int looks = queue.size();
    boolean soonToo = false;
    for (int i = 0; sum < most && i < 2 * looks && !queue.isEmpty(); i++) {
      soonToo |= i == looks;
      Extent extent = queue.remove();
      if (!extent.dirty()) {
        continue;
      }
      boolean later = extent.writing || extent.unwritable || !soonToo && victims.wantedSoon(extent);
      if (later || !extent.tryPinUnseen()) {
        queue.add(extent);
        continue;
      }
      if (sum > 0 && sum + extent.footprint() > most) {
        queue.addFirst(extent);
        extent.unpin();
        break;
      }
      extent.writing = true;
      sum += extent.footprint();
      taken.add(extent);
    }
    return taken;
  }

  /** One that was taken has no copy after all. */
  void putBack(Extent extent) {
    extent.writing = false;
    if (extent.dirty() && !extent.unwritable) {
      queue.addFirst(extent);
    }
  }

  // ---- what stores say

  /** No store takes more, for these reasons. */
  void refused(List<String> reasons) {
    if (refusals.isEmpty()) {
      refusedSince = System.nanoTime();
    }
    refusals = List.copyOf(reasons);
  }

  void accepted() {
    refusals = List.of();
  }

  List<String> refusals() {
    return refusals;
  }

  /** For how long stores have refused everything. */
  long refusedNanos() {
    return refusals.isEmpty() ? 0 : System.nanoTime() - refusedSince;
  }
}
