package io.quire.ager;

import io.quire.ager.Clients.Reach;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Says who goes next when room is needed. Each clean resident extent is judged in one of two
 * places: {@link Declared} has those that declared scans have to do with, {@link Experts} has all
 * others. What is said not to be needed goes first, and what is to be kept goes last. Else extents
 * of clients of a lower priority go before those of a higher one; of one priority, from first to go
 * to last:
 *
 * <ol>
 *   <li>read by scans, and wanted by none any more;
 *   <li>in no scan, and not used since the oldest open scan began;
 *   <li>wanted by a scan, farther than it reads ahead: the farthest first;
 *   <li>in no scan and used since then;
 *   <li>wanted by a scan soon: the farthest first.
 * </ol>
 *
 * Guarded by the lock of {@link Memory}.
 */
final class Victims {
  /** A kind of list besides those of {@link Experts}. */
  static final int DIRTY = Experts.LISTS;

  private static final int NONE = Declared.NONE;
  private static final int UNNEEDED = Experts.LISTS + 1;
  private static final int KEPT = Experts.LISTS + 2;

  /** As {@link #DIRTY}, for what is not needed. */
  static final int DIRTY_UNNEEDED = Experts.LISTS + 3;

  private static final int KINDS = Experts.LISTS + 4;

  private final Table table;
  private final Clients clients;
  private final Declared declared;
  private final ClientLists lists;
  private final Experts others;
  private final IntPredicate evictable;
  private final long nearBytes;

  Victims(Table table, Clients clients, long memoryBytes, long nearBytes) {
    this.table = table;
    this.clients = clients;
    lists =
        new ClientLists(
            Clients.MAX,
            KINDS,
            slot -> table.get(slot).client(),
            slot -> table.get(slot).lastUse());
    others = new Experts(Runs.pagesOf(memoryBytes), lists);
    this.nearBytes = nearBytes;
    declared = new Declared(memoryBytes, slot -> table.get(slot).client());
    evictable = slot -> table.get(slot).idle();
  }

  /**
   * Lists of which those of the kinds {@link #DIRTY} and {@link #DIRTY_UNNEEDED} are of no use to
   * this class.
   */
  ClientLists lists() {
    return lists;
  }

  /** It was made, or somebody other than a scan has used it. */
  void used(Extent extent) {
    others.access(extent.slot, extent.pages());
    if (extent.advice() == Advice.DONT_NEED) {
      becomes(extent, Advice.NORMAL);
    } else if (isAdvised(extent)) {
      lists.moveLast(KEPT, KEPT, extent.slot);
    } else if (declared.contains(extent.slot) && !declared.wants(extent.slot)) {
      leave(extent);
      enter(extent);
    }
  }

  /** It is resident and clean from now on. */
  void enter(Extent extent) {
    if (extent.advice() != Advice.NORMAL) {
      lists.addLast(kind(extent), extent.slot);
    } else if (declared.wants(extent.slot)) {
      declared.add(extent.slot);
    } else {
      if (!others.knows(extent.slot)) {
        others.access(extent.slot, extent.pages());
      }
      others.resident(extent.slot);
    }
  }

  /** It is not, any more. */
  void leave(Extent extent) {
    if (declared.contains(extent.slot)) {
      declared.remove(extent.slot);
    } else if (isAdvised(extent)) {
      lists.remove(kind(extent), extent.slot);
    } else {
      others.absent(extent.slot);
    }
  }

  /** Whether it is in a list of what is kept or not needed; what is dirty is in another. */
  private boolean isAdvised(Extent extent) {
    return extent.advice() != Advice.NORMAL
        && lists.contains(extent.slot)
        && !others.isResident(extent.slot)
        && !extent.dirty();
  }

  private static int kind(Extent extent) {
    return extent.advice() == Advice.KEEP ? KEPT : UNNEEDED;
  }

  /** It was dropped; its slot will be another's. */
  void forget(Extent extent) {
    leave(extent);
    others.remove(extent.slot);
    declared.forget(extent.slot);
  }

  /** It belongs to another client from here on, where it stands last. */
  void becomes(Extent extent, Account account) {
    judgeAnew(extent, () -> extent.client(account.number));
  }

