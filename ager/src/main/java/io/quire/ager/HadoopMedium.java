package io.quire.ager;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.hdfs.CannotObtainBlockLengthException;
import org.apache.hadoop.hdfs.DFSClient;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.client.HdfsDataOutputStream;
import org.apache.hadoop.hdfs.client.HdfsDataOutputStream.SyncFlag;
import org.apache.hadoop.hdfs.protocol.LocatedBlock;
import org.apache.hadoop.hdfs.protocol.LocatedBlocks;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Containers in a Hadoop file system. */
final class HadoopMedium implements ContainerMedium {
  private static final Logger log = LoggerFactory.getLogger(HadoopMedium.class);

  /** Streams take and give bytes of the heap; one piece at a time passes through it. */
  private static final int PIECE_BYTES = 1 << 20;

  private final FileSystem files;
  private final Path root;
  private final boolean durable;
  private final @Nullable HdfsScatter scatter;

  /**
   * Below a directory.
   *
   * @param durable whether a sync is to reach the disks; otherwise it only makes bytes readable
   */
  HadoopMedium(FileSystem files, Path root, boolean durable) {
    this.files = files;
    this.root = root;
    this.durable = durable;
    scatter = files instanceof DistributedFileSystem hdfs ? new HdfsScatter(hdfs) : null;
  }

  @Override
  public boolean exists(String file) throws IOException {
    return files.exists(new Path(root, file));
  }

  @Override
  public AppendFile create(String file) throws IOException {
    Path path = new Path(root, file);
    return new Append(files, path, files.create(path, false), durable);
  }

  @Override
  public ReadFile open(String file) throws IOException {
    Path path = new Path(root, file);
    return open(path, false, () -> files.open(path));
  }

  /** HDFS would compute checksums of its own on the way, at the cost of a third of the speed. */
  @Override
  public ReadFile openUnchecked(String file) throws IOException {
    if (!(files instanceof DistributedFileSystem hdfs)) {
      return open(file);
    }
    Path path = new Path(root, file);
    String name = path.toUri().getPath();
    DFSClient client = hdfs.getClient();
    int buffer = client.getConf().getIoBufferSize();
    return open(
        path, true, () -> client.createWrappedInputStream(client.open(name, buffer, false)));
  }

  private interface Opening {
    FSDataInputStream open() throws IOException;
  }

  /**
   * @param kept whether it stays open while others append to the file
   */
  private ReadFile open(Path path, boolean kept, Opening opening) throws IOException {
    try {
      return new Read(files, path, kept, opening.open(), scatter);
    } catch (FileNotFoundException e) {
      throw new CorruptCopy("no such file: file=" + path);
    } catch (CannotObtainBlockLengthException e) {
      // The DataNodes died while the file was open. What was synced is there once the file is
      // ended; a writer that still lives finds that out and begins another one.
      recoverLease(files, path);
      throw new FileNotEnded("its writer left it, and it is being ended: file=" + path, e);
    }
  }

  @Override
  public List<Listed> containers() throws IOException {
    return listed(ContainerShelf.SUFFIX);
  }

  @Override
  public List<Listed> aside() throws IOException {
    return listed(ASIDE);
  }

  private List<Listed> listed(String ending) throws IOException {
    List<Listed> found = new ArrayList<>();
    try {
      for (FileStatus status : files.listStatus(new Path(root, Store.DURABLE))) {
        String name = status.getPath().getName();
        if (status.isFile() && name.endsWith(ending)) {
          found.add(new Listed(Store.DURABLE + name, status.getLen()));
        }
      }
    } catch (FileNotFoundException e) {
      return List.of();
    }
    found.sort(Comparator.comparing(Listed::file));
    return found;
  }

  @Override
  public boolean rename(String file, String name) throws IOException {
    Path from = new Path(root, file);
    Path to = new Path(root, name);
    if (files.exists(to)) {
      throw new IOException("there is a file of that name: file=" + to);
    }
    if (files.rename(from, to)) {
      return true;
    }
    if (files.exists(from)) {
      throw new IOException("not renamed: file=%s to=%s".formatted(from, to));
    }
    return false;
  }

  @Override
  public void delete(String file) throws IOException {
    files.delete(new Path(root, file), false);
  }

