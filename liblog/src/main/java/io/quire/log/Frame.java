package io.quire.log;

import io.quire.base.Checksum;
import io.quire.base.Position;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The records of one Raft entry. Frames are chained: each carries the checksum of the whole frame
 * before it, so that a missing, doubled or exchanged frame shows. Layout, little-endian:
 *
 * <pre>
 *  0  magic     int32, "QFRM"
 *  4  version   uint16
 *  6  reserved  uint16, 0
 *  8  count     int32, of records
 * 12  length    int32, of all records in bytes
 * 16  previous  int32, CRC32C of the whole previous frame, 0 for the first
 * 20  checksum  int32, CRC32C of bytes 0 to 19
 * 24  records   see {@link LogRecord}
 * </pre>
 *
 * @param previous what the frame before it must be
 * @param records at least one
 * @param chain the checksum of this frame, which the next one carries
 */
record Frame(int previous, List<LogRecord> records, int chain) {
  static final int HEADER_BYTES = 24;
  static final int VERSION = 2;

  private static final int MAGIC = 0x4d524651;
  private static final int CHECKSUM_OFFSET = 20;

  Frame {
    records = List.copyOf(records);
  }

  static byte[] encode(int previous, List<LogRecord> records) {
    if (records.isEmpty() || records.size() > Position.SLOTS_MAX) {
      throw new IllegalArgumentException("not a frame's worth: records=" + records.size());
    }
    int length = records.stream().mapToInt(LogRecord::bytes).sum();
    WireWriter header =
        new WireWriter(HEADER_BYTES)
            .int32(MAGIC)
            .uint16(VERSION)
            .uint16(0)
            .int32(records.size())
            .int32(length)
            .int32(previous);
    WireWriter out =
        new WireWriter(HEADER_BYTES + length)
            .raw(header.toBytes())
            .int32(Checksum.of(header.toBytes()));
    records.forEach(record -> record.write(out));
    return out.toBytes();
  }

  /**
   * Reads a frame from all remaining bytes.
   *
   * @throws MalformedException if they are not exactly one whole frame
   */
  static Frame decode(ByteBuffer bytes) {
    WireReader in = new WireReader(bytes);
    if (in.remaining() < HEADER_BYTES) {
      throw new MalformedException("frame too short: bytes=" + in.remaining());
    }
    int magic = in.int32();
    int version = in.uint16();
    int reserved = in.uint16();
    int count = in.int32();
    int length = in.int32();
    int previous = in.int32();
    int found = in.int32();
    int wanted = Checksum.of(bytes.slice(bytes.position(), CHECKSUM_OFFSET));
    if (magic != MAGIC || found != wanted) {
      throw new MalformedException(
          "frame header differs from its checksum: magic="
              + Integer.toHexString(magic)
              + " found="
              + Integer.toHexString(found)
              + " computed="
              + Integer.toHexString(wanted));
    }
    if (version != VERSION || reserved != 0) {
      throw new MalformedException("unknown frame version: found=" + version + " known=" + VERSION);
    }
    if (length != in.remaining() || count < 1 || count > Position.SLOTS_MAX) {
      throw new MalformedException(
          "frame length differs: wanted="
              + length
              + " found="
              + in.remaining()
              + " count="
              + count);
    }
    List<LogRecord> records = new ArrayList<>(count);
    for (int slot = 0; slot < count; slot++) {
      records.add(LogRecord.read(in));
    }
    in.end();
    return new Frame(previous, records, Checksum.of(bytes));
  }
}
