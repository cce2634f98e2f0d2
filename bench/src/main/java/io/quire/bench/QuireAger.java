package io.quire.bench;

import io.quire.ager.Ager;
import io.quire.ager.AgerConfig;
import io.quire.ager.AgerStats.StoreStats;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.ager.Pin;
import io.quire.ager.Scan;
import io.quire.ager.StoreConfig;
import io.quire.bench.Timed.Achieved;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.runner.RunnerException;

/*
 * It is asked through its public API only. What one job has loaded the next of its kind finds there;
 * a job of another kind or size begins with an ager of its own.
 */
/** Our ager in a process of its own. */
final class QuireAger implements Subject, DataJob.Doer {
  static final Duration DEADLINE = Duration.ofSeconds(30);

  private static final int LOOPS = 4;
  private static final String OWNER = "bench";

  /** What an ager was opened for. */
  private record Shape(Job.Kind kind, String row, int bytes, int objects) {}

  private final Worker.Setup setup;
  private final Noise noise = new Noise();
  private final List<Extent> extents = new ArrayList<>();
  private @Nullable Shape shape;
  private @Nullable Ager opened;
  private @Nullable MemorySegment plain;
  private @Nullable Job sumOf;
  private long sumWanted;

  private QuireAger(Worker.Setup setup) {
    this.setup = setup;
  }

  static QuireAger open(Worker.Setup setup) {
    return new QuireAger(setup);
  }

  @Override
  public boolean leads() {
    return true;
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    return switch (job.kind()) {
      case PIN -> pin(job);
      case PIN_RATE -> {
        resident(job);
        yield Map.of(job.row(), Jmh.rate(job, PinBenchmark.class, job.outstanding()));
      }
      case SCAN_RESIDENT -> Map.of(job.row(), Timed.rate(job, () -> scanResident(job)));
      case PAGE_IN -> {
        Ager ager = loaded(job, 4);
        yield Map.of(job.row(), Timed.rate(job, () -> pageIn(ager)));
      }
      case PAGE_OUT -> Map.of(job.row(), Timed.rate(job, () -> pageOut(job, StoreStats::bytesOut)));
      case PAGE_OUT_COUNT -> {
        double bytes = Timed.rate(job, () -> pageOut(job, StoreStats::bytesOut));
        yield Map.of(job.row(), bytes * 1e9 / job.bytes());
      }
      case LOOP -> {
        Ager ager = loaded(job, 2);
        yield Map.of(job.row(), Timed.rate(job, () -> loop(ager)));
      }
      case ALLOCATE -> Map.of(job.row(), new Allocations(opened(job, 4), noise, job).p99Micros());
      case HITS ->
          Map.of(job.row(), ScanHits.valueOf(job.variant()).measured(loaded(job, 2), extents));
      case HITS_LRU ->
          Map.of(job.row(), ScanHits.valueOf(job.variant()).leastRecent(job.objects()));
      case LOAD_AND_SCAN -> Map.of(job.row(), DataJob.seconds(job, noise, this));
      default -> throw new IllegalArgumentException("not for this subject: job=" + job);
    };
  }

  // ---- what is resident

  private Map<String, Double> pin(Job job) throws RunnerException {
    resident(job);
    Jmh.Cost cost = Jmh.cost(job, PinBenchmark.class);
    return Map.of(job.row(), cost.nanos(), job.row() + "-bytes", cost.bytes());
  }

  private void resident(Job job) {
    Ager ager = all(job);
    PinBenchmark.of(new PinBenchmark.Subject(ager, extents.toArray(Extent[]::new)));
  }

  /** All extents, in an ager without stores that has twice the memory they need. */
  private Ager all(Job job) {
    Ager ager = opened(job, 0);
    if (extents.isEmpty()) {
      fill(ager, job.objects(), job.bytes());
    }
    return ager;
  }

  private Achieved scanResident(Job job) {
    if (job.variant().equals("plain")) {
      return plainLoop(job);
    }
    Ager ager = all(job);
    long sum = 0;
    long begun = System.nanoTime();
    try (Scan scan = ager.scan(extents, Scan.Order.IN_ORDER, DEADLINE)) {
      for (Pin pin = scan.next(); pin != null; pin = scan.next()) {
        try (Pin held = pin) {
          sum += Noise.sum(held.segment());
        }
      }
    }
    return checked(job, begun, sum);
  }

  private Achieved plainLoop(Job job) {
    MemorySegment segment = plain;
    if (segment == null || segment.byteSize() != job.totalBytes()) {
      segment = HugePages.allocate(Arena.ofAuto(), job.totalBytes());
      for (int i = 0; i < job.objects(); i++) {
        noise.fill(segment.asSlice((long) i * job.bytes(), job.bytes()), i);
      }
      plain = segment;
    }
    long sum = 0;
    long begun = System.nanoTime();
    for (long at = 0; at < segment.byteSize(); at += job.bytes()) {
      sum += Noise.sum(segment, at, at + job.bytes());
    }
    return checked(job, begun, sum);
  }

