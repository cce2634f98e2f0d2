package io.quire.datasets;

import static io.quire.datasets.TestNodes.PATIENCE;
import static io.quire.datasets.TestNodes.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.datasets.TestNodes.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePattern;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Versions of datasets, on three whole nodes, all of which live. */
@Timeout(120)
class AppendTest {
  private static final byte[] NOTHING = new byte[0];
  private static final CountDownLatch INSIDE = new CountDownLatch(1);
  private static final CountDownLatch GATE = new CountDownLatch(1);

  private static TestNodes cluster;
  private static List<Node> nodes;

  @BeforeAll
  static void open(@TempDir Path root) {
    cluster = new TestNodes(root, "a", "b", "c");
    nodes = cluster.start(SumFunctions::register);
    nodes.forEach(
        node ->
            node.datasets.register(
                "gated",
                new SumFunctions.Sum() {
                  @Override
                  public Accumulator begin(byte[] arguments) {
                    INSIDE.countDown();
                    FailureTest.await(GATE);
                    return super.begin(arguments);
                  }
                }));
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

  private static NsObject load(Node by, String name, Lifetime lifetime, int parts) {
    return by.datasets.load(
        NsHandle.ROOT, name, lifetime, new byte[] {7}, "numbers", NOTHING, parts, Progress.NONE);
  }

  private static NsObject append(Node by, NsObject dataset, int parts) {
    return by.datasets.append(dataset, "numbers", NOTHING, parts, _ -> {}, Progress.NONE);
  }

  private static long sum(Node by, NsObject dataset) {
    return SumFunctions.total(by.datasets.scan(dataset, "sum", NOTHING, PATIENCE, Progress.NONE));
  }

  private static NsObject seenBy(Node node, String name) {
    return node.namespaces.lookup(NsHandle.ROOT, name).orElseThrow();
  }

  private static byte[] read(Node by, NsObject dataset) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    by.datasets.read(
        dataset, segment -> all.writeBytes(segment.toArray(ValueLayout.JAVA_BYTE)), PATIENCE);
    return all.toByteArray();
  }

  @Test
  void version_isKnownFromEachLaterOne_andFromNoOther() {
    NsObject first = load(nodes.get(0), "/versions", Lifetime.SESSION, 3);
    NsObject second = append(nodes.get(1), first, 2);
    NsObject third = append(nodes.get(1), second, 1);
    List<NsObject> versions = List.of(first, second, third);
    for (Node node : nodes) {
      for (int i = 0; i < 3; i++) {
        DatasetVersion version = node.datasets.version(versions.get(i));
        Descriptor wanted = node.datasets.descriptor(versions.get(i));
        for (int later = i; later < 3; later++) {
          Descriptor found = node.datasets.descriptor(versions.get(later), version);
          assertThat(found.extents()).isEqualTo(wanted.extents());
          assertThat(found.appends()).isEqualTo(wanted.appends());
          assertThat(found.rows()).isEqualTo(wanted.rows());
        }
      }
    }
    Datasets datasets = nodes.getFirst().datasets;
    DatasetVersion newest = datasets.version(third);
    assertThatThrownBy(() -> datasets.descriptor(second, newest))
        .isInstanceOf(DatasetsException.Gone.class)
        .hasMessageStartingWith("no such version: name=/versions extents=" + newest.extents());
    NsObject other = load(nodes.get(0), "/another", Lifetime.SESSION, 3);
    assertThatThrownBy(() -> datasets.descriptor(other, datasets.version(first)))
        .isInstanceOf(DatasetsException.Gone.class);
  }

  @Test
  void append_whenItReturns_isTheNextVersionOnEveryNode() {
    for (Lifetime lifetime : List.of(Lifetime.DURABLE, Lifetime.SESSION)) {
      NsObject first = load(nodes.get(0), "/grows-" + lifetime, lifetime, 6);
      NsObject second = append(nodes.get(1), first, 4);
      assertThat(second.xid()).isEqualTo(first.xid());
      assertThat(second.version()).isGreaterThan(first.version());
      byte[] before = read(nodes.get(2), first);
      for (Node node : nodes) {
        NsObject seen = seenBy(node, first.name());
        assertThat(seen).isEqualTo(second);
        Descriptor descriptor = node.datasets.descriptor(seen);
        assertThat(descriptor.schema()).containsExactly(7);
        assertThat(descriptor.rows()).isEqualTo(10L * SumFunctions.GROUPS * SumFunctions.ROWS);
        assertThat(descriptor.extents())
            .allMatch(info -> (info.durable() != null) == (lifetime == Lifetime.DURABLE));
        assertThat(sum(node, seen)).isEqualTo(SumFunctions.expected(6) + SumFunctions.expected(4));
        assertThat(sum(node, first)).isEqualTo(SumFunctions.expected(6));
        assertThat(read(node, seen)).hasSize(before.length / 6 * 10).startsWith(before);
        assertThat(read(node, first)).isEqualTo(before);
      }
    }
  }

