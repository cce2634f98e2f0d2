package io.quire.ager;

import io.quire.base.Checksum;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The block of 4 KiB before each body in a store file, and at the end of a finished container.
 *
 * <pre>
 *    0  magic "QUIREXT1"          8
 *    8  format version            2   2; 1 has nothing between the owner and the checksum
 *   10  kind                      1   1 body, 2 end
 *   11  codec                     1   0 as it is, 1 LZ4, 2 Zstd
 *   12  cipher                    1   0 none, 1 AES-256-GCM
 *   13  zero                      3
 *   16  extent id                 8
 *   24  bytes of the body         8   without padding; 0 for an end
 *   32  CRC32C of the body        4   as it is in memory
 *   36  length of the owner       4
 *   40  owner, UTF-8, then zeros
 * 3968  origin                   32   cluster (16), load, object; zeros if it has none
 * 4000  bytes that follow         8   without padding
 * 4008  id of the key            16
 * 4024  salt                     32
 * 4056  sequence                  8
 * 4064  zeros                    28
 * 4092  CRC32C of bytes 0 to 4091 4
 * </pre>
 *
 * Numbers are little-endian. What follows starts at 4096 and is padded with zeros to 4 KiB.
 */
record StoreHeader(
    Kind kind, long extent, long bytes, int crc, String owner, Form form, Origin origin) {
  static final int BYTES = 4096;
  private static final byte[] MAGIC = "QUIREXT1".getBytes(StandardCharsets.US_ASCII);
  private static final int VERSION = 2;
  private static final int PLAIN_VERSION = 1;
  private static final int ORIGIN_AT = 3968;
  private static final int FORM_AT = 4000;
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

  /**
   * How the body was written.
   *
   * @param codec 0 as it is, 1 LZ4, 2 Zstd
   * @param storedBytes that follow the header, without padding
   * @param seal how it was encrypted
   */
  record Form(int codec, long storedBytes, Seal seal) {
    static Form plain(long bytes) {
      return new Form(0, bytes, Seal.NONE);
    }

    boolean isPlain() {
      return codec == 0 && seal.isNone();
    }
  }

  /**
   * How a body was encrypted: with a key made of the named one and the salt, and nonces made of the
   * sequence.
   *
   * @param key 16 bytes in hexadecimal digits; empty if it was not encrypted
   * @param salt 32 bytes in hexadecimal digits
   */
  record Seal(String key, String salt, long sequence) {
    static final int KEY_BYTES = 16;
    static final int SALT_BYTES = 32;
    static final Seal NONE = new Seal("", "", 0);

    boolean isNone() {
      return key.isEmpty();
    }
  }

  /** Without an origin. */
  StoreHeader(Kind kind, long extent, long bytes, int crc, String owner, Form form) {
    this(kind, extent, bytes, crc, owner, form, Origin.NONE);
  }

  /** The header of this copy, if it was written as it is. */
  static StoreHeader of(Copy copy) {
    return body(copy.extent(), copy.bytes(), copy.crc(), copy.owner());
  }

  static StoreHeader body(long extent, long bytes, int crc, String owner) {
    return new StoreHeader(Kind.BODY, extent, bytes, crc, owner, Form.plain(bytes));
  }

  static StoreHeader end(String owner) {
    return new StoreHeader(Kind.END, 0, 0, 0, owner, Form.plain(0));
  }

  /** Rounded up to whole blocks of 4 KiB. */
  static long padded(long bytes) {
    return (bytes + BYTES - 1) / BYTES * BYTES;
  }

  /** Bytes of the header and of what follows it, with padding. */
  long footprint() {
    return BYTES + padded(form.storedBytes);
  }

  byte[] encode() {
    byte[] block = new byte[BYTES];
    WireWriter head = new WireWriter();
    head.raw(MAGIC).uint16(VERSION).int8(kind.code).int8(form.codec);
    head.int8(form.seal.isNone() ? 0 : 1).raw(new byte[3]);
    head.int64(extent).int64(bytes).int32(crc).string(owner);
    put(head, block, 0);
    put(origin.write(), block, ORIGIN_AT);
    WireWriter tail = new WireWriter().int64(form.storedBytes);
    if (!form.seal.isNone()) {
      tail.raw(fixed(form.seal.key, Seal.KEY_BYTES)).raw(fixed(form.seal.salt, Seal.SALT_BYTES));
      tail.int64(form.seal.sequence);
    }
    put(tail, block, FORM_AT);
    put(new WireWriter().int32(Checksum.of(block, 0, CHECKED_BYTES)), block, CHECKED_BYTES);
    return block;
  }

  private static void put(WireWriter part, byte[] block, int at) {
    byte[] bytes = part.toBytes();
    System.arraycopy(bytes, 0, block, at, bytes.length);
  }

  private static byte[] fixed(String hex, int length) {
    return Arrays.copyOf(HexFormat.of().parseHex(hex), length);
  }

  void encodeTo(MemorySegment block) {
    MemorySegment.copy(encode(), 0, block, ValueLayout.JAVA_BYTE, 0, BYTES);
  }

  /** Whether the block begins as a header does. */
  static boolean looksLikeOne(MemorySegment block) {
    return MemorySegment.mismatch(
            block, 0, MAGIC.length, MemorySegment.ofArray(MAGIC), 0, MAGIC.length)
        < 0;
  }

  /**
   * Decodes a block.
   *
   * @throws CorruptCopy if it is not a header, or not one that verifies
   */
  static StoreHeader decode(MemorySegment block) throws CorruptCopy {
    byte[] bytes = block.asSlice(0, BYTES).toArray(ValueLayout.JAVA_BYTE);
    int found = Checksum.of(bytes, 0, CHECKED_BYTES);
    int wanted = new WireReader(Arrays.copyOfRange(bytes, CHECKED_BYTES, BYTES)).int32();
    if (!looksLikeOne(block) || found != wanted) {
      throw new CorruptCopy(
          "header does not verify: crcWanted=%08x crcFound=%08x".formatted(wanted, found));
    }
    try {
      return decode(bytes);
    } catch (WireReader.MalformedException e) {
      throw new CorruptCopy("header does not verify: reason=" + e.getMessage());
    }
  }

  /** Whether it is a header that was written so, perhaps by a later build. */
  static boolean isSealed(MemorySegment block) {
    byte[] bytes = block.asSlice(0, BYTES).toArray(ValueLayout.JAVA_BYTE);
    int wanted = new WireReader(Arrays.copyOfRange(bytes, CHECKED_BYTES, BYTES)).int32();
    return looksLikeOne(block) && Checksum.of(bytes, 0, CHECKED_BYTES) == wanted;
  }

  private static StoreHeader decode(byte[] bytes) throws CorruptCopy {
    WireReader in = new WireReader(bytes);
    in.raw(MAGIC.length);
    int version = in.uint16();
    int code = in.int8();
    int codec = in.int8();
    int cipher = in.int8();
    in.raw(3);
    boolean known = version == VERSION || (version == PLAIN_VERSION && codec + cipher == 0);
    if (!known || (code != Kind.BODY.code && code != Kind.END.code) || codec > 2 || cipher > 1) {
      throw new CorruptCopy(
          "unknown header: version=%d kind=%d codec=%d cipher=%d"
              .formatted(version, code, codec, cipher));
    }
    Kind kind = code == Kind.BODY.code ? Kind.BODY : Kind.END;
    long extent = in.int64();
    long body = in.int64();
    int crc = in.int32();
    String owner = in.string();
    Form form = version == PLAIN_VERSION ? Form.plain(body) : form(bytes, codec, cipher);
    boolean possible =
        body >= (kind == Kind.END ? 0 : 1)
            && body <= Ager.MAX_EXTENT_BYTES
            && form.storedBytes >= 0
            && form.storedBytes <= 2 * Ager.MAX_EXTENT_BYTES;
    if (!possible) {
      throw new CorruptCopy(
          "not sizes of an extent: bytes=%d storedBytes=%d".formatted(body, form.storedBytes));
    }
    Origin origin = Origin.read(new WireReader(Arrays.copyOfRange(bytes, ORIGIN_AT, FORM_AT)));
    return new StoreHeader(kind, extent, body, crc, owner, form, origin);
  }

  private static Form form(byte[] bytes, int codec, int cipher) {
    WireReader in = new WireReader(Arrays.copyOfRange(bytes, FORM_AT, CHECKED_BYTES));
    long stored = in.int64();
    String key = HexFormat.of().formatHex(in.raw(Seal.KEY_BYTES));
    String salt = HexFormat.of().formatHex(in.raw(Seal.SALT_BYTES));
    Seal seal = cipher == 0 ? Seal.NONE : new Seal(key, salt, in.int64());
    return new Form(codec, stored, seal);
  }

  /** Throws unless the block is the header of the body that is wanted, in whatever form. */
  static StoreHeader check(MemorySegment block, StoreHeader wanted) throws CorruptCopy {
    StoreHeader found = decode(block);
    if (found.kind != wanted.kind
        || found.extent != wanted.extent
        || found.bytes != wanted.bytes
        || found.crc != wanted.crc
        || !found.owner.equals(wanted.owner)) {
      throw new CorruptCopy(
          "something else lies there: wanted=%s found=%s".formatted(wanted, found));
    }
    return found;
  }
}
