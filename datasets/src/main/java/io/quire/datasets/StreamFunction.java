package io.quire.datasets;

import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/**
 * What is picked out of each row group where it is, and streamed to the one who asked. Registered
 * under the same name on every node. Called by several threads at once.
 *
 * <p>A group's result is cut into batches. If the node that has the group dies between two of them,
 * another node goes on from the row that was named: so what it gives for a group depends on the
 * arguments, the group and the row alone.
 */
public interface StreamFunction {
  /** Which columns it needs, at least one, in the order in which it wants them. */
  int[] columns(byte[] arguments);

  /** As {@link ScanFunction#guard}. */
  default OptionalInt guard(byte[] arguments) {
    return OptionalInt.empty();
  }

  /** As {@link ScanFunction#needs}. */
  default boolean needs(byte[] arguments, long rows, MemorySegment guard) {
    return true;
  }

  /**
   * Picks from a group, from a row on.
   *
   * @param rows of the group
   * @param columns in the order of {@link #columns}, read-only, valid during the call
   * @param from 0 at first, then where the batch before said
   * @param bytesMax how long the batch should be; one may be longer, up to 4 MiB
   */
  Batch pick(byte[] arguments, long rows, MemorySegment[] columns, long from, int bytesMax);

  /**
   * Some of what was picked.
   *
   * @param bytes encoded; none if nothing was, then the reader does not see it
   * @param next the row to go on from, more than the one before; 0 if the group is done
   */
  record Batch(byte[] bytes, long next) {}
}
