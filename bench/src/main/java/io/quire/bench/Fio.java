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
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/*
 * The first time a direction is asked for, all ways are tried, each for a part of the time; from then
 * on the best three. The file is written twice before: a virtual disk is slow where nothing was.
 */
/** The disk itself, as fio reads and writes it directly at its best depth and block size. */
record Fio() implements Contender {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration BESIDES = Duration.ofSeconds(120);
  private static final List<String> BLOCKS = List.of("256k", "1m", "4m");
  private static final List<Integer> DEPTHS = List.of(2, 8, 32);
  private static final List<Integer> THREADS = List.of(1, 2);
  private static final int BEST = 3;

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
    private final Map<Job.Kind, List<Way>> ways = new EnumMap<>(Job.Kind.class);
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
      List<Way> tried = ways.getOrDefault(job.kind(), Way.all());
      long millis = Math.max(200, job.millis() / Math.min(tried.size(), 8));
      List<String> timed = List.of("--time_based", "--runtime=" + millis + "ms");
      Map<Way, Double> found = new LinkedHashMap<>();
      tried.forEach(way -> found.put(way, run(direction, way, timed)));
      List<Way> sorted =
          found.entrySet().stream()
              .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
              .map(Map.Entry::getKey)
              .toList();
      ways.put(job.kind(), sorted.subList(0, BEST));
      return Map.of(job.row(), found.getOrDefault(sorted.getFirst(), Double.NaN));
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
