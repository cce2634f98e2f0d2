package io.quire.ager;

import java.util.ArrayList;
import java.util.List;

/**
 * What is in memory only, the oldest first, and when it is to be written: as soon as more than
 * three fifths of the budget is, until less than two fifths is; and whenever somebody waits for
 * room. What is being written and what cannot be is in memory only too, but not in the list.
 * Guarded by the lock of {@link Memory}.
 */
final class Dirty {
  private static final int LIST = Experts.LISTS;

  private final long highBytes;
  private final long lowBytes;
  private final Victims victims;
  private final Table table;
  private final SlotLists lists;
  private int count;
  private long bytes;
  private boolean draining;
  private List<String> refusals = List.of();
  private long refusedSince;

  Dirty(long budgetBytes, Table table, Victims victims) {
    this.table = table;
    this.victims = victims;
    lists = victims.lists();
    highBytes = budgetBytes * 3 / 5;
    lowBytes = budgetBytes * 2 / 5;
  }

  long bytes() {
    return bytes;
  }

  /** It was sealed. */
  void add(Extent extent) {
    bytes += extent.footprint();
    lists.addLast(LIST, extent.slot);
    count++;
  }

  /** It is about to have a copy, or to go without one. */
  void remove(Extent extent) {
    if (extent.dirty()) {
      bytes -= extent.footprint();
      if (!extent.writing() && !extent.unwritable()) {
        unlist(extent);
      }
    }
  }

  private void unlist(Extent extent) {
    lists.remove(extent.slot);
    count--;
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
    int looks = count;
    boolean soonToo = false;
    for (int i = 0; sum < most && i < 2 * looks && count > 0; i++) {
      soonToo |= i == looks;
      Extent extent = table.get(lists.first(LIST));
      boolean later = !soonToo && victims.wantedSoon(extent);
      if (later || !extent.tryPinUnseen()) {
        lists.moveLast(LIST, extent.slot);
        continue;
      }
      if (sum > 0 && sum + extent.footprint() > most) {
        extent.unpin();
        break;
      }
      unlist(extent);
      extent.writing(true);
      sum += extent.footprint();
      taken.add(extent);
    }
    return taken;
  }

  /** One that was taken has no copy after all. */
  void putBack(Extent extent) {
    extent.writing(false);
    if (extent.dirty() && !extent.unwritable()) {
      lists.addFirst(LIST, extent.slot);
      count++;
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
