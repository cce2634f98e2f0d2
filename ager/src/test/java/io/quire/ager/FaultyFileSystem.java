package io.quire.ager;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * A Hadoop file system on the local disk, which is gone or stands still when a test says so. There
 * is one for all tests, since Hadoop makes its instances itself.
 */
public final class FaultyFileSystem extends RawLocalFileSystem {
  /** No call succeeds. */
  static volatile boolean gone;

  /** Calls wait for this. */
  static volatile CountDownLatch stands = new CountDownLatch(0);

  static void works() {
    gone = false;
    stands.countDown();
    stands = new CountDownLatch(0);
  }

  /** A store in that directory. */
  static StoreConfig store(Path path, boolean durable) {
    return new StoreConfig(
        URI.create("faulty://" + path),
        1L << 30,
        durable,
        Map.of("fs.faulty.impl", FaultyFileSystem.class.getName()));
  }

  private static void pass() throws IOException {
    try {
      stands.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    if (gone) {
      throw new IOException("Connection refused");
    }
  }

  @Override
  public URI getUri() {
    return URI.create("faulty:///");
  }

  @Override
  public FSDataInputStream open(org.apache.hadoop.fs.Path file, int buffer) throws IOException {
    pass();
    return super.open(file, buffer);
  }

  @Override
  protected OutputStream createOutputStream(org.apache.hadoop.fs.Path file, boolean append)
      throws IOException {
    pass();
    return super.createOutputStream(file, append);
  }

  @Override
  protected OutputStream createOutputStreamWithMode(
      org.apache.hadoop.fs.Path file, boolean append, FsPermission permission) throws IOException {
    pass();
    return super.createOutputStreamWithMode(file, append, permission);
  }

  @Override
  public boolean delete(org.apache.hadoop.fs.Path path, boolean recursive) throws IOException {
    pass();
    return super.delete(path, recursive);
  }
}