  @Test
  void reader_ofAnOlderVersion_goesOnWithIt_alsoWhenItIsDeleted() throws InterruptedException {
    NsObject first = load(nodes.get(0), "/read", Lifetime.SESSION, 12);
    CompletableFuture<Long> scan =
        CompletableFuture.supplyAsync(
            () ->
                SumFunctions.total(
                    nodes.get(0).datasets.scan(first, "gated", NOTHING, PATIENCE, Progress.NONE)),
            Thread::startVirtualThread);
    assertThat(INSIDE.await(30, TimeUnit.SECONDS)).isTrue();
    try (GroupReader older = nodes.get(2).datasets.groups(first, new int[] {1}, PATIENCE)) {
      NsObject second = append(nodes.get(1), first, 3);
      try (GroupReader newer = nodes.get(0).datasets.groups(second, new int[] {0}, PATIENCE)) {
        nodes.get(1).namespaces.delete(second);
        GATE.countDown();
        assertThat(scan.orTimeout(30, TimeUnit.SECONDS).join())
            .isEqualTo(SumFunctions.expected(12));
        assertThat(groups(newer)).isEqualTo(15 * SumFunctions.GROUPS);
      }
      assertThat(groups(older)).isEqualTo(12 * SumFunctions.GROUPS);
    }
    assertThatThrownBy(() -> append(nodes.get(0), first, 1))
        .isInstanceOf(DatasetsException.Gone.class)
        .hasMessageContaining("name=/read");
  }

  private static int groups(GroupReader reader) {
    int groups = 0;
    for (var group = reader.next(); group.isPresent(); group = reader.next()) {
      group.get().release().run();
      groups++;
    }
    return groups;
  }

  @Test
  void append_byAllNodesAtOnce_losesNothing() {
    NsObject first = load(nodes.get(0), "/raced", Lifetime.SESSION, 2);
    List<CompletableFuture<NsObject>> all = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      Node node = nodes.get(i % 3);
      all.add(
          CompletableFuture.supplyAsync(() -> append(node, first, 2), Thread::startVirtualThread));
    }
    all.forEach(one -> one.orTimeout(60, TimeUnit.SECONDS).join());
    NsObject last = seenBy(nodes.get(2), "/raced");
    assertThat(nodes.get(2).datasets.descriptor(last).appends()).hasSize(9);
    assertThat(sum(nodes.get(1), last)).isEqualTo(10 * SumFunctions.expected(2));
    assertThat(all.stream().map(one -> one.join().version()).distinct()).hasSize(9);
  }

  @Test
  void append_thatFails_leavesTheVersionAndNothingElse() {
    NsObject first = load(nodes.get(0), "/kept", Lifetime.DURABLE, 3);
    long held = held();
    assertThatThrownBy(
            () -> nodes.get(1).datasets.append(first, "broken", NOTHING, 6, _ -> {}, Progress.NONE))
        .isInstanceOf(DatasetsException.FunctionFailed.class)
        .hasMessageContaining("no such file");
    assertThatThrownBy(
            () ->
                nodes
                    .get(2)
                    .datasets
                    .append(
                        first,
                        "numbers",
                        NOTHING,
                        6,
                        more -> {
                          throw new IllegalStateException("too many rows: rows=" + more.rows());
                        },
                        Progress.NONE))
        .hasMessage("too many rows: rows=" + 6 * SumFunctions.GROUPS * SumFunctions.ROWS);
    until("what was appended is gone", () -> held() == held);
    assertThat(seenBy(nodes.get(0), "/kept")).isEqualTo(first);
    assertThat(sum(nodes.get(2), first)).isEqualTo(SumFunctions.expected(3));
  }

  @Test
  void append_toWhatIsNoDataset_isRefused() {
    NsObject other =
        nodes.get(0).namespaces.create(NsHandle.ROOT, "/text", "text", Lifetime.DURABLE, NOTHING);
    assertThatThrownBy(() -> append(nodes.get(0), other, 1))
        .isInstanceOf(DatasetsException.NotADataset.class);
  }

  @Test
  void appendLines_andNothing_areReadBackInOrder() {
    Datasets datasets = nodes.get(1).datasets;
    byte[] some = "first\n".repeat(9_000).getBytes(StandardCharsets.US_ASCII);
    byte[] more = "second\n".repeat(9_000).getBytes(StandardCharsets.US_ASCII);
    NsObject empty =
        datasets.loadLines(
            NsHandle.ROOT,
            "/lines",
            Lifetime.DURABLE,
            new ByteArrayInputStream(NOTHING),
            Progress.NONE);
    NsObject one = datasets.appendLines(empty, new ByteArrayInputStream(some), Progress.NONE);
    NsObject same = datasets.appendLines(empty, new ByteArrayInputStream(NOTHING), Progress.NONE);
    assertThat(same.version()).isEqualTo(one.version());
    NsObject two = datasets.appendLines(one, new ByteArrayInputStream(more), Progress.NONE);
    for (Node node : nodes) {
      assertThat(read(node, empty)).isEmpty();
      assertThat(read(node, one)).isEqualTo(some);
      assertThat(new String(read(node, two), StandardCharsets.US_ASCII))
          .isEqualTo("first\n".repeat(9_000) + "second\n".repeat(9_000));
    }
  }
}
