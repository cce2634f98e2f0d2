package io.quire.formats;

import java.io.IOException;

/** The records of a split, one after the other. Confined to one thread. */
interface Rows extends AutoCloseable {
  /**
   * Reads a record into the open row of the batch; false at the end.
   *
   * @throws BadRecord if it cannot be read; the next call goes on behind it
   */
  boolean next(Batch batch) throws IOException, BadRecord;

  /** The bad record that was just read. */
  BadRow bad(String reason);

  long bytesRead();

  @Override
  void close() throws IOException;
}
