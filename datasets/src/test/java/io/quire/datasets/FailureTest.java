package io.quire.datasets;

import static io.quire.datasets.TestNodes.PATIENCE;
import static io.quire.datasets.TestNodes.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.Ager;
import io.quire.ager.Client;
import io.quire.ager.ClientConfig;
import io.quire.datasets.TestNodes.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole nodes, some of which die. */
@Timeout(120)
class FailureTest {
  private static final byte[] NOTHING = new byte[0];
  private static final int PARTS = 24;

  @TempDir private Path root;

  private static NsObject load(Node by, String name, Lifetime lifetime, String function) {
    return by.datasets.load(
        NsHandle.ROOT,
        name,
        lifetime,
        NOTHING,
        function,
        new byte[] {(byte) lifetime.ordinal()},
        PARTS,
        Progress.NONE);
  }

  private static void appendTo(Node by, NsObject dataset) {
    by.datasets.append(dataset, "numbers", new byte[1], PARTS, _ -> {}, Progress.NONE);
  }

  private static long sum(Node by, String name) {
    NsObject dataset = by.namespaces.lookup(NsHandle.ROOT, name).orElseThrow();
    return SumFunctions.total(by.datasets.scan(dataset, "sum", NOTHING, PATIENCE, Progress.NONE));
  }

  private static byte[] read(Node by, String name) {
    NsObject dataset = by.namespaces.lookup(NsHandle.ROOT, name).orElseThrow();
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    by.datasets.read(
        dataset, segment -> all.writeBytes(segment.toArray(ValueLayout.JAVA_BYTE)), PATIENCE);
    return all.toByteArray();
  }

  private static void untilOut(Node dead, Node by) {
    until("the view moved", () -> by.ready() && by.sessions.view().member(dead.id) == null);
  }

