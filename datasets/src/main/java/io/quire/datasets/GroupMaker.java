package io.quire.datasets;

import java.io.IOException;

/**
 * Makes the row groups of a load on the node that coordinates it, from what cannot be read twice.
 * Called once, by the thread that loads.
 */
@FunctionalInterface
public interface GroupMaker {
  /**
   * Hands over the extents of one group after the other, and returns when there are no more.
   *
   * @param sink wants all extents of a group before those of the next, whose number is greater
   * @throws IOException fails the load; so does any other exception
   */
  void make(ExtentSink sink) throws IOException;
}
