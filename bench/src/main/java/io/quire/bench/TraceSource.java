package io.quire.bench;

/** Where a trace comes from. */
interface TraceSource {
  /** Unique; part of the ids of rows. */
  String name();

  /** What was recorded or made, in words. */
  String what();

  /**
   * How much memory its first row is for, in units of its sizes; 0 for a quarter of all extents.
   */
  int memory();

  /** Reads or makes it; the same each time. */
  Trace read();
}
