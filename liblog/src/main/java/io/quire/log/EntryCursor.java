package io.quire.log;

import io.quire.base.Log.CorruptException;
import io.quire.base.Log.TrimmedException;
import io.quire.base.Position;
import io.quire.base.WireReader.MalformedException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.jspecify.annotations.Nullable;

/**
 * A place in the log's files, from which Raft entries are taken one by one, over the borders of
 * segments. Every entry is verified, and that a frame follows the one before it, unless that one
 * was not read. What stands before the first entry that is taken need not verify. Confined to one
 * thread at a time.
 */
final class EntryCursor implements AutoCloseable {
  private static final int TRIES = 16;

  private final SegmentFiles files;
  private long index;
  private long start;
  private @Nullable SegmentFile file;
  private int chain;
  private boolean chained;

  /**
   * A Raft entry.
   *
   * @param frame null if it is one of Raft's own
   * @param file where it stands
   * @param offset where in the file it begins
   */
  record Taken(long index, long term, @Nullable Frame frame, String file, long offset) {}

  EntryCursor(SegmentFiles files, long index) {
    this.files = files;
    this.index = index;
  }

  /** The index of the entry that is taken next. */
  long index() {
    return index;
  }

  /**
   * Takes the next entry, which must be on disk.
   *
   * @throws TrimmedException if it is not here any more
   * @throws CorruptException if it does not verify
   */
  Taken take() throws IOException {
    SegmentFile from = reach();
    LogEntryProto entry = next(from);
    if (entry == null && from.segment().open()) {
      // It was closed meanwhile, and what follows is in another file.
      close();
      from = reach();
      entry = next(from);
    }
    return taken(from, entry);
  }

  private @Nullable LogEntryProto next(SegmentFile from) throws IOException {
    start = from.offset();
    try {
      return from.next();
    } catch (SegmentFile.DamageException e) {
      close();
      throw corrupt(index, from, start, String.valueOf(e.getMessage()));
    }
  }

  private Taken taken(SegmentFile from, @Nullable LogEntryProto entry) throws IOException {
    if (entry == null) {
      close();
      throw corrupt(index, from, start, "the file ends before the entry");
    }
    String path = from.path().toString();
    Taken taken =
        new Taken(entry.getIndex(), entry.getTerm(), frame(entry, path, start), path, start);
    index++;
    if (!from.segment().has(index)) {
      close();
    }
    return taken;
  }

  /** To be called when more may have been committed since entries were last taken. */
  void refresh() {
    if (file != null) {
      file.refresh();
    }
  }

  private static CorruptException corrupt(long index, SegmentFile in, long offset, String reason) {
    return new CorruptException(Position.of(index, 0), in.path().toString(), offset, reason);
  }

  private @Nullable Frame frame(LogEntryProto entry, String path, long offset) {
    if (!entry.hasStateMachineLogEntry()) {
      return null;
    }
    try {
      Frame frame =
          Frame.decode(entry.getStateMachineLogEntry().getLogData().asReadOnlyByteBuffer());
      if (chained && frame.previous() != chain) {
        throw CheckedFile.differs("checksum of the frame before", frame.previous(), chain);
      }
      chain = frame.chain();
      chained = true;
      return frame;
    } catch (MalformedException e) {
      throw new CorruptException(
          Position.of(entry.getIndex(), 0), path, offset, String.valueOf(e.getMessage()));
    }
  }

  /** The file that has the next entry, read up to there. */
  private SegmentFile reach() throws IOException {
    SegmentFile open = file;
    if (open != null) {
      return open;
    }
    for (int left = TRIES; ; left--) {
      SegmentPath segment = files.find(index);
      if (segment == null) {
        long oldest = files.oldest();
        if (oldest > index || left == 0) {
          throw new TrimmedException(Position.of(index, 0), Position.of(oldest, 0));
        }
        continue;
      }
      try {
        SegmentFile found = SegmentFile.open(segment);
        file = found;
        forward(found);
        return found;
      } catch (NoSuchFileException e) {
        // Closed or purged since it was listed, so it has another name or place now.
        if (left == 0) {
          throw e;
        }
      }
    }
  }

  /* Nobody asked for what stands before the wanted entry. If some of it does not verify, its length
  still leads on, unless that is what was damaged; so it must lead to an entry that verifies. */
  private void forward(SegmentFile found) throws IOException {
    try {
      found.checkHead();
    } catch (SegmentFile.DamageException e) {
      if (found.index() == index) {
        close();
        throw corrupt(index, found, 0, String.valueOf(e.getMessage()));
      }
    }
    CorruptException passed = null;
    while (found.index() < index) {
      try {
        if (found.next() == null) {
          throw new SegmentFile.DamageException("the file ends before the entry");
        }
      } catch (SegmentFile.DamageException e) {
        passed = passed == null ? unreachable(found, e) : passed;
        if (!found.leap()) {
          close();
          throw passed;
        }
      }
    }
    if (passed != null && !found.leadsOn()) {
      close();
      throw passed;
    }
  }

  private CorruptException unreachable(SegmentFile in, SegmentFile.DamageException e) {
    String reason = e.getMessage() + ", and its length does not lead to entry " + index;
    return corrupt(in.index(), in, in.offset(), reason);
  }

  @Override
  public void close() throws IOException {
    SegmentFile open = file;
    file = null;
    if (open != null) {
      open.close();
    }
  }
}
