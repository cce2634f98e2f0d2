package io.quire.datasets;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A descriptor, decoded, and what is looked up in it.
 *
 * @param checksum of its encoding: by it two nodes know that they mean the same
 * @param groups its row groups, in order
 */
record Layout(Descriptor descriptor, int checksum, List<Group> groups) {
  /** A row group: the extents {@code first} to {@code end - 1}. */
  record Group(int first, int end) {}

  static Layout of(Descriptor descriptor, int checksum) {
    List<ExtentInfo> extents = descriptor.extents();
    List<Group> groups = new ArrayList<>();
    int first = 0;
    for (int i = 1; i <= extents.size(); i++) {
      if (i == extents.size() || !sameGroup(extents.get(first), extents.get(i))) {
        groups.add(new Group(first, i));
        first = i;
      }
    }
    return new Layout(descriptor, checksum, List.copyOf(groups));
  }

  private static boolean sameGroup(ExtentInfo a, ExtentInfo b) {
    return a.part() == b.part() && a.group() == b.group();
  }

  /** The numbers of the groups that scans see: all but those that are kept aside. */
  List<Integer> scanned() {
    List<Integer> scanned = new ArrayList<>(groups.size());
    for (int i = 0; i < groups.size(); i++) {
      if (!first(groups.get(i)).aside()) {
        scanned.add(i);
      }
    }
    return scanned;
  }

  /** The extent in a column of a group, or null. */
  @Nullable ExtentInfo column(Group group, int column) {
    for (int i = group.first(); i < group.end(); i++) {
      ExtentInfo info = descriptor.extents().get(i);
      if (info.column() == column) {
        return info;
      }
    }
    return null;
  }

  ExtentInfo first(Group group) {
    return descriptor.extents().get(group.first());
  }

  /** All extents of a group. */
  List<ExtentInfo> extents(Group group) {
    return descriptor.extents().subList(group.first(), group.end());
  }

  /** The extent in a place, or null. */
  @Nullable ExtentInfo find(ExtentKey key) {
    List<ExtentInfo> extents = descriptor.extents();
    int low = 0;
    int high = extents.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = extents.get(middle).key().compareTo(key);
      if (order == 0) {
        return extents.get(middle);
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return null;
  }
}
