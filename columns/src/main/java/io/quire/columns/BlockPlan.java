package io.quire.columns;

import com.google.flatbuffers.FlatBufferBuilder;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.flatbuf.Buffer;
import org.apache.arrow.flatbuf.FieldNode;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.RecordBatch;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.ipc.message.IpcOption;
import org.apache.arrow.vector.ipc.message.MessageSerializer;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Where everything of a vector goes in its block. The vector must not change meanwhile. */
final class BlockPlan {
  private final List<Node> nodes = new ArrayList<>();
  private final List<Piece> pieces = new ArrayList<>();
  private final ByteBuffer schema;
  private final ByteBuffer batch;
  private final long batchAt;
  private final long bodyAt;
  private long bodyBytes;

  private record Node(int rows, long nulls) {}

  /**
   * Bytes that are copied.
   *
   * @param at in the body
   * @param bits how many bits count if it is a bitmap, else -1
   */
  private record Piece(MemorySegment bytes, long at, long bits) {}

  BlockPlan(FieldVector vector) {
    add(vector, 1);
    schema =
        MessageSerializer.serializeMetadata(
            new Schema(List.of(vector.getField())), IpcOption.DEFAULT);
    batchAt = aligned(BlockFormat.PREFIX_BYTES + schema.remaining(), 8);
    batch = batch(vector.getValueCount());
    bodyAt = aligned(batchAt + BlockFormat.PREFIX_BYTES + batch.remaining(), BlockFormat.ALIGNMENT);
    if (Math.max(batchAt, bodyAt - batchAt) > BlockFormat.METADATA_BYTES_MAX) {
      throw new IllegalArgumentException(
          "metadata are too long: field=%s bytes=%d max=%d"
              .formatted(vector.getName(), bodyAt, BlockFormat.METADATA_BYTES_MAX));
    }
  }

  long bytes() {
    return bodyAt + bodyBytes + BlockFormat.PREFIX_BYTES;
  }

  void write(MemorySegment to) {
    message(to, 0, schema, batchAt);
    message(to, batchAt, batch, bodyAt);
    long end = bodyAt;
    for (Piece piece : pieces) {
      long at = bodyAt + piece.at;
      to.asSlice(end, at - end).fill((byte) 0);
      MemorySegment.copy(piece.bytes, 0, to, at, piece.bytes.byteSize());
      end = at + piece.bytes.byteSize();
      if (piece.bits >= 0 && (piece.bits & 7) != 0) {
        int mask = (1 << (piece.bits & 7)) - 1;
        to.set(Memory.BYTE, end - 1, (byte) (to.get(Memory.BYTE, end - 1) & mask));
      }
    }
    to.asSlice(end, bodyAt + bodyBytes - end).fill((byte) 0);
    to.set(Memory.INT, bodyAt + bodyBytes, BlockFormat.CONTINUATION);
    to.set(Memory.INT, bodyAt + bodyBytes + 4, 0);
  }

  private static void message(MemorySegment to, long at, ByteBuffer metadata, long end) {
    long from = at + BlockFormat.PREFIX_BYTES;
    to.set(Memory.INT, at, BlockFormat.CONTINUATION);
    to.set(Memory.INT, at + 4, Math.toIntExact(end - from));
    MemorySegment.copy(MemorySegment.ofBuffer(metadata), 0, to, from, metadata.remaining());
    to.asSlice(from + metadata.remaining(), end - from - metadata.remaining()).fill((byte) 0);
  }

  private void add(FieldVector vector, int depth) {
    Field field = vector.getField();
    Shape shape = Shape.of(field);
    if (depth > BlockFormat.DEPTH_MAX || nodes.size() == BlockFormat.FIELDS_MAX) {
      throw new IllegalArgumentException(
          "too many fields in each other: field=%s depthMax=%d fieldsMax=%d"
              .formatted(field.getName(), BlockFormat.DEPTH_MAX, BlockFormat.FIELDS_MAX));
    }
    List<ArrowBuf> buffers = vector.getFieldBuffers();
    int rows = vector.getValueCount();
    MemorySegment validity = Memory.of(buffers.get(0), Memory.bitmapBytes(rows));
    nodes.add(new Node(rows, rows - Memory.count(validity, rows)));
    piece(validity, rows);
    switch (shape.kind()) {
      case BITS -> piece(Memory.of(buffers.get(1), Memory.bitmapBytes(rows)), rows);
      case FIXED -> piece(Memory.of(buffers.get(1), (long) rows * shape.width()), -1);
      case BYTES -> {
        MemorySegment offsets = Memory.of(buffers.get(1), (rows + 1L) * Integer.BYTES);
        piece(offsets, -1);
        piece(Memory.of(buffers.get(2), offsets.get(Memory.INT, 4L * rows)), -1);
      }
      case LARGE_BYTES -> {
        MemorySegment offsets = Memory.of(buffers.get(1), (rows + 1L) * Long.BYTES);
        piece(offsets, -1);
        piece(Memory.of(buffers.get(2), offsets.get(Memory.LONG, 8L * rows)), -1);
      }
      case LIST -> piece(Memory.of(buffers.get(1), (rows + 1L) * Integer.BYTES), -1);
      case FIXED_LIST, STRUCT -> {}
    }
    for (FieldVector child : vector.getChildrenFromFields()) {
      add(child, depth + 1);
    }
  }

  private void piece(MemorySegment bytes, long bits) {
    pieces.add(new Piece(bytes, bodyBytes, bits));
    bodyBytes = aligned(bodyBytes + bytes.byteSize(), BlockFormat.ALIGNMENT);
  }

  /** Vectors of a flat buffer are written from their end. */
  private ByteBuffer batch(int rows) {
    FlatBufferBuilder builder = new FlatBufferBuilder();
    RecordBatch.startNodesVector(builder, nodes.size());
    for (Node node : nodes.reversed()) {
      FieldNode.createFieldNode(builder, node.rows, node.nulls);
    }
    int nodesAt = builder.endVector();
    RecordBatch.startBuffersVector(builder, pieces.size());
    for (Piece piece : pieces.reversed()) {
      Buffer.createBuffer(builder, piece.at, piece.bytes.byteSize());
    }
    int buffersAt = builder.endVector();
    RecordBatch.startRecordBatch(builder);
    RecordBatch.addLength(builder, rows);
    RecordBatch.addNodes(builder, nodesAt);
    RecordBatch.addBuffers(builder, buffersAt);
    return MessageSerializer.serializeMessage(
        builder,
        MessageHeader.RecordBatch,
        RecordBatch.endRecordBatch(builder),
        bodyBytes,
        IpcOption.DEFAULT);
  }

  private static long aligned(long at, int to) {
    return (at + to - 1) & -to;
  }
}
