package io.quire.datasets;

import java.util.List;

/**
 * What a dataset is made of. It is the value of the dataset's object and never changes.
 *
 * @param schema what the maker says the columns mean; not interpreted, not to be changed
 * @param columns one more than the highest column of any group that is not kept aside
 * @param extents ordered by part, group and column
 * @param bytes of all extents that are not kept aside
 * @param rows of all groups that are not kept aside
 */
public record Descriptor(
    byte[] schema, int columns, List<ExtentInfo> extents, long bytes, long rows) {
  public Descriptor {
    extents = List.copyOf(extents);
  }

  /** How many rows were kept aside. */
  public long rowsAside() {
    return extents.stream().filter(ExtentInfo::aside).mapToLong(ExtentInfo::rows).sum();
  }

  /**
   * Of these extents, which may come in any order.
   *
   * @throws IllegalArgumentException if two have the same place
   */
  static Descriptor of(byte[] schema, List<ExtentInfo> infos) {
    List<ExtentInfo> ordered = infos.stream().sorted((a, b) -> a.key().compareTo(b.key())).toList();
    int columns = 0;
    long bytes = 0;
    long rows = 0;
    ExtentInfo before = null;
    for (ExtentInfo info : ordered) {
      boolean sameGroup =
          before != null && before.part() == info.part() && before.group() == info.group();
      if (sameGroup && before != null && before.column() == info.column()) {
        throw new IllegalArgumentException("two extents in one place: " + info.place());
      }
      if (!info.aside()) {
        columns = Math.max(columns, Math.addExact(info.column(), 1));
      }
      bytes = info.aside() ? bytes : Math.addExact(bytes, info.bytes());
      rows = sameGroup || info.aside() ? rows : Math.addExact(rows, info.rows());
      before = info;
    }
    return new Descriptor(schema, columns, ordered, bytes, rows);
  }
}
