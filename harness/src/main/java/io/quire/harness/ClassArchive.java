package io.quire.harness;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The classes of a node, found and verified once, and mapped from one file by each JVM that is
 * started after that (a dynamic archive, JEP 350): with it a node starts with two thirds of the
 * work. To make one takes a start and some seconds more, so it is for those who start many: tests.
 *
 * <p>It holds classes of jars alone. They come first in the class path of a JVM that uses it, and
 * directories behind them.
 *
 * @param file that a JVM maps; one that does not fit it any more does no harm
 * @param classPath to start a JVM with
 */
record ClassArchive(Path file, String classPath) {
  /** Environment variable that names the directory for archives; without it there are none. */
  static final String DIRECTORY = "QUIRE_CLASS_ARCHIVES";

  private static final Logger log = LoggerFactory.getLogger(ClassArchive.class);
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** That of this JVM's class path; made when it is asked for first. */
  private static final class OfThisJvm {
    static final @Nullable ClassArchive IT = make();
  }

  /** Null if none is wanted, or it cannot be made. */
  static @Nullable ClassArchive ofThisJvm() {
    return System.getenv(DIRECTORY) == null ? null : OfThisJvm.IT;
  }

  /** What a JVM that uses it is started with; if it cannot use it, it says nothing of that. */
  List<String> options() {
    return List.of("-XX:SharedArchiveFile=" + file, "-Xlog:cds=off", "-Xlog:aot=off");
  }

  private static @Nullable ClassArchive make() {
    List<String> jars = new ArrayList<>();
    List<String> others = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      (entry.endsWith(".jar") ? jars : others).add(entry);
    }
    String archived = String.join(File.pathSeparator, jars);
    others.addFirst(archived);
    try {
      Path directory = Files.createDirectories(Path.of(System.getenv(DIRECTORY)));
      Path file = directory.resolve("classes-%08x.jsa".formatted(version(jars)));
      sweep(directory);
      if (!Files.exists(file)) {
        train(archived, file);
      }
      return new ClassArchive(file, String.join(File.pathSeparator, others));
    } catch (IOException | ChildProcessException e) {
      log.warn("JVMs start without an archive of classes", e);
      return null;
    }
  }

  /** Another one if a jar is another one. */
  private static int version(List<String> jars) throws IOException {
    int version = 0;
    for (String each : jars) {
      Path jar = Path.of(each);
      version = Objects.hash(version, each, Files.size(jar), Files.getLastModifiedTime(jar));
    }
    return version;
  }

  /** A node begins and ends, and leaves what it loaded. */
  private static void train(String classPath, Path file) throws IOException {
    Path made = file.resolveSibling(file.getFileName() + "." + ProcessHandle.current().pid());
    List<String> options = List.of("-XX:ArchiveClassesAtExit=" + made, "-Xlog:cds*=off");
    try (Workspace workspace = Workspace.open("classes");
        Reaper reaper = Reaper.open()) {
      Path config = workspace.path().resolve("node.conf");
      Files.writeString(
          config,
          """
          data = "%s"
          http.port = %d
          fabric.port = %d
          """
              .formatted(workspace.path().resolve("data"), Ports.take(), Ports.take()));
      ChildProcess node =
          reaper.start(
              JavaCommand.of(WorkerNode.class.getName(), config.toString())
                  .launch("training", workspace.path(), options, classPath));
      node.awaitLine(WorkerNode.READY, LIMIT);
      node.stop(LIMIT);
    }
    Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Deletes what is of jars of yesterday. */
  private static void sweep(Path directory) throws IOException {
    Instant yesterday = Instant.now().minus(1, ChronoUnit.DAYS);
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, "classes-*.jsa*")) {
      for (Path each : found) {
        if (Files.getLastModifiedTime(each).toInstant().isBefore(yesterday)) {
          Files.deleteIfExists(each);
        }
      }
    }
  }
}