  private static final class Append implements AppendFile {
    private final FileSystem files;
    private final Path path;
    private final FSDataOutputStream out;
    private final boolean durable;
    private final byte[] piece = new byte[PIECE_BYTES];

    Append(FileSystem files, Path path, FSDataOutputStream out, boolean durable) {
      this.files = files;
      this.path = path;
      this.out = out;
      this.durable = durable;
    }

    @Override
    public void append(StoreHeader header, @Nullable MemorySegment run) throws IOException {
      out.write(header.encode());
      if (run != null) {
        append(run);
      }
    }

    @Override
    public void append(MemorySegment run) throws IOException {
      long bytes = run.byteSize();
      for (long at = 0; at < bytes; at += PIECE_BYTES) {
        int length = (int) Math.min(PIECE_BYTES, bytes - at);
        MemorySegment.copy(run, ValueLayout.JAVA_BYTE, at, piece, 0, length);
        out.write(piece, 0, length);
      }
    }

    @Override
    public boolean canSync() {
      return out.hasCapability(StreamCapabilities.HSYNC);
    }

    @Override
    public void sync() throws IOException {
      if (!durable) {
        out.hflush();
      } else if (out instanceof HdfsDataOutputStream hdfs) {
        // Without the new length readers in other processes would not look past the old one.
        hdfs.hsync(EnumSet.of(SyncFlag.UPDATE_LENGTH));
      } else {
        out.hsync();
      }
    }

    @Override
    public void close() throws IOException {
      if (canSync()) {
        sync();
      }
      out.close();
    }

    @Override
    public void abandon() {
      try {
        out.close();
      } catch (IOException e) {
        log.warn("container not closed: file={}", path, e);
        recoverLease(files, path);
      }
    }
  }

  /**
   * A file whose close failed stays open for an hour, unless the NameNode is asked to end it. It
   * must know where the last block lies: after a restart, and before the DataNodes told it, it
   * would take the block for one that was never written, and drop it.
   */
  private static void recoverLease(FileSystem files, Path path) {
    if (files instanceof DistributedFileSystem hdfs) {
      try {
        LocatedBlocks blocks =
            hdfs.getClient().getLocatedBlocks(path.toUri().getPath(), 0, Long.MAX_VALUE);
        LocatedBlock last = blocks.getLastLocatedBlock();
        if (blocks.isLastBlockComplete() || last == null || last.getLocations().length > 0) {
          hdfs.recoverLease(path);
        }
      } catch (IOException e) {
        log.warn("lease not recovered: file={}", path, e);
      }
    }
  }

  private record Read(
      FileSystem files,
      Path path,
      boolean kept,
      FSDataInputStream in,
      @Nullable HdfsScatter scatter)
      implements ReadFile {
    @Override
    public void read(long position, MemorySegment into) throws IOException {
      try {
        if (in.hasCapability(StreamCapabilities.PREADBYTEBUFFER)) {
          in.readFully(position, into.asByteBuffer());
        } else {
          readThroughHeap(position, into);
        }
      } catch (EOFException e) {
        throw early(position);
      }
    }

    /**
     * Of a file that was not ended only the DataNodes know how long it is, and one that has just
     * started again does not know either: the client takes that for nothing written. But whoever
     * opened it a while ago knows too little, and must not take it from a writer that lives.
     */
    private IOException early(long position) throws IOException {
      if (files instanceof DistributedFileSystem hdfs && !hdfs.isFileClosed(path)) {
        if (!kept) {
          recoverLease(files, path);
        }
        return new ShowsLess(
            "file is not ended, and shows less than was written: file=%s offset=%d"
                .formatted(path, position));
      }
      return new CorruptCopy("file ends early: offset=" + position);
    }

    @Override
    public boolean scatter(long position, List<MemorySegment> into) {
      return scatter != null && scatter.read(path, in, position, into);
    }

    private void readThroughHeap(long position, MemorySegment into) throws IOException {
      byte[] piece = new byte[(int) Math.min(PIECE_BYTES, into.byteSize())];
      for (long at = 0; at < into.byteSize(); at += piece.length) {
        int length = (int) Math.min(piece.length, into.byteSize() - at);
        in.readFully(position + at, piece, 0, length);
        MemorySegment.copy(piece, 0, into, ValueLayout.JAVA_BYTE, at, length);
      }
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
