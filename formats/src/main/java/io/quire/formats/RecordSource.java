package io.quire.formats;

import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * The rows of one split, batch after batch, in their order. Confined to one thread, but for {@link
 * #bytesRead}, {@link #rows} and {@link #badRows}, which any thread may ask.
 */
public interface RecordSource extends AutoCloseable {
  /**
   * The batch; the same object at all times, which each {@link #next} fills anew. Its vectors may
   * be transferred away. Closed with the source.
   */
  VectorSchemaRoot batch();

  /**
   * Fills the batch with the next rows, at least one; false at the end, with an empty batch.
   *
   * @throws FormatsException if there is no next batch and not the end. The source is of no use
   *     then but to be closed
   * @throws OutOfMemoryException if the allocator has no room for a batch; likewise
   */
  boolean next();

  /** Bytes of the split that were read; never more than {@link Split#size} unless that is 0. */
  long bytesRead();

  /** Rows read so far, good and bad. */
  long rows();

  /** Bad rows so far. */
  long badRows();

  @Override
  void close();
}
