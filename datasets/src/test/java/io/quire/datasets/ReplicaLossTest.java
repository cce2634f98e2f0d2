package io.quire.datasets;

import static io.quire.datasets.TestNodes.PATIENCE;
import static io.quire.datasets.TestNodes.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.NodeId;
import io.quire.datasets.TestNodes.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Datasets with replicas on whole nodes, some of which die. No store is shared: what is durable
 * lies on the flash of the node that loaded it.
 */
@Timeout(240)
class ReplicaLossTest {
  private static final byte[] NOTHING = new byte[0];
  private static final int PARTS = 24;
  private static final byte[] TEXT =
      "one line of many\n".repeat(10_000).getBytes(StandardCharsets.US_ASCII);

  @TempDir private Path root;

  private static NsObject load(
      Node by, String name, Lifetime lifetime, int replicas, String function) {
    return by.datasets.load(
        NsHandle.ROOT,
        name,
        lifetime,
        LoadOptions.DEFAULTS.withReplicas(replicas),
        NOTHING,
        function,
        NOTHING,
        PARTS,
        _ -> {},
        Progress.NONE);
  }

  private static NsObject append(Node by, NsObject dataset) {
    return by.datasets.append(dataset, "numbers", NOTHING, PARTS, _ -> {}, Progress.NONE);
  }

  private static NsObject loadLines(Node by, String name, Lifetime lifetime) {
    return loadLines(by, name, lifetime, new ByteArrayInputStream(TEXT));
  }

  private static NsObject loadLines(Node by, String name, Lifetime lifetime, InputStream in) {
    return by.datasets.loadLines(
        NsHandle.ROOT, name, lifetime, LoadOptions.DEFAULTS.withReplicas(2), in, Progress.NONE);
  }

  private static long sum(Node by, NsObject dataset) {
    return SumFunctions.total(by.datasets.scan(dataset, "sum", NOTHING, PATIENCE, Progress.NONE));
  }

