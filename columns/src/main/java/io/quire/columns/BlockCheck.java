package io.quire.columns;

import com.google.flatbuffers.Table;
import io.quire.base.WireReader.MalformedException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.flatbuf.Buffer;
import org.apache.arrow.flatbuf.Endianness;
import org.apache.arrow.flatbuf.FieldNode;
import org.apache.arrow.flatbuf.KeyValue;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.MetadataVersion;
import org.apache.arrow.flatbuf.RecordBatch;
import org.apache.arrow.flatbuf.Schema;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/**
 * Reads the metadata of a block and refuses whatever would lead a reader of its vector out of the
 * block: Arrow, and above all engines that are given addresses, follow lengths and offsets without
 * a look. All bitmaps are counted and all offsets compared; values, and whether text is UTF-8, are
 * not looked at.
 *
 * <p>The metadata are copied before they are read. They are short, and flat buffers are safe only
 * as long as every access is within a buffer; what they point at may be anywhere in it, also at
 * itself, so depth and numbers are limited before Arrow converts them.
 */
final class BlockCheck {
  private final MemorySegment block;
  private final List<Node> nodes = new ArrayList<>();
  private final long bodyAt;
  private final long bodyBytes;
  private final RecordBatch batch;
  private int buffersSeen;

  /** A vector, or one in it: how many rows it has, and where its buffers lie in the block. */
  record Node(int rows, long nulls, List<Extent> buffers) {}

  record Extent(long at, long bytes) {}

  /**
   * What the block says of itself.
   *
   * @param nodes the vector, then its children, each before its own
   */
  record Checked(Field field, List<Node> nodes) {}

  private record Metadata(ByteBuffer bytes, long end) {}

  private BlockCheck(MemorySegment block, Metadata metadata) {
    this.block = block;
    Message message = message(metadata, MessageHeader.RecordBatch);
    batch = header(message, new RecordBatch());
    bodyAt = metadata.end;
    bodyBytes = message.bodyLength();
  }

  /**
   * Checks all of it.
   *
   * @throws MalformedException if it is not a block
   */
  static Checked check(MemorySegment block) {
    try {
      Metadata schema = metadata(block, 0);
      Field field = field(schema);
      BlockCheck check = new BlockCheck(block, metadata(block, schema.end));
      check.frame();
      check.node(field, check.rows());
      check.end();
      return new Checked(field, check.nodes);
    } catch (MalformedException e) {
      throw e;
    } catch (RuntimeException e) {
      throw malformed(e);
    }
  }

  /** Only what the column is. */
  static Field field(MemorySegment block) {
    try {
      return field(metadata(block, 0));
    } catch (MalformedException e) {
      throw e;
    } catch (RuntimeException e) {
      throw malformed(e);
    }
  }

  private static MalformedException malformed(RuntimeException e) {
    MalformedException malformed = new MalformedException("not a column block: found=" + e);
    malformed.initCause(e);
    return malformed;
  }

  private static void require(boolean held, String what, long found) {
    if (!held) {
      throw new MalformedException("not a column block: %s=%d".formatted(what, found));
    }
  }

