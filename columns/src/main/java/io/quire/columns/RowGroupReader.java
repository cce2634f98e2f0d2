package io.quire.columns;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * Row groups as a stream of record batches, for engines that read Arrow: a group is a batch, and
 * its buffers are handed on without a copy. The stream can be read once.
 *
 * <p>A group is taken from the iterator when the engine asks for the next batch; its vectors are
 * then empty, and it is closed. Its bytes are released when the engine has closed what it was
 * given. Confined to one thread at a time.
 */
public final class RowGroupReader extends ArrowReader {
  private final Schema schema;
  private final Iterator<RowGroup> groups;
  private final Runnable whenClosed;

  /**
   * Reads groups; those that are left when it is closed are not taken.
   *
   * @param allocator the one of the groups, or one with the same root
   * @param fields the columns of each group, in this order
   */
  public RowGroupReader(BufferAllocator allocator, List<Field> fields, Iterator<RowGroup> groups) {
    this(allocator, fields, groups, () -> {});
  }

  /**
   * As above.
   *
   * @param whenClosed is run once, when this is closed: lets go of where groups come from
   */
  public RowGroupReader(
      BufferAllocator allocator,
      List<Field> fields,
      Iterator<RowGroup> groups,
      Runnable whenClosed) {
    super(allocator);
    this.whenClosed = whenClosed;
    schema = new Schema(fields);
    this.groups = groups;
  }

  @Override
  public boolean loadNextBatch() throws IOException {
    getVectorSchemaRoot().clear();
    if (!groups.hasNext()) {
      return false;
    }
    try (RowGroup group = groups.next()) {
      VectorSchemaRoot to = getVectorSchemaRoot();
      if (!group.root().getSchema().getFields().equals(schema.getFields())) {
        throw new IOException(
            "group has other columns: has=%s wanted=%s"
                .formatted(group.root().getSchema(), schema));
      }
      int rows = group.rows();
      for (int i = 0; i < schema.getFields().size(); i++) {
        FieldVector from = group.root().getVector(i);
        from.makeTransferPair(to.getVector(i)).transfer();
      }
      to.setRowCount(rows);
    }
    return true;
  }

  /** Always 0: nothing is read from a channel. */
  @Override
  public long bytesRead() {
    return 0;
  }

  @Override
  protected void closeReadSource() {
    whenClosed.run();
  }

  @Override
  protected Schema readSchema() {
    return schema;
  }
}
