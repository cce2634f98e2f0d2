package io.quire.bench;

/**
 * What a process under measurement is asked to do. It travels as JSON.
 *
 * @param kind what to do
 * @param row the id of the row that the main figure is for
 * @param outstanding how many calls are under way at a time
 * @param bytes of each payload
 * @param objects how many there must be before the measurement begins
 * @param warmUpMillis for which it is done before it counts, so that all is compiled
 * @param millis for which it counts
 */
public record Job(
    Kind kind,
    String row,
    int outstanding,
    int bytes,
    int objects,
    long warmUpMillis,
    long millis) {
  /** What there is to do. */
  public enum Kind {
    /** One caller, one call at a time: the median of the times of calls, in microseconds. */
    PUBLISH_LATENCY,
    /** Many calls at a time: calls a second, and the 99th percentile of their times. */
    PUBLISH_RATE,
    /** As PUBLISH_LATENCY, for a cell alone, without the names and ids of an object. */
    CELL_LATENCY,
    /** As PUBLISH_RATE, for a cell alone. */
    CELL_RATE,
    /** Entries of a log, many at a time: entries a second. */
    APPEND_RATE,
    /** Large entries of a log: megabytes (10^6) a second. */
    APPEND_BYTES,
    /** Linearizable lookups, by id. */
    LOOKUP_ID,
    /** Linearizable lookups, by name. */
    LOOKUP_NAME,
    /** The same by id on two threads. */
    LOOKUP_TWO_THREADS,
    /** The same by id while objects are published. */
    LOOKUP_BUSY,
    /** What the heap holds more, for each object that there is more. */
    OBJECT_BYTES
  }

  static Job of(Kind kind, String row, int outstanding, int bytes) {
    return new Job(kind, row, outstanding, bytes, 0, 0, 0);
  }

  Job withObjects(int count) {
    return new Job(kind, row, outstanding, bytes, count, warmUpMillis, millis);
  }

  Job lasting(long warmUp, long measured) {
    return new Job(kind, row, outstanding, bytes, objects, warmUp, measured);
  }
}
