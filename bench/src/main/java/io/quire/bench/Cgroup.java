package io.quire.bench;

import io.quire.bench.Contender.Unavailable;
import io.quire.harness.Launch;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/*
 * Without it a peer that reads and writes through the page cache has the memory of the whole machine,
 * and nobody sees it. Of the two versions of the interface the one is taken whose memory controller is
 * there: in version 2 the group is a child of the root, for a group that has processes may have no
 * children with controllers; in version 1 it is a child of this process's own.
 */
/** A group of processes that share a limit of memory, the page cache that they fill included. */
final class Cgroup implements AutoCloseable {
  private static final String PREFIX = "quire-bench-";
  private static final long REMOVE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final Path directory;

  private Cgroup(Path directory) {
    this.directory = directory;
  }

  /**
   * Makes a group, and removes those that dead processes left.
   *
   * @throws Unavailable if this system does not let us
   */
  static Cgroup make(String name, long bytes) throws Unavailable {
    try {
      Path parent = parentOfVersion1();
      Path limit = Path.of("memory.limit_in_bytes");
      if (parent == null) {
        parent = parentOfVersion2();
        limit = Path.of("memory.max");
      }
      sweep(parent);
      Path made = parent.resolve(PREFIX + ProcessHandle.current().pid() + "-" + name);
      Files.createDirectory(made);
      Cgroup group = new Cgroup(made);
      try {
        Files.writeString(made.resolve(limit), String.valueOf(bytes));
        return group;
      } catch (IOException e) {
        group.close();
        throw e;
      }
    } catch (IOException e) {
      throw new Unavailable("its memory cannot be limited by a cgroup: " + e);
    }
  }

  /** Null if the memory controller is not there in version 1. */
  private static @Nullable Path parentOfVersion1() throws IOException {
    Path mounted = mounted("cgroup", "memory");
    if (mounted == null) {
      return null;
    }
    for (String line : Files.readAllLines(Path.of("/proc/self/cgroup"))) {
      List<String> parts = List.of(line.split(":", 3));
      if (Arrays.asList(parts.get(1).split(",")).contains("memory")) {
        Path own = mounted.resolve(parts.get(2).substring(1));
        // In a container the path may be that of the host.
        return Files.isDirectory(own) ? own : mounted;
      }
    }
    return mounted;
  }

  private static Path parentOfVersion2() throws IOException {
    Path mounted = mounted("cgroup2", "");
    if (mounted == null) {
      throw new IOException("no cgroups are mounted");
    }
    if (!Files.readString(mounted.resolve("cgroup.controllers")).contains("memory")) {
      throw new IOException("no memory controller: path=" + mounted);
    }
    Files.writeString(mounted.resolve("cgroup.subtree_control"), "+memory");
    return mounted;
  }

  private static @Nullable Path mounted(String type, String option) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/mounts"))) {
      String[] parts = line.split(" ");
      if (parts[2].equals(type)
          && (option.isEmpty() || Arrays.asList(parts[3].split(",")).contains(option))) {
        return Path.of(parts[1]);
      }
    }
    return null;
  }

  private static void sweep(Path parent) throws IOException {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path each : left) {
        String rest = each.getFileName().toString().substring(PREFIX.length());
        long pid = Long.parseLong(rest.substring(0, rest.indexOf('-')));
        if (ProcessHandle.of(pid).isEmpty()) {
          Files.deleteIfExists(each);
        }
      }
    }
  }

  /** The same launch, in this group from its first moment on. */
  Launch around(Launch launch) {
    List<String> line =
        new ArrayList<>(
            List.of(
                "/bin/sh",
                "-c",
                "echo $$ > \"$0\" && exec \"$@\"",
                directory.resolve("cgroup.procs").toString()));
    line.addAll(launch.line());
    return new Launch(launch.name(), line, launch.environment(), launch.directory(), launch.log());
  }

  /** Removes it; its processes must have ended, but the kernel may take a moment to notice. */
  @Override
  public void close() {
    long end = System.nanoTime() + REMOVE_NANOS;
    while (true) {
      try {
        Files.deleteIfExists(directory);
        return;
      } catch (IOException e) {
        if (System.nanoTime() - end >= 0) {
          throw new BenchFailed("cgroup not removed: path=" + directory, e);
        }
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
  }
}
