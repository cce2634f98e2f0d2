package io.quire.lockserver;

import io.quire.base.Address;

/**
 * Asks an incarnation whether it is of use, where it does what it is in the view for: where it
 * answers prepares. On the loop.
 */
@FunctionalInterface
public interface Prober {
  /**
   * Asks once.
   *
   * @param answered is run on the loop when this incarnation has answered the question; perhaps
   *     never
   */
  void probe(Address at, long incarnation, Runnable answered);
}