  private Achieved checked(Job job, long begun, long sum) {
    Achieved achieved = Achieved.since(begun, job.totalBytes());
    if (sumOf == null || sumOf.objects() != job.objects() || sumOf.bytes() != job.bytes()) {
      MemorySegment extent = Arena.ofAuto().allocate(job.bytes(), 8);
      sumWanted = 0;
      for (int i = 0; i < job.objects(); i++) {
        noise.fill(extent, i);
        sumWanted += Noise.sum(extent);
      }
      sumOf = job;
    }
    if (sum != sumWanted) {
      throw new IllegalStateException("wrong bytes: found=%x wanted=%x".formatted(sum, sumWanted));
    }
    return achieved;
  }

  // ---- what is paged

  /** All extents, in an ager with one part of the memory that they need. */
  private Ager loaded(Job job, int parts) {
    Ager ager = opened(job, parts);
    if (extents.isEmpty()) {
      fill(ager, job.objects(), job.bytes());
    }
    return ager;
  }

  /** Reads, in order, all extents that are not in memory. */
  private Achieved pageIn(Ager ager) {
    List<Extent> absent = new ArrayList<>();
    for (Extent extent : extents) {
      ager.tryPin(extent).ifPresentOrElse(Pin::close, () -> absent.add(extent));
    }
    long before = in(ager);
    long begun = System.nanoTime();
    scan(ager, absent);
    return Achieved.since(begun, in(ager) - before);
  }

  /** Loads all extents in the place of those before. */
  private Achieved pageOut(Job job, ToLongFunction<StoreStats> figure) {
    Ager ager = loaded(job, 4);
    clear();
    long before = total(ager, figure);
    long begun = System.nanoTime();
    fill(ager, job.objects(), job.bytes());
    return Achieved.since(begun, total(ager, figure) - before);
  }

  private Achieved loop(Ager ager) {
    List<Extent> looped =
        Collections.nCopies(LOOPS, extents).stream().flatMap(List::stream).toList();
    long begun = System.nanoTime();
    return Achieved.since(begun, scan(ager, looped));
  }

  /** Looks at the front of each; answers with the bytes of all. */
  private long scan(Ager ager, List<Extent> wanted) {
    long bytes = 0;
    try (Scan scan = ager.scan(wanted, Scan.Order.IN_ORDER, DEADLINE)) {
      for (Pin pin = scan.next(); pin != null; pin = scan.next()) {
        try (Pin held = pin) {
          long number = Noise.number(held.segment());
          if (extents.get((int) number) != held.extent()) {
            throw new IllegalStateException(
                "another extent: found=%d wanted=%s".formatted(number, held.extent()));
          }
          bytes += held.segment().byteSize();
        }
      }
    }
    return bytes;
  }

  @Override
  public void clear() {
    Ager found = opened;
    if (found != null) {
      extents.forEach(found::drop);
    }
    extents.clear();
  }

  @Override
  public long loadAndScan(int count, int bytes, Noise from) {
    Ager ager = told();
    fill(ager, count, bytes);
    long answer = 0;
    for (int i = 0; i < DataJob.SCANS; i++) {
      try (Scan scan = ager.scan(extents, Scan.Order.IN_ORDER, DEADLINE)) {
        for (Pin pin = scan.next(); pin != null; pin = scan.next()) {
          try (Pin held = pin) {
            answer = Noise.joined(answer, Noise.sum(held.segment()));
          }
        }
      }
    }
    return answer;
  }

  private static long in(Ager ager) {
    return total(ager, StoreStats::bytesIn);
  }

  private static long total(Ager ager, ToLongFunction<StoreStats> figure) {
    return ager.stats().stores().stream().mapToLong(figure).sum();
  }

  private void fill(Ager ager, int count, int bytes) {
    for (int i = 0; i < count; i++) {
      try (Draft draft = ager.allocate(bytes, DEADLINE)) {
        noise.fill(draft.segment(), i);
        extents.add(draft.seal());
      }
    }
  }

  // ---- agers

  /**
   * The ager for a job.
   *
   * @param parts into how many the extents are divided, of which memory holds one; 0 if it holds
   *     all, and there is no store
   */
  private Ager opened(Job job, int parts) {
    Shape wanted = new Shape(job.kind(), job.row(), job.bytes(), job.objects());
    return opened(
        wanted,
        parts > 0
            ? AgerConfig.of(job.totalBytes() / parts, List.of(store()), OWNER)
            : AgerConfig.of(2 * job.totalBytes(), List.of(), OWNER));
  }

  /** The ager with as much memory as the process was told. */
  private Ager told() {
    long budget = Long.parseLong(setup.text("budgetBytes"));
    return opened(
        new Shape(Job.Kind.LOAD_AND_SCAN, "", 0, 0),
        AgerConfig.of(budget, List.of(store()), OWNER));
  }

  private Ager opened(Shape wanted, AgerConfig config) {
    Ager found = opened;
    if (found != null && wanted.equals(shape)) {
      return found;
    }
    close();
    Ager made = Ager.open(config);
    opened = made;
    shape = wanted;
    return made;
  }

  /** Flash, unless the process was told another. */
  private StoreConfig store() {
    String uri = setup.properties().getProperty("store", "");
    Path flash = setup.directory().resolve("flash");
    return uri.isEmpty()
        ? StoreConfig.parse("flash://" + flash, Long.MAX_VALUE, false)
        : new StoreConfig(URI.create(uri), Long.MAX_VALUE, false, Map.of("dfs.replication", "1"));
  }

  @Override
  public void close() {
    extents.clear();
    Ager found = opened;
    opened = null;
    if (found != null) {
      found.close();
    }
  }
}
