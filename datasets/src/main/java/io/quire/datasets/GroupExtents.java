package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.Extent;
import io.quire.ager.Pin;
import io.quire.ager.Scan;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.BiPredicate;

/** The extents of row groups that are read on this node. Any thread that may wait. */
final class GroupExtents {
  private final Ager ager;
  private final Registry registry;
  private final Counters counters;

  GroupExtents(Ager ager, Registry registry, Counters counters) {
    this.ager = ager;
    this.registry = registry;
    this.counters = counters;
  }

  /**
   * Those of these columns, group by group.
   *
   * @throws Refusal if there is no such group or column, or the extent is not to be had here
   */
  List<Extent> of(Layout layout, List<Integer> groups, int... columns) {
    List<Extent> extents = new ArrayList<>(groups.size() * columns.length);
    for (int index : groups) {
      if (index >= layout.groups().size()) {
        throw new Refusal(Refusal.Reason.FAILED, "no such group: group=" + index);
      }
      Layout.Group group = layout.groups().get(index);
      for (int column : columns) {
        ExtentInfo info = layout.column(group, column);
        if (info == null) {
          throw new Refusal(
              Refusal.Reason.FAILED,
              "no such column: column=" + column + " in " + layout.first(group).place());
        }
        Extent extent = registry.findOrAdopt(layout.home(info), info);
        if (extent == null) {
          throw new Refusal(Refusal.Reason.GONE, "not held: " + info.place());
        }
        extents.add(extent);
      }
    }
    return extents;
  }

  /**
   * The groups that have to be read, by their guards.
   *
   * @param needs told the rows of a group, and its guard
   */
  List<Integer> needed(
      Layout layout,
      List<Integer> groups,
      OptionalInt guard,
      BiPredicate<Long, MemorySegment> needs,
      Deadline deadline) {
    if (guard.isEmpty()) {
      return groups;
    }
    List<Integer> needed = new ArrayList<>();
    List<Extent> guards = of(layout, groups, guard.getAsInt());
    try (Scan scan = ager.scan(guards, Scan.Order.IN_ORDER, deadline.left())) {
      for (int index : groups) {
        try (Pin pin = next(scan, index)) {
          if (needs.test(rows(layout, index), pin.segment())) {
            needed.add(index);
          }
        }
      }
    }
    counters.groupsSkipped.add(groups.size() - needed.size());
    return needed;
  }

  static long rows(Layout layout, int group) {
    return layout.first(layout.groups().get(group)).rows();
  }

  static Pin next(Scan scan, int group) {
    Pin pin = scan.next();
    if (pin == null) {
      throw new IllegalStateException("the scan ended early: group=" + group);
    }
    return pin;
  }
}
