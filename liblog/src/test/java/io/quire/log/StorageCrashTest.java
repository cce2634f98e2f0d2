package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.log.CrashedDisk.Fate;
import io.quire.log.DiskTrace.Op;
import io.quire.log.TestCluster.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The machine stops between any two steps that a log takes on disk, and what was not synced is
 * lost, torn or reordered. Steps are recorded once; then the state at each is made and opened.
 *
 * <p>{@code -Dquire.crash.points=0} takes all points instead of a sample, {@code
 * -Dquire.crash.seed=} repeats one run, {@code -Dquire.crash.starts=} says how many of the states a
 * whole log is started on.
 */
@Timeout(3600)
class StorageCrashTest {
  private static final int POINTS = Integer.getInteger("quire.crash.points", 400);
  private static final int STARTS = Integer.getInteger("quire.crash.starts", 1);
  private static final long SEED = Long.getLong("quire.crash.seed", System.nanoTime());

  @TempDir Path root;
  private Path crashes;
  private boolean keep;

  /* In memory where there is such a thing: what is written here is synced again and again. */
  @BeforeEach
  void makeRoom() throws IOException {
    Path memory = Path.of("/dev/shm");
    crashes =
        Files.isWritable(memory)
            ? Files.createTempDirectory(memory, "quire-crash")
            : Files.createDirectory(root.resolve("crashes"));
  }

  @AfterEach
  void clear() throws IOException {
    if (!keep) {
      wipe(crashes);
    }
  }

  @Test
  void alone_stoppedAtAnyStep_losesNothingAcknowledgedAndStarts() throws Exception {
    crash(List.of("n1"), "alone", POINTS == 0 ? 12 : 4, STARTS);
  }

  @Test
  void three_stoppedTogetherAtAnyStep_loseNothingAcknowledgedAndStart() throws Exception {
    crash(List.of("n1", "n2", "n3"), "three", POINTS == 0 ? 4 : 1, 0);
  }

  /** Whether the test would see it if nothing was synced, or no directory was. */
  @Test
  void plantedBug_syncsThatAreLeftOut_areNoticed() throws Exception {
    List<Op> ops = record("alone", 1);
    assertThat(lost(ops, op -> false)).isFalse();
    assertThat(lost(ops, op -> op instanceof Op.Sync)).isTrue();
    assertThat(lost(ops, op -> op instanceof Op.SyncDirectory)).isTrue();
    assertThat(
            lost(
                ops,
                op -> op instanceof Op.SyncDirectory(String path, _) && path.endsWith("/current")))
        .isTrue();
  }

  private boolean lost(List<Op> ops, Predicate<Op> leftOut) throws Exception {
    CrashedDisk disk = new CrashedDisk();
    List<String> wanted = new ArrayList<>();
    int seen = 0;
    for (Op op : ops) {
      disk.step(leftOut.test(op) ? new Op.Note("") : op);
      if (op instanceof Op.Note(String text)) {
        wanted.add(text.substring("acked ".length()));
        Path crashed = crashes.resolve("planted");
        disk.write(crashed, Fate.LOST, new Random(SEED));
        try {
          CrashedNode.powerCut(crashed.resolve("n1"));
          check(List.of(CrashedNode.open(crashed.resolve("n1"), "n1", List.of("n1"))), wanted);
        } catch (IOException | RuntimeException | AssertionError e) {
          seen++;
        }
        wipe(crashed);
      }
    }
    return seen > 0;
  }

  private void crash(List<String> nodes, String script, int rounds, int starts) throws Exception {
    List<Op> ops = record(script, rounds);
    Random random = new Random(SEED);
    double chance = POINTS == 0 ? 1 : Math.min(1, (double) POINTS / (ops.size() * 4.0));
    CrashedDisk disk = new CrashedDisk();
    List<String> acknowledged = new ArrayList<>();
    List<Integer> startAt = random.ints(starts, 0, ops.size()).boxed().toList();
    int points = 0;
    for (int step = 0; step < ops.size(); step++) {
      disk.step(ops.get(step));
      if (ops.get(step) instanceof Op.Note(String text)) {
        acknowledged.add(text.substring("acked ".length()));
      }
      for (Fate fate : Fate.values()) {
        if (random.nextDouble() < chance) {
          points++;
          check(disk, nodes, fate, random.nextLong(), step, acknowledged);
        }
      }
      if (startAt.contains(step)) {
        startWhole(disk, step, acknowledged);
      }
    }
    System.out.printf(
        "storage crashes, %s: %d steps, %d entries acknowledged, %d crash points, %d of them with"
            + " Ratis%n",
        script, ops.size(), acknowledged.size(), points, starts);
    assertThat(points).isGreaterThan(POINTS == 0 ? 10_000 : POINTS / 2);
  }

