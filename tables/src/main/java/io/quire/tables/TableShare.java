package io.quire.tables;

import io.quire.base.NodeId;
import io.quire.datasets.Descriptor;
import io.quire.datasets.ExtentInfo;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * What one node loaded of a table.
 *
 * @param owner the node
 * @param groups of rows
 * @param rows of these
 * @param bytes of the columns that were asked for
 */
public record TableShare(NodeId owner, int groups, long rows, long bytes) {
  /** By owner; each group of a table has a column 0. */
  static List<TableShare> of(Descriptor table, int[] columns) {
    TreeMap<NodeId, TableShare> shares = new TreeMap<>();
    for (ExtentInfo extent : table.extents()) {
      if (!extent.aside()) {
        shares.merge(extent.owner(), of(extent, columns), TableShare::plus);
      }
    }
    return List.copyOf(shares.values());
  }

  /** The share of one node, but for the first groups of it. */
  static TableShare of(Descriptor table, int[] columns, NodeId owner, int from) {
    TableShare rest = new TableShare(owner, 0, 0, 0);
    int group = -1;
    for (ExtentInfo extent : table.extents()) {
      if (extent.aside() || !extent.owner().equals(owner)) {
        continue;
      }
      group += extent.column() == 0 ? 1 : 0;
      if (group >= from) {
        rest = rest.plus(of(extent, columns));
      }
    }
    return rest;
  }

  private static TableShare of(ExtentInfo extent, int[] columns) {
    boolean first = extent.column() == 0;
    boolean counted = IntStream.of(columns).anyMatch(column -> column == extent.column());
    return new TableShare(
        extent.owner(), first ? 1 : 0, first ? extent.rows() : 0, counted ? extent.bytes() : 0);
  }

  private TableShare plus(TableShare other) {
    return new TableShare(
        owner, groups + other.groups, rows + other.rows, Math.addExact(bytes, other.bytes));
  }
}
