package io.quire.datasets;

import static io.quire.datasets.TestNodes.PATIENCE;
import static io.quire.datasets.TestNodes.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.NodeId;
import io.quire.datasets.TestNodes.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePattern;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Row groups that are made on one node, on three whole nodes, all of which live. */
@Timeout(120)
class GroupLoadTest {
  private static final int GROUPS = 30;

  /** More than are under way at once for one group. */
  private static final int COLUMNS = 40;

  private static TestNodes cluster;
  private static List<Node> nodes;

  @BeforeAll
  static void open(@TempDir Path root) {
    cluster = new TestNodes(root, "a", "b", "c");
    nodes = cluster.start(SumFunctions::register);
  }

  @AfterAll
  static void close() {
    cluster.close();
  }

  @AfterEach
  void endDatasets() {
    nodes.getFirst().namespaces.deleteAll(NsHandle.ROOT, NamePattern.ALL);
    until("nothing is held", () -> held() == 0);
    until(
        "nothing is pinned",
        () -> nodes.stream().allMatch(node -> node.ager.stats().pinnedBytes() == 0));
    nodes.forEach(node -> assertThat(node.fatal).isEmpty());
  }

  private static long held() {
    return nodes.stream()
        .map(node -> node.datasets.stats())
        .mapToLong(stats -> stats.extents() + stats.datasets())
        .sum();
  }

  private static byte[] bytes(int group, int column) {
    byte[] bytes = new byte[500 + column];
    new Random(31L * group + column).nextBytes(bytes);
    return bytes;
  }

  private static void make(ExtentSink sink, int groups) {
    for (int group = 0; group < groups; group++) {
      for (int column = 0; column < COLUMNS; column++) {
        byte[] bytes = bytes(group, column);
        sink.extent(group, column, 10, bytes.length, to -> to.asByteBuffer().put(bytes));
      }
    }
  }

  private static NsObject load(Node by, String name, Lifetime lifetime, Optional<UUID> mark) {
    return by.datasets.loadGroups(
        NsHandle.ROOT,
        name,
        lifetime,
        LoadOptions.DEFAULTS,
        new byte[] {7},
        mark,
        sink -> make(sink, GROUPS),
        Progress.NONE);
  }

  private static NsObject append(Node by, NsObject dataset, Optional<UUID> mark) {
    return by.datasets.appendGroups(dataset, mark, sink -> make(sink, 2), Progress.NONE);
  }

