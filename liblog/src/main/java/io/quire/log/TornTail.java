package io.quire.log;

import io.quire.base.Checksum;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Mends the one damage that a crash does: an entry at the end of the open segment, of which only
 * the beginning was written into the zeros that were there. Ratis refuses to start on it.
 *
 * <p>What is cut was never acknowledged: writing stopped before the end of the checksum behind the
 * entry, so the fsync that comes after it never began. Everything that might be something else (a
 * checksum that is there and wrong, anything behind it) is left alone, and Ratis refuses it.
 *
 * <p>A segment is {@code "RaftLog1"} and then entries: a length (varint), that many bytes, and the
 * CRC32C of both (big-endian). A zero where a length should be is the end.
 */
final class TornTail {
  private static final Logger LOG = LoggerFactory.getLogger(TornTail.class);
  static final byte[] MAGIC = "RaftLog1".getBytes(StandardCharsets.US_ASCII);
  private static final int CHECKSUM_BYTES = 4;
  private static final int LENGTH_BYTES_MAX = 5;
  private static final byte TERM_TAG = 1 << 3;
  private static final byte[] NOTHING = {};
  private static final long NONE = -1;

  private TornTail() {}

  /** Looks at the open segment, if there is one, and cuts a torn tail after copying it aside. */
  static void mend(Path log, Path aside) throws IOException {
    if (!Files.exists(log)) {
      return;
    }
    try (DirectoryStream<Path> segments = Files.newDirectoryStream(log, "log_inprogress_*")) {
      for (Path segment : segments) {
        mendSegment(segment, aside);
      }
    }
  }

  private static void mendSegment(Path segment, Path aside) throws IOException {
    byte[] bytes = Files.readAllBytes(segment);
    long torn = find(bytes);
    if (torn == NONE) {
      return;
    }
    Files.createDirectories(aside);
    Path copy = aside.resolve(segment.getFileName() + "-" + System.currentTimeMillis() + ".torn");
    DurableFile.write(copy, bytes);
    try (FileChannel channel = FileChannel.open(segment, StandardOpenOption.WRITE)) {
      channel.truncate(torn);
      channel.force(true);
    }
    LOG.warn(
        "cut a half-written entry off the log: path={} offset={} copy={}", segment, torn, copy);
  }

  /** Where a torn tail begins, or {@link #NONE}. */
  static long find(byte[] bytes) {
    if (bytes.length < MAGIC.length || !startsWith(bytes, MAGIC)) {
      return NONE;
    }
    int written = writtenBytes(bytes);
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.BIG_ENDIAN).position(MAGIC.length);
    while (in.hasRemaining() && bytes[in.position()] != 0) {
      int start = in.position();
      long length = varint(in);
      long end = in.position() + length + CHECKSUM_BYTES;
      if (length <= 0 || length > RaftSettings.ENTRY_BYTES_MAX.getSizeInt() || end > bytes.length) {
        return NONE;
      }
      int body = (int) (end - CHECKSUM_BYTES - start);
      int found = in.getInt((int) end - CHECKSUM_BYTES);
      int computed = Checksum.of(bytes, start, body);
      if (found != computed) {
        boolean torn =
            written <= end
                && begins(found, computed)
                && !wholeUnderOtherLength(bytes, start, written)
                && !wholeBehind(bytes, start + 1, written);
        return torn ? start : NONE;
      }
      in.position((int) end);
    }
    return NONE;
  }

  /* A bit of the length alone may be wrong: then what looks like an entry that goes on into the
  zeros is a whole one, with its checksum where the written bytes end (or would, but for zeros of
  its own). That one may have been acknowledged. */
  private static boolean wholeUnderOtherLength(byte[] bytes, int start, int written) {
    int latest = Math.min(written + CHECKSUM_BYTES - 1, bytes.length);
    for (int end = written; end <= latest; end++) {
      for (int prefix = 1; prefix <= LENGTH_BYTES_MAX; prefix++) {
        int length = end - CHECKSUM_BYTES - start - prefix;
        byte[] header = length > 0 ? encode(length) : NOTHING;
        if (header.length == prefix) {
          CRC32C crc = new CRC32C();
          crc.update(header);
          crc.update(bytes, start + prefix, length);
          if ((int) crc.getValue() == ByteBuffer.wrap(bytes).getInt(end - CHECKSUM_BYTES)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /**
   * Whether of the four bytes of the checksum only some of the first, or none, were written. If a
   * single bit makes the difference, it may as well have flipped, in an entry that is whole.
   */
  private static boolean begins(int found, int computed) {
    boolean prefix =
        found == 0
            || found == (computed & 0xff000000)
            || found == (computed & 0xffff0000)
            || found == (computed & 0xffffff00);
    return prefix && Integer.bitCount(found ^ computed) > 1;
  }

  /** The length up to the last byte that is not zero. */
  static int writtenBytes(byte[] bytes) {
    int length = bytes.length;
    while (length > 0 && bytes[length - 1] == 0) {
      length--;
    }
    return length;
  }

  /** Reads a length, or {@link #NONE}. */
  static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < 35 && in.hasRemaining(); shift += 7) {
      int next = in.get();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    return NONE;
  }

  /* Or the wrong length hides whole entries behind it. Each begins with the tag of its term. */
  private static boolean wholeBehind(byte[] bytes, int from, int written) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    for (int start = from; start < written; start++) {
      in.position(start);
      long length = varint(in);
      long end = in.position() + length + CHECKSUM_BYTES;
      boolean possible = length > 0 && end < written + CHECKSUM_BYTES && end <= bytes.length;
      if (possible && bytes[in.position()] == TERM_TAG) {
        int body = (int) end - CHECKSUM_BYTES - start;
        if (in.getInt((int) end - CHECKSUM_BYTES) == Checksum.of(bytes, start, body)) {
          return true;
        }
      }
    }
    return false;
  }

  private static byte[] encode(int value) {
    ByteBuffer out = ByteBuffer.allocate(LENGTH_BYTES_MAX);
    for (int rest = value; ; rest >>>= 7) {
      if (rest < 0x80) {
        out.put((byte) rest);
        return Arrays.copyOf(out.array(), out.position());
      }
      out.put((byte) (rest | 0x80));
    }
  }

  static boolean startsWith(byte[] bytes, byte[] prefix) {
    return Arrays.mismatch(bytes, 0, prefix.length, prefix, 0, prefix.length) < 0;
  }
}
