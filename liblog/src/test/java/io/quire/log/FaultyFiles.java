package io.quire.log;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.StandardOpenOption;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A default file system provider, named by {@code -Djava.nio.file.spi.DefaultFileSystemProvider},
 * that tells a {@link DiskTrace} of every change below one directory, and lets it fail syncs. So it
 * sees what Ratis does too, except the one lock file that Ratis opens by {@code RandomAccessFile}.
 *
 * <p>It delegates everything, and all its paths are wrapped, because {@code Files} asks the path
 * for its provider.
 */
public final class FaultyFiles extends FileSystemProvider {
  private final FileSystemProvider real;
  private final Wrapped fileSystem;
  private volatile @Nullable DiskTrace trace;

  /** Called by the JDK with the built-in provider. */
  public FaultyFiles(FileSystemProvider real) {
    this.real = real;
    fileSystem = new Wrapped(this, real.getFileSystem(URI.create("file:///")));
  }

  /** The installed one. */
  static FaultyFiles installed() {
    return (FaultyFiles) java.nio.file.FileSystems.getDefault().provider();
  }

  /** Starts a main class on a file system of this kind. */
  static Process java(Class<?> main, Path output, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.nio.file.spi.DefaultFileSystemProvider=" + FaultyFiles.class.getName(),
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
  }

  void traceTo(@Nullable DiskTrace wanted) {
    trace = wanted;
  }

  private @Nullable DiskTrace traceOf(Path path) {
    DiskTrace known = trace;
    return known != null && known.covers(real(path)) ? known : null;
  }

  static Path real(Path path) {
    return path instanceof TracedPath traced ? traced.real() : path;
  }

  private Path wrap(Path path) {
    return new TracedPath(fileSystem, path);
  }

  @Override
  public String getScheme() {
    return "file";
  }

  @Override
  public FileSystem newFileSystem(URI uri, Map<String, ?> env) throws IOException {
    return real.newFileSystem(uri, env);
  }

  @Override
  public FileSystem getFileSystem(URI uri) {
    return fileSystem;
  }

