package io.quire.log;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.SnapshotRetentionPolicy;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.util.MD5FileUtil;
import org.jspecify.annotations.Nullable;

/**
 * The directory through which snapshots travel between nodes. Ratis sends files that lie in it, and
 * replaces it as a whole when it installs one, so it holds only a link to the newest snapshot;
 * {@link Snapshots} keeps the files themselves.
 */
final class SnapshotStaging implements StateMachineStorage {
  private volatile @Nullable Path directory;
  private volatile @Nullable SingleFileSnapshotInfo latest;

  @Override
  public void init(RaftStorage storage) {
    directory = storage.getStorageDir().getStateMachineDir().toPath();
  }

  /** Makes the file the one that is sent to others. */
  void offer(Path snapshot, long term, long index) throws IOException {
    Path staged = directory();
    Files.createDirectories(staged);
    Path link = staged.resolve(snapshot.getFileName());
    Files.deleteIfExists(link);
    try {
      Files.createLink(link, snapshot);
    } catch (UnsupportedOperationException e) {
      Files.copy(snapshot, link);
    }
    MD5Hash digest = MD5FileUtil.computeMd5ForFile(link.toFile());
    latest = new SingleFileSnapshotInfo(new FileInfo(link.toAbsolutePath(), digest), term, index);
    for (Path old : files()) {
      if (!old.equals(link)) {
        Files.deleteIfExists(old);
      }
    }
  }

  /** The snapshot file that lies here, offered by us before or installed by Ratis. */
  @Nullable Path installed() throws IOException {
    for (Path file : files()) {
      if (!file.toString().endsWith(MD5FileUtil.MD5_SUFFIX)) {
        return file;
      }
    }
    return null;
  }

  @Override
  public @Nullable SnapshotInfo getLatestSnapshot() {
    return latest;
  }

  @Override
  public void format() {}

  @Override
  public void cleanupOldSnapshots(SnapshotRetentionPolicy policy) {}

  private List<Path> files() throws IOException {
    Path staged = directory();
    List<Path> files = new ArrayList<>();
    if (Files.exists(staged)) {
      try (DirectoryStream<Path> found = Files.newDirectoryStream(staged)) {
        found.forEach(files::add);
      }
    }
    return files;
  }

  private Path directory() {
    Path known = directory;
    if (known == null) {
      throw new IllegalStateException("snapshot staging is not initialized");
    }
    return known;
  }
}
