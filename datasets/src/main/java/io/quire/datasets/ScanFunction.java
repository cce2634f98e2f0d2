package io.quire.datasets;

/**
 * What is computed where the data are. Registered under the same name on every node. Called by
 * several threads at once.
 */
public interface ScanFunction {
  /** Which columns it needs, in the order in which it wants them. */
  int[] columns(byte[] arguments);

  /** A fresh accumulator, for one fragment of the groups. */
  Accumulator begin(byte[] arguments);
}