  void becomes(Extent extent, Advice advice) {
    int before = Dirty.kind(extent);
    judgeAnew(extent, () -> extent.advice(advice));
    int now = Dirty.kind(extent);
    if (now != before && Dirty.isListed(extent)) {
      lists.moveLast(before, now, extent.slot);
    }
  }

  private void judgeAnew(Extent extent, Runnable change) {
    boolean here =
        declared.contains(extent.slot) || others.isResident(extent.slot) || isAdvised(extent);
    if (here) {
      leave(extent);
    }
    change.run();
    if (here) {
      enter(extent);
    }
  }

  /**
   * The next to go for an extent, still there and idle as of now; null if there is none.
   *
   * @param ahead whether nothing goes that is wanted sooner than it
   */
  @Nullable Extent next(Extent wanting, Reach reach, boolean ahead) {
    IntPredicate may =
        slot -> evictable.test(slot) && clients.mayTake(table.get(slot), wanting, reach);
    int[][] groups = clients.groups(wanting, reach);
    Extent next = advised(UNNEEDED, groups, may);
    for (int i = 0; next == null && i < groups.length; i++) {
      next = next(groups[i], may, ahead ? wanting : null);
    }
    return next == null && !ahead ? advised(KEPT, groups, may) : next;
  }

  private @Nullable Extent advised(int kind, int[][] groups, IntPredicate may) {
    for (int[] group : groups) {
      int slot = lists.first(kind, group, may);
      if (slot != NONE) {
        return table.get(slot);
      }
    }
    return null;
  }

  private @Nullable Extent next(int[] group, IntPredicate may, @Nullable Extent aheadOf) {
    int known = declared.first(group, may);
    if (known != NONE && !declared.wants(known)) {
      return table.get(known);
    }
    int other = others.victim(group, may);
    if (other != NONE && isOld(table.get(other))) {
      return table.get(other);
    }
    double until = known == NONE ? 0 : declared.until(known);
    if (until > nearBytes) {
      return isLater(until, aheadOf) ? table.get(known) : null;
    }
    if (other != NONE) {
      return table.get(other);
    }
    return known != NONE && isLater(until, aheadOf) ? table.get(known) : null;
  }

  private boolean isOld(Extent extent) {
    int began = declared.oldestBegan(extent.lastUse());
    return extent.lastUse() - began < 0;
  }

  private boolean isLater(double until, @Nullable Extent aheadOf) {
    return aheadOf == null || until > declared.until(aheadOf.slot);
  }

  // ---- scans

  void begin(ScanCourse course) {
    declared.begin(course);
    for (int i = 0; i < course.size(); i++) {
      int slot = course.slot(i);
      if (slot != Frame.NO_SLOT) {
        judgeAnew(table.get(slot));
      }
    }
  }

  /** What it has read or wanted stays in place until it is used or goes. */
  void end(ScanCourse course) {
    declared.end(course);
  }

  private void judgeAnew(Extent extent) {
    if (extent.clean() && extent.phase() == Frame.Phase.RESIDENT && !extent.dropped()) {
      leave(extent);
      enter(extent);
    }
  }

  void consumed(ScanCourse course, int index) {
    declared.consumed(course, index);
  }

  /** First what is in memory; the rest from where another scan of the same extents is. */
  List<Extent> handiest(List<Extent> extents) {
    List<Extent> order = new ArrayList<>(extents.size());
    List<Extent> absent = new ArrayList<>();
    for (Extent extent : extents) {
      (extent.phase() == Frame.Phase.RESIDENT ? order : absent).add(extent);
    }
    int from = Math.max(0, absent.indexOf(declared.nextAbsent()));
    order.addAll(absent.subList(from, absent.size()));
    order.addAll(absent.subList(0, from));
    return order;
  }

  /** Whether an open scan will come to it. */
  boolean isWanted(Extent extent) {
    return declared.wants(extent.slot);
  }

  /** Whether a scan will come to it within what it reads ahead. */
  boolean wantedSoon(Extent extent) {
    return declared.until(extent.slot) <= nearBytes;
  }
}
