package io.quire.datasets;

import static io.quire.datasets.TestNodes.PATIENCE;
import static io.quire.datasets.TestNodes.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.OrphanSearch.Mode;
import io.quire.ager.Orphans.Verdict;
import io.quire.datasets.TestNodes.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.Reservation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Loads whose coordinator died are asked for again. */
@Timeout(240)
class RestartTest {
  private static final byte[] NOTHING = new byte[0];
  private static final int PARTS = 24;
  private static final int HANGS_FROM = 12;

  /** Members forget soon, so that nothing is kept only because nobody has tidied up. */
  private static final DatasetsConfig CONFIG =
      TestNodes.CONFIG.withWorkers(4).withOrphans(Duration.ofMillis(300), Duration.ofMillis(50));

  @TempDir private Path root;

  /** The parts that were loaded in this life. */
  private final Set<Integer> loaded = ConcurrentHashMap.newKeySet();

  private final AtomicLong kept = new AtomicLong();

  /** Registers "numbers", of which the later parts wait, and which counts. */
  private List<Node> start(TestNodes cluster, CountDownLatch release) {
    loaded.clear();
    kept.set(0);
    return cluster.start(
        datasets -> {
          SumFunctions.register(datasets);
          datasets.register(
              "counted",
              (LoadFunction)
                  (arguments, part, parts, sink) -> {
                    if (part >= HANGS_FROM) {
                      FailureTest.await(release);
                    }
                    SumFunctions.load(arguments, part, parts, sink);
                    loaded.add(part);
                  });
        });
  }

  private NsObject load(Node by, String name, byte[] arguments) {
    return by.datasets.load(
        NsHandle.ROOT,
        name,
        Lifetime.DURABLE,
        LoadOptions.DEFAULTS,
        NOTHING,
        "counted",
        arguments,
        PARTS,
        _ -> {},
        Restart.WITH_FINISHED_PARTS,
        new Progress() {
          @Override
          public void made(long done, long total, long bytes) {
            assertThat(total).isEqualTo(PARTS);
          }

          @Override
          public void kept(long parts, long total, long bytes) {
            assertThat(total).isEqualTo(PARTS);
            assertThat(bytes).isPositive();
            kept.set(parts);
          }
        });
  }

  private CompletableFuture<NsObject> loading(Node by, String name) {
    return CompletableFuture.supplyAsync(() -> load(by, name, NOTHING), Thread::startVirtualThread);
  }

  private static long sum(Node by, String name) {
    NsObject dataset = by.namespaces.lookup(NsHandle.ROOT, name).orElseThrow();
    return SumFunctions.total(by.datasets.scan(dataset, "sum", NOTHING, PATIENCE, Progress.NONE));
  }

  private static void untilNoted(Node by, int parts) {
    until(
        "the finished parts are noted",
        () ->
            by.namespaces.reservations().stream()
                .map(Reservation::note)
                .flatMap(note -> LoadNote.read(note).stream())
                .anyMatch(note -> note.finished().size() == parts));
  }

  private void assertNothingElse(Node by) {
    assertThat(by.namespaces.reservations()).isEmpty();
    assertThat(by.datasets.orphans(Mode.REMOVE, PATIENCE).complete()).isTrue();
    assertThat(by.datasets.orphans(Mode.COUNT, PATIENCE).count(Verdict.ORPHAN)).isZero();
  }

