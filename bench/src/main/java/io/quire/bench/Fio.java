package io.quire.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.harness.ChildProcess;
import io.quire.harness.ChildProcessException;
import io.quire.harness.Launch;
import io.quire.harness.Reaper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/*
 * The first time a direction is asked for, all ways are tried, for a short time each. What counts is
 * another run, of the way that was the fastest in the mean of its runs before: on a disk that is now
 * fast and now slow, the best of many short runs is faster than any of them goes on to be. The file
 * is written twice before: a virtual disk is slow where nothing was.
 */
/** The disk itself, as fio reads and writes it directly at its best depth and block size. */
record Fio() implements Contender {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration BESIDES = Duration.ofSeconds(120);
  private static final List<String> BLOCKS = List.of("256k", "1m", "4m");
  private static final List<Integer> DEPTHS = List.of(2, 8, 32);
  private static final List<Integer> THREADS = List.of(1, 2);
  private static final long TRIAL_MILLIS = 500;

  @Override
  public String name() {
    return "fio";
  }

  @Override
  public String settings() {
    return "direct, libaio, best of blocks %s, depths %s, jobs %s"
        .formatted(BLOCKS, DEPTHS, THREADS);
  }

  @Override
  public Running start(Path directory, Reaper reaper) throws Unavailable {
    try {
      ChildProcess version = reaper.start(Launch.of("fio-version", directory, "fio", "--version"));
      version.awaitExit(Duration.ofSeconds(20));
    } catch (ChildProcessException e) {
      throw new Unavailable("fio is not installed; it is a Debian package of that name");
    }
    return new Disk(directory, reaper);
  }

  /** A way to read or write. */
  private record Way(String block, int depth, int threads) {
    static List<Way> all() {
      List<Way> all = new ArrayList<>();
      for (String block : BLOCKS) {
        for (int depth : DEPTHS) {
          THREADS.forEach(threads -> all.add(new Way(block, depth, threads)));
        }
      }
      return all;
    }
  }

  private static final class Disk implements Running {
    private final Path directory;
    private final Reaper reaper;
    private final Map<Job.Kind, Map<Way, DoubleSummaryStatistics>> tried =
        new EnumMap<>(Job.Kind.class);
    private long bytes;
    private int runs;

    Disk(Path directory, Reaper reaper) {
      this.directory = directory;
      this.reaper = reaper;
    }

    @Override
    public Map<String, Double> run(Job job) {
      String direction =
          switch (job.kind()) {
            case PAGE_IN -> "read";
            case PAGE_OUT -> "write";
            default -> throw new IllegalArgumentException("not for fio: job=" + job);
          };
      if (bytes < job.totalBytes()) {
        bytes = job.totalBytes();
        for (int time = 0; time < 2; time++) {
          run("write", new Way("4m", 2, 1), List.of());
        }
      }
      Map<Way, DoubleSummaryStatistics> before =
          tried.computeIfAbsent(job.kind(), _ -> trials(direction));
      Map.Entry<Way, DoubleSummaryStatistics> fastest =
          Collections.max(
              before.entrySet(), Comparator.comparingDouble(each -> each.getValue().getAverage()));
      double found = run(direction, fastest.getKey(), job.millis());
      fastest.getValue().accept(found);
      return Map.of(job.row(), found);
    }

    private Map<Way, DoubleSummaryStatistics> trials(String direction) {
      Map<Way, DoubleSummaryStatistics> trials = new LinkedHashMap<>();
      for (Way way : Way.all()) {
        DoubleSummaryStatistics rates = new DoubleSummaryStatistics();
        rates.accept(run(direction, way, TRIAL_MILLIS));
        trials.put(way, rates);
      }
      return trials;
    }

    private double run(String direction, Way way, long millis) {
      return run(direction, way, List.of("--time_based", "--runtime=" + millis + "ms"));
    }

    /** Gigabytes (10^9) a second. */
    private double run(String direction, Way way, List<String> more) {
      String name = "fio-" + ++runs;
      Path output = directory.resolve(name + ".json");
      List<String> line =
          new ArrayList<>(
              List.of(
                  "fio",
                  "--name=" + direction,
                  "--filename=" + directory.resolve("fio.data"),
                  "--size=" + bytes / way.threads(),
                  "--offset_increment=" + bytes / way.threads(),
                  "--rw=" + direction,
                  "--direct=1",
                  "--ioengine=libaio",
                  "--bs=" + way.block(),
                  "--iodepth=" + way.depth(),
                  "--numjobs=" + way.threads(),
                  "--group_reporting",
                  "--output-format=json",
                  "--output=" + output));
      line.addAll(more);
      ChildProcess fio = reaper.start(Launch.of(name, directory, line.toArray(String[]::new)));
      int code = fio.awaitExit(BESIDES);
      if (code != 0) {
        throw new BenchFailed(
            "fio failed: exitCode=%d log=%s\n%s"
                .formatted(code, fio.log(), String.join("\n", fio.logTail(10))),
            null);
      }
      try {
        JsonNode answer = JSON.readTree(Files.readString(output));
        return answer.at("/jobs/0/" + direction + "/bw_bytes").asDouble() / 1e9;
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read what fio wrote: path=" + output, e);
      }
    }

    @Override
    public void close() {
      // Each run of fio has ended by itself; the file goes with the workspace.
    }
  }
}
