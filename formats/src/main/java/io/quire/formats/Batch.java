package io.quire.formats;

import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The batch that is being filled. One row is open at any time; what was set in it counts only with
 * {@link #endRow}, and is set again or left otherwise. A row that would make the batch too large is
 * carried to the next one. Confined to one thread.
 */
final class Batch implements AutoCloseable {
  private static final int ROWS_AT_FIRST = 1_024;

  private final VectorSchemaRoot root;
  private final List<Column> columns;
  private final BufferAllocator allocator;
  private final int rowsMax;
  private final long bytesMax;

  private @Nullable VectorSchemaRoot carry;
  private long carriedBytes = -1;
  private int row;
  private long bytes;
  private long rowBytes;
  private boolean full;

  Batch(Schema schema, BufferAllocator allocator, int rowsMax, long bytesMax) {
    this.allocator = allocator;
    this.rowsMax = rowsMax;
    this.bytesMax = bytesMax;
    root = VectorSchemaRoot.create(schema, allocator);
    boolean made = false;
    try {
      columns = root.getFieldVectors().stream().map(Column::new).toList();
      made = true;
    } finally {
      if (!made) {
        root.close();
      }
    }
  }

  VectorSchemaRoot root() {
    return root;
  }

  List<Column> columns() {
    return columns;
  }

  /** Forgets all rows, but for the one that is carried. */
  void begin() {
    for (FieldVector vector : root.getFieldVectors()) {
      if (vector.getValueCapacity() == 0) {
        vector.setInitialCapacity(Math.min(rowsMax, ROWS_AT_FIRST));
        vector.allocateNew();
      } else {
        vector.reset();
      }
    }
    root.setRowCount(0);
    row = 0;
    bytes = 0;
    rowBytes = 0;
    full = false;
    if (carry != null && carriedBytes >= 0) {
      move(carry, 0, root, 0);
      bytes = carriedBytes;
      row = 1;
      carriedBytes = -1;
      full = row >= rowsMax || bytes >= bytesMax;
    }
  }

  boolean isFull() {
    return full;
  }

  /** The row that is open. */
  int row() {
    return row;
  }

  void set(int column, byte[] b, int off, int len) throws BadRecord {
    rowBytes += columns.get(column).set(row, b, off, len);
  }

  void setNull(int column) throws BadRecord {
    columns.get(column).setNull(row);
  }

  /** Counts a value that was set in the vector itself. */
  void count(int valueBytes) {
    rowBytes += valueBytes;
  }

  /** Forgets what is in the open row. */
  void leaveRow() {
    rowBytes = 0;
  }

  /** The open row is complete. */
  void endRow() {
    if (row > 0 && bytes + rowBytes > bytesMax) {
      if (carry == null) {
        carry = VectorSchemaRoot.create(root.getSchema(), allocator);
      }
      for (FieldVector vector : carry.getFieldVectors()) {
        vector.reset();
      }
      move(root, row, carry, 0);
      carriedBytes = rowBytes;
      full = true;
    } else {
      bytes += rowBytes;
      row++;
      full = row >= rowsMax || bytes >= bytesMax;
    }
    rowBytes = 0;
  }

  private static void move(VectorSchemaRoot from, int fromRow, VectorSchemaRoot to, int toRow) {
    for (int i = 0; i < from.getFieldVectors().size(); i++) {
      to.getVector(i).copyFromSafe(fromRow, toRow, from.getVector(i));
    }
  }

  /** Gives the rows to the reader of the batch, and says how many. */
  int finish() {
    root.setRowCount(row);
    return row;
  }

  @Override
  public void close() {
    root.close();
    if (carry != null) {
      carry.close();
    }
  }
}