  @Test
  void load_whoseCoordinatorDied_goesOnAtOnceWithItsFinishedParts() {
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b", "c")) {
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes = start(cluster, release);
      Node a = nodes.get(0);
      Node b = nodes.get(1);
      loading(a, "/numbers");
      untilNoted(b, HANGS_FROM);
      a.kill();
      until("the view moved", () -> b.ready() && b.sessions.view().member(a.id) == null);
      loaded.clear();
      release.countDown();
      NsObject object = load(b, "/numbers", NOTHING);
      assertThat(kept.get()).isEqualTo(HANGS_FROM);
      assertThat(loaded).allMatch(part -> part >= HANGS_FROM);
      assertThat(b.datasets.descriptor(object).extents())
          .noneMatch(info -> info.owner().equals(a.id));
      assertThat(sum(nodes.get(2), "/numbers")).isEqualTo(SumFunctions.expected(PARTS));
      assertNothingElse(b);
    }
  }

  @Test
  void loadAndAppend_afterARestartOfAllNodes_goOnWithTheirFinishedParts() {
    NsObject grown;
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b")) {
      List<Node> nodes = start(cluster, new CountDownLatch(1));
      Node a = nodes.get(0);
      grown =
          a.datasets.load(
              NsHandle.ROOT,
              "/grown",
              Lifetime.DURABLE,
              NOTHING,
              "numbers",
              NOTHING,
              3,
              Progress.NONE);
      loading(a, "/numbers");
      untilNoted(a, HANGS_FROM);
    }
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b")) {
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes = start(cluster, release);
      Node b = nodes.get(1);
      assertThat(b.datasets.brokenLoads()).isEqualTo(1);
      release.countDown();
      load(b, "/numbers", NOTHING);
      assertThat(kept.get()).isEqualTo(HANGS_FROM);
      assertThat(loaded).hasSize(PARTS - HANGS_FROM).allMatch(part -> part >= HANGS_FROM);
      assertThat(sum(nodes.get(0), "/numbers")).isEqualTo(SumFunctions.expected(PARTS));
      assertThat(b.datasets.brokenLoads()).isZero();
      assertNothingElse(b);
    }
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b")) {
      List<Node> nodes = start(cluster, new CountDownLatch(1));
      appending(nodes.get(0), grown);
      untilNoted(nodes.get(0), HANGS_FROM);
    }
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b")) {
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes = start(cluster, release);
      release.countDown();
      appending(nodes.get(1), grown).orTimeout(60, TimeUnit.SECONDS).join();
      assertThat(loaded).hasSize(PARTS - HANGS_FROM).allMatch(part -> part >= HANGS_FROM);
      assertThat(sum(nodes.get(0), "/grown"))
          .isEqualTo(SumFunctions.expected(3) + SumFunctions.expected(PARTS));
      assertNothingElse(nodes.get(0));
    }
  }

  private static CompletableFuture<NsObject> appending(Node by, NsObject to) {
    return CompletableFuture.supplyAsync(
        () ->
            by.datasets.append(
                to, "counted", NOTHING, PARTS, _ -> {}, Restart.WITH_FINISHED_PARTS, Progress.NONE),
        Thread::startVirtualThread);
  }

  /** Other arguments: other files, or files that changed since. */
  @Test
  void anotherLoadUnderTheName_startsOver_andGivesUpWhatBrokeOff() {
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b")) {
      List<Node> nodes = start(cluster, new CountDownLatch(1));
      loading(nodes.get(0), "/numbers");
      untilNoted(nodes.get(1), HANGS_FROM);
    }
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b")) {
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes = start(cluster, release);
      release.countDown();
      load(nodes.get(1), "/numbers", new byte[] {1});
      assertThat(kept.get()).isZero();
      assertThat(loaded).hasSize(PARTS);
      assertThat(sum(nodes.get(0), "/numbers")).isEqualTo(SumFunctions.expected(PARTS));
      assertNothingElse(nodes.get(0));
    }
  }

  @Test
  void finishedParts_whoseCopiesAreGone_areLoadedAgain() throws IOException {
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b").withSmallContainers()) {
      List<Node> nodes = start(cluster, new CountDownLatch(1));
      loading(nodes.get(0), "/numbers");
      untilNoted(nodes.get(1), HANGS_FROM);
    }
    try (Stream<Path> files = Files.list(root.resolve("store/durable"))) {
      Files.delete(files.sorted().findFirst().orElseThrow());
    }
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b").withSmallContainers()) {
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes = start(cluster, release);
      release.countDown();
      load(nodes.get(1), "/numbers", NOTHING);
      assertThat(kept.get()).isBetween(HANGS_FROM - 1L, (long) HANGS_FROM);
      assertThat(loaded).hasSize(PARTS - (int) kept.get());
      assertThat(sum(nodes.get(0), "/numbers")).isEqualTo(SumFunctions.expected(PARTS));
      assertNothingElse(nodes.get(1));
    }
  }

  /** What lies on the flash of a node that is away cannot be kept. */
  @Test
  void finishedParts_onFlash_areKeptByTheNodesThatAreThere() {
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b", "c").withFlash()) {
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes = start(cluster, release);
      Node a = nodes.get(0);
      Node b = nodes.get(1);
      loading(a, "/numbers");
      untilNoted(b, HANGS_FROM);
      LoadNote note = LoadNote.read(b.namespaces.reservations().getFirst().note()).orElseThrow();
      long byTheDead =
          note.finished().values().stream()
              .filter(part -> part.getFirst().owner().equals(a.id))
              .count();
      a.kill();
      until("the view moved", () -> b.ready() && b.sessions.view().member(a.id) == null);
      release.countDown();
      load(b, "/numbers", NOTHING);
      assertThat(kept.get()).isEqualTo(HANGS_FROM - byTheDead);
      assertThat(sum(nodes.get(2), "/numbers")).isEqualTo(SumFunctions.expected(PARTS));
      assertNothingElse(b);
    }
  }

  /** Two coordinators of one load: the one that was away can neither publish nor take away. */
  @Test
  void load_thatOthersWentOnWith_isPublishedByThemAlone() {
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b")) {
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes = start(cluster, release);
      Node a = nodes.get(0);
      Node b = nodes.get(1);
      CompletableFuture<NsObject> away = loading(a, "/numbers");
      untilNoted(b, HANGS_FROM);
      Reservation found = b.namespaces.reservations().getFirst();
      // As if a had been out of the view meanwhile.
      Reservation taken = b.namespaces.note(found, found.note());
      release.countDown();
      assertThatThrownBy(() -> away.get(60, TimeUnit.SECONDS))
          .hasCauseInstanceOf(DatasetsException.LoadAborted.class);
      assertThat(b.namespaces.reservation(found.xid()).orElseThrow().version())
          .isEqualTo(taken.version());
      assertThat(b.namespaces.lookup(NsHandle.ROOT, "/numbers")).isEmpty();
      load(a, "/numbers", NOTHING);
      assertThat(kept.get()).as("nothing of it was dropped").isEqualTo(HANGS_FROM);
      assertThat(sum(b, "/numbers")).isEqualTo(SumFunctions.expected(PARTS));
      assertNothingElse(b);
    }
  }

  @Test
  void loadThatBrokeOff_isGivenUpAfterAWhile_orByHand() {
    OrphanConfig soon =
        new OrphanConfig(
            Duration.ofHours(1), Duration.ofHours(1), PATIENCE, Duration.ofMillis(400));
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b")) {
      List<Node> nodes = start(cluster, new CountDownLatch(1));
      loading(nodes.get(0), "/by-hand");
      untilNoted(nodes.get(1), HANGS_FROM);
    }
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b")) {
      List<Node> nodes = start(cluster, new CountDownLatch(1));
      Node b = nodes.get(1);
      assertThat(b.datasets.orphans(Mode.COUNT, PATIENCE).count(Verdict.ORPHAN))
          .as("it is kept")
          .isZero();
      assertThat(b.datasets.giveUpBrokenLoads()).isEqualTo(1);
      assertThat(b.datasets.orphans(Mode.REMOVE, PATIENCE).count(Verdict.ORPHAN)).isPositive();
      loading(nodes.get(0), "/by-itself");
      untilNoted(b, HANGS_FROM);
    }
    try (TestNodes cluster = new TestNodes(root, CONFIG, soon, "a", "b")) {
      Node b = start(cluster, new CountDownLatch(1)).get(1);
      until("it was given up", () -> b.namespaces.reservations().isEmpty());
      assertThat(b.datasets.orphans(Mode.REMOVE, PATIENCE).count(Verdict.ORPHAN)).isPositive();
      assertNothingElse(b);
    }
  }
}
