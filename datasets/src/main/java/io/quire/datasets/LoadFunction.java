package io.quire.datasets;

import java.io.IOException;

/**
 * Makes the data of a part. The same function must be registered under the same name on every node,
 * and must make the same data for the same part wherever it runs: a part whose node dies is loaded
 * again elsewhere. Called by several threads at once, for different parts.
 */
@FunctionalInterface
public interface LoadFunction {
  /**
   * Fills the extents of one part.
   *
   * @param arguments as given to the load; not to be changed
   * @param part 0 to {@code parts - 1}
   * @throws IOException fails the whole load; so does any other exception
   */
  void load(byte[] arguments, int part, int parts, ExtentSink sink) throws IOException;
}
