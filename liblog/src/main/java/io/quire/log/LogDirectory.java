package io.quire.log;

import io.quire.base.Log.Recorded;
import io.quire.base.LogBook;
import io.quire.base.Position;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The directory of a log whose node does not run, held exclusively: to look at, and to trim.
 * Looking changes nothing. What the log ends with may never have been acknowledged: only a running
 * node can tell.
 */
public final class LogDirectory implements AutoCloseable {
  private final Path directory;
  private final @Nullable FileChannel lock;
  private final Identity identity;

  private LogDirectory(Path directory, @Nullable FileChannel lock, Identity identity) {
    this.directory = directory;
    this.lock = lock;
    this.identity = identity;
  }

  /**
   * Takes a directory.
   *
   * @param given a log's directory, or the data directory of a node
   * @throws LogException if there is no log, or it is held by a running node
   */
  public static LogDirectory open(Path given) {
    Path directory = given;
    if (!Files.exists(directory.resolve("identity"))) {
      directory = given.resolve("log");
    }
    Path file = directory.resolve("identity");
    if (!Files.exists(file)) {
      throw new LogException.NoLogException(given);
    }
    try {
      FileChannel lock = lock(directory);
      try {
        return new LogDirectory(directory, lock, Storage.readIdentity(directory));
      } catch (RuntimeException e) {
        if (lock != null) {
          lock.close();
        }
        throw e;
      }
    } catch (IOException e) {
      throw new LogException.DirectoryException("cannot open the log", directory, e);
    }
  }

  private static @Nullable FileChannel lock(Path directory) throws IOException {
    FileChannel channel;
    try {
      channel = FileChannel.open(directory.resolve("lock"), StandardOpenOption.WRITE);
    } catch (NoSuchFileException e) {
      return null;
    }
    try {
      if (channel.tryLock() != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      // Held by a log of this process.
    }
    channel.close();
    throw new LogException.HeldException(directory);
  }

  /** Reads and checks everything from one index to another. */
  public LogVerification verify(long from, long to, LogVerification.Progress progress) {
    return guarded(
        () ->
            LogVerification.of(files(), from, to, snapshots(), checkArchive(), progress)
                .through(to >= Position.index(Long.MAX_VALUE) ? acknowledged() : -1));
  }

  /** Index of the last entry that may have been acknowledged. */
  private long acknowledged() throws IOException {
    return Watermark.read(directory.resolve(Watermark.FILE), Watermark.boot()).index();
  }

  /** Gives every record from one position to another, and what does not verify between them. */
  public void dump(
      long from, long to, Consumer<Recorded> record, Consumer<LogVerification.Bad> bad) {
    guarded(
        () -> {
          LogScan.run(
              files().all(),
              SegmentFile::open,
              Position.index(from),
              Long.MAX_VALUE,
              new Dump(from, to, record, bad));
          return "";
        });
  }

  /** What files there are. */
  public LogStat stat() {
    return guarded(
        () -> {
          long[] newest = {-1};
          LogBook book = book(newest);
          LogKeeping keeping = keeping(book);
          return LogFacts.of(
              identity, directory, files(newest[0]), newest[0], book.state(), keeping.holds());
        });
  }

  /**
   * Removes archived segments that end before a position and that nobody needs.
   *
   * @return what still holds what is left before the position; empty if nothing does
   */
  public List<LogHold> trim(long before) {
    return guarded(
        () -> {
          LogBook book = book(new long[1]);
          book.apply(Position.NONE, LogBook.trim(before).payload());
          Archive archive = Archive.open(archive(), identity.group());
          LogKeeping keeping = keeping(book);
          archive.remove(keeping.gone());
          return keeping.holds().stream().filter(hold -> hold.position() < before).toList();
        });
  }

  private LogKeeping keeping(LogBook book) throws IOException {
    List<SegmentPath> live = SegmentPath.in(live());
    long begin = live.isEmpty() ? Long.MAX_VALUE : live.getFirst().first();
    return LogKeeping.of(
        Archive.open(archive(), identity.group()).kept(),
        begin,
        Snapshots.indexes(directory.resolve("snapshots")),
        book.state(),
        System.currentTimeMillis());
  }

  /** Streams, retention and bookmarks as of the end of the log, which is put into the array. */
  private LogBook book(long[] newest) throws IOException {
    LogBook book = new LogBook();
    long index = -1;
    for (Path file : Snapshots.newestFirst(directory.resolve("snapshots"))) {
      try {
        Snapshot snapshot = Snapshot.decode(file, Files.readAllBytes(file));
        byte[] state = snapshot.states().get(book.stream());
        if (state != null) {
          book.restore(snapshot.applied(), new WireReader(state));
        }
        index = snapshot.index();
        break;
      } catch (MalformedException e) {
        // verify tells of it; the one before it will do.
      }
    }
    newest[0] = index;
    LogScan.run(
        files().all(),
        SegmentFile::open,
        index + 1,
        Long.MAX_VALUE,
        new Dump(
            Position.of(index + 1, 0),
            Long.MAX_VALUE,
            one -> {
              if (one.entry().stream().equals(book.stream())) {
                book.apply(one.position(), one.entry().payload());
              }
            },
            _ -> {}) {
          @Override
          public void entry(EntryCursor.Taken taken) {
            newest[0] = taken.index();
            super.entry(taken);
          }
        });
    return book;
  }

  private List<LogVerification.SnapshotFile> snapshots() throws IOException {
    return LogFacts.snapshots(directory.resolve("snapshots"), true);
  }

  private List<String> checkArchive() throws IOException {
    try {
      return Archive.open(archive(), identity.group()).check();
    } catch (MalformedException e) {
      return List.of(
          "manifest does not verify: path="
              + archive().resolve(Archive.MANIFEST)
              + " reason="
              + e.getMessage());
    }
  }

  private SegmentFiles files() {
    return files(-1);
  }

  private SegmentFiles files(long newest) {
    return new SegmentFiles(this::live, archive(), () -> newest + 1);
  }

  private Path live() {
    return directory.resolve("raft").resolve(identity.group().toString()).resolve("current");
  }

  private Path archive() {
    return directory.resolve("archive");
  }

  private interface Task<T> {
    T run() throws IOException;
  }

  private static <T> T guarded(Task<T> task) {
    try {
      return task.run();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the log: cause=" + e, e);
    }
  }

  @Override
  public void close() {
    if (lock != null) {
      guarded(
          () -> {
            lock.close();
            return "";
          });
    }
  }
}
