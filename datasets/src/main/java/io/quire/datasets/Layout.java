package io.quire.datasets;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A descriptor, decoded, and what is looked up in it.
 *
 * @param xid of the dataset
 * @param checksums of the extents up to each one: by the last of a version two nodes know that they
 *     mean the same, also if one has a newer version, which begins with all of that
 * @param groups its row groups, in order
 */
record Layout(long xid, Descriptor descriptor, int[] checksums, List<Group> groups) {
  /** A row group: the extents {@code first} to {@code end - 1}. */
  record Group(int first, int end) {}

  /**
   * Where members keep an extent: under the load that made it, in its place there.
   *
   * @param dataset of which it is
   */
  record Home(long dataset, long load, ExtentKey key) {}

  static Layout of(long xid, Descriptor descriptor) {
    List<ExtentInfo> extents = descriptor.extents();
    List<Group> groups = new ArrayList<>();
    int first = 0;
    for (int i = 1; i <= extents.size(); i++) {
      if (i == extents.size() || !sameGroup(extents.get(first), extents.get(i))) {
        groups.add(new Group(first, i));
        first = i;
      }
    }
    return new Layout(xid, descriptor, checksums(xid, descriptor), List.copyOf(groups));
  }

  private static int[] checksums(long xid, Descriptor descriptor) {
    int[] checksums = new int[descriptor.extents().size()];
    CRC32C crc = new CRC32C();
    ByteBuffer one = ByteBuffer.allocate(5 * Integer.BYTES + 3 * Long.BYTES);
    for (int i = 0; i < checksums.length; i++) {
      ExtentInfo info = descriptor.extents().get(i);
      Descriptor.Append append = descriptor.append(info.part());
      one.clear();
      one.putInt(info.part()).putInt(info.group()).putInt(info.column()).putInt(info.crc());
      one.putInt(append == null ? 0 : append.firstPart());
      one.putLong(append == null ? xid : append.load()).putLong(info.rows()).putLong(info.bytes());
      crc.update(one.flip());
      checksums[i] = (int) crc.getValue();
    }
    return checksums;
  }

  /** Of all extents. */
  int checksum() {
    return checksums.length == 0 ? 0 : checksums[checksums.length - 1];
  }

  /** Whether this is the version with so many extents, or one that came after it. */
  boolean beginsWith(int extents, int checksum) {
    return extents <= checksums.length
        && (extents == 0 ? checksum == 0 : checksums[extents - 1] == checksum);
  }

  Home home(ExtentInfo info) {
    Descriptor.Append append = descriptor.append(info.part());
    return append == null
        ? new Home(xid, xid, info.key())
        : new Home(
            xid,
            append.load(),
            new ExtentKey(info.part() - append.firstPart(), info.group(), info.column()));
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
