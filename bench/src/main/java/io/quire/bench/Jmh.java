package io.quire.bench;

import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs one method under JMH in this process. */
final class Jmh {
  /**
   * Short, and the middle one of many counts: what the machine does meanwhile meets some of them.
   */
  private static final int ITERATION_MILLIS = 50;

  private static final String ALLOCATED = "gc.alloc.rate.norm";

  private Jmh() {}

  /** The time of a call on one thread, in nanoseconds. */
  static double nanos(Job job, Class<?> type) throws RunnerException {
    return score(job, type, 1);
  }

  /** Calls a second of so many threads together. */
  static double rate(Job job, Class<?> type, int threads) throws RunnerException {
    return threads * 1e9 / score(job, type, threads);
  }

  /** The time of a call in nanoseconds, and the bytes that it allocates on the heap. */
  static Cost cost(Job job, Class<?> type) throws RunnerException {
    RunResult result = run(job, type, 1);
    return new Cost(median(result), allocated(result));
  }

  private static double allocated(RunResult result) {
    for (String name : result.getSecondaryResults().keySet()) {
      if (name.endsWith(ALLOCATED)) {
        return result.getSecondaryResults().get(name).getScore();
      }
    }
    throw new IllegalStateException(
        "no such figure: wanted=%s found=%s"
            .formatted(ALLOCATED, result.getSecondaryResults().keySet()));
  }

  /** What a call costs. */
  record Cost(double nanos, double bytes) {}

  private static double score(Job job, Class<?> type, int threads) throws RunnerException {
    return median(run(job, type, threads));
  }

  private static double median(RunResult result) {
    return result.getPrimaryResult().getStatistics().getPercentile(50);
  }

  private static RunResult run(Job job, Class<?> type, int threads) throws RunnerException {
    System.setProperty("jmh.ignoreLock", "true");
    return new Runner(
            new OptionsBuilder()
                .include(Pattern.quote(type.getName() + "." + job.variant()) + "$")
                .forks(0)
                .threads(threads)
                .mode(Mode.AverageTime)
                .timeUnit(TimeUnit.NANOSECONDS)
                .warmupIterations(1)
                .warmupTime(TimeValue.milliseconds(job.warmUpMillis()))
                .measurementIterations((int) Math.max(1, job.millis() / ITERATION_MILLIS))
                .measurementTime(TimeValue.milliseconds(ITERATION_MILLIS))
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build())
        .runSingle();
  }
}
