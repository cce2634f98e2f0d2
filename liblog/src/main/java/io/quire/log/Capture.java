package io.quire.log;

import io.quire.base.Log;
import io.quire.base.Log.Stream;
import java.util.Map;

/**
 * What a {@link Snapshot} is made of, before it is written: where the log was, and the projections'
 * captures. Written once; then closed.
 */
record Capture(long term, long index, long applied, int chain, Map<Stream, Log.Capture> states)
    implements AutoCloseable {
  @Override
  public void close() {
    states.values().forEach(Log.Capture::close);
  }
}
