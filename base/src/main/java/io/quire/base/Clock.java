package io.quire.base;

/** Time, as protocol code may see it. Calls do not block and are safe from any thread. */
public interface Clock {
  /**
   * Nanoseconds on a clock that never steps back. It counts the time during which the machine was
   * suspended where the operating system has such a clock, because leases are measured by it.
   * Compare by difference only.
   */
  long nanos();

  /** Milliseconds since 1970 for people and file names. It may step; decide nothing by it. */
  long wallMillis();
}
