package io.quire.log;

import io.quire.base.LogBook;
import io.quire.base.WireReader.MalformedException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What can be seen of a log's directory without reading all of it. */
final class LogFacts {
  private LogFacts() {}

  static LogStat of(
      Identity identity,
      Path directory,
      SegmentFiles files,
      long newest,
      LogBook.State book,
      List<LogHold> holds)
      throws IOException {
    List<LogStat.Segment> segments = new ArrayList<>();
    for (SegmentPath segment : files.all()) {
      segments.add(
          new LogStat.Segment(
              segment.path().toString(),
              segment.first(),
              segment.open() ? -1 : segment.last(),
              LogVerification.size(segment.path()),
              files.archived(segment),
              files.live(segment)));
    }
    return new LogStat(
        identity.cluster(),
        identity.peer().toString(),
        directory.toString(),
        files.oldest(),
        newest,
        segments,
        snapshots(directory.resolve("snapshots"), false),
        aside(directory.resolve("aside")),
        book,
        holds);
  }

  /**
   * The snapshots, the newest first; read, to say whether they verify, only if asked for. One that
   * makes room for a newer one meanwhile is left out.
   */
  static List<LogVerification.SnapshotFile> snapshots(Path directory, boolean read)
      throws IOException {
    List<LogVerification.SnapshotFile> snapshots = new ArrayList<>();
    for (Path file : Snapshots.newestFirst(directory)) {
      try {
        String reason = read ? fault(file) : "";
        snapshots.add(
            new LogVerification.SnapshotFile(
                Snapshots.index(file), file.toString(), Files.size(file), reason));
      } catch (NoSuchFileException e) {
        // It was there when they were listed.
      }
    }
    return snapshots;
  }

  /** Why a snapshot does not verify; empty if it does. */
  private static String fault(Path file) throws IOException {
    try {
      Snapshot.decode(file, Files.readAllBytes(file));
      return "";
    } catch (MalformedException
        | LogException.NewerFormatException
        | LogException.OlderFormatException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static List<String> aside(Path directory) throws IOException {
    List<String> aside = new ArrayList<>();
    if (Files.exists(directory)) {
      try (DirectoryStream<Path> found = Files.newDirectoryStream(directory)) {
        found.forEach(path -> aside.add(path.toString()));
      }
    }
    aside.sort(String::compareTo);
    return aside;
  }
}
