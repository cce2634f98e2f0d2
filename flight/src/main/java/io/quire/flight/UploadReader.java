package io.quire.flight;

import org.apache.arrow.flight.FlightStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;

/** The batches that a client sends, as Arrow's own reader. The stream is not closed with it. */
final class UploadReader extends ArrowReader {
  private final FlightStream stream;

  UploadReader(FlightStream stream, BufferAllocator memory) {
    super(memory);
    this.stream = stream;
  }

  @Override
  public VectorSchemaRoot getVectorSchemaRoot() {
    return stream.getRoot();
  }

  /** Waits. An end is only what the client says is one. */
  @Override
  public boolean loadNextBatch() {
    while (stream.next()) {
      if (stream.getRoot().getRowCount() > 0) {
        return true;
      }
    }
    return false;
  }

  /** Always 0: nothing is read from a channel. */
  @Override
  public long bytesRead() {
    return 0;
  }

  @Override
  protected void closeReadSource() {}

  @Override
  protected Schema readSchema() {
    return stream.getSchema();
  }
}
