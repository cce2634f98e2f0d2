package io.quire.ager;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One directory of a flash store, in which this owner holds the lock of a directory of its own.
 *
 * @param own where what the owner spills lies; removed when it closes
 * @param ownLock null if it is only looked into
 * @param health of this directory alone
 */
record FlashDirectory(
    Path root, Path own, @Nullable FileChannel ownLock, Health health, Lanes lanes)
    implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FlashDirectory.class);
  private static final long SWEEP_WAIT_SECONDS = 10;
  private static final long SWEEP_RETRY_MILLIS = 20;
  private static final String LOCK = "lock";

  /** I/Os in flight; more gain nothing when each is of megabytes. */
  static final int LANES = 3;

  /** File locks do not exclude threads of one process. */
  private static final ReentrantLock SWEEP = new ReentrantLock();

  /**
   * Directories that this process has locked. Their lock files must not be opened to look: closing
   * any channel to a file gives up all locks that the process has on it.
   */
  private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

  /**
   * Makes the directory if need be, sweeps it, and locks one in it for this owner.
   *
   * @throws IOException if it cannot be used, or a living process has this owner's name
   */
  static FlashDirectory open(Path given, String owner) throws IOException {
    Files.createDirectories(given);
    Path root = given.toRealPath();
    Path own = root.resolve(owner);
    FileChannel lock = takeOver(root, own);
    return new FlashDirectory(root, own, lock, new Health(), new Lanes(root.toString(), LANES));
  }

  /**
   * To look at what lies there, without a lock.
   *
   * @throws IOException if there is no such directory
   */
  static FlashDirectory lookInto(Path given) throws IOException {
    Path root = given.toRealPath();
    return new FlashDirectory(root, root, null, new Health(), new Lanes(root.toString(), LANES));
  }

  /** Sweeps, and locks a fresh directory of this owner. */
  private static FileChannel takeOver(Path root, Path own) throws IOException {
    SWEEP.lock();
    try (FileChannel sweep = openLock(root.resolve("sweep.lock"))) {
      awaitLock(sweep, root);
      sweepDead(root);
      if (Files.exists(own)) {
        throw new IOException("a living owner has this name, or it is no spill: directory=" + own);
      }
      Files.createDirectories(own);
      FileChannel channel = openLock(own.resolve(LOCK));
      if (tryLock(channel) == null) {
        channel.close();
        throw new IOException("cannot lock: file=" + own.resolve(LOCK));
      }
      OWN.add(own);
      return channel;
    } finally {
      SWEEP.unlock();
    }
  }

  private static void awaitLock(FileChannel channel, Path root) throws IOException {
    Deadline deadline = Deadline.in(Duration.ofSeconds(SWEEP_WAIT_SECONDS));
    try {
      while (tryLock(channel) == null) {
        if (deadline.passed()) {
          throw new IOException("another process keeps sweeping: directory=" + root);
        }
        TimeUnit.MILLISECONDS.sleep(SWEEP_RETRY_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted: during=sweep directory=" + root, e);
    }
  }

  /** Removes the directories whose lock nobody holds. */
  private static void sweepDead(Path root) throws IOException {
    try (DirectoryStream<Path> directories = Files.newDirectoryStream(root, Files::isDirectory)) {
      for (Path directory : directories) {
        if (!directory.getFileName().toString().equals("durable") && dead(directory)) {
          log.info("sweeping spill of a dead owner: directory={}", directory);
          deleteTree(directory);
        }
      }
    }
  }

  /** A directory without a lock file is none of ours, unless its owner died just as it began. */
  private static boolean dead(Path directory) throws IOException {
    if (OWN.contains(directory)) {
      return false;
    }
    Path lock = directory.resolve(LOCK);
    if (!Files.exists(lock)) {
      try (Stream<Path> content = Files.list(directory)) {
        return content.findAny().isEmpty();
      }
    }
    try (FileChannel channel = openLock(lock)) {
      return tryLock(channel) != null;
    }
  }

  private static FileChannel openLock(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException heldByThisProcess) {
      return null;
    }
  }

  /** The lock file goes last, so that a sweep cut short is taken up again by the next one. */
  private static void deleteTree(Path directory) throws IOException {
    List<Path> paths;
    try (Stream<Path> tree = Files.walk(directory)) {
      paths = tree.sorted(Comparator.reverseOrder()).toList();
    }
    Path lock = directory.resolve(LOCK);
    for (Path path : paths) {
      if (!path.equals(directory) && !path.equals(lock)) {
        Files.deleteIfExists(path);
      }
    }
    Files.deleteIfExists(lock);
    Files.deleteIfExists(directory);
  }

  /** Removes what the owner has spilled. */
  @Override
  public void close() {
    lanes.close();
    if (ownLock == null) {
      return;
    }
    try (ownLock) {
      deleteTree(own);
    } catch (IOException e) {
      log.warn("spill directory not removed: directory={}", own, e);
    } finally {
      OWN.remove(own);
    }
  }
}
