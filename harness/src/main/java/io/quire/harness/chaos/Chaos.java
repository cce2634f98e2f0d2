package io.quire.harness.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.datasets.DatasetsConfig;
import io.quire.harness.CheckFailed;
import io.quire.harness.Deadline;
import io.quire.harness.Reaper;
import io.quire.harness.Screen;
import io.quire.harness.Workspace;
import io.quire.harness.chaos.ChaosCluster.Member;
import io.quire.sim.Dice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/*
 * The order of a run. Nodes start, and the clients in them begin to work. The nemesis does harm until
 * the time is over. All harm ends, and every node must come back into the view, and publishing must go
 * on. The clients stop; the log comes to rest; every node tells all that it holds, as of one position.
 * Then the journals are judged.
 *
 * Clients write their journals with the machine's monotonic clock, which all processes share and no
 * fault touches. A call is written down before it begins and after it ended, so the time between the
 * two lines has the whole call in it, and an order that is impossible for the lines was impossible for
 * the calls.
 */
/** One run. One use. */
public final class Chaos implements AutoCloseable {
  private static final Duration START_MAX = Duration.ofMinutes(6);
  private static final Duration CALM_MAX = Duration.ofMinutes(2);
  static final Duration STOP_MAX = Duration.ofMinutes(2);
  private static final Duration REST_MAX = Duration.ofSeconds(60);

  /** What a node was not told to drop it keeps for a while, in case that somebody needs it. */
  private static final Duration DROPPED_MAX = DatasetsConfig.DEFAULTS.orphanGrace().plus(REST_MAX);

  private static final Duration AFTER_CALM = Duration.ofSeconds(8);
  private static final Duration LEASE = Duration.ofSeconds(3);
  private static final Duration RESUME_MAX = LEASE.plusSeconds(1);
  private static final int LINE_EVERY_SECONDS = 30;

  private final ChaosOptions options;
  private final Screen screen;
  private final Workspace workspace;
  private final @Nullable Network network;
  private final @Nullable Disks disks;
  private final Reaper reaper;
  private final List<String> notes = new ArrayList<>();
  private final List<String> violations = new ArrayList<>();
  private final List<String> leaks = new ArrayList<>();
  private final long begun = System.nanoTime();
  private final ChaosCluster cluster;
  private final Nemesis nemesis;
  private final Harvest harvest;
  private boolean kept;

  /**
   * Makes all that the run needs; nothing runs yet.
   *
   * @throws java.io.UncheckedIOException if networks or file systems cannot be made
   */
  public Chaos(ChaosOptions options, Screen screen) throws IOException {
    this.options = options;
    this.screen = screen;
    Set<FaultKind> possible = possible();
    boolean mounts = possible.contains(FaultKind.DISK);
    if (mounts) {
      Disks.sweep();
    }
    workspace = Workspace.open("chaos");
    network = possible.contains(FaultKind.PARTITION) ? Network.open(options.nodes()) : null;
    List<Path> data = new ArrayList<>();
    for (int i = 1; i <= options.nodes(); i++) {
      data.add(Files.createDirectories(workspace.path().resolve("n" + i).resolve("data")));
    }
    disks = mounts ? Disks.mount(data) : null;
    reaper = Reaper.open();
    cluster = ChaosCluster.make(workspace.path(), reaper, options, network, begun);
    nemesis = new Nemesis(cluster, network, disks, List.copyOf(possible), new Dice(options.seed()));
    harvest = new Harvest(cluster.members().stream().map(member -> member.file("")).toList());
  }

  /** The faults that were asked for and that this machine can do. */
  private Set<FaultKind> possible() {
    Set<FaultKind> possible = EnumSet.copyOf(options.faults());
    leaveOut(possible, FaultKind.PARTITION, Network.missing());
    leaveOut(possible, FaultKind.DISK, Disks.missing());
    if (possible.isEmpty()) {
      throw new IllegalArgumentException("nothing is left to do: " + String.join("; ", notes));
    }
    return possible;
  }

  private void leaveOut(Set<FaultKind> possible, FaultKind kind, @Nullable String why) {
    if (possible.contains(kind) && why != null) {
      possible.remove(kind);
      notes.add(why);
      screen.line("%s", why);
    }
  }

  /** Where its files are. */
  public Path directory() {
    return workspace.path();
  }

  /**
   * Runs to the end.
   *
   * @throws CheckFailed if the nodes do not start at all
   */
  public ChaosReport run() throws IOException, InterruptedException {
    try {
      return runAll();
    } catch (RuntimeException e) {
      kept = true;
      throw e;
    }
  }

