package io.quire.ager;

import io.quire.base.Checksum;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The block of 4 KiB before each body in a store file, and at the end of a finished container.
 *
 * <pre>
 *    0  magic "QUIREXT1"          8
 *    8  format version            2   1
 *   10  kind                      1   1 body, 2 end
 *   11  zero                      5
 *   16  extent id                 8
 *   24  bytes of the body         8   without padding; 0 for an end
 *   32  CRC32C of the body        4
 *   36  length of the owner       4
 *   40  owner, UTF-8, then zeros
 * 4092  CRC32C of bytes 0 to 4091 4
 * </pre>
 *
 * Numbers are little-endian. The body starts at 4096 and is padded with zeros to 4 KiB.
 */
record StoreHeader(Kind kind, long extent, long bytes, int crc, String owner) {
  static final int BYTES = 4096;
  private static final byte[] MAGIC = "QUIREXT1".getBytes(StandardCharsets.US_ASCII);
  private static final int VERSION = 1;
  private static final int CHECKED_BYTES = BYTES - Integer.BYTES;

  /** What follows the block. */
  enum Kind {
    BODY(1),
    END(2);

    private final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  /** The header of this copy. */
  static StoreHeader of(Copy copy) {
    return new StoreHeader(Kind.BODY, copy.extent(), copy.bytes(), copy.crc(), copy.owner());
  }

  static StoreHeader end(String owner) {
    return new StoreHeader(Kind.END, 0, 0, 0, owner);
  }

  /** Rounded up to whole blocks of 4 KiB. */
  static long padded(long bytes) {
    return (bytes + BYTES - 1) / BYTES * BYTES;
  }

  byte[] encode() {
    WireWriter out = new WireWriter(BYTES);
    out.raw(MAGIC).uint16(VERSION).int8(kind.code).raw(new byte[5]);
    out.int64(extent).int64(bytes).int32(crc).string(owner);
    out.raw(new byte[CHECKED_BYTES - out.length()]);
    return out.int32(Checksum.of(out.toBytes())).toBytes();
  }

  void encodeTo(MemorySegment block) {
    MemorySegment.copy(encode(), 0, block, ValueLayout.JAVA_BYTE, 0, BYTES);
  }

  /**
   * Decodes a block.
   *
   * @throws CorruptCopy if it is not a header, or not one that verifies
   */
  static StoreHeader decode(MemorySegment block) throws CorruptCopy {
    byte[] bytes = block.asSlice(0, BYTES).toArray(ValueLayout.JAVA_BYTE);
    WireReader in = new WireReader(bytes);
    byte[] magic = in.raw(MAGIC.length);
    int version = in.uint16();
    int code = in.int8();
    in.raw(5);
    int found = Checksum.of(bytes, 0, CHECKED_BYTES);
    int wanted = new WireReader(Arrays.copyOfRange(bytes, CHECKED_BYTES, BYTES)).int32();
    if (!Arrays.equals(magic, MAGIC) || found != wanted) {
      throw new CorruptCopy(
          "header does not verify: crcWanted=%08x crcFound=%08x".formatted(wanted, found));
    }
    if (version != VERSION || (code != Kind.BODY.code && code != Kind.END.code)) {
      throw new CorruptCopy("unknown header: version=%d kind=%d".formatted(version, code));
    }
    Kind kind = code == Kind.BODY.code ? Kind.BODY : Kind.END;
    try {
      return new StoreHeader(kind, in.int64(), in.int64(), in.int32(), in.string());
    } catch (WireReader.MalformedException e) {
      throw new CorruptCopy("header does not verify: reason=" + e.getMessage());
    }
  }

  /** Throws unless the block is this header. */
  static void check(MemorySegment block, StoreHeader wanted) throws CorruptCopy {
    StoreHeader found = decode(block);
    if (!found.equals(wanted)) {
      throw new CorruptCopy(
          "something else lies there: wanted=%s found=%s".formatted(wanted, found));
    }
  }
}
