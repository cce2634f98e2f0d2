package io.quire.log;

import io.quire.base.Checksum;
import io.quire.base.Position;
import io.quire.base.WireReader.MalformedException;
import io.quire.log.LogVerification.Bad;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.jspecify.annotations.Nullable;

/**
 * Goes through segments and stops at no damage: what does not verify is told, and the scan goes on
 * at the next entry that does. Confined to one thread.
 */
final class LogScan {
  private static final int CHECKSUM_BYTES = 4;
  private static final byte TERM_TAG = 1 << 3;

  private final long to;
  private final Opener opener;
  private final Visitor visitor;
  private boolean chained;
  private int chain;

  /** Told what a scan finds, in the order of the log. */
  interface Visitor {
    /** An entry that verifies. */
    void entry(EntryCursor.Taken taken);

    /** Entries that do not. */
    void bad(Bad bad);

    /** Entries that no segment has, though there are older ones. */
    void missing(long first, long last);

    /** The half of an entry that a crash left at the end, which the next start cuts. */
    void torn(SegmentPath segment, long offset);

    /** Another segment is done. */
    void done(SegmentPath segment);
  }

  /** Opens a segment, wherever it is by now. */
  interface Opener {
    SegmentFile open(SegmentPath segment) throws IOException;
  }

  private LogScan(long to, Opener opener, Visitor visitor) {
    this.to = to;
    this.opener = opener;
    this.visitor = visitor;
  }

  /**
   * Scans.
   *
   * @param segments in the order of the log
   * @param opener of a segment that may have been renamed or purged since it was listed
   * @param from index of the first entry that matters
   * @param to index of the last one that matters; in the open segment nothing behind it is looked
   *     at, so that it may be written meanwhile
   */
  static void run(List<SegmentPath> segments, Opener opener, long from, long to, Visitor visitor)
      throws IOException {
    // Positions have room for fewer indexes than there are numbers.
    long end = to >= Position.index(Long.MAX_VALUE) ? Long.MAX_VALUE : to;
    LogScan scan = new LogScan(end, opener, visitor);
    long next = -1;
    for (SegmentPath segment : segments) {
      if (segment.first() > to) {
        break;
      }
      if (segment.last() < from) {
        next = segment.last() + 1;
        continue;
      }
      if (next >= 0 && segment.first() > next) {
        visitor.missing(Math.max(from, next), segment.first() - 1);
        scan.chained = false;
      }
      next = scan.segment(segment);
      visitor.done(segment);
    }
  }

  /** Answers the index behind its last entry. */
  private long segment(SegmentPath listed) throws IOException {
    try (SegmentFile file = opener.open(listed)) {
      SegmentPath segment = file.segment();
      try {
        file.checkHead();
      } catch (SegmentFile.DamageException e) {
        if (segment.open() && unwritten(file)) {
          return segment.first();
        }
        long end = Math.min(segment.last(), to);
        bad(file, Math.max(segment.first(), end == Long.MAX_VALUE ? 0 : end), 0, "another head");
        return segment.open() ? segment.first() : segment.last() + 1;
      }
      while (file.index() <= Math.min(segment.last(), to) && step(file)) {
        // Each step takes one entry, or leaps over damage.
      }
      return segment.open() ? file.index() : segment.last() + 1;
    }
  }

  private boolean step(SegmentFile file) throws IOException {
    long offset = file.offset();
    try {
      LogEntryProto entry = file.next();
      if (entry != null) {
        take(file, entry, offset);
        return true;
      }
      if (file.segment().open() && to == Long.MAX_VALUE && written(file) <= offset) {
        return false;
      }
      return leap(file, offset, "the file ends before the entry");
    } catch (SegmentFile.DamageException e) {
      return leap(file, offset, String.valueOf(e.getMessage()));
    }
  }

  private void take(SegmentFile file, LogEntryProto entry, long offset) {
    String path = file.path().toString();
    Frame frame = null;
    if (entry.hasStateMachineLogEntry()) {
      try {
        frame = Frame.decode(entry.getStateMachineLogEntry().getLogData().asReadOnlyByteBuffer());
        if (chained && frame.previous() != chain) {
          throw CheckedFile.differs("checksum of the frame before", frame.previous(), chain);
        }
        chain = frame.chain();
        chained = true;
      } catch (MalformedException e) {
        chained = false;
        visitor.bad(
            new Bad(
                entry.getIndex(), entry.getIndex(), path, offset, String.valueOf(e.getMessage())));
        return;
      }
    }
    visitor.entry(new EntryCursor.Taken(entry.getIndex(), entry.getTerm(), frame, path, offset));
  }

  private void bad(SegmentFile file, long last, long offset, String reason) {
    chained = false;
    visitor.bad(new Bad(file.index(), last, file.path().toString(), offset, reason));
  }

  /** Tells of damage and goes on at the next entry that verifies; false if there is none. */
  private boolean leap(SegmentFile file, long offset, String reason) throws IOException {
    byte[] bytes = file.allBytes();
    SegmentPath segment = file.segment();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    for (int start = (int) offset + 1; start < bytes.length; start++) {
      LogEntryProto entry = entryAt(in, start);
      if (entry != null && entry.getIndex() > file.index() && segment.has(entry.getIndex())) {
        bad(file, entry.getIndex() - 1, offset, reason);
        file.skip(start, entry.getIndex());
        return true;
      }
    }
    if (segment.open() && to == Long.MAX_VALUE && TornTail.torn(bytes, (int) offset)) {
      visitor.torn(segment, offset);
      return false;
    }
    long last = segment.open() ? (to == Long.MAX_VALUE ? file.index() : to) : segment.last();
    bad(file, last, offset, reason);
    return false;
  }

  private static @Nullable LogEntryProto entryAt(ByteBuffer in, int start) {
    in.position(start);
    long length = TornTail.varint(in);
    int begin = in.position();
    long end = begin + length;
    if (length <= 0 || end + CHECKSUM_BYTES > in.limit() || in.get(begin) != TERM_TAG) {
      return null;
    }
    if (in.getInt((int) end) != Checksum.of(in.array(), start, (int) end - start)) {
      return null;
    }
    try {
      return LogEntryProto.parseFrom(in.slice(begin, (int) length));
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
  }

  private static boolean unwritten(SegmentFile file) throws IOException {
    return written(file) < TornTail.MAGIC.length;
  }

  private static long written(SegmentFile file) throws IOException {
    return TornTail.writtenBytes(file.allBytes());
  }
}
