package io.quire.harness;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.harness.LocalCluster.Worker;
import io.quire.node.AdminClient.AdminException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/*
 * The main job, shown and checked on this machine: a cluster of real processes holds a data set that is
 * larger than all its memory, every node works with it, one node dies, all die, and nothing is lost.
 * Each step checks what it shows; the first check that does not hold ends the demo.
 */
/** Runs the demo. One use. */
public final class Demo implements AutoCloseable {
  private static final double OVERCOMMIT_MIN = 2.5;
  private static final long MEMORY_MIN = 8 << 20;
  private static final int RACES = 5;
  private static final int CYCLES_MIN = 40;
  private static final Duration TOGETHER_MAX = Duration.ofSeconds(15);
  private static final Duration RECOVERY_MAX = Duration.ofSeconds(60);
  private static final Duration WORK_MAX = Duration.ofMinutes(1);
  private static final Duration SCAN_MAX = Duration.ofMinutes(10);
  private static final BiConsumer<Long, Long> NO_PROGRESS = (_, _) -> {};

  private final DemoOptions options;
  private final Screen screen;
  private final DemoReport report = new DemoReport();
  private final Workspace workspace;
  private final Reaper reaper;
  private final SmallObjects small = new SmallObjects();
  private final Usage usage = new Usage();
  private @Nullable HdfsProcesses hdfs;

  public Demo(DemoOptions options, Screen screen) {
    this.options = options;
    this.screen = screen;
    workspace = Workspace.open("demo");
    reaper = Reaper.open();
  }

  public DemoReport report() {
    return report;
  }

  /** Where its files are. */
  public Path directory() {
    return workspace.path();
  }

  /**
   * Runs all steps.
   *
   * @return the cluster, which runs until this demo is closed
   * @throws CheckFailed if something did not hold
   */
  public LocalCluster run() throws IOException, InterruptedException, TimeoutException {
    long begun = System.nanoTime();
    DemoData data = prepare();
    LocalCluster cluster = form(data);
    load(cluster, data);
    scan(cluster, data);
    workTogether(cluster, data);
    killOne(cluster, data);
    killAll(cluster, data);
    cluster.workers().forEach(usage::add);
    usage.report(report);
    report.figure("seconds", seconds(begun), "the whole demo", "%.0f s".formatted(seconds(begun)));
    return cluster;
  }

  /** Ends all processes and removes all files, unless something failed or was to be kept. */
  @Override
  public void close() {
    HdfsProcesses running = hdfs;
    if (running != null) {
      running.close();
    }
    reaper.close();
    workspace.close();
  }

  /**
   * Leaves the files, for somebody to look at the logs.
   *
   * @return whether they stay: not if this JVM is going down, of which anything may have failed
   */
  public boolean keepFiles(String why) {
    workspace.keep(why);
    return workspace.isKept();
  }

  private DemoData prepare() throws IOException, InterruptedException, TimeoutException {
    Path input = options.input();
    Screen.Bar bar = screen.bar("expected answers");
    DemoData data = input == null ? new DemoData.Tpch(options.scale()) : new DemoData.Lines(input);
    bar.done(data.title());
    report.figure("data", data.title());
    report.figure("scale", options.scale());
    report.figure("nodes", options.nodes());
    return data;
  }

  private long memory(DemoData data) {
    if (options.memory() > 0) {
      return options.memory();
    }
    long each = (long) (data.estimatedBytes() / DemoOptions.OVERCOMMIT / options.nodes());
    return Math.max(MEMORY_MIN, each >> 20 << 20);
  }