  @Override
  public Path getPath(URI uri) {
    return wrap(real.getPath(uri));
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return newFileChannel(path, options, attributes);
  }

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    DiskTrace known = traceOf(path);
    Path file = real(path);
    if (known == null) {
      return real.newFileChannel(file, options, attributes);
    }
    synchronized (known) {
      boolean fresh = !java.nio.file.Files.exists(file);
      FileChannel channel = real.newFileChannel(file, options, attributes);
      boolean writes = options.contains(StandardOpenOption.WRITE);
      if (fresh && writes) {
        known.created(file);
      } else if (writes && options.contains(StandardOpenOption.TRUNCATE_EXISTING)) {
        known.truncated(known.inode(file), 0);
      }
      if (java.nio.file.Files.isDirectory(file)) {
        return new TracedChannel(channel, known, null, file);
      }
      // Who only reads may sync, too.
      return new TracedChannel(channel, known, known.inode(file), file);
    }
  }

  @Override
  public DirectoryStream<Path> newDirectoryStream(
      Path dir, DirectoryStream.Filter<? super Path> filter) throws IOException {
    DirectoryStream<Path> stream =
        real.newDirectoryStream(real(dir), entry -> filter.accept(wrap(entry)));
    return new DirectoryStream<>() {
      @Override
      public Iterator<Path> iterator() {
        Iterator<Path> entries = stream.iterator();
        return new Iterator<>() {
          @Override
          public boolean hasNext() {
            return entries.hasNext();
          }

          @Override
          public Path next() {
            return wrap(entries.next());
          }
        };
      }

      @Override
      public void close() throws IOException {
        stream.close();
      }
    };
  }

  @Override
  public void createDirectory(Path dir, FileAttribute<?>... attributes) throws IOException {
    DiskTrace known = traceOf(dir);
    if (known == null) {
      real.createDirectory(real(dir), attributes);
      return;
    }
    synchronized (known) {
      real.createDirectory(real(dir), attributes);
      known.madeDirectory(real(dir));
    }
  }

  @Override
  public void createLink(Path link, Path existing) throws IOException {
    DiskTrace known = traceOf(link);
    if (known == null) {
      real.createLink(real(link), real(existing));
      return;
    }
    synchronized (known) {
      real.createLink(real(link), real(existing));
      known.linked(real(link), real(existing));
    }
  }

  @Override
  public void delete(Path path) throws IOException {
    DiskTrace known = traceOf(path);
    if (known == null) {
      real.delete(real(path));
      return;
    }
    synchronized (known) {
      real.delete(real(path));
      known.deleted(real(path));
    }
  }

  @Override
  public void copy(Path source, Path target, CopyOption... options) throws IOException {
    if (traceOf(target) != null) {
      throw new UnsupportedOperationException("copy is not traced: target=" + target);
    }
    real.copy(real(source), real(target), options);
  }

  @Override
  public void move(Path source, Path target, CopyOption... options) throws IOException {
    DiskTrace known = traceOf(target);
    if (known == null) {
      real.move(real(source), real(target), options);
      return;
    }
    synchronized (known) {
      real.move(real(source), real(target), options);
      known.moved(real(source), real(target));
    }
  }

  @Override
  public boolean isSameFile(Path path, Path other) throws IOException {
    return real.isSameFile(real(path), real(other));
  }

  @Override
  public boolean isHidden(Path path) throws IOException {
    return real.isHidden(real(path));
  }

  @Override
  public FileStore getFileStore(Path path) throws IOException {
    return real.getFileStore(real(path));
  }

  @Override
  public void checkAccess(Path path, AccessMode... modes) throws IOException {
    real.checkAccess(real(path), modes);
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path path, Class<V> type, LinkOption... options) {
    return real.getFileAttributeView(real(path), type, options);
  }

  @Override
  public <A extends BasicFileAttributes> A readAttributes(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    return real.readAttributes(real(path), type, options);
  }

  @Override
  public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options)
      throws IOException {
    return real.readAttributes(real(path), attributes, options);
  }

  @Override
  public void setAttribute(Path path, String attribute, Object value, LinkOption... options)
      throws IOException {
    real.setAttribute(real(path), attribute, value, options);
  }

  /** The file system whose paths are ours. */
  static final class Wrapped extends FileSystem {
    private final FaultyFiles provider;
    private final FileSystem real;

    Wrapped(FaultyFiles provider, FileSystem real) {
      this.provider = provider;
      this.real = real;
    }

    @Override
    public FileSystemProvider provider() {
      return provider;
    }

    @Override
    public void close() {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public boolean isReadOnly() {
      return real.isReadOnly();
    }

    @Override
    public String getSeparator() {
      return real.getSeparator();
    }

    @Override
    public Iterable<Path> getRootDirectories() {
      return List.of(getPath("/"));
    }

    @Override
    public Iterable<FileStore> getFileStores() {
      return real.getFileStores();
    }

    @Override
    public Set<String> supportedFileAttributeViews() {
      return real.supportedFileAttributeViews();
    }

    @Override
    public Path getPath(String first, String... more) {
      return new TracedPath(this, real.getPath(first, more));
    }

    @Override
    public PathMatcher getPathMatcher(String syntaxAndPattern) {
      PathMatcher matcher = real.getPathMatcher(syntaxAndPattern);
      return path -> matcher.matches(real(path));
    }

    private static Path real(Path path) {
      return FaultyFiles.real(path);
    }

    @Override
    public UserPrincipalLookupService getUserPrincipalLookupService() {
      return real.getUserPrincipalLookupService();
    }

    @Override
    public WatchService newWatchService() throws IOException {
      return real.newWatchService();
    }
  }
}