  private ChaosReport runAll() throws IOException, InterruptedException {
    cluster.startAll();
    CheckFailed.unless(
        cluster.awaitWhole(START_MAX), "the cluster forms", "%s", cluster.describe());
    long faultsBegun = System.nanoTime();
    FutureTask<Void> harm = new FutureTask<>(this::harm, null);
    Thread.ofPlatform().daemon().name("nemesis").start(harm);
    watch(harm, faultsBegun);
    long calm;
    long stallMillis;
    try (Stalls stalls = new Stalls()) {
      calm = calmDown();
      stallMillis = stalls.longestMillis();
    }
    stopClients();
    Map<String, Map<String, Integer>> appends = askTables();
    Map<String, Image> images = images();
    List<Harvest.Line> lines = harvest.all();
    harvest.count();
    Publishes publishes = new Publishes(lines);
    long resumed = publishes.nextAfterMillis(calm, "");
    if (resumed < 0 || resumed > RESUME_MAX.toMillis() + stallMillis) {
      violations.add(
          "publishing does not go on in time: millis=%d allowed=%d stalled=%d"
              .formatted(resumed, RESUME_MAX.toMillis(), stallMillis));
    }
    Judgement judgement = Judgement.of(lines, images, begun);
    violations.addAll(judgement.violations());
    Appends told = new Appends(lines);
    appends.forEach(
        (node, found) ->
            told.violations(found).forEach(each -> violations.add("node=" + node + " " + each)));
    if (options.area() == Area.TABLES) {
      dropTables();
    }
    end();
    ChaosReport report =
        new ChaosReport(
            replay(),
            harvest.operations(),
            harvest.unknown(),
            judgement.holds(),
            judgement.watched(),
            nemesis.counts(),
            violations,
            judgement.undecided(),
            judgement.lost(),
            leaks,
            cluster.stopped().stream().map(ChaosCluster.Stopped::toString).toList(),
            notes,
            publishes.longestGapMillis(),
            resumed,
            recoveries(publishes),
            Duration.ofNanos(System.nanoTime() - begun).toSeconds());
    if (!report.good()) {
      keep(lines);
    }
    return report;
  }

