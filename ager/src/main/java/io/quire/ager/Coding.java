package io.quire.ager;

import io.quire.ager.StoreHeader.Form;
import io.quire.ager.StoreHeader.Kind;
import io.quire.ager.StoreHeader.Seal;
import io.quire.base.WireWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import org.jspecify.annotations.Nullable;

/**
 * How a store writes bodies: as they are, compressed, encrypted, or both. What is not as it is goes
 * in frames of up to 1 MiB of the body, each compressed if that makes it smaller and then encrypted
 * on its own, so that no more than a frame is held beside the body.
 *
 * <pre>
 * 0  length of what follows, in the low 31 bits; the highest says that it is compressed
 * 4  the frame; encrypted, with its tag of 16 bytes
 * </pre>
 *
 * The header is authenticated with each frame, and so is the frame's number: frames can be neither
 * exchanged nor left out.
 */
final class Coding {
  static final Coding PLAIN = new Coding(Codec.NONE, null);

  static final int FRAME_BYTES = 1 << 20;
  private static final int WORD_BYTES = Integer.BYTES;
  private static final int TAG_BYTES = 16;
  private static final int NONCE_BYTES = 12;

  /** Compressed frames of bodies up to this size are kept, those of larger ones made twice. */
  private static final long KEPT_BYTES = 16 << 20;

  private final Codec codec;
  private final @Nullable StoreKeys keys;
  private final Payoff payoff = new Payoff();

  /** Compresses where that pays, and encrypts if there are keys. */
  Coding(Codec codec, @Nullable StoreKeys keys) {
    this.codec = codec;
    this.keys = keys;
  }

  /**
   * As a store is configured.
   *
   * @throws IOException if there is a key file and it cannot be used
   */
  static Coding of(StoreConfig config) throws IOException {
    Path keyFile = config.keyFile();
    return new Coding(config.codec(), keyFile == null ? null : StoreKeys.read(keyFile));
  }

  /** Something was written, headers and padding included, and took so long. */
  void wrote(long bytes, long nanos) {
    if (codec != Codec.NONE) {
      payoff.wrote(bytes, nanos);
    }
  }

  /** Whether every body is written as it is. */
  boolean isPlain() {
    return codec == Codec.NONE && keys == null;
  }

  /** Takes what is written, in order. */
  interface Sink {
    void take(byte[] part) throws IOException;
  }

  /** Takes whole pages of what is written, in order. */
  interface Pages {
    void take(MemorySegment pages) throws IOException;
  }

  /** Reads whole pages of what was written. */
  interface Source {
    void read(long position, MemorySegment into) throws IOException;
  }

  /** A body as it is written: a header, and either the run or frames. */
  final class Parcel {
    private final Body body;
    private final StoreHeader header;
    private final List<byte[]> kept;

    private Parcel(Body body, StoreHeader header, List<byte[]> kept) {
      this.body = body;
      this.header = header;
      this.kept = kept;
    }

    StoreHeader header() {
      return header;
    }

    Body body() {
      return body;
    }

    boolean isPlain() {
      return header.form().isPlain();
    }

    /** The same in pieces of whole pages, of a buffer that is used again. */
    void toPages(Pages pages) throws IOException {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment buffer = arena.allocate(FRAME_BYTES, StoreHeader.BYTES);
        long[] filled = {0};
        to(
            part -> {
              for (int at = 0; at < part.length; ) {
                int length = (int) Math.min(part.length - at, FRAME_BYTES - filled[0]);
                MemorySegment.copy(part, at, buffer, ValueLayout.JAVA_BYTE, filled[0], length);
                at += length;
                filled[0] += length;
                if (filled[0] == FRAME_BYTES) {
                  pages.take(buffer);
                  filled[0] = 0;
                }
              }
            });
        if (filled[0] > 0) {
          pages.take(buffer.asSlice(0, filled[0]));
        }
      }
    }

    /** Gives all that follows the header, and zeros up to a whole page. */
    void to(Sink sink) throws IOException {
      long given = 0;
      for (int number = 0; (long) number * FRAME_BYTES < body.bytes(); number++) {
        byte[] compressed = compressed(number);
        byte[] plain = compressed == null ? frame(body, number) : compressed;
        byte[] part = seal(plain, compressed != null, number);
        sink.take(part);
        given += part.length;
      }
      sink.take(new byte[(int) (StoreHeader.padded(given) - given)]);
    }

