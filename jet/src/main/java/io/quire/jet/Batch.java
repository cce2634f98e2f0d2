package io.quire.jet;

import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** Rows that are gathered until they are worth sending. Confined to one thread. */
final class Batch implements AutoCloseable {
  private static final int ROWS_MAX = 8_192;
  private static final long BYTES_MAX = 1 << 20;

  private final VectorSchemaRoot root;
  private final List<ColumnWriter> writers;
  private int rows;
  private long bytes;

  Batch(Schema columns, BufferAllocator memory) {
    root = VectorSchemaRoot.create(columns, memory);
    writers = root.getFieldVectors().stream().map(ColumnWriter::of).toList();
  }

  /**
   * Adds a row.
   *
   * @throws IllegalArgumentException if there are not as many values as columns, or one does not
   *     fit
   */
  void add(@Nullable Object[] values) {
    if (values.length != writers.size()) {
      throw new IllegalArgumentException(
          "not as many values as columns: found=%d wanted=%d"
              .formatted(values.length, writers.size()));
    }
    if (rows == 0) {
      root.allocateNew();
    }
    for (int i = 0; i < values.length; i++) {
      bytes += writers.get(i).put(rows, values[i]);
    }
    rows++;
  }

  boolean isEmpty() {
    return rows == 0;
  }

  boolean isFull() {
    return rows >= ROWS_MAX || bytes >= BYTES_MAX;
  }

  /** What was added; it is this object's. */
  VectorSchemaRoot rows() {
    root.setRowCount(rows);
    return root;
  }

  void clear() {
    root.clear();
    rows = 0;
    bytes = 0;
  }

  @Override
  public void close() {
    root.close();
  }
}
