package io.quire.log;

import io.quire.base.Checksum;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the files of a log, and changes nothing. Ratis would begin with whatever segment is the
 * first, would take a closed segment that ends early for a shorter one, and does not say in which
 * file a checksum differs.
 *
 * <p>A closed segment is {@code log_FIRST-LAST}, and the open one {@code log_inprogress_FIRST}. It
 * is {@code "RaftLog1"} and then entries: a length (varint), that many bytes, and the CRC32C of
 * both (big-endian). The bytes are a Protocol Buffers message whose first two fields are term and
 * index; a field that is zero is left out. A zero where a length should be is the end. Behind the
 * last entry of a closed segment there may be anything, for nobody reads it.
 */
final class Segments {
  static final int CHECKSUM_BYTES = 4;
  private static final byte TERM_TAG = 1 << 3;
  private static final byte INDEX_TAG = 2 << 3;
  private static final Pattern NAME = Pattern.compile("log_(inprogress_)?(\\d+)(?:-(\\d+))?");

  private Segments() {}

  /**
   * A file of the log.
   *
   * @param last of no meaning while it is open
   */
  record Segment(Path path, long first, long last, boolean open) {}

  /** An entry that verifies: where it begins and ends in its file, and which it is. */
  record Entry(int start, int end, long index, long term) {}

  /**
   * What a file holds.
   *
   * @param last the last of the entries that follow one another from the file's first on, or null
   * @param end where that ends
   * @param written up to where there is something else than zeros
   * @param problem why there are not as many as there should be, or null
   * @param resumes the next entry behind the problem that verifies, or null
   */
  record Scan(
      Segment segment,
      int bytes,
      @Nullable Entry last,
      int end,
      int written,
      @Nullable String problem,
      @Nullable Entry resumes) {
    /** The index that follows what is good. */
    long next() {
      return last == null ? segment.first() : last.index() + 1;
    }
  }

  /** The segments in the order of what they hold. */
  static List<Segment> inOrder(Path log) throws IOException {
    List<Segment> segments = new ArrayList<>();
    if (!Files.exists(log)) {
      return segments;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(log, "log_*")) {
      for (Path file : files) {
        Segment segment = named(file);
        if (segment != null) {
          segments.add(segment);
        }
      }
    }
    segments.sort(Comparator.comparingLong(Segment::first).thenComparing(Segment::open));
    return segments;
  }

  /**
   * Those of the log and of its archive, in the order of what they hold: also both, if Ratis and
   * the archive have the same.
   */
  static List<Segment> inOrder(Path log, Path archive) throws IOException {
    List<Segment> segments = new ArrayList<>(inOrder(archive));
    segments.addAll(inOrder(log));
    segments.sort(Comparator.comparingLong(Segment::first).thenComparing(Segment::open));
    return segments;
  }

  /** The segment that a file is by its name, or null. */
  static @Nullable Segment named(Path file) {
    Matcher name = NAME.matcher(file.getFileName().toString());
    if (!name.matches()) {
      return null;
    }
    boolean open = name.group(1) != null;
    if (open == (name.group(3) != null)) {
      return null;
    }
    long first = Long.parseLong(name.group(2));
    return new Segment(file, first, open ? first : Long.parseLong(name.group(3)), open);
  }

  static Scan scan(Segment segment) throws IOException {
    return scan(segment, Files.readAllBytes(segment.path()));
  }

  static Scan scan(Segment segment, byte[] bytes) {
    int written = TornTail.writtenBytes(bytes);
    if (!TornTail.startsWith(bytes, TornTail.MAGIC)) {
      return head(segment, bytes, written);
    }
    @Nullable Entry last = null;
    int end = TornTail.MAGIC.length;
    while (end < written) {
      long wanted = last == null ? segment.first() : last.index() + 1;
      if (!segment.open() && wanted > segment.last()) {
        break;
      }
      Entry next = entry(bytes, end);
      if (next == null || next.index() != wanted) {
        String problem = next == null ? why(bytes, end) : "another index: found=" + next.index();
        return new Scan(
            segment,
            bytes.length,
            last,
            end,
            written,
            problem,
            behind(bytes, end, written, wanted));
      }
      last = next;
      end = next.end();
    }
    long found = last == null ? segment.first() - 1 : last.index();
    @Nullable String problem = null;
    if (!segment.open() && found != segment.last()) {
      problem = "another last entry: found=" + found + " wanted=" + segment.last();
    }
    return new Scan(segment, bytes.length, last, end, written, problem, null);
  }

  /* Of a new segment not even the head may have been written; Ratis begins it again. */
  private static Scan head(Segment segment, byte[] bytes, int written) {
    boolean begun =
        segment.open()
            && written < TornTail.MAGIC.length
            && Arrays.mismatch(bytes, 0, written, TornTail.MAGIC, 0, written) < 0;
    if (begun) {
      return new Scan(segment, bytes.length, null, written, written, null, null);
    }
    String problem =
        "another head: found="
            + HexFormat.of().formatHex(bytes, 0, Math.min(TornTail.MAGIC.length, bytes.length))
            + " wanted="
            + HexFormat.of().formatHex(TornTail.MAGIC);
    Entry resumes = behind(bytes, 0, written, segment.first() - 1);
    return new Scan(segment, bytes.length, null, 0, written, problem, resumes);
  }

  private static String why(byte[] bytes, int start) {
    ByteBuffer in = ByteBuffer.wrap(bytes).position(start);
    long length = TornTail.varint(in);
    int room = in.remaining() - CHECKSUM_BYTES;
    if (length == 0) {
      return "nothing where an entry should be";
    }
    if (length < 0 || length > room) {
      return "entry longer than the file: found=" + length + " wanted=" + room;
    }
    int body = in.position() - start + (int) length;
    return "another checksum: found="
        + Integer.toHexString(in.getInt(start + body))
        + " wanted="
        + Integer.toHexString(Checksum.of(bytes, start, body));
  }

  /** The entry that begins here, if it verifies. */
  static @Nullable Entry entry(byte[] bytes, int start) {
    ByteBuffer in = ByteBuffer.wrap(bytes).position(start);
    long length = TornTail.varint(in);
    if (length <= 0 || length > in.remaining() - CHECKSUM_BYTES) {
      return null;
    }
    int body = in.position() - start + (int) length;
    if (in.getInt(start + body) != Checksum.of(bytes, start, body)) {
      return null;
    }
    long term = field(in, TERM_TAG);
    long index = field(in, INDEX_TAG);
    return new Entry(start, start + body + CHECKSUM_BYTES, index, term);
  }

  private static long field(ByteBuffer in, byte tag) {
    if (!in.hasRemaining() || in.get(in.position()) != tag) {
      return 0;
    }
    in.get();
    long value = 0;
    for (int shift = 0; shift < 64 && in.hasRemaining(); shift += 7) {
      int next = in.get();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    return -1;
  }

  /* Each begins with the tag of its term. */
  private static @Nullable Entry behind(byte[] bytes, int from, int written, long index) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    for (int start = from + 1; start < written; start++) {
      in.position(start);
      long length = TornTail.varint(in);
      if (length > 0 && in.remaining() > length && in.get(in.position()) == TERM_TAG) {
        Entry entry = entry(bytes, start);
        if (entry != null && entry.index() >= index) {
          return entry;
        }
      }
    }
    return null;
  }
}
