package io.quire.ager;

import java.util.ArrayList;
import java.util.List;

/**
 * What is in memory only, the oldest first, and when it is to be written: as soon as more than
 * three fifths of the budget is, until less than two fifths is; and whenever somebody waits for
 * room, of a client that may not hold more at first of what is its. Of clients of a lower priority
 * it is written sooner. What is said not to be needed is written before all that, and at once,
 * unless the stores refused what they were given last. What is being written and what cannot be is
 * in memory only too, but not in the lists. Guarded by the lock of {@link Memory}.
 */
final class Dirty {
  private static final int NONE = ClientLists.NONE;

  private final long highBytes;
  private final long lowBytes;
  private final Victims victims;
  private final Table table;
  private final Clients clients;
  private final ClientLists lists;
  private int count;
  private long bytes;
  private boolean draining;
  private List<String> refusals = List.of();
  private long refusedSince;

  Dirty(long budgetBytes, Table table, Clients clients, Victims victims) {
    this.table = table;
    this.clients = clients;
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
    count(extent, extent.footprint());
    lists.addLast(kind(extent), extent.slot);
    count++;
  }

  /** Of the list that it is in, if it is in one. */
  static int kind(Extent extent) {
    return extent.advice() == Advice.DONT_NEED ? Victims.DIRTY_UNNEEDED : Victims.DIRTY;
  }

  private void count(Extent extent, long more) {
    bytes += more;
    clients.of(extent).dirtyBytes += more;
  }

  /** It is about to have a copy, or to go without one. */
  void remove(Extent extent) {
    if (extent.dirty()) {
      count(extent, -extent.footprint());
      if (isListed(extent)) {
        unlist(extent);
      }
    }
  }

  static boolean isListed(Extent extent) {
    return extent.dirty() && !extent.writing() && !extent.unwritable();
  }

  private void unlist(Extent extent) {
    lists.remove(kind(extent), extent.slot);
    count--;
  }

  /** It belongs to another client from here on; what both hold is counted elsewhere. */
  void becomes(Extent extent, Account account) {
    boolean listed = isListed(extent);
    if (listed) {
      lists.remove(kind(extent), extent.slot);
    }
    extent.client(account.number);
    if (listed) {
      lists.addLast(kind(extent), extent.slot);
    }
  }

  boolean isHigh() {
    return bytes > highBytes;
  }

  /**
   * Takes the next ones to be written, with a pin on each, at most so many bytes; those that a scan
   * will want soon come last.
   */
  List<Extent> take(long most, Rooms.Waiting waiting) {
    draining = bytes > (draining ? lowBytes : highBytes);
    boolean pressed = draining || waiting.others();
    List<Extent> taken = new ArrayList<>();
    long left = take(most, Victims.DIRTY_UNNEEDED, waiting.atLimit(), taken);
    left = take(left, Victims.DIRTY, waiting.atLimit(), taken);
    if (pressed || refusals.isEmpty()) {
      left = takeOfAll(left, Victims.DIRTY_UNNEEDED, taken);
    }
    if (pressed) {
      takeOfAll(left, Victims.DIRTY, taken);
    }
    return taken;
  }

  private long takeOfAll(long most, int kind, List<Extent> taken) {
    long left = most;
    for (int[] group : clients.groups()) {
      left = take(left, kind, group, taken);
    }
    return left;
  }

  /** What is left of what may be taken; at least one byte has to be left for one to be taken. */
  private long take(long most, int kind, int[] from, List<Extent> taken) {
    long left = most;
    for (boolean soonToo : new boolean[] {false, true}) {
      while (left > 0) {
        int slot = lists.first(kind, from, each -> mayBeWritten(table.get(each), soonToo));
        if (slot == NONE) {
          break;
        }
        Extent extent = table.get(slot);
        if (!taken.isEmpty() && extent.footprint() > left) {
          extent.unpin();
          return 0;
        }
        unlist(extent);
        extent.writing(true);
        left -= extent.footprint();
        taken.add(extent);
      }
    }
    return left;
  }

  /** Pins it if so. */
  private boolean mayBeWritten(Extent extent, boolean soonToo) {
    return (soonToo || !victims.wantedSoon(extent)) && extent.tryPinUnseen();
  }

  /** One that was taken has no copy after all. */
  void putBack(Extent extent) {
    extent.writing(false);
    if (extent.dirty() && !extent.unwritable()) {
      lists.addFirst(kind(extent), extent.slot);
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