  private void harm() {
    try {
      long until = System.nanoTime() + options.length().toNanos();
      if (options.kills() > 0) {
        killOften(until);
      } else {
        nemesis.rage(until);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Each kill as soon as the cluster has recovered from the one before. */
  private void killOften(long until) {
    Dice dice = new Dice(options.seed());
    for (int i = 0; i < options.kills() && System.nanoTime() - until < 0; i++) {
      boolean leader =
          switch (options.killed()) {
            case LEADER -> true;
            case COORDINATOR -> false;
            case EITHER -> dice.nextBoolean();
          };
      Fault.Role role = leader ? Fault.Role.LEADER : Fault.Role.COORDINATOR;
      int roll = (int) dice.between(0, 1_000);
      nemesis.inflict(new Fault.Kill(new Fault.Target(role, roll), 0, 0));
      if (!cluster.awaitWhole(CALM_MAX)) {
        // Why is told where the faults have ended, if it is still so.
        return;
      }
    }
  }

  private void watch(FutureTask<Void> harm, long faultsBegun)
      throws IOException, InterruptedException {
    Screen.Bar bar = screen.bar("chaos");
    for (int second = 1; ; second++) {
      harvest.count();
      long passed = (System.nanoTime() - faultsBegun) / 1_000_000_000;
      String note =
          "%d operations, %d unknown, %d faults: %s"
              .formatted(
                  harvest.operations(), harvest.unknown(), nemesis.count(), nemesis.current());
      boolean byKills = options.kills() > 0;
      bar.at(
          byKills ? nemesis.count() : passed,
          byKills ? options.kills() : options.length().toSeconds(),
          note);
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

  /**
   * All harm is over: every node comes back, and publishing goes on.
   *
   * @return when the log had the leader that it kept
   */
  private long calmDown() throws InterruptedException {
    cluster.members().forEach(Member::resume);
    cluster.startAll();
    long giveUp = System.nanoTime() + CALM_MAX.toNanos();
    String leader = "";
    long stable = System.nanoTime();
    while (true) {
      String seen = cluster.leadership();
      if (seen.isEmpty() || !seen.equals(leader)) {
        leader = seen;
        stable = System.nanoTime();
      }
      if (cluster.whole()) {
        break;
      }
      if (System.nanoTime() - giveUp > 0) {
        violations.add(
            "stuck: not every node is in the view %d s after the faults ended: %s"
                .formatted(CALM_MAX.toSeconds(), cluster.describe()));
        break;
      }
      cluster.startAll();
      TimeUnit.MILLISECONDS.sleep(100);
    }
    TimeUnit.MILLISECONDS.sleep(AFTER_CALM.toMillis());
    for (ChaosCluster.Stopped each : cluster.stopped()) {
      // A node that cannot enter the view in time says so and ends; the next start tries again.
      boolean explained = nemesis.hurtDisk(each.node(), each.nanos()) || each.exitCode() == 78;
      if (!explained) {
        violations.add("a node stopped by itself: " + each);
      }
    }
    return stable;
  }

  private void stopClients() throws InterruptedException {
    List<Thread> stopping = new ArrayList<>();
    for (Member member : cluster.members()) {
      stopping.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    String why = whyNotStopped(member);
                    if (!why.isEmpty()) {
                      synchronized (violations) {
                        violations.add(
                            "clients do not come to an end: node=%s why=%s"
                                .formatted(member.name, why));
                      }
                    }
                  }));
    }
    Deadline.in(STOP_MAX.plusSeconds(10)).join(stopping, "nodes say that their clients ended");
  }

  private static String whyNotStopped(Member member) {
    try {
      JsonNode answer = member.ask("stop", STOP_MAX);
      return answer.path("stopped").asBoolean() ? "" : answer.path("why").asText("not stopped");
    } catch (IOException e) {
      return e.toString();
    }
  }

  /**
   * Every node answers every table exactly, at the latest when all have found their copies.
   *
   * @return for each node how often something was appended to each table
   */
  private Map<String, Map<String, Integer>> askTables() throws InterruptedException {
    Map<String, Map<String, Integer>> appends = new TreeMap<>();
    if (options.area() != Area.TABLES) {
      return appends;
    }
    for (Member member : cluster.members()) {
      List<String> problems = new ArrayList<>();
      Map<String, Integer> found = appends.computeIfAbsent(member.name, _ -> new TreeMap<>());
      Deadline deadline = Deadline.in(REST_MAX);
      do {
        problems.clear();
        try {
          JsonNode answer = member.ask("tables", STOP_MAX);
          answer.path("problems").forEach(each -> problems.add(each.asText()));
          answer
              .path("appends")
              .properties()
              .forEach(each -> found.put(each.getKey(), each.getValue().asInt()));
        } catch (IOException e) {
          problems.add(e.toString());
        }
        if (!problems.isEmpty()) {
          TimeUnit.MILLISECONDS.sleep(500);
        }
      } while (!problems.isEmpty() && !deadline.left().isZero());
      problems.forEach(each -> violations.add("node=" + member.name + " " + each));
    }
    return appends;
  }

  /** Nothing is left of tables that were dropped, on any node. */
  private void dropTables() throws InterruptedException {
    try {
      cluster.members().getFirst().ask("drop", STOP_MAX);
    } catch (IOException e) {
      violations.add("tables cannot be dropped: " + e);
      return;
    }
    Deadline deadline = Deadline.in(DROPPED_MAX);
    List<String> left = extentsLeft();
    while (!left.isEmpty() && !deadline.left().isZero()) {
      TimeUnit.MILLISECONDS.sleep(200);
      left = extentsLeft();
    }
    leaks.addAll(left);
  }

  private List<String> extentsLeft() {
    List<String> left = new ArrayList<>();
    for (Member member : cluster.members()) {
      JsonNode status = member.status();
      long extents = status == null ? -1 : status.path("extents").asLong();
      if (extents != 0) {
        left.add(
            "extents of tables that were dropped: node=%s count=%d"
                .formatted(member.name, extents));
      }
    }
    return left;
  }

  /** Of all nodes, as of one position, once nothing drains any more. */
  private Map<String, Image> images() throws InterruptedException {
    long giveUp = System.nanoTime() + REST_MAX.toNanos();
    while (true) {
      boolean late = System.nanoTime() - giveUp > 0;
      Map<String, Image> images = imagesNow();
      if (images.size() == cluster.members().size()) {
        List<String> left = leftOver(images);
        boolean same = images.values().stream().map(Image::position).distinct().count() == 1;
        if (late || (same && left.isEmpty())) {
          compare(images, same);
          leaks.addAll(left);
          return images;
        }
      } else if (late) {
        violations.add("a node does not tell what it holds: told=" + images.keySet());
        return images;
      }
      TimeUnit.MILLISECONDS.sleep(500);
    }
  }

  private Map<String, Image> imagesNow() {
    Map<String, Image> images = new TreeMap<>();
    for (Member member : cluster.members()) {
      try {
        if (member.ask("image image", REST_MAX).path("done").asBoolean()) {
          images.put(member.name, Image.load(member.file("image")));
        }
      } catch (IOException e) {
        // It is asked again.
      }
    }
    return images;
  }

  private List<String> leftOver(Map<String, Image> images) {
    List<String> found = new ArrayList<>();
    Set<Long> running = new TreeSet<>();
    Set<Long> seen = new TreeSet<>();
    for (Member member : cluster.members()) {
      JsonNode status = member.status();
      if (status != null) {
        running.add(status.path("incarnation").asLong());
        status.path("members").forEach(each -> seen.add(each.asLong()));
        long pinned = status.path("pinned").asLong();
        if (pinned > 0) {
          found.add("pinned: node=" + member.name + " bytes=" + pinned);
        }
      }
    }
    if (!running.equals(seen)) {
      found.add("sessions of processes that are gone: view=" + seen + " running=" + running);
    }
    images.forEach(
        (node, image) -> image.leaks(seen).forEach(leak -> found.add("node=" + node + " " + leak)));
    return found;
  }

  private void compare(Map<String, Image> images, boolean same) {
    Image first = Objects.requireNonNull(images.values().iterator().next());
    if (!same) {
      violations.add(
          "nodes do not come to the same position: "
              + images.entrySet().stream()
                  .map(each -> each.getKey() + "=" + each.getValue().position())
                  .collect(Collectors.joining(" ")));
    }
    images.forEach(
        (node, image) -> {
          image.contradictions().forEach(each -> violations.add("node=" + node + " " + each));
          first
              .differences(image)
              .forEach(each -> violations.add("nodes differ: other=" + node + " " + each));
          if (!image.objects().equals(first.objects()) || !image.lists().equals(first.lists())) {
            violations.add("nodes show other objects or lists: other=" + node);
          }
        });
  }

  /** Ends nodes and networks, and sees that nothing is left of them. */
  private void end() throws InterruptedException {
    cluster.stop().forEach(node -> leaks.add("process did not end on SIGTERM: node=" + node));
    reaper.alive().forEach(child -> leaks.add("process still runs: " + child));
    reaper.close();
    Network made = network;
    if (made != null) {
      made.close();
      long left = made.left();
      if (left > 0) {
        leaks.add("network namespaces are left: count=" + left);
      }
    }
    Disks mounted = disks;
    if (mounted != null) {
      mounted.close();
      long left = mounted.left();
      if (left > 0) {
        leaks.add("mounts are left: count=" + left);
      }
    }
  }

  private List<Long> recoveries(Publishes publishes) {
    return nemesis.happened().stream()
        .filter(each -> each.fault() instanceof Fault.Kill)
        .map(each -> publishes.nextAfterMillis(each.from(), each.whom()))
        .filter(millis -> millis >= 0)
        .sorted()
        .toList();
  }

  private String replay() {
    String faults =
        options.faults().stream()
            .sorted()
            .map(kind -> kind.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(","));
    return "./quire chaos --area %s --seed %d --minutes %d --nodes %d --faults %s%s%s"
        .formatted(
            options.area().name().toLowerCase(Locale.ROOT),
            options.seed(),
            Math.max(1, options.length().toMinutes()),
            options.nodes(),
            faults,
            options.kills() == 0
                ? ""
                : " --kills %d --target %s"
                    .formatted(options.kills(), options.killed().name().toLowerCase(Locale.ROOT)),
            options.broken().stream()
                .map(rule -> " --break " + rule)
                .collect(Collectors.joining()));
  }

  private void keep(List<Harvest.Line> lines) throws IOException {
    kept = true;
    Files.write(
        workspace.path().resolve("history"),
        lines.stream().map(line -> line.source() + "\t" + line.entry().line()).toList());
    Files.write(workspace.path().resolve("problems"), problems());
  }

  /** Removes the files though something was found: it was to be found. */
  void discard() {
    kept = false;
  }

  private List<String> problems() {
    List<String> all = new ArrayList<>(violations);
    all.addAll(leaks);
    return all;
  }

  /** Ends all processes and removes all files, unless something was found. */
  @Override
  public void close() {
    reaper.close();
    if (network != null) {
      network.close();
    }
    if (disks != null) {
      disks.close();
    }
    if (kept) {
      workspace.keep("the run was not good");
    }
    workspace.close();
  }
}
