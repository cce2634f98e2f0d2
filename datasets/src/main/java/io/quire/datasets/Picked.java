package io.quire.datasets;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * Some of what a member picked for a stream, in its order. Layout: whether that is all (1 byte),
 * count, and each batch: group, next row, bytes.
 *
 * @param end whether nothing comes after it
 */
record Picked(boolean end, List<Batch> batches) {
  /**
   * Of one group.
   *
   * @param next the row from which the group goes on; 0 if it is done
   */
  record Batch(int group, long next, byte[] bytes) {}

  byte[] toBytes() {
    int length = batches.stream().mapToInt(batch -> batch.bytes.length + 16).sum();
    WireWriter out = new WireWriter(16 + length).bool(end);
    Varint.write(out, batches.size());
    for (Batch batch : batches) {
      Varint.write(out, batch.group);
      Varint.write(out, batch.next);
      out.bytes(batch.bytes);
    }
    return out.toBytes();
  }

  /**
   * Decodes.
   *
   * @throws io.quire.base.WireReader.MalformedException if the bytes are something else
   */
  static Picked read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    boolean end = in.bool();
    List<Batch> batches = new ArrayList<>();
    for (int left = Varint.readInt(in, in.remaining() / 6); left > 0; left--) {
      batches.add(new Batch(Varint.readInt(in), Varint.read(in), in.bytes()));
    }
    in.end();
    return new Picked(end, batches);
  }
}
