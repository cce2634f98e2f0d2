package io.quire.ager;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of an owner's spilled copies in a Hadoop file system, and the removal of those of
 * owners that were killed.
 *
 * <p>No lock of a Hadoop file system lasts as long as a process, so each owner writes a file anew
 * from time to time, and whoever opens the store removes the directories in which that file has not
 * changed for an hour. Ages are differences of times that the file system gave to files, the own
 * one for "now"; no clock of a client is asked. An owner that lives writes the file twelve times as
 * often, from the thread that also writes what is spilled, whose calls all end within seconds.
 *
 * <p>What can be lost by that: an owner that was stopped for more than an hour, and goes on, may
 * find its spilled copies gone. Then exactly those extents are reported lost. It never reads
 * others' bytes in their place, since names of owners are not given twice.
 */
final class HadoopSpill {
  static final Duration LEASE = Duration.ofHours(1);

  private static final Logger log = LoggerFactory.getLogger(HadoopSpill.class);
  private static final long BEAT_NANOS = LEASE.toNanos() / 12;
  private static final String ALIVE = "alive";

  private final FileSystem files;
  private final Path spill;
  private final Path own;
  private long nextBeat;

  /** Of an owner; nothing is written before {@link #open}. */
  HadoopSpill(FileSystem files, Path root, String owner) {
    this.files = files;
    spill = new Path(root, "spill");
    own = new Path(spill, owner);
  }

  /** Makes an empty directory and removes what dead owners left. */
  void open() throws IOException {
    files.delete(own, true);
    beat();
    sweep(LEASE);
  }

  /** Writes the sign of life, if it is time to. By one thread at a time. */
  void tick() {
    if (System.nanoTime() - nextBeat >= 0) {
      try {
        beat();
      } catch (IOException | RuntimeException e) {
        log.warn("sign of life not written: directory={}", own, e);
      }
    }
  }

  private void beat() throws IOException {
    files.create(new Path(own, ALIVE), true).close();
    nextBeat = System.nanoTime() + BEAT_NANOS;
  }

  /** Removes the directories of owners that have been silent for so long. */
  void sweep(Duration silence) throws IOException {
    long now = files.getFileStatus(new Path(own, ALIVE)).getModificationTime();
    for (FileStatus directory : files.listStatus(spill)) {
      Path path = directory.getPath();
      if (directory.isDirectory()
          && !path.getName().equals(own.getName())
          && now - lastSeen(directory) > silence.toMillis()) {
        log.info("removing spill of a dead owner: directory={}", path);
        files.delete(path, true);
      }
    }
  }

  /** An owner that has just begun has a directory and no sign of life yet. */
  private long lastSeen(FileStatus directory) throws IOException {
    try {
      return files.getFileStatus(new Path(directory.getPath(), ALIVE)).getModificationTime();
    } catch (FileNotFoundException e) {
      return directory.getModificationTime();
    }
  }

  /** Removes the own directory. */
  void close() throws IOException {
    files.delete(own, true);
  }
}