  private LocalCluster form(DemoData data) throws InterruptedException {
    screen.step("1. A cluster of %d processes forms".formatted(options.nodes()));
    long memory = memory(data);
    List<String> stores = new ArrayList<>();
    Screen.Bar starting = screen.bar(options.hdfs() ? "HDFS and nodes start" : "nodes start");
    for (String store : options.spill()) {
      stores.add(store.equals("flash") ? "flash" : startHdfs() + "/quire");
    }
    LocalCluster cluster =
        LocalCluster.start(
            workspace.directory("cluster"),
            reaper,
            new LocalCluster.Settings(options.nodes(), memory, stores, "384m"));
    starting.done("all in the view");
    JsonNode status = agreed(cluster);
    screen.line("members: %s   epoch: %d", members(status), status.path("epoch").asLong());
    screen.line(
        "log leader: %s   voters: %s", leader(status), names(status.path("log").path("voters")));
    report.figure("memory_per_node", memory);
    report.figure("memory_all", memory * options.nodes());
    return cluster;
  }

  private String startHdfs() {
    HdfsProcesses started = HdfsProcesses.start(workspace.directory("hdfs"), reaper);
    hdfs = started;
    return started.uri().toString();
  }

  /** All nodes say the same of members and leader. */
  private JsonNode agreed(LocalCluster cluster) throws InterruptedException {
    long giveUp = System.nanoTime() + 30_000_000_000L;
    while (true) {
      List<JsonNode> all =
          cluster.alive().stream().map(worker -> worker.client().status()).toList();
      long different =
          all.stream()
              .map(status -> members(status) + status.path("epoch") + leader(status))
              .distinct()
              .count();
      JsonNode first = all.getFirst();
      if (different == 1
          && first.path("members").size() == all.size()
          && !leader(first).isEmpty()) {
        return first;
      }
      CheckFailed.unless(
          System.nanoTime() - giveUp < 0, "all nodes agree on the view", "said=%s", all);
      Thread.sleep(50);
    }
  }

  private static String leader(JsonNode status) {
    return status.path("log").path("leader").asText();
  }

  /** Of peers, whose ids are names followed by what tells their storage. */
  private static String names(JsonNode peers) {
    List<String> names = new ArrayList<>();
    peers.forEach(peer -> names.add(peer.asText().replaceFirst("-[0-9a-f]+$", "")));
    return names.stream().sorted().collect(Collectors.joining(", "));
  }

  private static String members(JsonNode status) {
    List<String> names = new ArrayList<>();
    status.path("members").forEach(member -> names.add(member.path("node").asText()));
    return names.stream().collect(Collectors.joining(", "));
  }

  private void load(LocalCluster cluster, DemoData data) throws InterruptedException {
    screen.step("2. %s is loaded by all nodes and appears on all at once".formatted(data.title()));
    for (Worker worker : cluster.workers()) {
      CheckFailed.unless(
          worker.client().stat(data.name()) == null,
          "the data set is nowhere before it is everywhere",
          "node=%s",
          worker.name());
    }
    Appearance appearance = new Appearance(data.name());
    appearance.watch(cluster.workers());
    Screen.Bar bar = screen.bar("load " + data.name());
    long begun = System.nanoTime();
    JsonNode made =
        data.load(
            cluster.workers().getFirst().client(),
            (done, total) -> bar.at(done, total, pagedOut(cluster)));
    for (Worker worker : cluster.workers()) {
      CheckFailed.unless(
          worker.client().stat(data.name()) != null,
          "the data set appears everywhere at once",
          "node=%s does not show it after the load returned",
          worker.name());
    }
    int looks = appearance.end();
    double seconds = seconds(begun);
    long bytes = made.path("bytes").asLong();
    long memory = memory(data) * options.nodes();
    bar.done(
        "%s in %d extents, %.0f MB/s, %s"
            .formatted(
                Bytes.text(bytes),
                made.path("extents").asInt(),
                bytes / 1e6 / seconds,
                pagedOut(cluster)));
    double times = (double) bytes / memory;
    screen.line(
        "%.1f times the memory of all nodes (%s); absent on all, then present on all: %d looks",
        times, Bytes.text(memory), looks);
    if (options.input() == null && options.memory() == 0) {
      CheckFailed.unless(
          times >= OVERCOMMIT_MIN,
          "the data are at least 2.5 times larger than all memory",
          "times=%.2f",
          times);
    }
    report.figure("data_bytes", bytes, "data", Bytes.text(bytes));
    report.figure("times_memory", times, "DRAM for extents", dram(memory, times));
    report.figure("load_mb_per_s", bytes / 1e6 / seconds);
  }