  @Test
  void scanAndRead_afterANodeDied_useItsCopiesOrSayWhatIsLost() {
    try (TestNodes cluster = new TestNodes(root, "a", "b", "c")) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      Node first = nodes.get(0);
      byte[] text = "one line of many\n".repeat(10_000).getBytes(StandardCharsets.US_ASCII);
      load(first, "/durable", Lifetime.DURABLE, "numbers");
      load(first, "/session", Lifetime.SESSION, "numbers");
      appendTo(nodes.get(1), load(first, "/grown", Lifetime.DURABLE, "numbers"));
      appendTo(nodes.get(1), load(first, "/grown-session", Lifetime.SESSION, "numbers"));
      first.datasets.loadLines(
          NsHandle.ROOT, "/lines", Lifetime.DURABLE, new ByteArrayInputStream(text), Progress.NONE);

      Node dead = nodes.get(2);
      dead.kill();
      // At once: the view still has the dead node, so its groups must be given again.
      assertThat(sum(first, "/durable")).isEqualTo(SumFunctions.expected(PARTS));
      assertThat(first.datasets.stats().fragmentsGivenAgain()).isPositive();
      assertThat(read(nodes.get(1), "/lines")).isEqualTo(text);
      assertThat(sum(first, "/grown")).isEqualTo(2 * SumFunctions.expected(PARTS));

      untilOut(dead, first);
      assertThat(sum(nodes.get(1), "/grown")).isEqualTo(2 * SumFunctions.expected(PARTS));
      assertThatThrownBy(() -> sum(first, "/grown-session"))
          .isInstanceOf(DatasetsException.ExtentsLost.class);
      assertThat(sum(nodes.get(1), "/durable")).isEqualTo(SumFunctions.expected(PARTS));
      assertThatThrownBy(() -> sum(first, "/session"))
          .isInstanceOfSatisfying(
              DatasetsException.ExtentsLost.class,
              lost -> {
                assertThat(lost.owner()).isEqualTo(dead.id);
                assertThat(lost.dataset()).isEqualTo("/session");
                assertThat(lost.extents()).isPositive();
              });
      assertThatThrownBy(() -> read(first, "/session"))
          .isInstanceOf(DatasetsException.ExtentsLost.class)
          .hasMessageContaining("dataset=/session");
    }
  }

  @Test
  void load_whileANodeDies_loadsItsPartsAgain() {
    AtomicReference<@Nullable Datasets> victims = new AtomicReference<>();
    List<CountDownLatch> inside =
        Stream.of(Lifetime.DURABLE, Lifetime.SESSION).map(_ -> new CountDownLatch(1)).toList();
    Set<Byte> hung = ConcurrentHashMap.newKeySet();
    try (TestNodes cluster = new TestNodes(root, "a", "b", "c")) {
      List<Node> nodes =
          cluster.start(
              datasets -> {
                SumFunctions.register(datasets);
                datasets.register(
                    "hanging",
                    (LoadFunction)
                        (arguments, part, parts, sink) -> {
                          // One part of each load hangs in the victim, which has finished some of
                          // the earlier ones; the others wait for that with the later ones.
                          CountDownLatch reached = inside.get(arguments[0]);
                          if (part >= 12 && victims.get() != datasets) {
                            await(reached);
                          } else if (part >= 12 && hung.add(arguments[0])) {
                            reached.countDown();
                            await(new CountDownLatch(1));
                          }
                          SumFunctions.load(arguments, part, parts, sink);
                        });
              });
      Node victim = nodes.get(2);
      victims.set(victim.datasets);
      List<CompletableFuture<NsObject>> loads = new ArrayList<>();
      for (Lifetime lifetime : List.of(Lifetime.DURABLE, Lifetime.SESSION)) {
        loads.add(
            CompletableFuture.supplyAsync(
                () -> load(nodes.get(lifetime.ordinal()), "/" + lifetime, lifetime, "hanging"),
                Thread::startVirtualThread));
      }
      inside.forEach(FailureTest::await);
      victim.kill();
      loads.forEach(load -> load.orTimeout(60, TimeUnit.SECONDS).join());
      for (Lifetime lifetime : List.of(Lifetime.DURABLE, Lifetime.SESSION)) {
        assertThat(sum(nodes.get(1), "/" + lifetime)).isEqualTo(SumFunctions.expected(PARTS));
        assertThat(nodes.get(lifetime.ordinal()).datasets.stats().partsLoadedAgain()).isPositive();
      }
    }
  }

  @Test
  void loadAndAppend_whoseCoordinatorDies_leaveNothing() {
    DatasetsConfig config =
        TestNodes.CONFIG.withWorkers(4).withOrphans(Duration.ofMillis(500), Duration.ofMillis(100));
    try (TestNodes cluster = new TestNodes(root, config, "a", "b", "c")) {
      CountDownLatch inside = new CountDownLatch(18);
      CountDownLatch release = new CountDownLatch(1);
      List<Node> nodes =
          cluster.start(
              datasets -> {
                SumFunctions.register(datasets);
                datasets.register(
                    "hanging",
                    (LoadFunction)
                        (arguments, part, parts, sink) -> {
                          SumFunctions.load(arguments, part, parts, sink);
                          inside.countDown();
                          if (part >= 3) {
                            await(release);
                          }
                        });
              });
      Node coordinator = nodes.get(0);
      NsObject whole = load(nodes.get(1), "/whole", Lifetime.DURABLE, "numbers");
      CompletableFuture<?> load =
          CompletableFuture.runAsync(
              () -> load(coordinator, "/orphaned", Lifetime.DURABLE, "hanging"),
              Thread::startVirtualThread);
      CompletableFuture<?> append =
          CompletableFuture.runAsync(
              () ->
                  coordinator.datasets.append(
                      whole, "hanging", new byte[1], PARTS, _ -> {}, Progress.NONE),
              Thread::startVirtualThread);
      await(inside);
      coordinator.kill();
      List<Node> others = nodes.subList(1, 3);
      others.forEach(node -> untilOut(coordinator, node));
      release.countDown();
      until("orphans are dropped", () -> others.stream().allMatch(node -> holdsOnly(node, whole)));
      assertThat(others.get(0).namespaces.lookup(NsHandle.ROOT, "/orphaned")).isEmpty();
      assertThat(others.get(0).namespaces.lookup(NsHandle.ROOT, "/whole")).contains(whole);
      assertThat(sum(others.get(1), "/whole")).isEqualTo(SumFunctions.expected(PARTS));
      load(others.get(1), "/orphaned", Lifetime.DURABLE, "numbers");
      assertThat(sum(others.get(0), "/orphaned")).isEqualTo(SumFunctions.expected(PARTS));
      for (CompletableFuture<?> one : List.of(load, append)) {
        assertThat(one).matches(ended -> !ended.isDone() || ended.isCompletedExceptionally());
      }
    }
  }

  private static boolean holdsOnly(Node node, NsObject dataset) {
    long loaded =
        node.datasets.descriptor(dataset).extents().stream()
            .filter(info -> info.owner().equals(node.id))
            .count();
    return node.datasets.stats().datasets() == 1 && node.datasets.stats().extents() == loaded;
  }

  @Test
  void restartOfAllNodes_bringsDurableDatasetsBack() {
    byte[] text = "all that remains\n".repeat(5_000).getBytes(StandardCharsets.US_ASCII);
    try (TestNodes cluster = new TestNodes(root, "a", "b", "c")) {
      Node first = cluster.start(SumFunctions::register).get(0);
      appendTo(first, load(first, "/durable", Lifetime.DURABLE, "numbers"));
      first.datasets.loadLines(
          NsHandle.ROOT, "/lines", Lifetime.DURABLE, new ByteArrayInputStream(text), Progress.NONE);
    }
    try (TestNodes cluster = new TestNodes(root, "a", "b", "c")) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      assertThat(sum(nodes.get(2), "/durable")).isEqualTo(2 * SumFunctions.expected(PARTS));
      assertThat(read(nodes.get(0), "/lines")).isEqualTo(text);
      appendTo(
          nodes.get(1), nodes.get(0).namespaces.lookup(NsHandle.ROOT, "/durable").orElseThrow());
      assertThat(sum(nodes.get(2), "/durable")).isEqualTo(3 * SumFunctions.expected(PARTS));
      assertThat(nodes).allMatch(node -> node.datasets.stats().extentsAdopted() > 0);
    }
  }

  @Test
  void stream_whileANodeDies_isWholeOrSaysWhatIsLost() {
    try (TestNodes cluster =
        new TestNodes(root, TestNodes.CONFIG.withSliceBytes(4 << 10), "a", "b", "c")) {
      List<Node> nodes = cluster.start(SumFunctions::register);
      Node first = nodes.get(0);
      NsObject durable = load(first, "/durable", Lifetime.DURABLE, "numbers");
      NsObject session = load(first, "/session", Lifetime.SESSION, "numbers");
      List<Long> wanted = SumFunctions.picked(PARTS);
      List<Long> whole = new ArrayList<>();
      List<Long> cut = new ArrayList<>();
      List<Long> unordered = new ArrayList<>();
      try (ScanStream one = stream(first, durable, ScanOrder.ORDERED);
          ScanStream two = stream(first, session, ScanOrder.ORDERED);
          ScanStream three = stream(nodes.get(1), durable, ScanOrder.UNORDERED)) {
        for (int batch = 0; batch < 7; batch++) {
          whole.addAll(SumFunctions.values(one.next().orElseThrow().bytes()));
          cut.addAll(SumFunctions.values(two.next().orElseThrow().bytes()));
          unordered.addAll(SumFunctions.values(three.next().orElseThrow().bytes()));
        }
        nodes.get(2).kill();
        drain(one, whole);
        assertThat(whole).isEqualTo(wanted);
        drain(three, unordered);
        assertThat(unordered).containsExactlyInAnyOrderElementsOf(wanted);
        assertThatThrownBy(() -> drain(two, cut))
            .isInstanceOfSatisfying(
                DatasetsException.ExtentsLost.class,
                lost -> {
                  assertThat(lost.dataset()).isEqualTo("/session");
                  assertThat(lost.owner()).isEqualTo(nodes.get(2).id);
                });
        assertThat(wanted.subList(0, cut.size())).isEqualTo(cut);
        assertThat(cut).hasSizeLessThan(wanted.size());
      }
    }
  }

  private static ScanStream stream(Node by, NsObject dataset, ScanOrder order) {
    return by.datasets.stream(dataset, "pick", NOTHING, order, PATIENCE);
  }

  private static void drain(ScanStream stream, List<Long> into) {
    for (var batch = stream.next(); batch.isPresent(); batch = stream.next()) {
      into.addAll(SumFunctions.values(batch.get().bytes()));
    }
  }

  /** A node that cannot do its part says that it is the node's fault, and others do it. */
  @Test
  void load_whereANodeMayHoldNoMore_isDoneByTheOthers() {
    AtomicReference<@Nullable Node> full = new AtomicReference<>();
    try (TestNodes cluster = new TestNodes(root, "a", "b")) {
      List<Node> nodes =
          cluster.start(
              datasets -> {
                SumFunctions.register(datasets);
                datasets.register(
                    "full",
                    (LoadFunction)
                        (arguments, part, parts, sink) -> {
                          Node node = full.get();
                          if (node != null && node.datasets == datasets) {
                            refused(node.ager, part);
                          }
                          SumFunctions.load(arguments, part, parts, sink);
                        });
              });
      full.set(nodes.get(1));
      load(nodes.get(0), "/by-one", Lifetime.SESSION, "full");
      assertThat(nodes.get(0).datasets.stats().partsLoadedAgain()).isPositive();
      assertThat(sum(nodes.get(1), "/by-one")).isEqualTo(SumFunctions.expected(PARTS));
    }
  }

  /** Wants more than its client may ever have. */
  private static void refused(Ager ager, int part) {
    ClientConfig small = ClientConfig.of("small-" + part).withLimitBytes(4_096);
    try (Client client = ager.client(small)) {
      client.allocate(1 << 20, PATIENCE).close();
    }
  }

  static void await(CountDownLatch latch) {
    try {
      if (!latch.await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("waited in vain");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
