package io.quire.log;

import io.quire.base.Checksum;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Tells what a crash does to an entry from what else may have happened to it, where the {@link
 * Watermark} does not know whether it was acknowledged.
 *
 * <p>A crash loses sectors that were not synced: where they should be, there are the zeros that
 * Ratis writes ahead, or nothing, if the file did not get its size. Or the entry was written up to
 * some byte only. A flipped bit does neither, and is recognised: there is a bit which, flipped
 * back, makes the checksum right.
 */
final class TornTail {
  static final byte[] MAGIC = "RaftLog1".getBytes(StandardCharsets.US_ASCII);
  private static final int SECTOR_BYTES = 512;

  private static final int CRC32C_REFLECTED = 0x82f63b78;

  private TornTail() {}

  /** Whether the entry that begins here, and does not verify, may be one that a crash cut short. */
  static boolean torn(byte[] bytes, int start) {
    ByteBuffer in = ByteBuffer.wrap(bytes).position(start);
    long length = varint(in);
    if (oneBit(bytes, start)) {
      return false;
    }
    int written = writtenBytes(bytes);
    long end = length <= 0 ? written : in.position() + length + Segments.CHECKSUM_BYTES;
    if (length > RaftSettings.ENTRY_BYTES_MAX.getSizeInt()) {
      return zeros(bytes, start, written);
    }
    return end > bytes.length
        || (length > 0 && stopped(bytes, start, (int) end, written))
        || zeros(bytes, start, (int) Math.max(end, Math.min(written, end + SECTOR_BYTES)));
  }

  /* Only its beginning was written, and of the checksum at most some of the first bytes. */
  private static boolean stopped(byte[] bytes, int start, int end, int written) {
    int body = end - Segments.CHECKSUM_BYTES - start;
    int found = ByteBuffer.wrap(bytes).getInt(start + body);
    int computed = Checksum.of(bytes, start, body);
    return written <= end
        && (found == 0
            || found == (computed & 0xff000000)
            || found == (computed & 0xffff0000)
            || found == (computed & 0xffffff00));
  }

  /** Whether some sector, or what is in it of this range, is all zeros. */
  private static boolean zeros(byte[] bytes, int from, int to) {
    for (int start = from; start < to; ) {
      int end = Math.min(to, (start / SECTOR_BYTES + 1) * SECTOR_BYTES);
      if (allZero(bytes, start, end)) {
        return true;
      }
      start = end;
    }
    return false;
  }

  private static boolean allZero(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }

  /** Whether the entry would verify if one bit of it were another. */
  static boolean oneBit(byte[] bytes, int start) {
    byte[] header = Arrays.copyOfRange(bytes, start, Math.min(start + 5, bytes.length));
    for (int bit = 0; bit < header.length * 8; bit++) {
      bytes[start + bit / 8] ^= (byte) (1 << bit % 8);
      boolean verifies = Segments.entry(bytes, start) != null;
      bytes[start + bit / 8] ^= (byte) (1 << bit % 8);
      if (verifies) {
        return true;
      }
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).position(start);
    long length = varint(in);
    if (length <= 0 || length > in.remaining() - Segments.CHECKSUM_BYTES) {
      return false;
    }
    int body = in.position() - start + (int) length;
    int difference = in.getInt(start + body) ^ Checksum.of(bytes, start, body);
    if (Integer.bitCount(difference) == 1) {
      return true;
    }
    // What a checksum becomes by a bit depends only on how far from the end that is.
    int effect = 1;
    for (long bits = 8L * body; bits > 0; bits--) {
      effect = (effect >>> 1) ^ ((effect & 1) == 0 ? 0 : CRC32C_REFLECTED);
      if (effect == difference) {
        return true;
      }
    }
    return false;
  }

  /** The length up to the last byte that is not zero. */
  static int writtenBytes(byte[] bytes) {
    int length = bytes.length;
    while (length > 0 && bytes[length - 1] == 0) {
      length--;
    }
    return length;
  }

  /** Reads a length, or -1. */
  static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < 35 && in.hasRemaining(); shift += 7) {
      int next = in.get();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    return -1;
  }

  static boolean startsWith(byte[] bytes, byte[] prefix) {
    return bytes.length >= prefix.length
        && Arrays.mismatch(bytes, 0, prefix.length, prefix, 0, prefix.length) < 0;
  }
}
