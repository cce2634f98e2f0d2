package io.quire.datasets;

import static io.quire.datasets.TestNodes.PATIENCE;
import static io.quire.datasets.TestNodes.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.Copy;
import io.quire.ager.OrphanSearch.Mode;
import io.quire.ager.Orphans;
import io.quire.ager.Orphans.Verdict;
import io.quire.ager.StoreConfig;
import io.quire.ager.StoreFiles;
import io.quire.ager.StoreScan;
import io.quire.datasets.TestNodes.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePage;
import io.quire.ns.NamePattern;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.Principal;
import io.quire.ns.Reservation;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Durable copies that nobody needs any more, and those that somebody does. */
@Timeout(400)
class OrphansTest {
  private static final byte[] NOTHING = new byte[0];
  private static final long SEED = Long.getLong("quire.orphans.seed", System.nanoTime());
  private static final Duration MOMENT = Duration.ofMillis(50);
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final DatasetsConfig SOON =
      TestNodes.CONFIG.withWorkers(32).withOrphans(Duration.ofMillis(300), MOMENT);

  /** Looks again and again, by itself. */
  private static final OrphanConfig OFTEN =
      new OrphanConfig(MOMENT, MOMENT, LONG, Duration.ofMillis(500));

  @TempDir private Path root;

  private static NsObject load(Node by, String name, String function, int parts) {
    return by.datasets.load(
        NsHandle.ROOT,
        name,
        Lifetime.DURABLE,
        NOTHING,
        function,
        new byte[1],
        parts,
        Progress.NONE);
  }

