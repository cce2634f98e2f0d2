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
 * Opens a directory on local flash as a store.
 *
 * <pre>
 * path/sweep.lock          held while directories of owners are made or swept
 * path/owner/lock          held by the owner as long as it lives
 * path/owner/spill.quire   its spilled copies
 * path/durable/            containers, never swept
 * </pre>
 *
 * What a dead owner has spilled is of no use to anybody; it is removed when the next one opens.
 */
final class FlashStore {
  private static final Logger log = LoggerFactory.getLogger(FlashStore.class);
  private static final long SWEEP_WAIT_SECONDS = 10;
  private static final long SWEEP_RETRY_MILLIS = 20;
  private static final String LOCK = "lock";
  private static final String SPILL = "spill.quire";

  /** File locks do not exclude threads of one process. */
  private static final ReentrantLock SWEEP = new ReentrantLock();

  /**
   * Directories that this process has locked. Their lock files must not be opened to look: closing
   * any channel to a file gives up all locks that the process has on it.
   */
  private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

  private FlashStore() {}

  /**
   * Opens the store, sweeps, and probes it.
   *
   * @throws IOException if the directory cannot be used, or a living process has this owner's name
   */
  static Store open(StoreConfig config, AgerConfig ager, Disk disk) throws IOException {
    Path given = Path.of(config.uri().getPath());
    Files.createDirectories(given);
    Path root = given.toRealPath();
    Path own = root.resolve(ager.owner());
    FileChannel ownLock = takeOver(root, own);
    boolean opened = false;
    try {
      Store store = open(config, ager, disk, root, ownLock);
      opened = true;
      return store;
    } finally {
      if (!opened) {
        release(own, ownLock);
      }
    }
  }

  /** Whether the directory is one that can be written in, or can be made. */
  static void check(StoreConfig config) throws IOException {
    Path there = Path.of(config.uri().getPath()).toAbsolutePath();
    while (!Files.exists(there) && there.getParent() != null) {
      there = there.getParent();
    }
    if (!Files.isDirectory(there) || !Files.isWritable(there)) {
      throw new IOException("not a directory to write in: path=" + there);
    }
  }

  private static Store open(
      StoreConfig config, AgerConfig ager, Disk disk, Path root, FileChannel ownLock)
      throws IOException {
    String uri = config.uri().toString();
    String owner = ager.owner();
    Path own = root.resolve(owner);
    FlashMedium medium = new FlashMedium(root, disk);
    Room room = new Room(config.capacityBytes());
    if (config.durable()) {
      Files.createDirectories(root.resolve(Store.DURABLE));
      FlashMedium.forceDirectory(root);
      room.found(bytesIn(root.resolve(Store.DURABLE)));
      medium.probe(Store.DURABLE + owner + ".probe", owner);
    }
    medium.probe(owner + "/probe", owner);
    String spillName = owner + "/" + SPILL;
    FlashFile spillFile = new FlashFile(disk.open(root.resolve(spillName), Disk.Access.CREATE));
    return new Store(
        config,
        room,
        new SlotShelf(uri, spillName, owner, spillFile, room),
        new ContainerShelf(
            uri, Store.DURABLE + owner + "-", owner, medium, room, ager.containerBytes()),
        ager.readBack(),
        () -> release(own, ownLock));
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

  private static void release(Path own, FileChannel ownLock) {
    try (ownLock) {
      deleteTree(own);
    } catch (IOException e) {
      log.warn("spill directory not removed: directory={}", own, e);
    } finally {
      OWN.remove(own);
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

  private static long bytesIn(Path directory) throws IOException {
    long bytes = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }
}