  private static byte[] read(Node by, NsObject dataset) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    by.datasets.read(
        dataset, segment -> all.writeBytes(segment.toArray(ValueLayout.JAVA_BYTE)), PATIENCE);
    return all.toByteArray();
  }

  private static ScanStream stream(Node by, NsObject dataset, ScanOrder order) {
    return by.datasets.stream(dataset, "pick", NOTHING, order, PATIENCE);
  }

  private static List<Long> drained(ScanStream stream) {
    List<Long> values = new ArrayList<>();
    for (var batch = stream.next(); batch.isPresent(); batch = stream.next()) {
      values.addAll(SumFunctions.values(batch.get().bytes()));
    }
    return values;
  }

  private static void untilOut(Node dead, List<Node> others) {
    until(
        "the view moved",
        () ->
            others.stream()
                .allMatch(node -> node.ready() && node.sessions.view().member(dead.id) == null));
  }

  /** At once, while the view still has it, during a stream, and when it is out. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void scanStreamAndRead_afterAnyNodeDied_giveAllAndTheSame(int number) {
    DatasetsConfig config = TestNodes.CONFIG.withSliceBytes(4 << 10);
    try (TestNodes cluster = new TestNodes(root, config, "a", "b", "c").withFlash()) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      Node lost = nodes.get(number);
      List<Node> left = nodes.stream().filter(node -> node != lost).toList();
      // A session ends with its node; only what is durable outlives any.
      NsObject session = load(left.getFirst(), "/session", Lifetime.SESSION, 2, "numbers");
      NsObject durable = load(lost, "/durable", Lifetime.DURABLE, 2, "numbers");
      NsObject grown = append(left.getLast(), durable);
      NsObject lines = loadLines(left.getLast(), "/lines", Lifetime.SESSION);
      NsObject three = load(left.getFirst(), "/three", Lifetime.DURABLE, 3, "numbers");
      List<Long> picked = SumFunctions.picked(PARTS);
      byte[] bytes = read(lost, grown);
      try (ScanStream ordered = stream(left.getFirst(), session, ScanOrder.ORDERED);
          ScanStream unordered = stream(left.getLast(), durable, ScanOrder.UNORDERED)) {
        List<Long> inOrder = new ArrayList<>();
        List<Long> inNone = new ArrayList<>();
        for (int batch = 0; batch < 7; batch++) {
          inOrder.addAll(SumFunctions.values(ordered.next().orElseThrow().bytes()));
          inNone.addAll(SumFunctions.values(unordered.next().orElseThrow().bytes()));
        }
        lost.kill();
        assertThat(sum(left.getLast(), session)).isEqualTo(SumFunctions.expected(PARTS));
        assertThat(read(left.getFirst(), lines)).isEqualTo(TEXT);
        inOrder.addAll(drained(ordered));
        inNone.addAll(drained(unordered));
        assertThat(inOrder).isEqualTo(picked);
        assertThat(inNone).containsExactlyInAnyOrderElementsOf(picked);
      }
      untilOut(lost, left);
      for (Node node : left) {
        assertThat(sum(node, session)).isEqualTo(SumFunctions.expected(PARTS));
        assertThat(sum(node, grown)).isEqualTo(2 * SumFunctions.expected(PARTS));
        assertThat(sum(node, three)).isEqualTo(SumFunctions.expected(PARTS));
        assertThat(read(node, grown)).isEqualTo(bytes);
        assertThat(read(node, lines)).isEqualTo(TEXT);
        try (ScanStream ordered = stream(node, durable, ScanOrder.ORDERED)) {
          assertThat(drained(ordered)).isEqualTo(picked);
        }
      }
      refusesThree(left, three);
      left.forEach(node -> assertThat(node.fatal).isEmpty());
    }
  }

  /** Two members cannot hold three replicas: nothing is loaded. */
  private static void refusesThree(List<Node> two, NsObject three) {
    long loaded = two.stream().mapToLong(node -> node.datasets.stats().partsLoaded()).sum();
    assertThatThrownBy(() -> load(two.getFirst(), "/refused", Lifetime.SESSION, 3, "numbers"))
        .isInstanceOf(DatasetsException.TooFewMembers.class)
        .hasMessage("too few members: dataset=/refused replicas=3 members=2");
    assertThatThrownBy(() -> append(two.getLast(), three))
        .isInstanceOf(DatasetsException.TooFewMembers.class)
        .hasMessage("too few members: dataset=/three replicas=3 members=2");
    assertThat(two.stream().mapToLong(node -> node.datasets.stats().partsLoaded()).sum())
        .isEqualTo(loaded);
  }

  @Test
  void twoOfFiveNodes_thatDie_loseNothingOfThreeReplicas_andOfTwoWhatOnlyTheyHeld() {
    try (TestNodes cluster =
        new TestNodes(root, TestNodes.CONFIG, "a", "b", "c", "d", "e").withFlash()) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      Node reader = nodes.getFirst();
      NsObject three = load(reader, "/three", Lifetime.SESSION, 3, "numbers");
      NsObject two = load(reader, "/two", Lifetime.SESSION, 2, "numbers");
      ExtentInfo doomed =
          reader.datasets.descriptor(two).extents().stream()
              .filter(info -> !info.holders().contains(reader.id))
              .findFirst()
              .orElseThrow();
      List<NodeId> dead = doomed.holders();
      List<Node> lost = nodes.stream().filter(node -> dead.contains(node.id)).toList();
      List<Node> left = nodes.stream().filter(node -> !dead.contains(node.id)).toList();
      lost.forEach(Node::kill);
      lost.forEach(node -> untilOut(node, left));
      for (Node node : left) {
        assertThat(sum(node, three)).isEqualTo(SumFunctions.expected(PARTS));
        try (ScanStream ordered = stream(node, three, ScanOrder.ORDERED)) {
          assertThat(drained(ordered)).isEqualTo(SumFunctions.picked(PARTS));
        }
        saysWhatIsLost(() -> sum(node, two), dead);
        saysWhatIsLost(() -> read(node, two), dead);
        try (ScanStream unordered = stream(node, two, ScanOrder.UNORDERED)) {
          saysWhatIsLost(() -> drained(unordered), dead);
        }
      }
    }
  }

  private static void saysWhatIsLost(Runnable reading, List<NodeId> dead) {
    assertThatThrownBy(reading::run)
        .isInstanceOfSatisfying(
            DatasetsException.ExtentsLost.class,
            lost -> {
              assertThat(lost.dataset()).isEqualTo("/two");
              assertThat(lost.extents()).isPositive();
              assertThat(lost.example().holders()).containsExactlyInAnyOrderElementsOf(dead);
              assertThat(lost)
                  .hasMessageContaining("owner=" + lost.owner())
                  .hasMessageContaining("spares=" + lost.example().spares())
                  .hasMessageContaining("part=" + lost.example().part());
            });
  }

  @Test
  void load_whileANodeDies_isHeldByAsManyOfThoseThatLive() {
    loadWhileANodeDies(new TestNodes(root, TestNodes.CONFIG, "a", "b", "c").withFlash());
  }

  @Test
  void load_whileANodeDiesThatStaysInTheViewForLong_waitsForItToLeave() {
    loadWhileANodeDies(
        new TestNodes(root, TestNodes.CONFIG, "a", "b", "c")
            .withFlash()
            .withLeases(Duration.ofSeconds(10)));
  }

  private void loadWhileANodeDies(TestNodes started) {
    AtomicReference<@Nullable Datasets> victims = new AtomicReference<>();
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    try (TestNodes cluster = started) {
      List<Node> nodes =
          cluster.start(
              datasets -> {
                SumFunctions.register(datasets);
                datasets.register(
                    "hanging",
                    (LoadFunction)
                        (arguments, part, parts, sink) -> {
                          // The victim has loaded and pulled earlier parts; it stops at a later
                          // one.
                          if (part >= 12 && victims.get() == datasets) {
                            inside.countDown();
                            FailureTest.await(never);
                          } else if (part >= 12) {
                            FailureTest.await(inside);
                          }
                          SumFunctions.load(arguments, part, parts, sink);
                        });
              });
      Node victim = nodes.get(2);
      victims.set(victim.datasets);
      CompletableFuture<NsObject> load =
          CompletableFuture.supplyAsync(
              () -> load(nodes.get(0), "/survived", Lifetime.SESSION, 2, "hanging"),
              Thread::startVirtualThread);
      FailureTest.await(inside);
      victim.kill();
      NsObject dataset = load.orTimeout(60, TimeUnit.SECONDS).join();
      List<NodeId> left = List.of(nodes.get(0).id, nodes.get(1).id);
      assertThat(nodes.get(0).datasets.descriptor(dataset).extents())
          .hasSize(PARTS * SumFunctions.GROUPS * 2)
          .allSatisfy(info -> assertThat(info.holders()).containsExactlyInAnyOrderElementsOf(left));
      assertThat(sum(nodes.get(1), dataset)).isEqualTo(SumFunctions.expected(PARTS));
      nodes.get(1).namespaces.delete(dataset);
      until(
          "all are freed",
          () -> nodes.subList(0, 2).stream().allMatch(node -> node.ager.stats().extents() == 0));
    }
  }

  @Test
  void load_whoseCoordinatorDies_leavesNoSpares() {
    DatasetsConfig config =
        TestNodes.CONFIG.withOrphans(Duration.ofMillis(500), Duration.ofMillis(100));
    CountDownLatch release = new CountDownLatch(1);
    try (TestNodes cluster = new TestNodes(root, config, "a", "b", "c").withFlash()) {
      List<Node> nodes =
          cluster.start(
              datasets -> {
                SumFunctions.register(datasets);
                datasets.register(
                    "stopping",
                    (LoadFunction)
                        (arguments, part, parts, sink) -> {
                          if (part >= 6) {
                            FailureTest.await(release);
                          }
                          SumFunctions.load(arguments, part, parts, sink);
                        });
              });
      Node coordinator = nodes.get(0);
      List<Node> others = nodes.subList(1, 3);
      CompletableFuture<?> load =
          CompletableFuture.runAsync(
              () -> load(coordinator, "/orphaned", Lifetime.DURABLE, 3, "stopping"),
              Thread::startVirtualThread);
      until(
          "six parts are everywhere",
          () ->
              nodes.stream()
                  .allMatch(
                      node -> node.datasets.stats().extents() == 6L * SumFunctions.GROUPS * 2));
      coordinator.kill();
      untilOut(coordinator, others);
      release.countDown();
      until(
          "all are dropped",
          () -> others.stream().allMatch(node -> node.ager.stats().extents() == 0));
      assertThat(others.get(0).namespaces.lookup(NsHandle.ROOT, "/orphaned")).isEmpty();
      assertThat(load).matches(ended -> !ended.isDone() || ended.isCompletedExceptionally());
    }
  }

  /**
   * What it held is gone, and is not made again: the others go on without it. Lines that were being
   * loaded when it died are not.
   */
  @Test
  void nodeThatIsStartedAgain_holdsNothing_andIsMissedByNobody() {
    try (TestNodes cluster = new TestNodes(root, TestNodes.CONFIG, "a", "b", "c").withFlash()) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      Node first = nodes.get(0);
      NsObject session = load(first, "/session", Lifetime.SESSION, 2, "numbers");
      NsObject lines = loadLines(first, "/lines", Lifetime.SESSION);
      long before = nodes.get(2).ager.stats().extents();
      InputStream killing =
          new SequenceInputStream(
              new ByteArrayInputStream(TEXT),
              new InputStream() {
                @Override
                public int read() {
                  until("c has some", () -> nodes.get(2).ager.stats().extents() > before + 3);
                  nodes.get(2).kill();
                  untilOut(nodes.get(2), nodes.subList(0, 2));
                  return -1;
                }
              });
      assertThatThrownBy(() -> loadLines(first, "/torn", Lifetime.DURABLE, killing))
          .isInstanceOf(DatasetsException.LoadAborted.class)
          .hasMessageContaining("a member lost its extents: dataset=/torn member=c");
      assertThat(first.namespaces.lookup(NsHandle.ROOT, "/torn")).isEmpty();
      until("nothing is left of it", () -> first.datasets.stats().datasets() == 2);
      Node again = cluster.restart(nodes.get(2), nodes.subList(0, 2), SumFunctions::register);
      assertThat(again.ager.stats().extents()).isZero();
      assertThat(sum(again, session)).isEqualTo(SumFunctions.expected(PARTS));
      assertThat(sum(first, session)).isEqualTo(SumFunctions.expected(PARTS));
      assertThat(read(again, lines)).isEqualTo(TEXT);
      assertThat(again.ager.stats().extents()).isZero();
      assertThat(first.datasets.descriptor(session).extents())
          .anyMatch(info -> info.holders().contains(again.id));
    }
  }

  /** What does not verify is read from another. */
  @Test
  void holderWhoseFlashIsDamaged_isMissedByNobody() throws IOException {
    try (TestNodes cluster = new TestNodes(root, TestNodes.CONFIG, "a", "b", "c").withFlash()) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      Node damaged = nodes.getFirst();
      NsObject first = load(nodes.get(1), "/first", Lifetime.DURABLE, 2, "numbers");
      NsObject dataset = first;
      for (int more = 1; more < 6; more++) {
        dataset = append(nodes.get(2), dataset);
      }
      byte[] wanted = read(nodes.get(1), dataset);
      until("all is written", () -> damaged.ager.stats().dirtyBytes() == 0);
      long held = damaged.ager.stats().accountedBytes();
      damaged.ager.allocate(damaged.ager.stats().budgetBytes() * 7 / 8, PATIENCE).close();
      assertThat(damaged.ager.stats().accountedBytes()).as("in memory").isLessThan(held / 2);
      overwrite(root.resolve("flash-a"));
      for (Node node : nodes) {
        assertThat(sum(node, dataset)).isEqualTo(6 * SumFunctions.expected(PARTS));
        assertThat(read(node, dataset)).isEqualTo(wanted);
        try (ScanStream unordered = stream(node, first, ScanOrder.UNORDERED)) {
          assertThat(drained(unordered))
              .containsExactlyInAnyOrderElementsOf(SumFunctions.picked(PARTS));
        }
      }
      assertThat(damaged.ager.stats().stores().getFirst().corruptCopies()).isPositive();
    }
  }

  /** The first of each file. */
  private static void overwrite(Path store) throws IOException {
    try (Stream<Path> files = Files.walk(store)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(256 << 10, channel.size()));
          channel.write(zeros, 0);
          channel.force(false);
        }
      }
    }
  }
}
