package io.quire.datasets;

/** What becomes of an attempt before, of the same load, that broke off with its coordinator. */
public enum Restart {
  /** It has nothing to do with this one. */
  ANEW,
  /**
   * The parts that it had finished durably are kept, and only the others are loaded. It is for
   * functions that make the same of the same arguments, however often.
   */
  WITH_FINISHED_PARTS
}
