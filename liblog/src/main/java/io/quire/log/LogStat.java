package io.quire.log;

import io.quire.base.LogBook;
import java.util.List;

/**
 * What files a log has, and what is kept of it.
 *
 * @param cluster whose it is
 * @param peer node and storage
 * @param directory where
 * @param oldest index of the first entry from which on all are here
 * @param newest index of the last entry that is known to be here
 * @param segments in the order of the log
 * @param snapshots the newest first; whether they verify is not looked at
 * @param aside files that were set aside because they did not verify, or were replaced
 * @param book streams, retention and bookmarks
 * @param holds who needs what, the one that needs the oldest entry first
 */
public record LogStat(
    String cluster,
    String peer,
    String directory,
    long oldest,
    long newest,
    List<Segment> segments,
    List<LogVerification.SnapshotFile> snapshots,
    List<String> aside,
    LogBook.State book,
    List<LogHold> holds) {

  /**
   * A file of the log.
   *
   * @param last index of its last entry; -1 while it is written
   * @param archived whether it is in the archive
   * @param live whether Ratis has it
   */
  public record Segment(
      String file, long first, long last, long bytes, boolean archived, boolean live) {}

  /** Of all segments, each once. */
  public long bytes() {
    return segments.stream().mapToLong(Segment::bytes).sum();
  }
}