  private void check(
      CrashedDisk disk, List<String> nodes, Fate fate, long seed, int step, List<String> wanted)
      throws Exception {
    Path crashed = crashes.resolve("crashed");
    disk.write(crashed, fate, new Random(seed));
    try {
      List<CrashedNode> opened = new ArrayList<>();
      for (String node : nodes) {
        if (fate != Fate.KEPT) {
          CrashedNode.powerCut(crashed.resolve(node));
        }
        opened.add(CrashedNode.open(crashed.resolve(node), node, nodes));
        // And once more, for what was mended must need no mending.
        CrashedNode again = CrashedNode.open(crashed.resolve(node), node, nodes);
        assertThat(again).isEqualTo(opened.getLast());
      }
      check(opened, wanted);
    } catch (Exception | AssertionError e) {
      keep = true;
      throw new AssertionError(
          "replay: -Dquire.crash.seed=%d -Dquire.crash.points=%d step=%d fate=%s files=%s"
              .formatted(SEED, POINTS, step, fate, crashed),
          e);
    }
    wipe(crashed);
  }

  /* Whoever can be elected by a majority has all that was acknowledged, once, in order. */
  private static void check(List<CrashedNode> nodes, List<String> wanted) {
    for (CrashedNode missing : nodes) {
      CrashedNode best =
          nodes.stream()
              .filter(node -> nodes.size() == 1 || node != missing)
              .max(
                  Comparator.comparingLong(CrashedNode::lastTerm)
                      .thenComparingLong(CrashedNode::lastIndex))
              .orElseThrow();
      assertThat(best.texts().stream().distinct().toList()).isEqualTo(best.texts());
      List<String> found =
          best.texts().stream().filter(new java.util.HashSet<>(wanted)::contains).toList();
      assertThat(found).isEqualTo(wanted);
      assertThat(best.votedTerm()).isGreaterThanOrEqualTo(best.lastTerm());
    }
  }

  private void startWhole(CrashedDisk disk, int step, List<String> wanted) throws Exception {
    Path crashed = crashes.resolve("started");
    for (Fate fate : Fate.values()) {
      disk.write(crashed, fate, new Random(SEED + step));
      if (fate != Fate.KEPT) {
        CrashedNode.powerCut(crashed.resolve("n1"));
      }
      try (TestCluster cluster = new TestCluster(crashed, "n1")) {
        Node node = cluster.start("n1").getFirst();
        node.put("after");
        List<String> after = new ArrayList<>(wanted);
        after.add("after");
        assertThat(node.texts())
            .describedAs(
                "replay: -Dquire.crash.seed=%d -Dquire.crash.points=%d step=%d fate=%s",
                SEED, POINTS, step, fate)
            .containsSubsequence(after)
            .endsWith("after");
      }
      wipe(crashed);
    }
  }

  private List<Op> record(String script, int rounds) throws Exception {
    Path trace = root.resolve("trace-" + script);
    Path output = root.resolve("output-" + script);
    Files.createDirectories(root.resolve(script));
    Process child =
        FaultyFiles.java(
            CrashWorkload.class,
            output,
            root.resolve(script).toString(),
            trace.toString(),
            Long.toString(SEED),
            script,
            Integer.toString(rounds));
    try {
      assertThat(child.waitFor(10, TimeUnit.MINUTES)).isTrue();
      assertThat(child.exitValue()).describedAs(Files.readString(output)).isZero();
    } finally {
      child.destroyForcibly();
    }
    return DiskTrace.load(trace);
  }

  private static void wipe(Path directory) throws IOException {
    if (Files.exists(directory)) {
      TestCluster.wipe(directory);
    }
  }
}
