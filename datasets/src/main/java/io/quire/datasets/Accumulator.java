package io.quire.datasets;

import java.lang.foreign.MemorySegment;

/**
 * Computes over the row groups of one fragment, one call at a time, not always on the same thread.
 * It may see groups that are then given to another accumulator because this one's node failed; only
 * one partial of each group reaches the caller of the scan.
 */
public interface Accumulator {
  /**
   * Takes a row group.
   *
   * @param rows of the group
   * @param columns in the order of {@link ScanFunction#columns}, read-only, valid during the call
   */
  void group(long rows, MemorySegment[] columns);

  /** What it has computed, encoded, at most 4 MiB; called once, last. */
  byte[] partial();
}
