package io.quire.harness.chaos;

import io.quire.ager.Copy;
import io.quire.ager.StoreFiles;
import io.quire.ager.StoreMove;
import io.quire.ager.StoreScan;
import io.quire.harness.CheckFailed;
import io.quire.harness.Deadline;
import io.quire.harness.HdfsProcesses;
import io.quire.harness.Reaper;
import io.quire.harness.Screen;
import io.quire.harness.Workspace;
import io.quire.sim.Dice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/*
 * The order of a run. HDFS and a process with an ager start; clients in it make, pin, scan, copy and
 * drop extents whose bytes follow from a key, and compare every byte they see. The nemesis does harm
 * until the time is over. All harm ends, and the process must work. The clients stop; every extent
 * must be readable. All are dropped, and nothing may be left: of memory, of files on flash, of copies
 * that nobody needs in HDFS. Last, every copy that was ever acknowledged, and not given up, must be
 * found in HDFS by who only reads its files.
 */
/** One run against an ager in a process of its own, on flash and HDFS. One use. */
public final class AgerChaos implements AutoCloseable {
  private static final Duration START_MAX = Duration.ofMinutes(2);
  private static final Duration CALM_MAX = Duration.ofMinutes(3);
  private static final Duration STOP_MAX = Duration.ofMinutes(5);
  private static final Duration CHECK_MAX = Duration.ofMinutes(10);
  private static final String FLASH_SIZE = "160m";
  private static final int LINE_EVERY_SECONDS = 30;

  /** What the budget of memory may be exceeded by: a fiftieth of it, and this. */
  private static final long SLACK_BYTES = 64 << 20;

  private final AgerChaosOptions options;
  private final Screen screen;
  private final Workspace workspace;
  private final List<Path> flash;
  private final @Nullable Disks disks;
  private final Reaper reaper;
  private final HdfsProcesses hdfs;
  private final String store;
  private final AgerProcess process;
  private final AgerNemesis nemesis;
  private final List<String> notes = new ArrayList<>();
  private final List<String> violations = new ArrayList<>();
  private final List<String> lost = new ArrayList<>();
  private final List<String> leaks = new ArrayList<>();
  private final long begun = System.nanoTime();
  private boolean kept;

  /**
   * Makes all that the run needs, and starts HDFS.
   *
   * @throws java.io.UncheckedIOException if file systems cannot be made
   */
  public AgerChaos(AgerChaosOptions options, Screen screen) throws IOException {
    this.options = options;
    this.screen = screen;
    boolean mounts = options.faults().contains(FaultKind.DISK) && Disks.missing() == null;
    if (mounts) {
      Disks.sweep();
    }
    workspace = Workspace.open("chaos-ager");
    flash = List.of(workspace.directory("flash-a"), workspace.directory("flash-b"));
    disks = mounts ? Disks.mount(flash, FLASH_SIZE) : null;
    reaper = Reaper.open();
    hdfs = HdfsProcesses.start(workspace.directory("hdfs"), reaper);
    store = hdfs.uri() + "/quire";
    process =
        new AgerProcess(
            reaper,
            workspace.directory("process"),
            options.seed(),
            "flash://" + flash.stream().map(Path::toString).collect(Collectors.joining(",")),
            store);
    nemesis = new AgerNemesis(process, hdfs, disks, flash, possible(), new Dice(options.seed()));
  }

  /** The faults that were asked for and that this machine can do. */
  private List<AgerFault.What> possible() {
    List<AgerFault.What> possible =
        new ArrayList<>(
            Arrays.stream(AgerFault.What.values())
                .filter(what -> options.faults().contains(what.kind))
                .toList());
    if (options.faults().contains(FaultKind.DISK)) {
      leaveOut(possible, AgerFault.What.FILL_FLASH, Disks.missing());
      String untraced = Disks.callsCanFail() ? Disks.missing() : "there is no command strace";
      leaveOut(possible, AgerFault.What.FAIL_IO, untraced);
    }
    return possible;
  }

  private void leaveOut(List<AgerFault.What> possible, AgerFault.What what, @Nullable String why) {
    if (why != null) {
      possible.remove(what);
      notes.add(what.text() + ": " + why);
      screen.line("left out: %s: %s", what.text(), why);
    }
  }

  /** Where its files are. */
  public Path directory() {
    return workspace.path();
  }

  /**
   * Runs to the end.
   *
   * @throws CheckFailed if the process does not start at all
   */
  public AgerChaosReport run() throws IOException, InterruptedException {
    try {
      return runAll();
    } catch (RuntimeException e) {
      kept = true;
      throw e;
    }
  }

  private AgerChaosReport runAll() throws IOException, InterruptedException {
    process.start();
    CheckFailed.unless(
        Deadline.in(START_MAX).await(process::works), "the ager opens", "limit=%s", START_MAX);
    rage();
    if (calmDown()) {
      finish();
    }
    if (!process.stop()) {
      leaks.add("the process did not end on SIGTERM");
    }
    leaks.addAll(filesLeft());
    judgeCopies();
    hdfs.close();
    reaper.alive().forEach(child -> leaks.add("process still runs: " + child));
    violations.addAll(process.ended());
    readProblems();
    long limit = AgerNode.BUDGET_BYTES + AgerNode.BUDGET_BYTES / 50 + SLACK_BYTES;
    if (process.peakResident() > limit) {
      violations.add(
          "resident memory beyond the budget: bytes=%d limit=%d"
              .formatted(process.peakResident(), limit));
    }
    unmount();
    AgerChaosReport report =
        new AgerChaosReport(
            replay(),
            process.operations(),
            process.refused(),
            process.excused(),
            nemesis.counts(),
            violations,
            lost,
            leaks,
            notes,
            process.peakResident(),
            limit,
            Duration.ofNanos(System.nanoTime() - begun).toSeconds());
    kept = !report.good();
    return report;
  }

