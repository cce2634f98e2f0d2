package io.quire.bench;

import io.quire.harness.ChildProcess;
import io.quire.harness.JavaCommand;
import io.quire.harness.Launch;
import io.quire.harness.Reaper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Runs {@link Churn} in a new process for each job, since what an allocator once had from the
 * operating system it may keep.
 *
 * @param name of the contender
 * @param allocator as {@link Allocator#of} knows it
 * @param load what is asked of it
 * @param library to put before the C library, or nothing
 */
record ChurnProcess(String name, String allocator, Load load, String library) implements Contender {
  /**
   * Sizes, and the memory that nine tenths of are kept in use.
   *
   * @param limit of memory
   * @param least bytes of an allocation
   * @param most bytes of one
   */
  record Load(long limit, long least, long most) {
    @Override
    public String toString() {
      return "%,d to %,d KiB, log-uniform, 90%% of %,d MiB in use"
          .formatted(least >> 10, most >> 10, limit >> 20);
    }
  }

  private static final Duration LIMIT = Duration.ofHours(1);
  private static final String FIGURE = "figure ";

  ChurnProcess withLibrary(String path) {
    return new ChurnProcess(name + "-" + Path.of(path).getFileName(), allocator, load, path);
  }

  @Override
  public String settings() {
    return allocator + (library.isEmpty() ? "" : " of " + library) + ", one thread, as it comes";
  }

  @Override
  public Running start(Path directory, Reaper reaper) throws Unavailable {
    if (!library.isEmpty() && !Files.exists(Path.of(library))) {
      throw new Unavailable("not installed: path=" + library);
    }
    return new Running() {
      private int runs;

      @Override
      public Map<String, Double> run(Job job) {
        runs++;
        return measure(job, directory.resolve(String.valueOf(runs)), reaper);
      }

      @Override
      public void close() {
        // Each job ends its process.
      }
    };
  }

  private Map<String, Double> measure(Job job, Path directory, Reaper reaper) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make a directory: path=" + directory, e);
    }
    Launch launch =
        JavaCommand.of(
                Churn.class.getName(),
                allocator,
                String.valueOf(load.limit),
                String.valueOf(load.least),
                String.valueOf(load.most),
                String.valueOf(job.objects()))
            // A heap that is resident from the beginning; Netty is limited as malloc is, by
            // looking.
            .withOptions(
                "-Xms256m",
                "-Xmx256m",
                "-XX:+AlwaysPreTouch",
                "-XX:+UseSerialGC",
                "-XX:MaxDirectMemorySize=" + 4 * load.limit)
            .withClassPath(PeerClassPath.entries())
            .deafToInterrupts()
            .launch(name, directory);
    ChildProcess process =
        reaper.start(
            library.isEmpty() ? launch : launch.withEnvironment(Map.of("LD_PRELOAD", library)));
    if (process.awaitExit(LIMIT) != 0) {
      throw new BenchFailed(
          "a churn failed: allocator=%s\n%s"
              .formatted(allocator, String.join("\n", process.logTail(20))),
          null);
    }
    return figures(job.row(), process.log());
  }

  private static Map<String, Double> figures(String row, Path log) {
    Map<String, Double> figures = new TreeMap<>();
    try {
      List<String> lines = Files.readAllLines(log);
      for (String line : lines) {
        int equals = line.indexOf('=');
        if (line.startsWith(FIGURE) && equals > 0) {
          figures.put(
              row + line.substring(FIGURE.length(), equals),
              Double.valueOf(line.substring(equals + 1)));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read: path=" + log, e);
    }
    return figures;
  }
}
