package io.quire.log;

import io.quire.base.Log.Entry;
import io.quire.base.Log.Fence;
import io.quire.base.Log.Stream;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.util.zip.CRC32C;

/**
 * An entry with the checksum it was given when it was made. The layout is the same in a frame and
 * in a forwarded append, and the checksum travels with it:
 *
 * <pre>
 *  0  stream       uint16
 *  2  fence kind   int8
 *  3  fence value  int64
 * 11  length       int32, of the payload
 * 15  checksum     int32, CRC32C of bytes 0 to 14 and of the payload
 * 19  payload
 * </pre>
 */
record LogRecord(Entry entry, int checksum) {
  static final int HEADER_BYTES = 19;

  private static final Fence.Kind[] KINDS = Fence.Kind.values();

  static LogRecord of(Entry entry) {
    Fence fence = entry.fence();
    return new LogRecord(
        entry,
        checksum(entry.stream().number(), fence.kind().ordinal(), fence.value(), entry.payload()));
  }

  int bytes() {
    return HEADER_BYTES + entry.payload().length;
  }

  void write(WireWriter out) {
    out.uint16(entry.stream().number())
        .int8(entry.fence().kind().ordinal())
        .int64(entry.fence().value())
        .int32(entry.payload().length)
        .int32(checksum)
        .raw(entry.payload());
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws MalformedException if a single bit of it is different
   */
  static LogRecord read(WireReader in) {
    int stream = in.uint16();
    int kind = in.int8();
    long value = in.int64();
    int length = in.int32();
    int found = in.int32();
    if (length < 0 || length > Entry.PAYLOAD_BYTES_MAX) {
      throw new MalformedException(
          "payload length out of range: found=" + length + " max=" + Entry.PAYLOAD_BYTES_MAX);
    }
    byte[] payload = in.raw(length);
    int wanted = checksum(stream, kind, value, payload);
    if (found != wanted) {
      throw new MalformedException(
          "record checksum differs: found="
              + Integer.toHexString(found)
              + " computed="
              + Integer.toHexString(wanted));
    }
    if (kind < 0 || kind >= KINDS.length) {
      throw new MalformedException("unknown fence: kind=" + kind);
    }
    return new LogRecord(
        new Entry(Stream.of(stream), new Fence(KINDS[kind], value), payload), found);
  }

  private static int checksum(int stream, int kind, long value, byte[] payload) {
    byte[] header =
        new WireWriter(HEADER_BYTES)
            .uint16(stream)
            .int8(kind)
            .int64(value)
            .int32(payload.length)
            .toBytes();
    CRC32C crc = new CRC32C();
    crc.update(header);
    crc.update(payload);
    return (int) crc.getValue();
  }
}
