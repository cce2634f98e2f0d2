package io.quire.tables;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.arrow.vector.util.ValueVectorUtility;
import org.apache.arrow.vector.util.VectorSchemaRootAppender;

/**
 * Makes row groups of a good size of batches that somebody else made: checks them, divides long
 * ones, and puts short ones together. Confined to one thread.
 */
final class Regrouping implements AutoCloseable {
  private final Schema columns;
  private final int rowsMax;
  private final long bytesMax;
  private final Consumer<VectorSchemaRoot> groups;

  /** Short batches that were put together. */
  private final VectorSchemaRoot gathered;

  private long gatheredBytes;

  /**
   * Gives groups of these columns, each valid during the call.
   *
   * @param memory of what is put together
   */
  Regrouping(
      Schema columns,
      int rowsMax,
      long bytesMax,
      BufferAllocator memory,
      Consumer<VectorSchemaRoot> groups) {
    this.columns = columns;
    this.rowsMax = rowsMax;
    this.bytesMax = bytesMax;
    this.groups = groups;
    gathered = VectorSchemaRoot.create(columns, memory);
  }

  /**
   * Takes all batches of a reader.
   *
   * @throws IllegalArgumentException if one is malformed, or has a null where there is to be none
   */
  void takeAll(ArrowReader reader) throws IOException {
    while (reader.loadNextBatch()) {
      VectorSchemaRoot batch = reader.getVectorSchemaRoot();
      check(batch);
      int rows = batch.getRowCount();
      int piece = (int) Math.max(1, rows / pieces(batch));
      for (int from = 0; from < rows; from += piece) {
        try (VectorSchemaRoot some = slice(batch, from, Math.min(piece, rows - from))) {
          take(some);
        }
      }
    }
    give();
  }

  private long pieces(VectorSchemaRoot batch) {
    long byRows = Math.ceilDiv(batch.getRowCount(), rowsMax);
    return Math.max(1, Math.max(byRows, Math.ceilDiv(bytes(batch), bytesMax)));
  }

  /** The same buffers, as columns of the table. */
  private VectorSchemaRoot slice(VectorSchemaRoot batch, int from, int rows) {
    List<FieldVector> vectors = new ArrayList<>();
    for (int i = 0; i < columns.getFields().size(); i++) {
      FieldVector all = batch.getVector(i);
      FieldVector some = columns.getFields().get(i).createVector(all.getAllocator());
      vectors.add(some);
      all.makeTransferPair(some).splitAndTransfer(from, rows);
    }
    return new VectorSchemaRoot(columns, vectors, rows);
  }

  private void take(VectorSchemaRoot some) {
    long bytes = bytes(some);
    if (gathered.getRowCount() + some.getRowCount() > rowsMax || gatheredBytes + bytes > bytesMax) {
      give();
    }
    if (gathered.getRowCount() == 0 && (some.getRowCount() > rowsMax / 2 || bytes > bytesMax / 2)) {
      groups.accept(some);
      return;
    }
    if (gathered.getRowCount() == 0) {
      gathered.allocateNew();
    }
    VectorSchemaRootAppender.append(gathered, some);
    gatheredBytes += bytes;
  }

  private void give() {
    if (gathered.getRowCount() > 0) {
      groups.accept(gathered);
      gathered.clear();
      gatheredBytes = 0;
    }
  }

  private static long bytes(VectorSchemaRoot batch) {
    return batch.getFieldVectors().stream().mapToLong(FieldVector::getBufferSize).sum();
  }

  /** All that a reader could stumble over: lengths, offsets, text that is none. */
  private void check(VectorSchemaRoot batch) {
    try {
      ValueVectorUtility.validateFull(batch);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException("malformed batch: reason=[" + e.getMessage() + "]", e);
    }
    for (int i = 0; i < columns.getFields().size(); i++) {
      Field column = columns.getFields().get(i);
      FieldVector vector = batch.getVector(i);
      if (!column.isNullable() && vector.getNullCount() > 0) {
        throw new IllegalArgumentException(
            "null in a column that may have none: column=" + column.getName());
      }
    }
  }

  @Override
  public void close() {
    gathered.close();
  }
}
