package io.quire.log;

import io.quire.base.Log.Stream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a look at every entry of a log found.
 *
 * @param segments files that were read
 * @param bytes of these files
 * @param entries Raft entries that verify
 * @param records in them, by stream
 * @param oldest index of the first entry looked at; -1 if there is none
 * @param newest index of the last one
 * @param bad what does not verify
 * @param missing what no file has, though there are older entries
 * @param torn the half of an entry that a crash left, which the next start cuts; "" if there is
 *     none
 * @param snapshots every snapshot that is kept
 * @param archive what is wrong with the archive's files, in a sentence each
 */
public record LogVerification(
    int segments,
    long bytes,
    long entries,
    Map<String, Long> records,
    long oldest,
    long newest,
    List<Bad> bad,
    List<Missing> missing,
    String torn,
    List<SnapshotFile> snapshots,
    List<String> archive) {

  /**
   * Entries that cannot be read.
   *
   * @param first index of the first
   * @param last index of the last; more than the first if nobody can tell where each one begins
   * @param file where they stand
   * @param offset where in the file the first begins, in bytes
   */
  public record Bad(long first, long last, String file, long offset, String reason) {}

  /** Entries that are not there; indexes. */
  public record Missing(long first, long last) {}

  /**
   * A snapshot.
   *
   * @param index of the last entry in it
   * @param reason why it does not verify; "" if it does
   */
  public record SnapshotFile(long index, String file, long bytes, String reason) {}

  /** Told how far a verification came. */
  public interface Progress {
    /** So many bytes of so many are done. */
    void at(long done, long total);
  }

  /**
   * Whether everything verifies. Entries may be missing that a snapshot covers: a node that lags is
   * given a snapshot in their place.
   */
  public boolean good() {
    long covered =
        snapshots.stream()
            .filter(snapshot -> snapshot.reason().isEmpty())
            .mapToLong(SnapshotFile::index)
            .max()
            .orElse(-1);
    return bad.isEmpty()
        && missing.stream().allMatch(each -> each.last() <= covered)
        && archive.isEmpty()
        && snapshots.stream().allMatch(snapshot -> snapshot.reason().isEmpty());
  }

  static final class Counting implements LogScan.Visitor {
    private final Progress progress;
    private final long total;
    private final Map<Stream, Long> records = new TreeMap<>();
    private final List<Bad> bad = new ArrayList<>();
    private final List<Missing> missing = new ArrayList<>();
    private int segments;
    private long bytes;
    private long entries;
    private long oldest = -1;
    private long newest = -1;
    private String torn = "";

    Counting(Progress progress, long total) {
      this.progress = progress;
      this.total = total;
    }

    @Override
    public void entry(EntryCursor.Taken taken) {
      entries++;
      seen(taken.index());
      Frame frame = taken.frame();
      if (frame != null) {
        frame.records().forEach(record -> records.merge(record.entry().stream(), 1L, Long::sum));
      }
    }

    @Override
    public void bad(Bad found) {
      bad.add(found);
      seen(found.first());
      seen(found.last());
    }

    private void seen(long index) {
      oldest = oldest < 0 ? index : oldest;
      newest = index;
    }

    @Override
    public void missing(long first, long last) {
      missing.add(new Missing(first, last));
    }

    @Override
    public void torn(SegmentPath segment, long offset) {
      torn = "path=" + segment.path() + " offset=" + offset;
    }

    @Override
    public void done(SegmentPath segment) {
      segments++;
      bytes += size(segment.path());
      progress.at(bytes, total);
    }

    LogVerification result(List<SnapshotFile> snapshots, List<String> archive) {
      Map<String, Long> named = new TreeMap<>();
      records.forEach((stream, count) -> named.put(stream.name(), count));
      return new LogVerification(
          segments, bytes, entries, named, oldest, newest, bad, missing, torn, snapshots, archive);
    }
  }

  /** The same, with what is missing at the end, up to an index that must be there. */
  LogVerification through(long index) {
    if (newest >= index) {
      return this;
    }
    List<Missing> more = new ArrayList<>(missing);
    more.add(new Missing(newest + 1, index));
    return new LogVerification(
        segments, bytes, entries, records, oldest, newest, bad, more, torn, snapshots, archive);
  }

  static long size(Path file) {
    return file.toFile().length();
  }

  static LogVerification of(
      SegmentFiles files,
      long from,
      long to,
      List<SnapshotFile> snapshots,
      List<String> archive,
      Progress progress)
      throws IOException {
    List<SegmentPath> segments = files.all();
    long total = segments.stream().mapToLong(segment -> size(segment.path())).sum();
    Counting counting = new Counting(progress, total);
    LogScan.run(segments, files::open, from, to, counting);
    return counting.result(snapshots, archive);
  }
}
