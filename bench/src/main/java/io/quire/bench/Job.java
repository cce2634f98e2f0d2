package io.quire.bench;

/**
 * What a process under measurement is asked to do. It travels as JSON.
 *
 * @param kind what to do
 * @param row the id of the row that the main figure is for
 * @param variant which of several ways, where a kind has them
 * @param outstanding how many calls are under way at a time, or threads
 * @param bytes of each payload
 * @param objects how many there must be before the measurement begins, or are made by it
 * @param fewest objects that a quick run has at least
 * @param warmUpMillis for which it is done before it counts, so that all is compiled
 * @param millis for which it counts
 */
public record Job(
    Kind kind,
    String row,
    String variant,
    int outstanding,
    int bytes,
    int objects,
    int fewest,
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
    /**
     * One call at a time, again after each failure: the longest time between two successes, in ms.
     */
    PUBLISH_GAP,
    /** Makes objects. */
    FILL,
    /** Makes objects by the batch. */
    FILL_BATCH,
    /** Batches of objects, by all processes at once into one place: objects a second. */
    CREATE_BATCH,
    /** Removes a place with all its objects. */
    DROP,
    /** One list of names at a time: the median of their times, in microseconds. */
    LIST,
    /**
     * Makes objects by the batch on all processes at once, and starts these again: seconds for
     * each, and what an object takes of the heap.
     */
    MILLION,
    /** One lookup, after which as many objects must be there. */
    FIRST_LOOKUP,
    /** One entry of a log at a time: the median of their times, in microseconds. */
    APPEND_LATENCY,
    /** Entries of a log, many at a time: entries a second. */
    APPEND_RATE,
    /** Large entries of a log: megabytes (10^6) a second. */
    APPEND_BYTES,
    /** The mean time of one of the lookups of a benchmark class, in nanoseconds. */
    LOOKUP,
    /** The rate of the same, on so many threads. */
    LOOKUP_RATE,
    /** The rate of the same, while objects are published. */
    LOOKUP_BUSY,
    /** One linearizable read at a time by way of the network: the median in nanoseconds. */
    READ_LATENCY,
    /** What lives on the heap after a collection, in bytes. */
    HEAP,
    /** What the heap of a node that was started again holds more, for each object. */
    OBJECT_BYTES,
    /** Random allocations and frees: a second, and how well they went. */
    CHURN,
    /** One process is killed: the longest time without a publish elsewhere, in ms. */
    FAILOVER,
    /** All processes are killed and started: seconds to the first lookup on all. */
    RESTART,
    /** A model of a publish with ever more nodes. */
    FANOUT,
    /** One process loads a dataset. */
    LOAD_EXTENTS,
    /** The bytes of a dataset that another process has: gigabytes a second. */
    REMOTE_READ,
    /** Bytes over a plain socket: gigabytes a second. */
    SOCKET_READ,
    /** A pin and its end: nanoseconds, and the bytes that it puts on the heap. */
    PIN,
    /** Pins and their ends, on so many threads: a second. */
    PIN_RATE,
    /** A look at all bytes of extents that are in memory: gigabytes (10^9) a second. */
    SCAN_RESIDENT,
    /** Extents that are read from a store, in order: gigabytes a second. */
    PAGE_IN,
    /** Extents that are written to a store because memory is full: gigabytes a second. */
    PAGE_OUT,
    /** As PAGE_OUT, extents a second. */
    PAGE_OUT_COUNT,
    /** Extents that a loop over more of them than memory holds is given: gigabytes a second. */
    LOOP,
    /** The 99th percentile of the times of allocations under pressure, in microseconds. */
    ALLOCATE,
    /** One write of an extent's size at a time: the median of the times, in microseconds. */
    STORE_WRITE,
    /** The bytes that declared scans find in memory, as a part of Belady's bound. */
    HITS,
    /** The same of a model of least-recently-used. */
    HITS_LRU,
    /** More than memory is loaded and read three times with a checksum: seconds. */
    LOAD_AND_SCAN,
    /** A trace is replayed with a policy and several sizes of memory: hit rates. */
    REPLAY,
    /** Queries of TPC-H in turn, the variant is the scale: milliseconds of each, and their sum. */
    TPCH
  }

  static Job of(Kind kind, String row, int outstanding, int bytes) {
    return new Job(kind, row, "", outstanding, bytes, 0, 0, 0, 0);
  }

  Job withVariant(String wanted) {
    return new Job(kind, row, wanted, outstanding, bytes, objects, fewest, warmUpMillis, millis);
  }

  Job withKind(Kind wanted) {
    return new Job(wanted, row, variant, outstanding, bytes, objects, fewest, warmUpMillis, millis);
  }

  Job withOutstanding(int wanted) {
    return new Job(kind, row, variant, wanted, bytes, objects, fewest, warmUpMillis, millis);
  }

  Job withObjects(int count) {
    return new Job(kind, row, variant, outstanding, bytes, count, fewest, warmUpMillis, millis);
  }

  Job withFewest(int count) {
    return new Job(kind, row, variant, outstanding, bytes, objects, count, warmUpMillis, millis);
  }

  /** With so many times fewer objects, but not below the fewest. */
  Job withFewerObjects(int times) {
    return withObjects(Math.max(objects / times, fewest));
  }

  Job lasting(long warmUp, long measured) {
    return new Job(kind, row, variant, outstanding, bytes, objects, fewest, warmUp, measured);
  }

  /** Bytes of all objects together. */
  long totalBytes() {
    return (long) objects * bytes;
  }
}
