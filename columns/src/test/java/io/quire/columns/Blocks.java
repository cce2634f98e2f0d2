package io.quire.columns;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.vector.FieldVector;

/** What tests do with blocks. */
final class Blocks {
  private Blocks() {}

  /** The block of a vector, as an extent would be. */
  static MemorySegment of(FieldVector vector, Arena arena) {
    MemorySegment block = arena.allocate(ColumnBlock.bytes(vector), 4096);
    block.fill((byte) 0x5a);
    ColumnBlock.write(vector, block);
    return block;
  }

  static List<Object> values(FieldVector vector) {
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < vector.getValueCount(); i++) {
      Object value = vector.getObject(i);
      values.add(
          value instanceof byte[] bytes
              ? List.of(new String(bytes, StandardCharsets.ISO_8859_1))
              : String.valueOf(value));
    }
    return values;
  }
}