  private void rage() throws InterruptedException {
    long length = options.length().toNanos();
    long from = System.nanoTime();
    FutureTask<Void> harm =
        new FutureTask<>(
            () -> {
              nemesis.rage(from + length);
              return null;
            });
    Thread.ofPlatform().daemon().name("nemesis").start(harm);
    Screen.Bar bar = screen.bar("chaos");
    for (int second = 1; ; second++) {
      boolean _ = process.look();
      long passed = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - from);
      String note =
          "%d operations, %d refused, %d faults: %s"
              .formatted(
                  process.operations(), process.refused(), nemesis.count(), nemesis.current());
      bar.at(passed, options.length().toSeconds(), note);
      if (second % LINE_EVERY_SECONDS == 0 && !screen.live()) {
        screen.line("%4d s  %s", passed, note);
      }
      try {
        harm.get(1, TimeUnit.SECONDS);
        bar.done("%d faults".formatted(nemesis.count()));
        return;
      } catch (TimeoutException e) {
        // It goes on.
      } catch (ExecutionException e) {
        throw new IllegalStateException("the nemesis failed", e.getCause());
      }
    }
  }

  private boolean calmDown() throws InterruptedException {
    Deadline deadline = Deadline.in(CALM_MAX);
    while (!process.works()) {
      if (deadline.left().isZero()) {
        violations.add("stuck: the process does not work after the faults: waited=" + CALM_MAX);
        return false;
      }
      process.start();
      TimeUnit.MILLISECONDS.sleep(200);
    }
    return true;
  }

  private void finish() {
    try {
      process.ask("stop", STOP_MAX);
      process.ask("check", CHECK_MAX);
      boolean _ = process.look();
      process.ask("leave", CHECK_MAX).path("leaks").forEach(each -> leaks.add(each.asText()));
    } catch (IOException e) {
      violations.add("the process does not come to its end: " + e.getMessage());
    }
  }

  /** What a closed ager has no use for; locks that nobody holds are no harm. */
  private List<String> filesLeft() throws IOException {
    List<String> left = new ArrayList<>();
    for (Path directory : flash) {
      try (Stream<Path> files = Files.walk(directory)) {
        files
            .filter(file -> Files.isRegularFile(file) && !file.toString().endsWith("lock"))
            .forEach(file -> left.add("file on flash: " + file));
      }
    }
    return left;
  }

  /** As somebody who only has the files, and knows which copies were acknowledged. */
  private void judgeCopies() throws IOException {
    Map<Long, Copy> acknowledged = AgerJournal.load(process.journal());
    Set<Copy> needed = new HashSet<>(acknowledged.values());
    Set<Copy> found = new HashSet<>();
    try (StoreFiles files =
        StoreFiles.open(new AgerNode.Orders(workspace.path(), 0, 0, "", store).durableStore())) {
      StoreScan scan = files.verify(found::add, (_, _) -> {});
      scan.damage().forEach(each -> violations.add("damage in HDFS: " + each));
      needed.stream()
          .filter(copy -> !found.contains(copy))
          .forEach(copy -> lost.add("acknowledged and not found: " + copy));
      if (!lost.isEmpty()) {
        return;
      }
      StoreMove.compaction(files, needed::contains, true).run(_ -> {}, (_, _) -> {});
      long copies = files.verify(_ -> {}, (_, _) -> {}).copies();
      if (copies < needed.size()) {
        lost.add("lost by compaction: copies=%d needed=%d".formatted(copies, needed.size()));
      }
    }
  }

  private void readProblems() throws IOException {
    if (!Files.exists(process.problems())) {
      return;
    }
    for (String line : Files.readAllLines(process.problems())) {
      if (line.startsWith(AgerModel.LOST)) {
        lost.add(line.substring(AgerModel.LOST.length()));
      } else if (line.startsWith(AgerModel.VIOLATION)) {
        violations.add(line.substring(AgerModel.VIOLATION.length()));
      }
    }
  }

  private void unmount() {
    Disks mounted = disks;
    if (mounted != null) {
      mounted.close();
      long left = mounted.left();
      if (left > 0) {
        leaks.add("mounts are left: count=" + left);
      }
    }
  }

  private String replay() {
    return "./quire chaos --area ager --seed %d --minutes %d --faults %s"
        .formatted(
            options.seed(),
            Math.max(1, options.length().toMinutes()),
            options.faults().stream()
                .sorted()
                .map(kind -> kind.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(",")));
  }

  /** Ends all processes and removes all files, unless something was found. */
  @Override
  public void close() {
    reaper.close();
    Disks mounted = disks;
    if (mounted != null) {
      mounted.close();
    }
    if (kept) {
      workspace.keep("the run was not good");
    }
    workspace.close();
  }
}
