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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Mends the one damage that a crash does: an entry at the end of the open segment, of which only
 * the beginning was written into the zeros that were there. Ratis refuses to start on it.
 *
 * <p>What is cut was never acknowledged: writing stopped before the checksum behind the entry, so
 * the fsync that comes after it never began. Everything that might be something else (a checksum
 * that is there and wrong, anything behind it) is left alone, and Ratis refuses it.
 *
 * <p>A segment is {@code "RaftLog1"} and then entries: a length (varint), that many bytes, and the
 * CRC32C of both (big-endian). A zero where a length should be is the end.
 */
final class TornTail {
  private static final Logger LOG = LoggerFactory.getLogger(TornTail.class);
  private static final byte[] MAGIC = "RaftLog1".getBytes(StandardCharsets.US_ASCII);
  private static final int CHECKSUM_BYTES = 4;
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
      int checksum = in.getInt((int) end - CHECKSUM_BYTES);
      if (checksum != Checksum.of(bytes, start, body)) {
        boolean stopsBeforeChecksum = written <= end - CHECKSUM_BYTES;
        return stopsBeforeChecksum ? start : NONE;
      }
      in.position((int) end);
    }
    return NONE;
  }

  /** The length up to the last byte that is not zero. */
  private static int writtenBytes(byte[] bytes) {
    int length = bytes.length;
    while (length > 0 && bytes[length - 1] == 0) {
      length--;
    }
    return length;
  }

  private static long varint(ByteBuffer in) {
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

  private static boolean startsWith(byte[] bytes, byte[] prefix) {
    return Arrays.mismatch(bytes, 0, prefix.length, prefix, 0, prefix.length) < 0;
  }
}
