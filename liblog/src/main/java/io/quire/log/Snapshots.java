package io.quire.log;

import io.quire.base.WireReader.MalformedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The snapshot files of a storage, of which the last two are kept. Methods other than the factory
 * are called by one thread at a time.
 */
final class Snapshots {
  private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);
  private static final int KEPT = 2;
  private static final String PREFIX = "snapshot-";
  private static final Pattern SET_ASIDE = Pattern.compile(PREFIX + "\\d+\\.bad");

  private final Path directory;
  private @Nullable Snapshot loaded;
  private final ReentrantLock writing = new ReentrantLock();
  private volatile boolean closed;

  private Snapshots(Path directory, @Nullable Snapshot loaded) {
    this.directory = directory;
    this.loaded = loaded;
  }

  /**
   * Finds the newest snapshot that verifies. Newer ones that do not are set aside.
   *
   * @param otherwise whether it may begin without; asked if none verifies
   * @throws LogException.NoGoodSnapshotException if there are snapshots and none is whole, and the
   *     state cannot be had otherwise; nothing was changed
   */
  static Snapshots open(Path directory, Path aside, Otherwise otherwise) throws IOException {
    Map<Path, String> bad = new LinkedHashMap<>();
    for (Path file : newestFirst(directory)) {
      try {
        Snapshot good = Snapshot.decode(file, Files.readAllBytes(file));
        setAside(bad, aside);
        return new Snapshots(directory, good);
      } catch (MalformedException e) {
        bad.put(file, e.toString());
      }
    }
    if (!bad.isEmpty()) {
      long newest = bad.keySet().stream().mapToLong(Snapshots::index).max().orElse(-1);
      if (!otherwise.has(newest)) {
        throw new LogException.NoGoodSnapshotException(directory, bad.toString());
      }
      setAside(bad, aside);
    }
    return new Snapshots(directory, null);
  }

  /** Whether the state can be had without a snapshot. */
  interface Otherwise {
    /** Whether that after the entry of this index can. */
    boolean has(long index) throws IOException;
  }

  /** Reads all files, sets those aside that do not verify, and says which. Blocks. */
  List<Path> verify(Path aside) throws IOException {
    List<Path> bad = new ArrayList<>();
    for (Path file : newestFirst(directory)) {
      try {
        Snapshot.decode(file, Files.readAllBytes(file));
      } catch (MalformedException e) {
        setAside(Map.of(file, e.toString()), aside);
        bad.add(file);
      } catch (NoSuchFileException e) {
        // Two newer ones have been written since.
      }
    }
    return bad;
  }

  static boolean verifies(Path file) throws IOException {
    try {
      Snapshot.decode(file, Files.readAllBytes(file));
      return true;
    } catch (MalformedException e) {
      return false;
    }
  }

  /** The newest good one, as found at the start; given once, so that its bytes can go. */
  synchronized @Nullable Snapshot take() {
    Snapshot taken = loaded;
    loaded = null;
    return taken;
  }

  /** Lets go of what was found at the start, for the files were moved away. */
  synchronized void forget() {
    loaded = null;
  }

  /** The file of the newest snapshot, or null if there is none. */
  synchronized @Nullable Path newest() throws IOException {
    List<Path> files = newestFirst(directory);
    return files.isEmpty() ? null : files.getFirst();
  }

  /** The indexes of the snapshots, the newest first. */
  static List<Long> indexes(Path directory) throws IOException {
    return newestFirst(directory).stream().map(Snapshots::index).toList();
  }

  /** The indexes of the snapshots that are kept, the newest first. */
  synchronized List<Long> indexes() throws IOException {
    return indexes(directory);
  }

  /** The index of a snapshot file, by its name; -1 if it is none. */
  static long index(Path file) {
    String name = file.getFileName().toString();
    return name.matches(PREFIX + "\\d{19}") ? Long.parseLong(name.substring(PREFIX.length())) : -1;
  }

  /** Makes the snapshot durable, drops all but the last two, and says which file it is. */
  synchronized Path keep(Snapshot snapshot) throws IOException {
    return keep(snapshot.index(), snapshot.encode());
  }

  /**
   * As {@link #keep(Snapshot)}, written piece by piece; closes the capture. Takes its time, for
   * which others are not kept from asking for files.
   */
  Path keep(Capture capture) throws IOException {
    Path file = file(capture.index());
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    writing.lock();
    try (capture) {
      Files.createDirectories(directory);
      SnapshotFile.write(temporary, capture, () -> closed);
      synchronized (this) {
        DurableFile.move(temporary, file);
        dropOld();
      }
      return file;
    } finally {
      Files.deleteIfExists(temporary);
      writing.unlock();
    }
  }

  private Path file(long index) {
    return directory.resolve(PREFIX + "%019d".formatted(index));
  }

  private Path keep(long index, byte[] bytes) throws IOException {
    if (closed) {
      throw new IOException("snapshots are closed: path=" + directory);
    }
    Files.createDirectories(directory);
    Path file = file(index);
    DurableFile.write(file, bytes);
    dropOld();
    return file;
  }

  private void dropOld() throws IOException {
    List<Path> files = newestFirst(directory);
    for (Path old : files.subList(Math.min(KEPT, files.size()), files.size())) {
      Files.delete(old);
    }
  }

  /** Breaks off what is being written; nothing is written afterwards. */
  void close() {
    closed = true;
    writing.lock();
    writing.unlock();
  }

  /** Takes over one that came from the leader, having verified it. */
  synchronized Snapshot adopt(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    try {
      Snapshot snapshot = Snapshot.decode(file, bytes);
      keep(snapshot.index(), bytes);
      return snapshot;
    } catch (MalformedException e) {
      throw new IOException("snapshot does not verify: path=" + file, e);
    }
  }

  /**
   * Takes over the file if it is newer than the newest known; one that does not verify was not
   * completely installed, or is a link to one that was set aside.
   */
  synchronized @Nullable Snapshot adoptNewer(Path file, @Nullable Snapshot newest)
      throws IOException {
    try {
      Snapshot found = Snapshot.decode(file, Files.readAllBytes(file));
      if (newest != null && found.index() <= newest.index()) {
        return newest;
      }
      keep(found.index(), found.encode());
      return found;
    } catch (MalformedException e) {
      LOG.warn("staged snapshot dropped: path={} reason={}", file, e.getMessage());
      Files.delete(file);
      return newest;
    }
  }

  private static void setAside(Map<Path, String> bad, Path aside) throws IOException {
    for (Map.Entry<Path, String> entry : bad.entrySet()) {
      Path file = entry.getKey();
      Files.createDirectories(aside);
      DurableFile.move(file, aside.resolve(file.getFileName() + ".bad"));
      LOG.warn("snapshot does not verify, set aside: path={} reason={}", file, entry.getValue());
    }
  }

  /** Those that did not verify, the newest first. */
  static List<Path> setAside(Path aside) throws IOException {
    if (!Files.exists(aside)) {
      return List.of();
    }
    // A node that came back under another name has what it set aside before in directories.
    try (Stream<Path> files = Files.walk(aside, 2)) {
      return files
          .filter(file -> SET_ASIDE.matcher(file.getFileName().toString()).matches())
          .sorted(Comparator.comparing((Path file) -> file.getFileName().toString()).reversed())
          .toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  static List<Path> newestFirst(Path directory) throws IOException {
    List<Path> files = new ArrayList<>();
    if (Files.exists(directory)) {
      try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, PREFIX + "*")) {
        found.forEach(
            file -> {
              if (!file.toString().endsWith(".tmp")) {
                files.add(file);
              }
            });
      }
    }
    files.sort(Comparator.comparing((Path file) -> file.getFileName().toString()).reversed());
    return files;
  }
}
