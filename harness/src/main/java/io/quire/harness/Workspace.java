package io.quire.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory that a run writes in. It is deleted with all that is in it when the workspace is
 * closed or the JVM goes down, unless somebody asked to {@link #keep} it; after {@code kill -9} of
 * this JVM the next one of that name deletes it. Open it before the {@link Reaper} whose processes
 * write in it: at exit, what was opened last goes first. Safe for use by many threads.
 */
public final class Workspace implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Workspace.class);

  private static final String OWNER = "owner";
  private static final String KEPT = "kept";

  private final Path root;
  private final Runnable atExit = this::close;
  private volatile boolean kept;
  private boolean closed;

  private Workspace(Path root) {
    this.root = root;
  }

  /**
   * Makes a directory {@code quire-<name>-<digits>} under {@code java.io.tmpdir}, and deletes those
   * that dead processes left there.
   *
   * @throws UncheckedIOException if that is not possible
   */
  public static Workspace open(String name) {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    String prefix = "quire-" + name + "-";
    try {
      sweep(temporary, prefix);
      Workspace made = new Workspace(Files.createTempDirectory(temporary, prefix));
      AtExit.push(made.atExit);
      Files.writeString(made.root.resolve(OWNER), identity(ProcessHandle.current()));
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot make a workspace: in=%s name=%s".formatted(temporary, name), e);
    }
  }

  private static void sweep(Path temporary, String prefix) throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(temporary, prefix + "*")) {
      for (Path left : found) {
        Path owner = left.resolve(OWNER);
        if (Files.exists(owner) && !Files.exists(left.resolve(KEPT)) && dead(owner)) {
          delete(left);
        }
      }
    }
  }

  private static boolean dead(Path owner) {
    try {
      String identity = Files.readString(owner);
      long pid = Long.parseLong(identity.substring(0, identity.indexOf(' ')));
      return ProcessHandle.of(pid).filter(process -> identity(process).equals(identity)).isEmpty();
    } catch (IOException | NumberFormatException | IndexOutOfBoundsException e) {
      log.info(
          "workspace of an unknown owner is left alone: path={} cause={}", owner, e.toString());
      return false;
    }
  }

  /** A pid may be another process's by now, but then that began at another time. */
  private static String identity(ProcessHandle process) {
    return process.pid() + " " + process.info().startInstant().map(Instant::toString).orElse("");
  }

  /** The directory. */
  public Path path() {
    return root;
  }

  /** Makes, if need be, a directory of that name in this workspace. */
  public Path directory(String name) {
    try {
      return Files.createDirectories(root.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make a directory: name=" + name, e);
    }
  }

  /**
   * Keeps the directory, so that somebody can look at it; tells the log where it is. Nothing is
   * kept any more when the JVM goes down: what fails then fails because it was stopped.
   *
   * @param why what went wrong, or who asked
   */
  public void keep(String why) {
    if (AtExit.begun()) {
      return;
    }
    kept = true;
    try {
      Files.writeString(root.resolve(KEPT), why + System.lineSeparator());
    } catch (IOException e) {
      log.warn("a workspace is kept only until the next: path={} cause={}", root, e.toString());
    }
    log.info("workspace kept: path={} why={}", root, why);
  }

  /** Whether {@link #close} leaves the directory where it is. */
  public boolean isKept() {
    return kept;
  }

  /** Deletes the directory unless it is kept; what cannot be deleted is named in the log. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    AtExit.remove(atExit);
    if (kept) {
      return;
    }
    delete(root);
  }

  private static void delete(Path directory) {
    try {
      Files.walkFileTree(directory, new Deletion());
    } catch (IOException e) {
      log.warn("workspace not deleted: path={} cause={}", directory, e.toString());
    }
  }

  /** Never follows a link out of the tree, and does not mind files that vanish under it. */
  private static final class Deletion extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.deleteIfExists(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
      if (e instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE;
      }
      throw e;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e)
        throws IOException {
      if (e != null) {
        throw e;
      }
      Files.deleteIfExists(directory);
      return FileVisitResult.CONTINUE;
    }
  }
}
