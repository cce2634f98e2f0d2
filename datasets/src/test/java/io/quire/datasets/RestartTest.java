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
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  /** Of the loads that are begun. */
  private LoadOptions options = LoadOptions.DEFAULTS;

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
        options,
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

  /**
   * On flash, so that no copy stands in for a spare: what a node had finished is kept there, and is
   * on another node before the name is there. Whether the first attempt was to make spares does not
   * matter.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void load_withReplicas_goesOn_andHasSparesOfWhatWasFinished(int before) {
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b", "c").withFlash()) {
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes = start(cluster, release);
      Node a = nodes.get(0);
      Node b = nodes.get(1);
      Node c = nodes.get(2);
      options = LoadOptions.DEFAULTS.withReplicas(before);
      loading(a, "/numbers");
      untilNoted(b, HANGS_FROM);
      long byTheDead = finishedBy(b, a);
      a.kill();
      until("the view moved", () -> b.ready() && b.sessions.view().member(a.id) == null);
      release.countDown();
      options = LoadOptions.DEFAULTS.withReplicas(2);
      NsObject object = load(b, "/numbers", NOTHING);
      assertThat(kept.get()).isEqualTo(HANGS_FROM - byTheDead).isPositive();
      assertThat(b.datasets.descriptor(object).extents())
          .allMatch(info -> Set.copyOf(info.holders()).equals(Set.of(b.id, c.id)))
          .anyMatch(info -> info.owner().equals(c.id));
      assertNothingElse(b);
      cluster.restart(a, List.of(b, c), SumFunctions::register);
      c.kill();
      until("the view moved", () -> b.ready() && b.sessions.view().member(c.id) == null);
      assertThat(sum(b, "/numbers")).as("of spares").isEqualTo(SumFunctions.expected(PARTS));
    }
  }

  private static long finishedBy(Node asked, Node by) {
    byte[] note = asked.namespaces.reservations().getFirst().note();
    return LoadNote.read(note).orElseThrow().finished().values().stream()
        .filter(part -> part.getFirst().owner().equals(by.id))
        .count();
  }

  /**
   * What was finished is verified when spares are made of it; what is damaged is never published.
   */
  @Test
  void finishedParts_whoseCopiesAreDamaged_failTheLoad_andTheNextStartsOver() throws IOException {
    options = LoadOptions.DEFAULTS.withReplicas(2);
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b").withSmallContainers()) {
      List<Node> nodes = start(cluster, new CountDownLatch(1));
      loading(nodes.get(0), "/numbers");
      untilNoted(nodes.get(1), HANGS_FROM);
    }
    damage(root.resolve("store/durable"));
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b").withSmallContainers()) {
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes = start(cluster, release);
      release.countDown();
      assertThatThrownBy(() -> load(nodes.get(1), "/numbers", NOTHING))
          .isInstanceOf(DatasetsException.LoadAborted.class);
      assertThat(kept.get()).isEqualTo(HANGS_FROM);
      kept.set(0);
      load(nodes.get(0), "/numbers", NOTHING);
      assertThat(kept.get()).isZero();
      assertThat(sum(nodes.get(1), "/numbers")).isEqualTo(SumFunctions.expected(PARTS));
    }
  }

  /** Behind the header of the first copy of each file. */
  private static void damage(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.write(ByteBuffer.wrap(new byte[] {77}), 4096 + 3);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void loadAndAppend_afterARestartOfAllNodes_goOnWithTheirFinishedParts(int replicas) {
    options = LoadOptions.DEFAULTS.withReplicas(replicas);
    NsObject grown;
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b")) {
      List<Node> nodes = start(cluster, new CountDownLatch(1));
      Node a = nodes.get(0);
      grown =
          a.datasets.load(
              NsHandle.ROOT,
              "/grown",
              Lifetime.DURABLE,
              options,
              NOTHING,
              "numbers",
              NOTHING,
              3,
              _ -> {},
              Progress.NONE);
      loading(a, "/numbers");
      untilNoted(a, HANGS_FROM);
    }
    try (TestNodes cluster = new TestNodes(root, CONFIG, "a", "b")) {
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes = start(cluster, release);
      Node b = nodes.get(1);
      until("b has heard of the end of a", () -> b.datasets.brokenLoads() == 1);
      release.countDown();
      NsObject object = load(b, "/numbers", NOTHING);
      assertThat(kept.get()).isEqualTo(HANGS_FROM);
      assertThat(loaded).hasSize(PARTS - HANGS_FROM).allMatch(part -> part >= HANGS_FROM);
      assertThat(b.datasets.descriptor(object).extents())
          .allMatch(info -> info.holders().size() == replicas);
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
      NsObject more = appending(nodes.get(1), grown).orTimeout(60, TimeUnit.SECONDS).join();
      assertThat(loaded).hasSize(PARTS - HANGS_FROM).allMatch(part -> part >= HANGS_FROM);
      assertThat(sum(nodes.get(0), "/grown"))
          .isEqualTo(SumFunctions.expected(3) + SumFunctions.expected(PARTS));
      assertThat(nodes.get(0).datasets.descriptor(more).extents())
          .allMatch(info -> info.holders().size() == replicas);
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
      long byTheDead = finishedBy(b, a);
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