  private static Metadata metadata(MemorySegment block, long at) {
    require(block.byteSize() - at >= BlockFormat.PREFIX_BYTES, "bytes", block.byteSize());
    int continuation = block.get(Memory.INT, at);
    require(continuation == BlockFormat.CONTINUATION, "continuation", continuation);
    int length = block.get(Memory.INT, at + 4);
    long from = at + BlockFormat.PREFIX_BYTES;
    require(
        length >= 8
            && length <= BlockFormat.METADATA_BYTES_MAX
            && length <= block.byteSize() - from
            && length % 8 == 0,
        "metadataBytes",
        length);
    byte[] bytes = new byte[length];
    MemorySegment.copy(block, Memory.BYTE, from, bytes, 0, length);
    return new Metadata(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), from + length);
  }

  private static Message message(Metadata metadata, byte type) {
    Message message = Message.getRootAsMessage(metadata.bytes);
    require(message.headerType() == type, "messageType", message.headerType());
    require(message.version() == MetadataVersion.V5, "version", message.version());
    return message;
  }

  private static <T extends Table> T header(Message message, T header) {
    require(message.header(header) != null, "header", 0);
    return header;
  }

  private static Field field(Metadata metadata) {
    Message message = message(metadata, MessageHeader.Schema);
    require(message.bodyLength() == 0, "schemaBodyBytes", message.bodyLength());
    Schema schema = header(message, new Schema());
    require(schema.fieldsLength() == 1, "fields", schema.fieldsLength());
    require(schema.endianness() == Endianness.Little, "endianness", schema.endianness());
    new FieldLimits().add(schema.fields(0), 1);
    return Field.convertField(schema.fields(0));
  }

  /** Counts what {@link Field#convertField} would make, before it makes it. */
  private static final class FieldLimits {
    private int fields;
    private long textBytes;

    void add(org.apache.arrow.flatbuf.Field field, int depth) {
      require(depth <= BlockFormat.DEPTH_MAX, "depth", depth);
      require(++fields <= BlockFormat.FIELDS_MAX, "fields", fields);
      text(field.nameAsByteBuffer());
      int entries = field.customMetadataLength();
      require(entries >= 0 && entries <= BlockFormat.METADATA_BYTES_MAX / 8, "entries", entries);
      for (int i = 0; i < entries; i++) {
        KeyValue entry = field.customMetadata(i);
        text(entry.keyAsByteBuffer());
        text(entry.valueAsByteBuffer());
      }
      int children = field.childrenLength();
      require(children >= 0 && children <= BlockFormat.FIELDS_MAX, "children", children);
      for (int i = 0; i < children; i++) {
        add(field.children(i), depth + 1);
      }
    }

    private void text(@Nullable ByteBuffer text) {
      textBytes += text == null ? 0 : text.remaining();
      require(textBytes <= BlockFormat.METADATA_BYTES_MAX, "textBytes", textBytes);
    }
  }

  private int rows() {
    require(batch.length() >= 0 && batch.length() < Integer.MAX_VALUE, "rows", batch.length());
    return (int) batch.length();
  }

  private void frame() {
    long left = block.byteSize() - bodyAt - BlockFormat.PREFIX_BYTES;
    require(bodyAt % BlockFormat.ALIGNMENT == 0, "bodyAt", bodyAt);
    require(bodyBytes == left, "bodyBytes", bodyBytes);
    require(block.get(Memory.LONG, bodyAt + bodyBytes) == 0xffff_ffffL, "endAt", bodyAt + left);
    require(batch.compression() == null, "compression", 1);
    require(batch.variadicBufferCountsLength() == 0, "views", batch.variadicBufferCountsLength());
  }

  private void end() {
    require(batch.nodesLength() == nodes.size(), "nodes", batch.nodesLength());
    require(batch.buffersLength() == buffersSeen, "buffers", batch.buffersLength());
  }

  private void node(Field field, long rowsWanted) {
    Shape shape = Shape.of(field);
    require(nodes.size() < batch.nodesLength(), "nodes", batch.nodesLength());
    FieldNode node = batch.nodes(nodes.size());
    long rows = node.length();
    require(rows >= 0 && rows < Integer.MAX_VALUE, "rows", rows);
    require(rowsWanted < 0 || rows == rowsWanted, "rows", rows);
    List<Extent> buffers = new ArrayList<>(3);
    nodes.add(new Node((int) rows, node.nullCount(), buffers));
    MemorySegment validity = buffer(buffers, Memory.bitmapBytes(rows));
    require(rows - Memory.count(validity, rows) == node.nullCount(), "nulls", node.nullCount());
    switch (shape.kind()) {
      case BITS -> buffer(buffers, Memory.bitmapBytes(rows));
      case FIXED -> buffer(buffers, rows * shape.width());
      case BYTES -> buffer(buffers, lastOffset(buffer(buffers, (rows + 1) * Integer.BYTES)));
      case LARGE_BYTES ->
          buffer(buffers, lastLargeOffset(buffer(buffers, (rows + 1) * Long.BYTES)));
      case LIST -> {
        long values = lastOffset(buffer(buffers, (rows + 1) * Integer.BYTES));
        int child = nodes.size();
        node(field.getChildren().get(0), -1);
        require(nodes.get(child).rows >= values, "values", values);
      }
      case FIXED_LIST -> node(field.getChildren().get(0), rows * shape.width());
      case STRUCT -> field.getChildren().forEach(child -> node(child, rows));
    }
  }

  /** The next buffer, which must have so many bytes. */
  private MemorySegment buffer(List<Extent> buffers, long bytes) {
    require(buffersSeen < batch.buffersLength(), "buffers", batch.buffersLength());
    Buffer buffer = batch.buffers(buffersSeen++);
    require(buffer.length() == bytes, "bufferBytes", buffer.length());
    require(
        buffer.offset() >= 0
            && buffer.offset() % BlockFormat.ALIGNMENT == 0
            && buffer.offset() <= bodyBytes
            && bytes <= bodyBytes - buffer.offset(),
        "bufferAt",
        buffer.offset());
    long at = bodyAt + buffer.offset();
    buffers.add(new Extent(at, bytes));
    return block.asSlice(at, bytes);
  }

  private static long lastOffset(MemorySegment offsets) {
    int before = 0;
    boolean ordered = true;
    for (long at = 0; at < offsets.byteSize(); at += Integer.BYTES) {
      int offset = offsets.get(Memory.INT, at);
      ordered &= offset >= before;
      before = offset;
    }
    require(ordered, "offsetsOrdered", 0);
    return before;
  }

  private static long lastLargeOffset(MemorySegment offsets) {
    long before = 0;
    boolean ordered = true;
    for (long at = 0; at < offsets.byteSize(); at += Long.BYTES) {
      long offset = offsets.get(Memory.LONG, at);
      ordered &= offset >= before;
      before = offset;
    }
    require(ordered, "offsetsOrdered", 0);
    return before;
  }
}
