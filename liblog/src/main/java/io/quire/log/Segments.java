package io.quire.log;

import io.quire.base.Checksum;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads all of a log before Ratis does, and changes nothing. Ratis would begin with whatever
 * segment is the first, would take a closed segment that ends early for a shorter one, and does not
 * say in which file a checksum differs.
 *
 * <p>A closed segment is {@code log_FIRST-LAST}, and the open one {@code log_inprogress_FIRST}; for
 * what is in them see {@link TornTail}.
 */
final class Segments {
  private static final Pattern NAME = Pattern.compile("log_(inprogress_)?(\\d+)(?:-(\\d+))?");

  private Segments() {}

  private record Segment(Path path, long first, long last, boolean open) {}

  /**
   * Checks that all segments are whole and follow one another.
   *
   * @param snapshot index of the newest snapshot, or -1: the log must begin no later than behind it
   * @throws LogException.StartException if not
   */
  static void check(Path log, long snapshot) throws IOException {
    long next = -1;
    for (Segment segment : inOrder(log)) {
      if (next < 0 ? segment.first() > snapshot + 1 : segment.first() != next) {
        throw new LogException.StartException(
            "entries of the log are missing: path="
                + segment.path()
                + " found="
                + segment.first()
                + " wanted="
                + (next < 0 ? snapshot + 1 : next));
      }
      check(segment);
      next = segment.last() + 1;
    }
  }

  private static List<Segment> inOrder(Path log) throws IOException {
    List<Segment> segments = new ArrayList<>();
    if (!Files.exists(log)) {
      return segments;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(log, "log_*")) {
      for (Path file : files) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        if (name.matches()) {
          boolean open = name.group(1) != null;
          long first = Long.parseLong(name.group(2));
          long last = open || name.group(3) == null ? first : Long.parseLong(name.group(3));
          segments.add(new Segment(file, first, last, open));
        }
      }
    }
    segments.sort(Comparator.comparingLong(Segment::first).thenComparing(Segment::open));
    return segments;
  }

  private static void check(Segment segment) throws IOException {
    byte[] bytes = Files.readAllBytes(segment.path());
    int head = TornTail.MAGIC.length;
    if (!TornTail.startsWith(bytes, TornTail.MAGIC)) {
      // Of a new segment not even the head may have been written; Ratis begins it again.
      if (!segment.open() || TornTail.writtenBytes(bytes) >= head) {
        throw corrupt(segment, 0, "another head", text(bytes, head), text(TornTail.MAGIC, head));
      }
      return;
    }
    if (segment.open() && TornTail.find(bytes) >= 0) {
      return;
    }
    long found = segment.first() + entries(segment, bytes) - 1;
    if (!segment.open() && found != segment.last()) {
      throw corrupt(segment, bytes.length, "another last entry", found, segment.last());
    }
  }

  /** How many entries there are, all of which verify. */
  private static long entries(Segment segment, byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).position(TornTail.MAGIC.length);
    long count = 0;
    while (in.hasRemaining() && bytes[in.position()] != 0) {
      int start = in.position();
      long length = TornTail.varint(in);
      int room = in.remaining() - Integer.BYTES;
      if (length <= 0 || length > room) {
        throw corrupt(segment, start, "entry longer than the file", length, room);
      }
      int body = in.position() - start + (int) length;
      int found = in.getInt(start + body);
      int wanted = Checksum.of(bytes, start, body);
      if (found != wanted) {
        throw corrupt(
            segment,
            start,
            "another checksum",
            Integer.toHexString(found),
            Integer.toHexString(wanted));
      }
      in.position(start + body + Integer.BYTES);
      count++;
    }
    int written = TornTail.writtenBytes(bytes);
    if (written > in.position()) {
      throw corrupt(segment, in.position(), "more behind the end", written, in.position());
    }
    return count;
  }

  private static LogException.StartException corrupt(
      Segment segment, int offset, String what, Object found, Object wanted) {
    return new LogException.StartException(
        "log segment does not verify: path="
            + segment.path()
            + " offset="
            + offset
            + " reason="
            + what
            + " found="
            + found
            + " wanted="
            + wanted);
  }

  private static String text(byte[] bytes, int length) {
    return HexFormat.of().formatHex(bytes, 0, Math.min(length, bytes.length));
  }
}
