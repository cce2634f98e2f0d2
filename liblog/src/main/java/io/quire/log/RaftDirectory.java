package io.quire.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;

/**
 * Ratis' directory of segments and metadata. Ratis syncs files and never the directory that holds
 * their names, so a power cut may take back a new segment with all that was acknowledged in it, or
 * a vote. {@link #settle} makes up for it, and is called before word of either leaves.
 *
 * <p>It costs one look at the directory's time of change, unless something has changed. Such a time
 * is coarse: a change just after a look may leave it as it was, so a time that was young when it
 * was looked at is not trusted. Any thread.
 */
final class RaftDirectory {
  /** Longer than the tick of any file system with times finer than seconds. */
  private static final long TICK_MILLIS = 50;

  private final Path directory;
  private final Path copy;
  private @Nullable FileTime settled;
  private @Nullable VoteCopy last;

  RaftDirectory(Path directory, Path copy) {
    this.directory = directory;
    this.copy = copy;
  }

  /** What was created, renamed or deleted here is on disk when it returns, and the vote copied. */
  synchronized void settle() throws IOException {
    FileTime changed = Files.getLastModifiedTime(directory);
    if (changed.equals(settled)) {
      return;
    }
    boolean young = Math.abs(System.currentTimeMillis() - changed.toMillis()) < TICK_MILLIS;
    // Ratis interrupts the threads of an election that is decided.
    last = Uninterrupted.run(() -> settled(last));
    settled = young ? null : changed;
  }

  private @Nullable VoteCopy settled(@Nullable VoteCopy copied) throws IOException {
    DurableFile.force(directory);
    VoteCopy found = VoteCopy.ofRatis(directory);
    if (found == null || (copied != null && found.same(copied))) {
      return copied;
    }
    DurableFile.write(copy, found.encode());
    return found;
  }
}
