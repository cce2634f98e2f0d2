package io.quire.harness;

import io.quire.harness.tpch.Lineitem;
import io.quire.node.NodeConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the demo is to show.
 *
 * @param scale of TPC-H
 * @param nodes how many
 * @param memory of each node in bytes; 0 for as much as makes the data 2.8 times all of it
 * @param spill where extents go, in order: {@code flash} and {@code hdfs}
 * @param input a file to load instead of TPC-H
 * @param keep whether to leave everything running at the end
 */
public record DemoOptions(
    double scale, int nodes, long memory, List<String> spill, @Nullable Path input, boolean keep) {
  /** The scale at which the demo ends within two minutes on two cores. */
  public static final double SCALE_DEFAULT = 0.2;

  public static final int NODES_DEFAULT = 3;

  /** How much larger than all memory the data are, if no memory is given. */
  static final double OVERCOMMIT = 2.8;

  private static final List<String> STORES = List.of("flash", "hdfs");

  public DemoOptions {
    spill = List.copyOf(spill);
    if (!(scale >= 0.01 && scale <= 100)) {
      throw new IllegalArgumentException(
          "scale out of range: scale=" + scale + " allowed=0.01..100");
    }
    if (nodes < 3 || nodes > 9) {
      throw new IllegalArgumentException(
          "nodes out of range: nodes=" + nodes + " allowed=3..9 (one of them will be killed)");
    }
    if (spill.isEmpty()
        || !STORES.containsAll(spill)
        || spill.stream().distinct().count() != spill.size()) {
      throw new IllegalArgumentException(
          "not a list of stores: spill=" + spill + " allowed=flash, hdfs or both in either order");
    }
    if (input == null && memory == 0 && scale < scaleMin(nodes)) {
      throw new IllegalArgumentException(
          "scale too small for this many nodes, the data would fit in memory: scale=%s nodes=%d min=%.2f (or give --memory)"
              .formatted(scale, nodes, scaleMin(nodes)));
    }
    if (input != null && (!Files.isRegularFile(input) || !Files.isReadable(input))) {
      throw new IllegalArgumentException("cannot read the file: input=" + input);
    }
  }

  /** From which on the data are larger than the least memory of all nodes as they are to be. */
  private static double scaleMin(int nodes) {
    double bytes = OVERCOMMIT * NodeConfig.MEMORY_MIN * nodes;
    return Math.ceil(100 * bytes / Lineitem.estimatedBytes(1)) / 100;
  }

  boolean hdfs() {
    return spill.contains("hdfs");
  }
}
