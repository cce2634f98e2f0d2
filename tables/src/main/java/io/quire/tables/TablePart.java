package io.quire.tables;

import io.quire.base.NodeId;
import io.quire.datasets.DatasetVersion;

/**
 * What one node loaded of a version of a table, or the rest of it. It means the same rows as long
 * as the table is there, whatever is appended.
 *
 * @param version of the table
 * @param owner the node
 * @param from how many row groups of the share come before it, in their order
 */
public record TablePart(DatasetVersion version, NodeId owner, int from) {
  public TablePart {
    if (from < 0) {
      throw new IllegalArgumentException("not a number of row groups: from=" + from);
    }
  }

  /** What is left of it behind so many of its row groups. */
  public TablePart after(int groups) {
    return new TablePart(version, owner, Math.addExact(from, groups));
  }
}
