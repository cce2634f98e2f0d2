package io.quire.datasets;

import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/**
 * What is computed where the data are. Registered under the same name on every node. Called by
 * several threads at once.
 */
public interface ScanFunction {
  /** Which columns it needs, in the order in which it wants them. */
  int[] columns(byte[] arguments);

  /**
   * A column that says whether a group needs to be read at all; empty if there is none. It is read
   * first, of all groups, so it should be small.
   */
  default OptionalInt guard(byte[] arguments) {
    return OptionalInt.empty();
  }

  /**
   * Whether a group is needed, by its guard. One that is not is not read, and the accumulator does
   * not see it.
   *
   * @param rows of the group
   * @param guard read-only, valid during the call
   */
  default boolean needs(byte[] arguments, long rows, MemorySegment guard) {
    return true;
  }

  /** A fresh accumulator, for one fragment of the groups. */
  Accumulator begin(byte[] arguments);
}
