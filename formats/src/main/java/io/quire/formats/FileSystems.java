package io.quire.formats;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.security.AccessControlException;

/**
 * The Hadoop file systems in use, one for each scheme and authority, of our own: those that Hadoop
 * shares would be closed for everybody. Any thread.
 */
final class FileSystems implements AutoCloseable {
  /** An unreachable cluster is an error within seconds instead of minutes. What is set wins. */
  private static final Map<String, String> DEFAULTS =
      Map.ofEntries(
          Map.entry("ipc.client.connect.timeout", "3000"),
          Map.entry("ipc.client.connect.max.retries", "2"),
          Map.entry("ipc.client.connect.retry.interval", "500"),
          Map.entry("ipc.client.connect.max.retries.on.timeouts", "2"),
          Map.entry("ipc.client.rpc-timeout.ms", "10000"),
          Map.entry("dfs.client.failover.max.attempts", "4"),
          Map.entry("dfs.client.failover.sleep.base.millis", "100"),
          Map.entry("dfs.client.failover.sleep.max.millis", "1000"),
          Map.entry("dfs.client.socket-timeout", "10000"),
          // The other one wants a file of checksums beside each file.
          Map.entry("fs.file.impl", "org.apache.hadoop.fs.RawLocalFileSystem"));

  private final Configuration configuration = new Configuration();
  private final Map<String, FileSystem> open = new HashMap<>();
  private boolean closed;

  FileSystems(Map<String, String> settings) {
    DEFAULTS.forEach(
        (name, value) -> {
          if (!setByFile(name)) {
            configuration.set(name, value);
          }
        });
    settings.forEach(configuration::set);
  }

  private boolean setByFile(String name) {
    String[] sources = configuration.getPropertySources(name);
    return sources != null
        && sources.length > 0
        && !sources[sources.length - 1].endsWith("-default.xml");
  }

  /** The file system of an absolute path. */
  synchronized FileSystem of(Path path) {
    if (closed) {
      throw new IllegalStateException("closed: path=" + path);
    }
    URI uri = path.toUri();
    String key = uri.getScheme() + "://" + uri.getAuthority();
    FileSystem files = open.get(key);
    if (files == null) {
      files = connect(path, uri);
      open.put(key, files);
    }
    return files;
  }

  private FileSystem connect(Path path, URI uri) {
    try {
      return FileSystem.newInstance(uri, configuration);
    } catch (UnsupportedFileSystemException e) {
      throw new FormatsException.UnknownScheme(path.toString(), uri.getScheme(), e);
    } catch (IOException | IllegalArgumentException e) {
      throw failed(path.toString(), e);
    }
  }

  /**
   * Opens a file that was found.
   *
   * @throws FormatsException.FileChanged if it is not the same any more
   */
  FSDataInputStream open(InputFile file) {
    Path path = new Path(file.uri());
    FileSystem files = of(path);
    try {
      FileStatus status = files.getFileStatus(path);
      if (status.isDirectory()
          || status.getLen() != file.bytes()
          || status.getModificationTime() != file.modifiedMillis()) {
        throw new FormatsException.FileChanged(
            file, "bytes=" + status.getLen() + " modified=" + status.getModificationTime());
      }
      return files.open(path);
    } catch (FileNotFoundException e) {
      throw isRefusal(e)
          ? new FormatsException.NoPermission(file.uri(), e)
          : new FormatsException.FileChanged(file, "nothing");
    } catch (IOException e) {
      throw failed(file.uri(), e);
    }
  }

  /** What a failure of a file system is here. */
  static FormatsException failed(String path, Exception e) {
    return e instanceof AccessControlException || e instanceof AccessDeniedException || isRefusal(e)
        ? new FormatsException.NoPermission(path, e)
        : new FormatsException.Unreadable(path, e);
  }

  /** The JDK's streams tell of a refusal by text alone. */
  private static boolean isRefusal(Exception e) {
    return e instanceof FileNotFoundException && String.valueOf(e.getMessage()).contains("denied");
  }

  @Override
  public synchronized void close() {
    closed = true;
    IOException failure = null;
    for (FileSystem files : open.values()) {
      try {
        files.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    open.clear();
    if (failure != null) {
      throw new FormatsException.Unreadable("file systems", failure);
    }
  }
}