  private String dram(long memory, double times) {
    return "%s (%d nodes of %s); the data are %.1f times that"
        .formatted(
            Bytes.text(memory), options.nodes(), Bytes.text(memory / options.nodes()), times);
  }

  private static String pagedOut(LocalCluster cluster) {
    Usage usage = new Usage();
    try {
      cluster.alive().forEach(worker -> usage.addStores(worker.client().status()));
    } catch (AdminException e) {
      return "";
    }
    return usage.outText();
  }

  private void scan(LocalCluster cluster, DemoData data) {
    screen.step("3. Every node gives the same, right answer");
    long bytes = 0;
    double seconds = 0;
    for (Worker worker : cluster.workers()) {
      long before = bytesScanned(cluster);
      long pagedBefore = bytesPagedIn(cluster);
      DemoData.Answer answer = checkSoon(data, worker);
      long read = options.input() == null ? bytesScanned(cluster) - before : data.estimatedBytes();
      bytes += read;
      seconds += answer.seconds();
      screen.line(
          "from %s: %s   %.2f s, %s read at %.0f MB/s, %s of it paged in",
          worker.name(),
          answer.text(),
          answer.seconds(),
          Bytes.text(read),
          read / 1e6 / answer.seconds(),
          Bytes.text(bytesPagedIn(cluster) - pagedBefore));
    }
    if (data instanceof DemoData.Tpch tpch) {
      screen.line("Q1, the same on all:");
      tpch.q1Lines().forEach(line -> screen.line("  %s", line));
    }
    double rate = bytes / 1e6 / seconds;
    report.figure("scan_mb_per_s", rate, "scan", "%.0f MB/s".formatted(rate));
  }

  private static long bytesScanned(LocalCluster cluster) {
    return cluster.alive().stream()
        .mapToLong(worker -> worker.client().status().path("bytesScanned").asLong())
        .sum();
  }

  private static long bytesPagedIn(LocalCluster cluster) {
    Usage usage = new Usage();
    cluster.alive().forEach(worker -> usage.addStores(worker.client().status()));
    return usage.bytesIn();
  }

  private void workTogether(LocalCluster cluster, DemoData data) throws InterruptedException {
    screen.step("4. Small objects come and go on all nodes while the scans run");
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    Thread working = small.run(cluster.workers(), false, failures);
    int scans = 0;
    long enough = System.nanoTime() + TOGETHER_MAX.toNanos();
    while (failures.isEmpty()
        && (scans < options.nodes()
            || (small.cycles() < CYCLES_MIN && System.nanoTime() - enough < 0))) {
      checkSoon(data, cluster.workers().get(scans++ % options.nodes()));
    }
    small.race(cluster.workers().get(0), cluster.workers().get(1), RACES);
    stop(working, failures);
    CheckFailed.unless(small.cycles() > 0, "small objects work while scans run", "cycles=0");
    for (Worker worker : cluster.workers()) {
      small.verify(worker);
    }
    screen.line(
        "%d cycles of create, look up, rename and delete on all nodes beside %d scans, all as expected",
        small.cycles(), scans);
    screen.line("%d races of two nodes for one name: exactly one winner each", RACES);
    double p50 = small.publishNanos(0.5) / 1e6;
    double p99 = small.publishNanos(0.99) / 1e6;
    report.figure("publish_p50_ms", p50);
    report.figure("publish_p99_ms", p99, "publish", publishText(p50, p99));
    report.figure("publishes", small.publishes());
    double lookup = 0;
    for (Worker worker : cluster.workers()) {
      lookup +=
          worker.client().get("/bench/lookup?name=" + data.name()).path("nanos").asDouble()
              / options.nodes();
    }
    report.figure("lookup_ns", lookup, "lookup", "%.0f ns".formatted(lookup));
  }

