package io.quire.harness.chaos;

import io.quire.harness.AtExit;
import io.quire.harness.Deadline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The data file systems of the nodes: each a tmpfs of its own, which can be filled to the last
 * byte, and processes whose syncs can be made to fail by {@code strace}. What a process wrote
 * before {@code kill -9} is there afterwards, as on any file system. Any thread.
 */
final class Disks implements AutoCloseable {
  private static final String SIZE_OF_NODES = "2g";
  private static final String FILLER = "filler";
  private static final String SOURCE = "quire-chaos-";
  private static final int ATTACH_SECONDS = 10;

  private final List<Path> mounts = new ArrayList<>();
  private final Runnable atExit = this::close;
  private boolean closed;

  private Disks() {}

  /** Why disks cannot be harmed here, in a sentence; null if they can. */
  static @Nullable String missing() {
    if (!Command.asRoot()) {
      return "faults of disks are left out: only root can mount file systems";
    }
    if (!Command.exists("fallocate")) {
      return "faults of disks are left out: there is no command fallocate";
    }
    return null;
  }

  /** Whether calls of the system can be made to fail. */
  static boolean callsCanFail() {
    return Command.exists("strace");
  }

  /** Unmounts what dead processes left, so that their directories can be deleted. */
  static void sweep() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/mounts"))) {
        String[] fields = line.split(" ");
        if (fields[0].startsWith(SOURCE)
            && ProcessHandle.of(Long.parseLong(fields[0].substring(SOURCE.length()))).isEmpty()) {
          Command.attempt("umount", "-l", fields[1]);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the mounts", e);
    }
  }

  /** How many of these file systems are still mounted. */
  long left() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/mounts"))) {
      return lines.filter(line -> mounts.contains(Path.of(line.split(" ")[1]))).count();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the mounts", e);
    }
  }

  /** Mounts a file system, large enough for a node's data, on each of these directories. */
  static Disks mount(List<Path> directories) {
    return mount(directories, SIZE_OF_NODES);
  }

  /** Mounts a file system of that size, such as {@code 64m}, on each of these directories. */
  static Disks mount(List<Path> directories, String size) {
    Disks disks = new Disks();
    AtExit.push(disks.atExit);
    String source = SOURCE + ProcessHandle.current().pid();
    for (Path directory : directories) {
      Command.run("mount", "-t", "tmpfs", "-o", "size=" + size, source, directory.toString());
      disks.mounts.add(directory);
    }
    return disks;
  }

  /** Leaves no byte free on the file system of a node. */
  void fill(int node) {
    Path mount = mounts.get(node);
    try {
      long free = Files.getFileStore(mount).getUsableSpace();
      if (free > 0) {
        Command.attempt("fallocate", "-l", "" + free, mount.resolve(FILLER).toString());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot fill: path=" + mount, e);
    }
  }

  /** Undoes {@link #fill}. */
  void empty(int node) {
    try {
      Files.deleteIfExists(mounts.get(node).resolve(FILLER));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot empty: path=" + mounts.get(node), e);
    }
  }

  /**
   * Lets each fsync and fdatasync of a process, and of its children, fail with EIO from when this
   * returns until what it returns is closed.
   */
  AutoCloseable failSyncs(long pid) {
    return fail(pid, "fsync,fdatasync", "error=EIO", List.of());
  }

  /** The same with every seventh read and write at a position in one of these files. */
  AutoCloseable failReadsAndWrites(long pid, List<Path> files) {
    return fail(pid, "pread64,pwrite64", "error=EIO:when=1+7", files);
  }

  private static AutoCloseable fail(long pid, String calls, String how, List<Path> files) {
    try {
      List<String> line =
          new ArrayList<>(
              List.of(
                  "strace",
                  "-qq",
                  "-f",
                  "-o",
                  "/dev/null",
                  "-e",
                  "trace=" + calls,
                  "-e",
                  "inject=" + calls + ":" + how,
                  "-p",
                  "" + pid));
      for (Path file : files) {
        line.add("-P");
        line.add(file.toString());
      }
      Process tracer =
          new ProcessBuilder(line)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      Deadline.in(Duration.ofSeconds(ATTACH_SECONDS))
          .await(() -> !tracer.isAlive() || isTraced(pid));
      return () -> {
        tracer.destroy();
        if (!tracer.waitFor(ATTACH_SECONDS, TimeUnit.SECONDS)) {
          tracer.destroyForcibly();
        }
      };
    } catch (IOException e) {
      throw new UncheckedIOException("cannot trace: pid=" + pid, e);
    }
  }

  private static boolean isTraced(long pid) {
    try {
      return Files.readAllLines(Path.of("/proc", "" + pid, "status")).stream()
          .anyMatch(line -> line.startsWith("TracerPid:") && !line.endsWith("\t0"));
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    AtExit.remove(atExit);
    mounts.forEach(mount -> Command.attempt("umount", "-l", mount.toString()));
  }
}