    private byte @Nullable [] compressed(int number) {
      if (header.form().codec() == Codec.NONE.code()) {
        return null;
      }
      byte[] plain = frame(body, number);
      byte[] from = kept.isEmpty() ? codec.compress(plain, plain.length) : kept.get(number);
      return from == null || from.length == 0 ? null : from;
    }

    private byte[] seal(byte[] plain, boolean compressed, int number) throws IOException {
      boolean sealed = !header.form().seal().isNone();
      int length = plain.length + (sealed ? TAG_BYTES : 0);
      byte[] out = new byte[WORD_BYTES + length];
      int word = length | (compressed ? Integer.MIN_VALUE : 0);
      ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN).putInt(word);
      if (!sealed) {
        System.arraycopy(plain, 0, out, WORD_BYTES, length);
        return out;
      }
      try {
        Cipher cipher = cipher(Cipher.ENCRYPT_MODE, header, word, number);
        cipher.doFinal(plain, 0, plain.length, out, WORD_BYTES);
        return out;
      } catch (GeneralSecurityException e) {
        throw new IOException("not encrypted: extent=" + header.extent(), e);
      }
    }
  }

  /** As below, without an origin. */
  Parcel pack(Body body, String owner) {
    return pack(body, owner, Origin.NONE);
  }

  /** Decides how the body is written, and compresses it if it is. */
  Parcel pack(Body body, String owner, Origin origin) {
    List<byte[]> kept = new ArrayList<>();
    long frames = (body.bytes() + FRAME_BYTES - 1) / FRAME_BYTES;
    long overhead = frames * (WORD_BYTES + (keys == null ? 0 : TAG_BYTES));
    long stored = body.bytes() + overhead;
    Codec used = Codec.NONE;
    if (codec != Codec.NONE && payoff.worthATry()) {
      long began = System.nanoTime();
      long compressed = compress(body, kept) + overhead;
      payoff.compressed(body.bytes(), compressed, System.nanoTime() - began);
      if (StoreHeader.padded(compressed) < StoreHeader.padded(body.bytes())) {
        used = codec;
        stored = compressed;
      } else {
        kept.clear();
      }
    }
    Seal seal = keys == null ? Seal.NONE : keys.next();
    boolean plain = used == Codec.NONE && keys == null;
    Form form = plain ? Form.plain(body.bytes()) : new Form(used.code(), stored, seal);
    return new Parcel(
        body,
        new StoreHeader(Kind.BODY, body.extent(), body.bytes(), body.crc(), owner, form, origin),
        kept);
  }

  /** Bytes that the frames take; an empty one stands for a frame that did not get smaller. */
  private long compress(Body body, List<byte[]> kept) {
    long bytes = 0;
    for (int number = 0; (long) number * FRAME_BYTES < body.bytes(); number++) {
      byte[] plain = frame(body, number);
      byte[] smaller = codec.compress(plain, plain.length);
      bytes += smaller == null ? plain.length : smaller.length;
      if (body.bytes() <= KEPT_BYTES) {
        kept.add(smaller == null ? new byte[0] : smaller);
      }
    }
    return bytes;
  }

  private static byte[] frame(Body body, int number) {
    long from = (long) number * FRAME_BYTES;
    long length = Math.min(FRAME_BYTES, body.bytes() - from);
    return body.run().asSlice(from, length).toArray(ValueLayout.JAVA_BYTE);
  }

  private Cipher cipher(int mode, StoreHeader header, int word, int number)
      throws IOException, GeneralSecurityException {
    Seal seal = header.form().seal();
    StoreKeys known = keys;
    if (known == null) {
      throw new WrongKey(seal.key(), List.of(), "none");
    }
    ByteBuffer nonce = ByteBuffer.allocate(NONCE_BYTES);
    nonce.putLong(seal.sequence()).putInt(number);
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        mode, known.keyOf(seal), new GCMParameterSpec(TAG_BYTES * Byte.SIZE, nonce.array()));
    cipher.updateAAD(new WireWriter().raw(header.encode()).int32(word).toBytes());
    return cipher;
  }

  /**
   * Reads what follows a header at the position, and verifies it.
   *
   * @throws CorruptCopy if it is not what was written
   * @throws WrongKey if it was encrypted with a key that is not known
   */
  void unpack(StoreHeader header, Source source, long position, Body wanted) throws IOException {
    if (header.form().isPlain()) {
      source.read(position, wanted.run());
      wanted.verify();
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      Frames frames = new Frames(source, position, header.form().storedBytes(), arena);
      for (int number = 0; (long) number * FRAME_BYTES < wanted.bytes(); number++) {
        long at = (long) number * FRAME_BYTES;
        int length = (int) Math.min(FRAME_BYTES, wanted.bytes() - at);
        byte[] frame = open(header, frames, number, length);
        MemorySegment.copy(frame, 0, wanted.run(), ValueLayout.JAVA_BYTE, at, length);
      }
    }
    wanted.run().asSlice(wanted.bytes()).fill((byte) 0);
    wanted.verify();
  }

  /**
   * Reads a header at the position and what follows it, frame by frame, and verifies both.
   *
   * @throws CorruptCopy if it is not what was written
   * @throws WrongKey if it was encrypted with a key that is not known
   */
  void verify(String owner, Source source, long position, Body wanted) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(StoreHeader.BYTES, StoreHeader.BYTES);
      source.read(position, block);
      StoreHeader header = StoreHeader.check(block, wanted.header(owner));
      Frames frames =
          new Frames(source, position + StoreHeader.BYTES, header.form().storedBytes(), arena);
      CRC32C crc = new CRC32C();
      for (int number = 0; (long) number * FRAME_BYTES < wanted.bytes(); number++) {
        long at = (long) number * FRAME_BYTES;
        int length = (int) Math.min(FRAME_BYTES, wanted.bytes() - at);
        crc.update(
            header.form().isPlain() ? frames.next(length) : open(header, frames, number, length));
      }
      if ((int) crc.getValue() != wanted.crc()) {
        throw new CorruptCopy(
            "body does not verify: crcWanted=%08x crcFound=%08x"
                .formatted(wanted.crc(), (int) crc.getValue()));
      }
    }
  }

  private byte[] open(StoreHeader header, Frames frames, int number, int length)
      throws IOException {
    int word = ByteBuffer.wrap(frames.next(WORD_BYTES)).order(ByteOrder.LITTLE_ENDIAN).getInt();
    int bytes = word & Integer.MAX_VALUE;
    if (bytes > FRAME_BYTES + TAG_BYTES) {
      throw new CorruptCopy("not a length of a frame: number=%d bytes=%d".formatted(number, bytes));
    }
    byte[] part = frames.next(bytes);
    if (!header.form().seal().isNone()) {
      try {
        part = cipher(Cipher.DECRYPT_MODE, header, word, number).doFinal(part);
      } catch (AEADBadTagException e) {
        throw new CorruptCopy("frame is not authentic: number=" + number);
      } catch (GeneralSecurityException e) {
        throw new CorruptCopy("frame does not decrypt: number=%d reason=%s".formatted(number, e));
      }
    }
    if (word < 0) {
      return Codec.of(header.form().codec()).decompress(part, length);
    }
    if (part.length != length) {
      throw new CorruptCopy(
          "frame is of another length: bytesWanted=%d bytesFound=%d"
              .formatted(length, part.length));
    }
    return part;
  }

  /** What follows a header, read in whole pages and given in pieces of any length. */
  private static final class Frames {
    private final Source source;
    private final MemorySegment buffer;
    private final long end;
    private long position;
    private long left;
    private long taken;
    private long filled;

    Frames(Source source, long position, long bytes, Arena arena) {
      this.source = source;
      this.position = position;
      left = bytes;
      end = position + StoreHeader.padded(bytes);
      long size = Math.min(FRAME_BYTES, StoreHeader.padded(bytes));
      buffer = arena.allocate(size, StoreHeader.BYTES);
    }

    byte[] next(int length) throws IOException {
      if (length > left) {
        throw new CorruptCopy(
            "frames end early: bytesWanted=%d bytesLeft=%d".formatted(length, left));
      }
      byte[] out = new byte[length];
      for (int at = 0; at < length; ) {
        if (taken == filled) {
          filled = Math.min(buffer.byteSize(), end - position);
          source.read(position, buffer.asSlice(0, filled));
          position += filled;
          taken = 0;
        }
        int part = (int) Math.min(length - at, filled - taken);
        MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, taken, out, at, part);
        taken += part;
        at += part;
      }
      left -= length;
      return out;
    }
  }
}