  private static byte[] read(Node by, NsObject dataset) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    by.datasets.read(
        dataset, segment -> all.writeBytes(segment.toArray(ValueLayout.JAVA_BYTE)), PATIENCE);
    return all.toByteArray();
  }

  private static byte[] expected(int groups) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int group = 0; group < groups; group++) {
      for (int column = 0; column < COLUMNS; column++) {
        all.writeBytes(bytes(group, column));
      }
    }
    return all.toByteArray();
  }

  @Test
  void groups_areSpreadWhole_andReadOnEveryNodeInTheirOrder() {
    for (Lifetime lifetime : List.of(Lifetime.DURABLE, Lifetime.SESSION)) {
      NsObject dataset = load(nodes.get(1), "/made-" + lifetime, lifetime, Optional.empty());
      Descriptor descriptor = nodes.get(2).datasets.descriptor(dataset);
      assertThat(descriptor.schema()).containsExactly(7);
      assertThat(descriptor.rows()).isEqualTo(10 * GROUPS);
      assertThat(descriptor.extents())
          .hasSize(GROUPS * COLUMNS)
          .allMatch(info -> (info.durable() != null) == (lifetime == Lifetime.DURABLE));
      Map<Integer, Set<NodeId>> owners = new TreeMap<>();
      descriptor
          .extents()
          .forEach(
              info -> owners.computeIfAbsent(info.group(), _ -> new TreeSet<>()).add(info.owner()));
      assertThat(owners.values()).as("each group is on one node").allMatch(on -> on.size() == 1);
      assertThat(owners.values().stream().flatMap(Set::stream).distinct()).hasSize(3);
      for (Node node : nodes) {
        assertThat(read(node, dataset)).isEqualTo(expected(GROUPS));
      }
    }
  }

  @Test
  void groupsWithReplicas_areHeldByOthersToo_alsoThoseThatAreAppended() {
    for (int replicas : List.of(2, 3)) {
      NsObject first =
          nodes
              .get(1)
              .datasets
              .loadGroups(
                  NsHandle.ROOT,
                  "/spared-" + replicas,
                  Lifetime.SESSION,
                  LoadOptions.DEFAULTS.withReplicas(replicas),
                  new byte[0],
                  Optional.of(UUID.randomUUID()),
                  sink -> make(sink, GROUPS),
                  Progress.NONE);
      NsObject grown = append(nodes.get(2), first, Optional.of(UUID.randomUUID()));
      Descriptor descriptor = nodes.get(0).datasets.descriptor(grown);
      assertThat(descriptor.replicas()).isEqualTo(replicas);
      assertThat(descriptor.extents())
          .hasSize((GROUPS + 2) * COLUMNS)
          .allMatch(info -> info.spares().size() == replicas - 1);
      Map<Integer, Set<List<NodeId>>> holders = new TreeMap<>();
      descriptor
          .extents()
          .forEach(
              info ->
                  holders
                      .computeIfAbsent(1000 * info.part() + info.group(), _ -> new HashSet<>())
                      .add(info.holders()));
      assertThat(holders.values()).as("each group is in one place").allMatch(in -> in.size() == 1);
      for (Node node : nodes) {
        assertThat(read(node, first)).isEqualTo(expected(GROUPS));
      }
    }
    until("all replicas are held", () -> held() == (long) (2 + 3) * (GROUPS + 2) * COLUMNS + 3 + 3);
  }

  @Test
  void loadWithAMark_thatIsDoneAgain_takesEffectOnce() {
    Optional<UUID> mark = Optional.of(UUID.randomUUID());
    NsObject first = load(nodes.get(0), "/once", Lifetime.DURABLE, mark);
    long held = (long) COLUMNS * GROUPS + 3;
    for (Node node : nodes) {
      NsObject again =
          node.datasets.loadGroups(
              NsHandle.ROOT,
              "/once",
              Lifetime.DURABLE,
              LoadOptions.DEFAULTS,
              new byte[] {7},
              mark,
              _ -> {
                throw new AssertionError("made again");
              },
              Progress.NONE);
      assertThat(again).isEqualTo(first);
    }
    until("all is there once", () -> held() == held);
    for (Optional<UUID> other : List.of(Optional.of(UUID.randomUUID()), Optional.<UUID>empty())) {
      assertThatThrownBy(() -> load(nodes.get(2), "/once", Lifetime.DURABLE, other))
          .isInstanceOf(NsException.NameTaken.class);
    }
    until("what was loaded for nothing is dropped", () -> held() == held);
  }

  @Test
  void appendWithAMark_thatIsDoneAgain_takesEffectOnce_alsoBehindOthers() {
    NsObject first = load(nodes.get(0), "/more", Lifetime.SESSION, Optional.empty());
    Optional<UUID> mark = Optional.of(UUID.randomUUID());
    NsObject second = append(nodes.get(1), first, mark);
    NsObject third = append(nodes.get(2), first, Optional.empty());
    assertThat(append(nodes.get(0), first, mark)).isEqualTo(third);
    assertThat(append(nodes.get(2), second, mark)).isEqualTo(third);
    assertThat(nodes.get(0).datasets.descriptor(third).rows()).isEqualTo(10 * (GROUPS + 4));
    NsObject fourth = append(nodes.get(0), third, Optional.of(UUID.randomUUID()));
    assertThat(nodes.get(1).datasets.descriptor(fourth).rows()).isEqualTo(10 * (GROUPS + 6));
  }

  /** Both have made all when the first of them publishes. */
  @Test
  void loadsWithOneMarkAtOnce_areOne() {
    Optional<UUID> mark = Optional.of(UUID.randomUUID());
    NsObject grows = load(nodes.get(0), "/grows", Lifetime.SESSION, Optional.empty());
    CountDownLatch made = new CountDownLatch(4);
    List<CompletableFuture<NsObject>> loads =
        List.of(
            gated(() -> begin(nodes.get(0), "/race", mark, made)),
            gated(() -> begin(nodes.get(1), "/race", mark, made)),
            gated(() -> more(nodes.get(1), grows, mark, made)),
            gated(() -> more(nodes.get(2), grows, mark, made)));
    List<NsObject> objects =
        loads.stream().map(load -> load.orTimeout(60, TimeUnit.SECONDS).join()).toList();
    assertThat(objects.get(0)).isEqualTo(objects.get(1));
    Node node = nodes.get(0);
    assertThat(node.datasets.descriptor(objects.get(0)).rows()).isEqualTo(20);
    assertThat(objects.get(2)).isEqualTo(objects.get(3));
    assertThat(node.datasets.descriptor(objects.get(2)).rows()).isEqualTo(10 * (GROUPS + 2));
    long wanted = (long) COLUMNS * (2 + GROUPS + 2) + 3 + 3 + 2;
    until("what was loaded for nothing is dropped", () -> held() <= wanted);
  }

  private static CompletableFuture<NsObject> gated(java.util.function.Supplier<NsObject> load) {
    return CompletableFuture.supplyAsync(load, Thread::startVirtualThread);
  }

  private static void makeAndWait(ExtentSink sink, CountDownLatch made) {
    make(sink, 2);
    made.countDown();
    FailureTest.await(made);
  }

  private static NsObject begin(Node by, String name, Optional<UUID> mark, CountDownLatch made) {
    return by.datasets.loadGroups(
        NsHandle.ROOT,
        name,
        Lifetime.SESSION,
        LoadOptions.DEFAULTS,
        new byte[0],
        mark,
        sink -> makeAndWait(sink, made),
        Progress.NONE);
  }

  private static NsObject more(
      Node by, NsObject dataset, Optional<UUID> mark, CountDownLatch made) {
    return by.datasets.appendGroups(dataset, mark, sink -> makeAndWait(sink, made), Progress.NONE);
  }

  @Test
  void makerThatFails_orMakesWhatIsNoGroup_leavesNothing() {
    Node by = nodes.get(1);
    NsObject grows = load(by, "/grows", Lifetime.DURABLE, Optional.empty());
    long held = held();
    for (GroupMaker maker :
        List.<GroupMaker>of(
            sink -> {
              make(sink, 12);
              throw new IOException("broken");
            },
            sink -> {
              make(sink, 12);
              sink.extent(3, 0, 1, 1, _ -> {});
            },
            sink -> {
              sink.extent(0, 1, 1, 1, _ -> {});
              sink.extent(0, 1, 1, 1, _ -> {});
            })) {
      for (boolean more : List.of(true, false)) {
        assertThatThrownBy(
                () -> {
                  if (more) {
                    by.datasets.appendGroups(grows, Optional.empty(), maker, Progress.NONE);
                  } else {
                    by.datasets.loadGroups(
                        NsHandle.ROOT,
                        "/broken",
                        Lifetime.DURABLE,
                        LoadOptions.DEFAULTS,
                        new byte[0],
                        Optional.empty(),
                        maker,
                        Progress.NONE);
                  }
                })
            .satisfiesAnyOf(
                e ->
                    assertThat(e)
                        .isInstanceOf(UncheckedIOException.class)
                        .hasRootCauseMessage("broken"),
                e ->
                    assertThat(e)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith("not an extent, or made before: "));
        until("nothing is left", () -> held() == held);
        assertThat(by.namespaces.lookup(NsHandle.ROOT, "/broken")).isEmpty();
        assertThat(by.namespaces.lookup(grows.xid())).contains(grows);
      }
    }
  }

  @Test
  void makerOfNothing_isAnEmptyDataset() {
    NsObject empty =
        nodes
            .get(0)
            .datasets
            .loadGroups(
                NsHandle.ROOT,
                "/empty",
                Lifetime.DURABLE,
                LoadOptions.DEFAULTS,
                new byte[] {1},
                Optional.empty(),
                _ -> {},
                Progress.NONE);
    assertThat(nodes.get(2).datasets.descriptor(empty).extents()).isEmpty();
    assertThat(read(nodes.get(1), empty)).isEmpty();
  }
}
