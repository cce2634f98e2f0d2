package io.quire.tables;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.formats.ReadOptions;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** The schema of a table, as its dataset keeps it: a mark, and Arrow's own message. */
final class TableSchema {
  private static final int MAGIC = 0x3142_5451;

  private TableSchema() {}

  static byte[] write(Schema schema) {
    return new WireWriter(1_024).int32(MAGIC).bytes(schema.serializeAsMessage()).toBytes();
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws MalformedException if the bytes are something else
   */
  static Schema read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    if (in.remaining() < 4 || in.int32() != MAGIC) {
      throw new MalformedException("not the schema of a table: bytes=" + bytes.length);
    }
    byte[] message = in.bytes();
    in.end();
    try {
      return Schema.deserializeMessage(ByteBuffer.wrap(message));
    } catch (RuntimeException e) {
      throw new MalformedException("not the schema of a table: reason=" + e);
    }
  }

  /** What is left of it if only some columns are read. */
  static Schema projected(Schema schema, ReadOptions options) {
    List<Field> fields =
        options.columns().isEmpty()
            ? schema.getFields()
            : options.columns().stream().map(schema::findField).toList();
    return new Schema(fields);
  }
}