  private String publishText(double p50, double p99) {
    return "p50 %.1f ms, p99 %.1f ms over %d, beside the scans"
        .formatted(p50, p99, small.publishes());
  }

  private void stop(Thread working, List<Throwable> failures) throws InterruptedException {
    small.stop();
    Deadline.in(WORK_MAX).join(List.of(working), "small objects come to an end");
    if (!failures.isEmpty()) {
      Throwable failure = failures.getFirst();
      throw failure instanceof CheckFailed failed
          ? failed
          : new CheckFailed("small objects work while scans run", failure.getMessage());
    }
  }

  private void killOne(LocalCluster cluster, DemoData data)
      throws InterruptedException, TimeoutException {
    String leader = leader(agreed(cluster));
    Worker victim =
        cluster.workers().stream()
            .filter(worker -> worker.name().equals(leader))
            .findFirst()
            .orElseThrow();
    screen.step("5. kill -9 of %s, the log's leader, in the midst of it".formatted(leader));
    List<Worker> others = cluster.workers().stream().filter(worker -> worker != victim).toList();
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    usage.add(victim);
    Thread working = small.run(others, true, failures);
    Scanning scanning = Scanning.start(data, others.getFirst().client(), SCAN_MAX);
    victim.process().kill9();
    double resumed = small.createWhenPossible(others.getLast(), "after-the-kill");
    screen.line("published again %.1f s after the kill", resumed);
    report.figure(
        "kill_to_publish_s", resumed, "kill to next publish", "%.1f s".formatted(resumed));
    if (options.hdfs()) {
      int scans = scanning.end(SCAN_MAX);
      screen.line("the scan that ran meanwhile gave the right answer (%d since)", scans);
    }
    stop(working, failures);
    for (Worker worker : others) {
      int objects = Recovery.ask(RECOVERY_MAX, () -> small.verify(worker));
      screen.line("%s: all %d acknowledged objects are there", worker.name(), objects);
      checkWithout(data, worker);
    }
  }

  private void checkWithout(DemoData data, Worker worker) {
    if (options.hdfs()) {
      DemoData.Answer answer = checkSoon(data, worker);
      screen.line(
          "%s: %s   %.2f s; the dead node's extents came from HDFS",
          worker.name(), answer.text(), answer.seconds());
      return;
    }
    try {
      checkSoon(data, worker);
    } catch (AdminException | UncheckedIOException e) {
      screen.line("%s: refused, as flash dies with its node: %s", worker.name(), e.getMessage());
      return;
    }
    throw new CheckFailed("data on flash alone are not there without their node", worker.name());
  }

  private void killAll(LocalCluster cluster, DemoData data) throws InterruptedException {
    screen.step("6. kill -9 of all nodes, and a new start");
    cluster.alive().forEach(usage::add);
    cluster.alive().forEach(worker -> worker.process().kill9());
    long begun = System.nanoTime();
    Screen.Bar bar = screen.bar("restart");
    cluster.startAll();
    agreed(cluster);
    double restart = seconds(begun);
    bar.done("all in the view");
    report.figure("restart_s", restart, "restart of all", "%.1f s".formatted(restart));
    for (Worker worker : cluster.workers()) {
      int objects = Recovery.ask(RECOVERY_MAX, () -> small.verify(worker));
      DemoData.Answer answer = checkSoon(data, worker);
      screen.line(
          "%s: all %d objects, %s   %.2f s",
          worker.name(), objects, answer.text(), answer.seconds());
    }
    small.createWhenPossible(cluster.workers().getFirst(), "after-the-restart");
    for (Worker worker : cluster.workers()) {
      Recovery.ask(RECOVERY_MAX, () -> small.verify(worker));
    }
  }

  private static DemoData.Answer checkSoon(DemoData data, Worker worker) {
    return Recovery.ask(RECOVERY_MAX, () -> data.check(worker.client(), NO_PROGRESS));
  }

  private static double seconds(long begun) {
    return Math.round((System.nanoTime() - begun) / 1e7) / 100.0;
  }
}
