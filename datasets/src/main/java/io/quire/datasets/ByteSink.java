package io.quire.datasets;

import java.lang.foreign.MemorySegment;

/** Takes the bytes of a dataset in order. Called by the thread that reads. */
@FunctionalInterface
public interface ByteSink {
  /** Takes the next bytes; the segment is read-only and valid during the call. */
  void accept(MemorySegment bytes);
}
