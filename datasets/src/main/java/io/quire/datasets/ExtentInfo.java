package io.quire.datasets;

import io.quire.ager.Copy;
import io.quire.base.NodeId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One extent of a dataset.
 *
 * @param part of the load that made it
 * @param group row group within the part
 * @param column within the group
 * @param rows of the group
 * @param bytes its size
 * @param crc CRC32C of its bytes
 * @param owner the node that loaded it
 * @param spares other nodes that have held it from the beginning, at most 2; each holds it as long
 *     as it runs
 * @param durable where its copy in the durable store is, or null if it has none
 */
public record ExtentInfo(
    int part,
    int group,
    int column,
    long rows,
    long bytes,
    int crc,
    NodeId owner,
    List<NodeId> spares,
    @Nullable Copy durable) {
  public ExtentInfo {
    spares = List.copyOf(spares);
    if (part < 0 || group < 0 || column < 0 || rows < 0 || bytes < 1) {
      throw new IllegalArgumentException(
          "not an extent: part=%d group=%d column=%d rows=%d bytes=%d"
              .formatted(part, group, column, rows, bytes));
    }
    if (spares.size() >= LoadOptions.REPLICAS_MAX
        || spares.contains(owner)
        || new HashSet<>(spares).size() < spares.size()) {
      throw new IllegalArgumentException(
          "not the holders of an extent: owner=%s spares=%s".formatted(owner, spares));
    }
    if (durable != null && (durable.bytes() != bytes || durable.crc() != crc)) {
      throw new IllegalArgumentException(
          "not a copy of the extent: bytes=%d crc=%08x copy=%s".formatted(bytes, crc, durable));
    }
  }

  /** One that its owner holds alone. */
  public ExtentInfo(
      int part,
      int group,
      int column,
      long rows,
      long bytes,
      int crc,
      NodeId owner,
      @Nullable Copy durable) {
    this(part, group, column, rows, bytes, crc, owner, List.of(), durable);
  }

  /** Whether no scan sees it: see {@link ExtentSink#ASIDE}. */
  public boolean aside() {
    return group >= ExtentSink.ASIDE;
  }

  ExtentKey key() {
    return new ExtentKey(part, group, column);
  }

  /** The same under another number of its part. */
  ExtentInfo inPart(int number) {
    return new ExtentInfo(number, group, column, rows, bytes, crc, owner, spares, durable);
  }

  /** The same, held by others. */
  ExtentInfo heldBy(NodeId node, List<NodeId> others) {
    return new ExtentInfo(part, group, column, rows, bytes, crc, node, others, durable);
  }

  /** The nodes that have held it from the beginning, its owner first. */
  List<NodeId> holders() {
    List<NodeId> holders = new ArrayList<>(spares);
    holders.addFirst(owner);
    return holders;
  }

  /** The same at a node that took it over by its copy. */
  ExtentInfo heldBy(NodeId node) {
    return new ExtentInfo(part, group, column, rows, bytes, crc, node, durable);
  }

  /** Whether a node that does not have it can read it without its owner. */
  boolean readableElsewhere() {
    return durable != null && durable.shared();
  }

  /** For people. */
  String place() {
    return key()
        + (" bytes=" + bytes + " owner=" + owner)
        + (spares.isEmpty() ? "" : " spares=" + spares);
  }
}
