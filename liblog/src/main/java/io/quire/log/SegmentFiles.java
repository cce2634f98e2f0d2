package io.quire.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where the segments of a log are: some are Ratis' own, older ones are in the archive, and some are
 * in both. Nothing is cached, for Ratis renames and deletes its files when it likes. Any thread.
 */
final class SegmentFiles {
  private static final int TRIES = 16;

  private final Supplier<Path> live;
  private final Path archive;
  private final LongSupplier next;

  /**
   * Looks into these directories.
   *
   * @param next index of the entry behind the last one that may be read
   */
  SegmentFiles(Supplier<Path> live, Path archive, LongSupplier next) {
    this.live = live;
    this.archive = archive;
    this.next = next;
  }

  /** The segment with an entry, or null if none has it. */
  @Nullable SegmentPath find(long index) throws IOException {
    for (Path directory : List.of(live.get(), archive)) {
      List<SegmentPath> segments = SegmentPath.in(directory);
      for (SegmentPath segment : segments.reversed()) {
        if (segment.has(index)) {
          return segment;
        }
      }
    }
    return null;
  }

  /**
   * All segments in the order of the log, each once.
   *
   * <p>Ratis renames a segment when it closes it. A listing that ran into that may lack it; so the
   * directory is listed until twice the same was seen.
   */
  List<SegmentPath> all() throws IOException {
    List<SegmentPath> own = SegmentPath.in(live.get());
    for (List<SegmentPath> before = List.of(); !own.equals(before); ) {
      before = own;
      own = SegmentPath.in(live.get());
    }
    List<SegmentPath> all = new ArrayList<>();
    for (SegmentPath archived : SegmentPath.in(archive)) {
      if (own.stream().noneMatch(segment -> segment.has(archived.first()))) {
        all.add(archived);
      }
    }
    all.addAll(own);
    all.sort((one, other) -> Long.compare(one.first(), other.first()));
    return all;
  }

  /** Opens a segment that may have been closed, renamed or purged since it was listed. */
  SegmentFile open(SegmentPath listed) throws IOException {
    SegmentPath segment = listed;
    for (int left = TRIES; ; left--) {
      try {
        return SegmentFile.open(segment);
      } catch (NoSuchFileException e) {
        SegmentPath found = find(listed.first());
        if (left == 0 || (found == null && !listed.open())) {
          throw e;
        }
        segment = found == null ? listed : found;
      }
    }
  }

  /** Whether the archive has the segment, also if Ratis does. */
  boolean archived(SegmentPath segment) {
    return Files.exists(archive.resolve(segment.path().getFileName()));
  }

  /** Whether Ratis has the segment. */
  boolean live(SegmentPath segment) {
    return Files.exists(live.get().resolve(segment.path().getFileName()));
  }

  /** The index from which on every entry is here. */
  long oldest() throws IOException {
    long oldest = next.getAsLong();
    for (SegmentPath segment : all().reversed()) {
      if (segment.first() < oldest) {
        if (segment.last() < oldest - 1) {
          break;
        }
        oldest = segment.first();
      }
    }
    return oldest;
  }
}
