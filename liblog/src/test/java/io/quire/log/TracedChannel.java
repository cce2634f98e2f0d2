package io.quire.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A channel of {@link FaultyFiles} to a file or a directory. */
final class TracedChannel extends FileChannel {
  private final FileChannel real;
  private final DiskTrace trace;
  private final @Nullable Integer inode;
  private final Path path;

  TracedChannel(FileChannel real, DiskTrace trace, @Nullable Integer inode, Path path) {
    this.real = real;
    this.trace = trace;
    this.inode = inode;
    this.path = path;
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    synchronized (trace) {
      long at = real.position();
      byte[] bytes = bytes(source);
      int count = real.write(source);
      wrote(at, bytes, count);
      return count;
    }
  }

  @Override
  public int write(ByteBuffer source, long position) throws IOException {
    synchronized (trace) {
      byte[] bytes = bytes(source);
      int count = real.write(source, position);
      wrote(position, bytes, count);
      return count;
    }
  }

  private void wrote(long at, byte[] bytes, int count) {
    if (inode != null) {
      trace.wrote(inode, at, bytes, count);
    }
  }

  private static byte[] bytes(ByteBuffer source) {
    byte[] bytes = new byte[source.remaining()];
    source.duplicate().get(bytes);
    return bytes;
  }

  @Override
  public FileChannel truncate(long size) throws IOException {
    synchronized (trace) {
      if (size < real.size() && inode != null) {
        trace.truncated(inode, size);
      }
      real.truncate(size);
      return this;
    }
  }

  @Override
  public void force(boolean metadata) throws IOException {
    int begun = trace.syncBegins(path, inode != null);
    real.force(metadata);
    if (inode == null) {
      trace.syncedDirectory(path, begun);
    } else {
      trace.synced(inode, begun);
    }
  }

  @Override
  public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
    long count = 0;
    for (int i = offset; i < offset + length; i++) {
      count += write(sources[i]);
    }
    return count;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    return real.read(target);
  }

  @Override
  public int read(ByteBuffer target, long position) throws IOException {
    return real.read(target, position);
  }

  @Override
  public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
    return real.read(targets, offset, length);
  }

  @Override
  public long position() throws IOException {
    return real.position();
  }

  @Override
  public FileChannel position(long position) throws IOException {
    real.position(position);
    return this;
  }

  @Override
  public long size() throws IOException {
    return real.size();
  }

  @Override
  public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
    return real.transferTo(position, count, target);
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long position, long count) {
    throw new UnsupportedOperationException();
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long position, long size) throws IOException {
    if (mode == MapMode.READ_ONLY) {
      return real.map(mode, position, size);
    }
    throw new UnsupportedOperationException("mapped writes are not traced: path=" + path);
  }

  @Override
  public FileLock lock(long position, long size, boolean shared) throws IOException {
    return real.lock(position, size, shared);
  }

  @Override
  public @Nullable FileLock tryLock(long position, long size, boolean shared) throws IOException {
    return real.tryLock(position, size, shared);
  }

  @Override
  protected void implCloseChannel() throws IOException {
    real.close();
  }
}
