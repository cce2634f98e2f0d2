package io.quire.datasets;

import java.time.Duration;

/**
 * Settings of {@link Datasets}; all nodes of a cluster should agree. {@link #DEFAULTS} has the
 * usual values, the {@code with} methods change one. What is out of its range is an {@link
 * IllegalArgumentException} that names it.
 *
 * @param extentBytes of the extents that lines are cut into, 4 KiB to 64 MiB
 * @param fragmentGroups row groups that are scanned by one request, 1 to 1024: fewer spread the
 *     work better and lose less with a node, more save messages and partial results
 * @param sliceBytes of an extent that one answer carries, 4 KiB to 4 MiB; less than the fabric's
 *     largest frame
 * @param workers threads for load functions, and as many for scan functions; 1 to 256
 * @param partsInFlight parts given to one member at a time, 1 to 16
 * @param partDeadline for loading one part, with its copies if it is durable; 100 ms to a day
 * @param loadDeadline for a whole load, 100 ms to 30 days
 * @param fragmentDeadline after which the groups of a fragment are given to another member; 10 ms
 *     to an hour
 * @param callDeadline for questions that need no work, 10 ms to 10 minutes
 * @param orphanGrace for how long a member keeps extents that no object needs and nobody asks for;
 *     a load whose coordinator is out of the view for longer fails; 100 ms to a day
 * @param sweepEvery how often it looks for them, 10 ms to an hour
 */
public record DatasetsConfig(
    int extentBytes,
    int fragmentGroups,
    int sliceBytes,
    int workers,
    int partsInFlight,
    Duration partDeadline,
    Duration loadDeadline,
    Duration fragmentDeadline,
    Duration callDeadline,
    Duration orphanGrace,
    Duration sweepEvery) {
  /**
   * 1 MiB extents and slices, 8 groups a fragment, 2 workers, 2 parts in flight; 10 minutes a part,
   * 6 hours a load, a minute a fragment, 10 s a question; a sweep every 5 s, of what nobody needed
   * for 90 s.
   */
  public static final DatasetsConfig DEFAULTS =
      new DatasetsConfig(
          1 << 20,
          8,
          1 << 20,
          2,
          2,
          Duration.ofMinutes(10),
          Duration.ofHours(6),
          Duration.ofSeconds(60),
          Duration.ofSeconds(10),
          Duration.ofSeconds(90),
          Duration.ofSeconds(5));

  public DatasetsConfig {
    within("extentBytes", extentBytes, 4 << 10, 64 << 20);
    within("fragmentGroups", fragmentGroups, 1, 1024);
    within("sliceBytes", sliceBytes, 4 << 10, 4 << 20);
    within("workers", workers, 1, 256);
    within("partsInFlight", partsInFlight, 1, 16);
    within("partDeadline millis", partDeadline.toMillis(), 100, Duration.ofDays(1).toMillis());
    within("loadDeadline millis", loadDeadline.toMillis(), 100, Duration.ofDays(30).toMillis());
    within("fragmentDeadline millis", fragmentDeadline.toMillis(), 10, 3_600_000);
    within("callDeadline millis", callDeadline.toMillis(), 10, 600_000);
    within("orphanGrace millis", orphanGrace.toMillis(), 100, 86_400_000);
    within("sweepEvery millis", sweepEvery.toMillis(), 10, 3_600_000);
  }

  /** As this one, with lines cut into extents of so many bytes: 4 KiB to 64 MiB. */
  public DatasetsConfig withExtentBytes(int bytes) {
    return with(bytes, fragmentGroups, sliceBytes, workers, partDeadline, fragmentDeadline);
  }

  /** As this one, with so many row groups in a request: 1 to 1,024. */
  public DatasetsConfig withFragmentGroups(int groups) {
    return with(extentBytes, groups, sliceBytes, workers, partDeadline, fragmentDeadline);
  }

  /** As this one, with so much of an extent in an answer: 4 KiB to 4 MiB. */
  public DatasetsConfig withSliceBytes(int bytes) {
    return with(extentBytes, fragmentGroups, bytes, workers, partDeadline, fragmentDeadline);
  }

  /** As this one, with so many threads for each kind of function: 1 to 256. */
  public DatasetsConfig withWorkers(int threads) {
    return with(extentBytes, fragmentGroups, sliceBytes, threads, partDeadline, fragmentDeadline);
  }

  /** As this one, with so long for a part: 100 ms to a day. */
  public DatasetsConfig withPartDeadline(Duration deadline) {
    return with(extentBytes, fragmentGroups, sliceBytes, workers, deadline, fragmentDeadline);
  }

  /** As this one, with so long for a fragment: 10 ms to an hour. */
  public DatasetsConfig withFragmentDeadline(Duration deadline) {
    return with(extentBytes, fragmentGroups, sliceBytes, workers, partDeadline, deadline);
  }

  /**
   * As this one, with what nobody needs kept for so long, 100 ms to a day, and looked for so often,
   * 10 ms to an hour.
   */
  public DatasetsConfig withOrphans(Duration grace, Duration sweep) {
    return new DatasetsConfig(
        extentBytes,
        fragmentGroups,
        sliceBytes,
        workers,
        partsInFlight,
        partDeadline,
        loadDeadline,
        fragmentDeadline,
        callDeadline,
        grace,
        sweep);
  }

  private DatasetsConfig with(
      int extent, int groups, int slice, int threads, Duration part, Duration fragment) {
    return new DatasetsConfig(
        extent,
        groups,
        slice,
        threads,
        partsInFlight,
        part,
        loadDeadline,
        fragment,
        callDeadline,
        orphanGrace,
        sweepEvery);
  }

  private static void within(String name, long found, long min, long max) {
    if (found < min || found > max) {
      throw new IllegalArgumentException(
          "out of range: name=" + name + " found=" + found + " min=" + min + " max=" + max);
    }
  }
}
