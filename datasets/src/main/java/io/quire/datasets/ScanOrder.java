package io.quire.datasets;

/** In which order a {@link ScanStream} gives what it reads. */
public enum ScanOrder {
  /** In the order of the row groups. */
  ORDERED,
  /**
   * As it comes. Each node reads first what it has in memory, and joins others that read the same
   * from its stores, so that several such scans make one pass over them.
   */
  UNORDERED
}