  private static NsObject lines(Node by, String name, String text) {
    return by.datasets.loadLines(
        NsHandle.ROOT,
        name,
        Lifetime.DURABLE,
        new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)),
        Progress.NONE);
  }

  private static long sum(Node by, String name) {
    NsObject dataset = by.namespaces.lookup(NsHandle.ROOT, name).orElseThrow();
    return SumFunctions.total(by.datasets.scan(dataset, "sum", NOTHING, PATIENCE, Progress.NONE));
  }

  private static String text(Node by, String name) {
    NsObject dataset = by.namespaces.lookup(NsHandle.ROOT, name).orElseThrow();
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    by.datasets.read(
        dataset, segment -> all.writeBytes(segment.toArray(ValueLayout.JAVA_BYTE)), PATIENCE);
    return all.toString(StandardCharsets.US_ASCII);
  }

  /** All copies in a store; files come and go meanwhile. */
  private static Set<String> stored(StoreConfig store) {
    while (true) {
      Set<String> found = new TreeSet<>();
      try (StoreFiles files = StoreFiles.open(store)) {
        files.stat(copy -> found.add(place(copy)), (_, _) -> {});
        return found;
      } catch (IOException e) {
        assertThat(e).hasStackTraceContaining("o such file");
      }
    }
  }

  private static String place(Copy copy) {
    return copy.file() + " " + copy.offset();
  }

  /** All copies that some dataset has. */
  private static Set<String> needed(Node by) {
    Set<String> needed = new TreeSet<>();
    for (NamePage.Listed each : by.namespaces.listAll(NsHandle.ROOT, NamePattern.ALL)) {
      needed.addAll(copies(by, by.namespaces.lookup(each.xid()).orElseThrow()));
    }
    return needed;
  }

  private static Set<String> copies(Node by, NsObject dataset) {
    Set<String> copies = new TreeSet<>();
    for (ExtentInfo info : by.datasets.descriptor(dataset).extents()) {
      Copy copy = info.durable();
      if (copy != null) {
        copies.add(place(copy));
      }
    }
    return copies;
  }

  private void untilNothingElse(TestNodes cluster, Node by) {
    until(
        "nothing but what is needed is stored",
        () -> stored(cluster.store(by.id)).equals(needed(by)));
    assertThat(by.namespaces.reservations()).isEmpty();
    assertThat(root.resolve("store/durable")).isDirectoryNotContaining("glob:**.aside");
  }

  @Test
  void datasets_deletedWhileNobodyHeldThem_leaveNoFiles() {
    try (TestNodes cluster = new TestNodes(root, SOON, "a", "b").withSmallContainers()) {
      Node a = cluster.start(SumFunctions::register).get(0);
      load(a, "/kept", "numbers", 2);
      load(a, "/gone", "numbers", 3);
      lines(a, "/lines", "so many lines\n".repeat(5_000));
    }
    try (TestNodes cluster = new TestNodes(root, SOON, OFTEN, "a", "b").withSmallContainers()) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      Node a = nodes.get(0);
      Node b = nodes.get(1);
      assertThat(stored(cluster.store(a.id))).hasSizeGreaterThan(50).isEqualTo(needed(a));
      NsObject gone = b.namespaces.lookup(NsHandle.ROOT, "/gone").orElseThrow();
      try (ScanStream stream =
          b.datasets.stream(gone, "pick", NOTHING, ScanOrder.ORDERED, PATIENCE)) {
        a.namespaces.delete(NsHandle.ROOT, "/lines");
        a.namespaces.delete(NsHandle.ROOT, "/gone");
        Set<String> held = new TreeSet<>(needed(a));
        held.addAll(copies(b, gone));
        until("the lines are gone", () -> stored(cluster.store(a.id)).equals(held));
        List<Long> values = new ArrayList<>();
        for (var batch = stream.next(); batch.isPresent(); batch = stream.next()) {
          values.addAll(SumFunctions.values(batch.get().bytes()));
        }
        assertThat(values)
            .as("as long as somebody has a reference")
            .isEqualTo(SumFunctions.picked(3));
      }
      untilNothingElse(cluster, a);
      assertThat(sum(b, "/kept")).isEqualTo(SumFunctions.expected(2));
    }
  }

  @Test
  void flashOfANode_isTidiedByThatNode() {
    try (TestNodes cluster =
        new TestNodes(root, SOON, "a", "b").withSmallContainers().withFlash()) {
      Node a = cluster.start(SumFunctions::register).get(0);
      load(a, "/kept", "numbers", 4);
      load(a, "/gone", "numbers", 4);
    }
    try (TestNodes cluster =
        new TestNodes(root, SOON, OFTEN, "a", "b").withSmallContainers().withFlash()) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      Node b = nodes.get(1);
      b.namespaces.delete(NsHandle.ROOT, "/gone");
      until(
          "both have only what is needed",
          () -> {
            Set<String> all = new TreeSet<>();
            nodes.forEach(node -> all.addAll(stored(cluster.store(node.id))));
            return all.equals(needed(b));
          });
      assertThat(nodes).noneMatch(node -> stored(cluster.store(node.id)).isEmpty());
      assertThat(sum(b, "/kept")).isEqualTo(SumFunctions.expected(4));
    }
  }

  @Test
  void orphans_byHand_areCountedAndThenRemoved() {
    try (TestNodes cluster = new TestNodes(root, SOON, "a").withSmallContainers()) {
      Node a = cluster.start(SumFunctions::register).getFirst();
      load(a, "/kept", "numbers", 1);
      load(a, "/gone", "numbers", 1);
    }
    try (TestNodes cluster = new TestNodes(root, SOON, "a").withSmallContainers()) {
      Node a = cluster.start(SumFunctions::register).getFirst();
      NsObject gone = a.namespaces.lookup(NsHandle.ROOT, "/gone").orElseThrow();
      a.namespaces.delete(gone);
      until("it is freed", () -> a.namespaces.lookup(gone.xid()).isEmpty());
      for (Mode mode : Mode.values()) {
        Orphans found = a.datasets.orphans(mode, LONG);
        assertThat(found.complete()).isTrue();
        assertThat(found.count(Verdict.ORPHAN)).isEqualTo(10);
        assertThat(found.count(Verdict.NEEDED)).isEqualTo(10);
        assertThat(stored(cluster.store(a.id))).hasSize(mode == Mode.COUNT ? 20 : 10);
      }
      assertThat(sum(a, "/kept")).isEqualTo(SumFunctions.expected(1));
      Datasets hers = a.datasets.as(new Principal("alice"));
      assertThatThrownBy(() -> hers.orphans(Mode.COUNT, LONG))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(hers::giveUpBrokenLoads).isInstanceOf(IllegalStateException.class);
    }
  }

  /** As {@link SumFunctions#load}, but the later parts wait for a latch. */
  private static void hanging(Datasets datasets, String name, int from, CountDownLatch release) {
    datasets.register(
        name,
        (LoadFunction)
            (arguments, part, parts, sink) -> {
              SumFunctions.load(arguments, part, parts, sink);
              if (part >= from) {
                FailureTest.await(release);
              }
            });
  }

  /** The files of a member that died have parts that its coordinator goes on with. */
  @Test
  void loadUnderWay_whoseMemberDied_keepsItsCopies() {
    try (TestNodes cluster =
        new TestNodes(root, SOON, OFTEN, "a", "b", "c").withSmallContainers()) {
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes =
          cluster.start(
              datasets -> {
                SumFunctions.register(datasets);
                datasets.register(
                    "waiting",
                    (LoadFunction)
                        (arguments, part, parts, sink) -> {
                          if (part >= 9) {
                            FailureTest.await(release);
                          }
                          SumFunctions.load(arguments, part, parts, sink);
                        });
              });
      Node a = nodes.get(0);
      AtomicBoolean some = new AtomicBoolean();
      CompletableFuture<NsObject> load =
          CompletableFuture.supplyAsync(
              () ->
                  a.datasets.load(
                      NsHandle.ROOT,
                      "/numbers",
                      Lifetime.DURABLE,
                      NOTHING,
                      "waiting",
                      NOTHING,
                      12,
                      (done, _, _) -> some.set(done >= 9)),
              Thread::startVirtualThread);
      until("the first parts are loaded", some::get);
      Set<String> before = stored(cluster.store(a.id));
      assertThat(before).hasSize(90);
      Node dead = nodes.get(2);
      dead.kill();
      until("the view moved", () -> a.ready() && a.sessions.view().member(dead.id) == null);
      for (int i = 0; i < 5; i++) {
        for (Node node : nodes.subList(0, 2)) {
          assertThat(node.datasets.orphans(Mode.REMOVE, LONG).count(Verdict.ORPHAN)).isZero();
        }
      }
      assertThat(stored(cluster.store(a.id))).containsAll(before);
      assertThat(a.namespaces.reservations()).hasSize(1);
      release.countDown();
      NsObject loaded = load.orTimeout(60, TimeUnit.SECONDS).join();
      assertThat(a.datasets.descriptor(loaded).extents())
          .anyMatch(info -> info.owner().equals(dead.id));
      assertThat(sum(nodes.get(1), "/numbers")).isEqualTo(SumFunctions.expected(12));
      a.namespaces.delete(loaded);
      untilNothingElse(cluster, nodes.get(1));
    }
  }

  @Test
  void loadsUnderWay_whenAllNodesEnd_leaveNoFiles() {
    try (TestNodes cluster = new TestNodes(root, SOON, "a", "b").withSmallContainers()) {
      CountDownLatch never = new CountDownLatch(1);
      List<Node> nodes =
          cluster.start(
              datasets -> {
                SumFunctions.register(datasets);
                hanging(datasets, "hanging", 4, never);
              });
      NsObject kept = load(nodes.get(1), "/kept", "numbers", 2);
      Node a = nodes.get(0);
      CompletableFuture.runAsync(() -> load(a, "/new", "hanging", 6), Thread::startVirtualThread);
      CompletableFuture.runAsync(
          () -> a.datasets.append(kept, "hanging", new byte[1], 6, _ -> {}, Progress.NONE),
          Thread::startVirtualThread);
      until(
          "copies of both are there",
          () ->
              a.namespaces.reservations().size() == 2
                  && stored(cluster.store(a.id)).size() >= 20 + 2 * 40);
    }
    try (TestNodes cluster = new TestNodes(root, SOON, OFTEN, "a", "b").withSmallContainers()) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      untilNothingElse(cluster, nodes.get(0));
      assertThat(nodes.get(0).namespaces.lookup(NsHandle.ROOT, "/new")).isEmpty();
      assertThat(sum(nodes.get(1), "/kept")).isEqualTo(SumFunctions.expected(2));
    }
  }

  /** A coordinator that was away does not publish what others have given up. */
  @Test
  void load_thatWasGivenUpByOthers_isNotPublished() {
    try (TestNodes cluster = new TestNodes(root, SOON, "a", "b")) {
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes =
          cluster.start(
              datasets -> {
                SumFunctions.register(datasets);
                hanging(datasets, "hanging", 3, release);
              });
      Node a = nodes.get(0);
      NsObject kept = load(a, "/kept", "numbers", 1);
      CompletableFuture<?> load =
          CompletableFuture.runAsync(
              () -> load(a, "/numbers", "hanging", 4), Thread::startVirtualThread);
      CompletableFuture<?> append =
          CompletableFuture.runAsync(
              () -> a.datasets.append(kept, "hanging", NOTHING, 4, _ -> {}, Progress.NONE),
              Thread::startVirtualThread);
      until("they stand in the log", () -> a.namespaces.reservations().size() == 2);
      for (Reservation found : nodes.get(1).namespaces.reservations()) {
        nodes.get(1).namespaces.end(found);
      }
      release.countDown();
      for (CompletableFuture<?> each : List.of(load, append)) {
        assertThatThrownBy(() -> each.get(60, TimeUnit.SECONDS))
            .hasCauseInstanceOf(DatasetsException.LoadAborted.class)
            .hasMessageContaining("others went on with the load, or gave it up");
      }
      assertThat(nodes.get(1).namespaces.lookup(NsHandle.ROOT, "/numbers")).isEmpty();
      assertThat(nodes.get(1).namespaces.lookup(NsHandle.ROOT, "/kept")).contains(kept);
      assertThat(sum(nodes.get(1), "/kept")).isEqualTo(SumFunctions.expected(1));
    }
  }

  private static final LoadOptions TWO = LoadOptions.DEFAULTS.withReplicas(2);

  private static NsObject load(Node by, String name, String function, Consumer<Descriptor> last) {
    return load(by, name, Lifetime.DURABLE, function, last);
  }

  private static NsObject load(
      Node by, String name, Lifetime lifetime, String function, Consumer<Descriptor> last) {
    return by.datasets.load(
        NsHandle.ROOT, name, lifetime, TWO, NOTHING, function, NOTHING, 12, last, Progress.NONE);
  }

  private static void searchByAll(List<Node> nodes) {
    nodes.forEach(node -> until("it can tell what is needed", () -> searched(node)));
  }

  private static boolean searched(Node node) {
    try {
      assertThat(node.datasets.orphans(Mode.REMOVE, LONG).complete()).isTrue();
      return true;
    } catch (NsException.NotInView | NsException.Refused e) {
      return false;
    }
  }

  private static long sum(Node by, NsObject version) {
    return SumFunctions.total(by.datasets.scan(version, "sum", NOTHING, PATIENCE, Progress.NONE));
  }

  /** Also those that a dead node wrote, whose extents now are of those who hold spares. */
  @Test
  void datasetWithReplicas_whoseNodesDie_keepsTheCopiesOfAllItsVersions() {
    NsObject first;
    try (TestNodes cluster =
        new TestNodes(root, SOON, OFTEN, "a", "b", "c").withSmallContainers()) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      Node dead = nodes.get(0);
      List<Node> left = nodes.subList(1, 3);
      first = load(dead, "/numbers", "numbers", _ -> {});
      NsObject grown = dead.datasets.append(first, "numbers", NOTHING, 6, _ -> {}, Progress.NONE);
      lines(left.get(0), "/lines", "so many lines\n".repeat(5_000));
      try (ScanStream older =
          left.get(0).datasets.stream(first, "pick", NOTHING, ScanOrder.ORDERED, PATIENCE)) {
        dead.kill();
        until(
            "the view moved",
            () ->
                left.stream()
                    .allMatch(
                        node -> node.ready() && node.sessions.view().member(dead.id) == null));
        NsObject more =
            left.get(1).datasets.append(grown, "numbers", NOTHING, 3, _ -> {}, Progress.NONE);
        searchByAll(left);
        assertThat(stored(cluster.store(dead.id))).containsAll(needed(left.get(0)));
        List<Long> values = new ArrayList<>();
        for (var batch = older.next(); batch.isPresent(); batch = older.next()) {
          values.addAll(SumFunctions.values(batch.get().bytes()));
        }
        assertThat(values).as("by who began with it").isEqualTo(SumFunctions.picked(12));
        assertThat(sum(left.get(0), more))
            .isEqualTo(
                SumFunctions.expected(12) + SumFunctions.expected(6) + SumFunctions.expected(3));
        assertThat(sum(left.get(1), grown)).as("an older version").isPositive();
      }
      untilNothingElse(cluster, left.get(0));
    }
    try (TestNodes cluster =
        new TestNodes(root, SOON, OFTEN, "a", "b", "c").withSmallContainers()) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      searchByAll(nodes);
      Node b = nodes.get(1);
      assertThat(sum(b, first)).as("from the copies alone").isEqualTo(SumFunctions.expected(12));
      assertThat(sum(b, "/numbers"))
          .isEqualTo(
              SumFunctions.expected(12) + SumFunctions.expected(6) + SumFunctions.expected(3));
      untilNothingElse(cluster, b);
      b.namespaces.delete(NsHandle.ROOT, "/numbers");
      untilNothingElse(cluster, b);
    }
  }

  /**
   * Of a part that two nodes loaded one copy counts. The other node holds a spare that does not
   * stand on a copy that nobody needs.
   */
  @Test
  void partThatTwoNodesLoaded_hasOneCopy_andASpareThatNeedsNone() {
    DatasetsConfig config = SOON.withPartDeadline(Duration.ofSeconds(3));
    try (TestNodes cluster = new TestNodes(root, config, OFTEN, "a", "b").withSmallContainers()) {
      AtomicInteger attempts = new AtomicInteger();
      CountDownLatch second = new CountDownLatch(1);
      List<Node> nodes = new CopyOnWriteArrayList<>();
      nodes.addAll(
          cluster.start(
              datasets -> {
                SumFunctions.register(datasets);
                datasets.register(
                    "twice",
                    (LoadFunction)
                        (arguments, part, parts, sink) -> {
                          boolean first = attempts.incrementAndGet() == 1;
                          if (!first) {
                            second.countDown();
                            until(
                                "the first node holds it",
                                () ->
                                    nodes.stream()
                                        .anyMatch(node -> node.datasets.stats().extents() >= 10));
                          }
                          SumFunctions.load(arguments, part, parts, sink);
                          if (first) {
                            FailureTest.await(second);
                          }
                        });
              }));
      Node a = nodes.get(0);
      NsObject loaded =
          a.datasets.load(
              NsHandle.ROOT,
              "/numbers",
              Lifetime.DURABLE,
              TWO,
              NOTHING,
              "twice",
              NOTHING,
              1,
              _ -> {},
              Progress.NONE);
      assertThat(attempts.get()).isEqualTo(2);
      assertThat(a.datasets.descriptor(loaded).extents())
          .hasSize(10)
          .allMatch(info -> info.spares().size() == 1);
      untilNothingElse(cluster, a);
      nodes.forEach(node -> assertThat(node.datasets.stats().extents()).isEqualTo(10));
      for (Node node : nodes) {
        assertThat(sum(node, "/numbers")).isEqualTo(SumFunctions.expected(1));
      }
      a.namespaces.delete(loaded);
      untilNothingElse(cluster, a);
    }
  }

  /** Whether it is new, or a version of what is there, which keeps all that it had. */
  @Test
  void whatIsTakenBack_leavesNoFiles_andTakesNoneOfOthers() {
    try (TestNodes cluster =
        new TestNodes(root, SOON, OFTEN, "a", "b", "c").withSmallContainers()) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      Node a = nodes.get(0);
      NsObject kept = load(a, "/kept", "numbers", _ -> {});
      Set<String> before = copies(a, kept);
      // As if a had been paused for longer than members keep what nobody needs.
      Consumer<Descriptor> forget =
          _ -> {
            Reservation load = a.namespaces.reservations().getFirst();
            a.tell(nodes.get(1), new Call.Drop(load.xid()));
          };
      assertThatThrownBy(() -> load(a, "/gone", "numbers", forget))
          .isInstanceOf(DatasetsException.TakenBack.class);
      assertThat(a.namespaces.lookup(NsHandle.ROOT, "/gone")).isEmpty();
      assertThatThrownBy(
              () -> a.datasets.append(kept, "numbers", NOTHING, 12, forget, Progress.NONE))
          .isInstanceOf(DatasetsException.TakenBack.class);
      NsObject now = a.namespaces.lookup(NsHandle.ROOT, "/kept").orElseThrow();
      assertThat(copies(a, now)).isEqualTo(before);
      searchByAll(nodes);
      untilNothingElse(cluster, a);
      assertThat(stored(cluster.store(a.id))).isEqualTo(before);
      for (Node node : nodes) {
        assertThat(sum(node, "/kept")).isEqualTo(SumFunctions.expected(12));
      }
    }
  }

  /**
   * The majority goes in the moment of publishing, and comes back. Whatever became of that: what
   * was loaded is there, or all of it goes.
   */
  @ParameterizedTest
  @ValueSource(ints = {0, 10})
  void publicationOfUnknownOutcome_keepsItsCopiesUntilItIsKnown(int lookups) {
    publishWithoutAMajority(lookups, false);
  }

  /** Also when the load has failed meanwhile. */
  @Test
  void publicationThatWasRefused_keepsItsCopiesUntilItsLoadIsGivenUp() {
    publishWithoutAMajority(0, true);
  }

  /** Whoever is interrupted while it is published hears what came of it all the same. */
  @Test
  void publicationOfWhoeverIsInterrupted_isThereWithItsCopies_orGoesWithAllOfThem_asIsTold() {
    try (TestNodes cluster = new TestNodes(root, SOON, OFTEN, "a", "b").withSmallContainers()) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      Node a = nodes.get(0);
      Node b = nodes.get(1);
      NsObject kept = load(a, "/kept", "numbers", _ -> {});
      Consumer<Descriptor> interrupt = _ -> Thread.currentThread().interrupt();
      int refused = 0;
      for (int i = 0; i < 4; i++) {
        String name = "/numbers-" + i;
        Lifetime lifetime = i % 2 == 0 ? Lifetime.DURABLE : Lifetime.SESSION;
        Throwable failure = ended(() -> load(a, name, lifetime, "numbers", interrupt));
        assertSettled(failure);
        Optional<NsObject> made = b.namespaces.lookup(NsHandle.ROOT, name);
        assertThat(made.isPresent()).as("%s: %s", name, failure).isEqualTo(failure == null);
        made.filter(dataset -> lifetime == Lifetime.SESSION)
            .ifPresent(
                dataset -> {
                  assertThat(sum(b, dataset)).isEqualTo(SumFunctions.expected(12));
                  b.namespaces.delete(dataset);
                });
      }
      for (int i = 0; i < 2; i++) {
        Throwable failure =
            ended(
                () -> {
                  NsObject now = b.namespaces.lookup(kept.xid()).orElseThrow();
                  b.datasets.append(now, "numbers", NOTHING, 6, interrupt, Progress.NONE);
                });
        refused += failure == null ? 0 : 1;
        assertSettled(failure);
      }
      until("all is known", () -> a.namespaces.reservations().isEmpty());
      searchByAll(nodes);
      untilNothingElse(cluster, a);
      for (NamePage.Listed each : b.namespaces.listAll(NsHandle.ROOT, NamePattern.ALL)) {
        NsObject dataset = b.namespaces.lookup(each.xid()).orElseThrow();
        long appends = b.datasets.descriptor(dataset).appends().size();
        assertThat(b.datasets.descriptor(dataset).extents())
            .allMatch(info -> info.durable() != null && info.holders().size() == 2);
        assertThat(sum(b, dataset))
            .isEqualTo(SumFunctions.expected(12) + appends * SumFunctions.expected(6));
        assertThat(appends)
            .as("what happened")
            .isEqualTo(each.xid() == kept.xid() ? 2 - refused : 0);
      }
    }
  }

  /** Whoever is told of a failure knows that it did not happen. */
  private static void assertSettled(@Nullable Throwable failure) {
    if (failure != null) {
      assertThat(failure).isInstanceOf(DatasetsException.LoadAborted.class);
    }
  }

  /** What a load failed with, or null. */
  private static @Nullable Throwable ended(Runnable load) {
    return CompletableFuture.runAsync(load, Thread::startVirtualThread)
        .handle((_, e) -> e == null ? null : e.getCause())
        .orTimeout(90, TimeUnit.SECONDS)
        .join();
  }

  /**
   * @param late whether the majority comes back only when the load has ended
   */
  private void publishWithoutAMajority(int lookups, boolean late) {
    try (TestNodes cluster = new TestNodes(root, SOON, OFTEN, "a", "b").withSmallContainers()) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      Node a = nodes.get(0);
      NsObject kept = load(a, "/kept", "numbers", _ -> {});
      Set<String> made = new TreeSet<>();
      CountDownLatch cut = new CountDownLatch(1);
      Thread killer =
          Thread.startVirtualThread(
              () -> {
                FailureTest.await(cut);
                for (int i = 0; i < lookups; i++) {
                  a.namespaces.lookup(NsHandle.ROOT, "/numbers");
                }
                nodes.get(1).kill();
              });
      Consumer<Descriptor> last =
          descriptor -> {
            descriptor.extents().forEach(info -> made.add(place(durable(info))));
            cut.countDown();
          };
      CompletableFuture<NsObject> load =
          CompletableFuture.supplyAsync(
              () -> load(a, "/numbers", "numbers", last), Thread::startVirtualThread);
      until("b is dead", () -> cut.getCount() == 0 && !killer.isAlive());
      CompletableFuture<Throwable> failed = load.handle((_, e) -> e);
      if (late) {
        failed.orTimeout(120, TimeUnit.SECONDS).join();
        assertThat(stored(cluster.store(a.id))).containsAll(made);
      }
      Node b = cluster.restart(nodes.get(1), List.of(a), SumFunctions::register);
      Throwable failure = failed.orTimeout(90, TimeUnit.SECONDS).join();
      NsObject loaded = b.namespaces.lookup(NsHandle.ROOT, "/numbers").orElse(null);
      if (failure == null) {
        assertThat(loaded).isNotNull();
      }
      if (loaded != null) {
        searchByAll(List.of(a, b));
        assertThat(stored(cluster.store(a.id))).containsAll(made);
        assertThat(copies(a, loaded)).isEqualTo(made);
        assertThat(sum(b, loaded)).isEqualTo(SumFunctions.expected(12));
      }
      untilNothingElse(cluster, a);
      assertThat(sum(b, kept)).isEqualTo(SumFunctions.expected(12));
    }
  }

  private static Copy durable(ExtentInfo info) {
    return Objects.requireNonNull(info.durable());
  }

  /** What a dataset of the model is. */
  private sealed interface Content {
    record Numbers(long sum) implements Content {}

    record Lines(String text) implements Content {}
  }

  /**
   * Loads, appends, deletions, loads that fail and loads that are cut off, on nodes that end and
   * start again, with files that are cut at their ends as by a crash. After each start all that was
   * acknowledged can be read, and in the end nothing else is stored.
   */
  @Test
  void anything_overManyLives_leavesAllThatIsNeededAndNothingElse() throws IOException {
    boolean right = false;
    try {
      live(new SplittableRandom(SEED));
      right = true;
    } finally {
      if (!right) {
        System.out.println("replay: -Dquire.orphans.seed=" + SEED);
      }
    }
  }

  private void live(SplittableRandom random) throws IOException {
    Map<String, Content> model = new HashMap<>();
    for (int life = 0; life < 4; life++) {
      StoreConfig store;
      try (TestNodes cluster = new TestNodes(root, SOON, OFTEN, "a", "b").withSmallContainers()) {
        boolean hangs = life % 2 == 0;
        CountDownLatch release = new CountDownLatch(hangs ? 1 : 0);
        List<Node> nodes =
            cluster.start(
                datasets -> {
                  SumFunctions.register(datasets);
                  hanging(datasets, "hanging", 2, release);
                  hanging(datasets, "endless", 1, new CountDownLatch(1));
                });
        for (int step = 0; step < 10; step++) {
          Node node = nodes.get(random.nextInt(2));
          String name = "/" + random.nextInt(5);
          int what = random.nextInt(7);
          if (what == 6) {
            again(node, name + "-again", hangs, model);
          } else {
            step(node, name, what, random.nextInt(1, 4), model);
          }
        }
        check(nodes.get(random.nextInt(2)), model);
        store = cluster.store(nodes.getFirst().id);
      }
      cutEnds(store, random);
    }
    try (TestNodes cluster = new TestNodes(root, SOON, OFTEN, "a", "b").withSmallContainers()) {
      Node a = cluster.start(SumFunctions::register).get(0);
      untilNothingElse(cluster, a);
      check(a, model);
      for (String name : model.keySet()) {
        a.namespaces.delete(NsHandle.ROOT, name);
      }
      untilNothingElse(cluster, a);
      assertThat(stored(cluster.store(a.id))).isEmpty();
    }
  }

  private static void step(
      Node node, String name, int what, int parts, Map<String, Content> model) {
    Content before = model.get(name);
    if (what == 5) {
      CompletableFuture.runAsync(
          () -> load(node, name + "-cut", "endless", parts + 1), Thread::startVirtualThread);
    } else if (what == 4) {
      assertThatThrownBy(() -> load(node, name + "-bad", "broken", 4))
          .isInstanceOf(DatasetsException.FunctionFailed.class);
    } else if (before == null && what % 2 == 0) {
      load(node, name, "numbers", parts);
      model.put(name, new Content.Numbers(SumFunctions.expected(parts)));
    } else if (before == null) {
      String text = ("line of " + name + "\n").repeat(parts * 1_000);
      lines(node, name, text);
      model.put(name, new Content.Lines(text));
    } else if (what < 2) {
      node.namespaces.delete(NsHandle.ROOT, name);
      model.remove(name);
    } else if (before instanceof Content.Numbers(long sum)) {
      NsObject dataset = node.namespaces.lookup(NsHandle.ROOT, name).orElseThrow();
      node.datasets.append(dataset, "numbers", NOTHING, parts, _ -> {}, Progress.NONE);
      model.put(name, new Content.Numbers(sum + SumFunctions.expected(parts)));
    }
  }

  /** What hangs in one life is asked for again in the next, and may go on where it broke off. */
  private static void again(Node node, String name, boolean hangs, Map<String, Content> model) {
    if (hangs) {
      CompletableFuture.runAsync(() -> repeatable(node, name), Thread::startVirtualThread);
    } else if (!model.containsKey(name)) {
      repeatable(node, name);
      model.put(name, new Content.Numbers(SumFunctions.expected(4)));
    }
  }

  private static void repeatable(Node by, String name) {
    by.datasets.load(
        NsHandle.ROOT,
        name,
        Lifetime.DURABLE,
        LoadOptions.DEFAULTS,
        NOTHING,
        "hanging",
        NOTHING,
        4,
        _ -> {},
        Restart.WITH_FINISHED_PARTS,
        Progress.NONE);
  }

  private static void check(Node by, Map<String, Content> model) {
    assertThat(by.namespaces.listAll(NsHandle.ROOT, NamePattern.ALL))
        .extracting(NamePage.Listed::name)
        .containsExactlyInAnyOrderElementsOf(model.keySet());
    model.forEach(
        (name, content) -> {
          switch (content) {
            case Content.Numbers(long wanted) -> assertThat(sum(by, name)).isEqualTo(wanted);
            case Content.Lines(String wanted) -> assertThat(text(by, name)).isEqualTo(wanted);
          }
        });
  }

  /** Some files lose their end block, and some have a beginning of something behind it. */
  private void cutEnds(StoreConfig store, SplittableRandom random) throws IOException {
    try (StoreFiles files = StoreFiles.open(store)) {
      for (StoreScan.Container file : files.stat(_ -> {}, (_, _) -> {}).containers()) {
        int what = random.nextInt(4);
        if (what < 2 && file.end() == StoreScan.End.FINISHED) {
          Path path = root.resolve("store").resolve(file.file());
          try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.truncate(file.endsAt() + (what == 0 ? 0 : random.nextInt(4096)));
          }
        }
      }
    }
  }
}
