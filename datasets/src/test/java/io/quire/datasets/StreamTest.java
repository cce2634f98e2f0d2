package io.quire.datasets;

import static io.quire.datasets.TestNodes.PATIENCE;
import static io.quire.datasets.TestNodes.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.datasets.TestNodes.Node;
import io.quire.ns.Holder;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePattern;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.ReferenceReport;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Streams on three whole nodes, all of which live; answers are small, so there are many. */
@Timeout(120)
class StreamTest {
  private static final byte[] NOTHING = new byte[0];
  private static final int PARTS = 24;
  private static final AtomicInteger PICKS = new AtomicInteger();
  private static final CountDownLatch GATE = new CountDownLatch(1);

  private static TestNodes cluster;
  private static List<Node> nodes;

  @BeforeAll
  static void open(@TempDir Path root) {
    cluster = new TestNodes(root, TestNodes.CONFIG.withSliceBytes(4 << 10), "a", "b", "c");
    nodes =
        cluster.start(
            datasets -> {
              SumFunctions.register(datasets);
              datasets.register("counted", counted());
              datasets.register("gated", gated());
              datasets.register("odd", odd());
              datasets.register("stuck", stuck());
              datasets.register("failing", failing());
              datasets.register("full", full());
            });
  }

  private static StreamFunction counted() {
    return new SumFunctions.Pick() {
      @Override
      public Batch pick(
          byte[] arguments, long rows, MemorySegment[] columns, long from, int bytesMax) {
        PICKS.incrementAndGet();
        return super.pick(arguments, rows, columns, from, bytesMax);
      }
    };
  }

  private static StreamFunction gated() {
    return new SumFunctions.Pick() {
      @Override
      public Batch pick(
          byte[] arguments, long rows, MemorySegment[] columns, long from, int bytesMax) {
        FailureTest.await(GATE);
        return super.pick(arguments, rows, columns, from, bytesMax);
      }
    };
  }

  /** Only groups whose first value, of column 0, is odd. */
  private static StreamFunction odd() {
    return new SumFunctions.Pick() {
      @Override
      public OptionalInt guard(byte[] arguments) {
        return OptionalInt.of(0);
      }

      @Override
      public boolean needs(byte[] arguments, long rows, MemorySegment guard) {
        return guard.getAtIndex(SumFunctions.LONG, 0) % 2 == 1;
      }
    };
  }

  private static StreamFunction stuck() {
    return new SumFunctions.Pick() {
      @Override
      public Batch pick(
          byte[] arguments, long rows, MemorySegment[] columns, long from, int bytesMax) {
        return new Batch(new byte[8], 1);
      }
    };
  }

  private static StreamFunction failing() {
    return new SumFunctions.Pick() {
      @Override
      public Batch pick(
          byte[] arguments, long rows, MemorySegment[] columns, long from, int bytesMax) {
        throw new IllegalStateException("no such row: row=" + from);
      }
    };
  }

  /** Each group is more than an answer should be. */
  private static StreamFunction full() {
    return new SumFunctions.Pick() {
      @Override
      public Batch pick(
          byte[] arguments, long rows, MemorySegment[] columns, long from, int bytesMax) {
        return new Batch(new byte[8 << 10], 0);
      }
    };
  }

  @AfterAll
  static void close() {
    cluster.close();
  }

  @AfterEach
  void nothingIsLeft() {
    nodes.getFirst().namespaces.deleteAll(NsHandle.ROOT, NamePattern.ALL);
    until("no stream is served", () -> served() == 0);
    until(
        "extents are gone",
        () -> nodes.stream().allMatch(node -> node.datasets.stats().extents() == 0));
    until(
        "nothing is pinned",
        () -> nodes.stream().allMatch(node -> node.ager.stats().pinnedBytes() == 0));
    nodes.forEach(node -> assertThat(node.fatal).isEmpty());
  }

  private static int served() {
    return nodes.stream().mapToInt(node -> node.datasets.stats().streams()).sum();
  }

  private static NsObject load(String name) {
    return nodes
        .getFirst()
        .datasets
        .load(
            NsHandle.ROOT,
            name,
            Lifetime.SESSION,
            NOTHING,
            "numbers",
            NOTHING,
            PARTS,
            Progress.NONE);
  }

  private static ScanStream stream(Node by, NsObject dataset, String function, ScanOrder order) {
    return by.datasets.stream(dataset, function, NOTHING, order, PATIENCE);
  }

  private static List<Long> all(Node by, NsObject dataset, String function, ScanOrder order) {
    List<Long> values = new ArrayList<>();
    try (ScanStream stream = stream(by, dataset, function, order)) {
      for (var batch = stream.next(); batch.isPresent(); batch = stream.next()) {
        values.addAll(SumFunctions.values(batch.get().bytes()));
      }
      assertThat(stream.next()).isEmpty();
    }
    return values;
  }

  @Test
  void stream_inOrder_givesEveryRowOnceOnEveryNode() {
    NsObject dataset = load("/ordered");
    for (Node node : nodes) {
      assertThat(all(node, dataset, "pick", ScanOrder.ORDERED))
          .isEqualTo(SumFunctions.picked(PARTS));
    }
  }

  @Test
  void stream_inNoOrder_givesEveryRowOnce_andEachGroupInOrder() {
    NsObject dataset = load("/unordered");
    Map<String, List<Long>> groups = new TreeMap<>();
    try (ScanStream stream = stream(nodes.get(1), dataset, "pick", ScanOrder.UNORDERED)) {
      for (var batch = stream.next(); batch.isPresent(); batch = stream.next()) {
        groups
            .computeIfAbsent(batch.get().part() + "/" + batch.get().group(), _ -> new ArrayList<>())
            .addAll(SumFunctions.values(batch.get().bytes()));
      }
    }
    assertThat(groups).hasSize(PARTS * SumFunctions.GROUPS);
    List<Long> wanted = SumFunctions.picked(PARTS);
    for (int part = 0; part < PARTS; part++) {
      for (int group = 0; group < SumFunctions.GROUPS; group++) {
        int first = (part * SumFunctions.GROUPS + group) * SumFunctions.ROWS;
        assertThat(groups.get(part + "/" + group))
            .isEqualTo(wanted.subList(first, first + SumFunctions.ROWS));
      }
    }
  }

  @Test
  void stream_withAGuard_doesNotReadWhatItRulesOut() {
    NsObject dataset = load("/guarded");
    long skipped = skipped();
    for (ScanOrder order : ScanOrder.values()) {
      List<Long> odd = all(nodes.get(2), dataset, "odd", order);
      assertThat(odd).hasSize(PARTS * SumFunctions.GROUPS / 2 * SumFunctions.ROWS);
    }
    assertThat(skipped() - skipped).isEqualTo(PARTS * SumFunctions.GROUPS);
  }

  private static long skipped() {
    return nodes.stream().mapToLong(node -> node.datasets.stats().groupsSkipped()).sum();
  }

  /** Members run ahead by two answers each, and then wait, however long the reader takes. */
  @Test
  void stream_ofASlowReader_waitsForHim() {
    NsObject dataset = load("/slow");
    List<Long> values = new ArrayList<>();
    try (ScanStream slow = stream(nodes.get(0), dataset, "counted", ScanOrder.ORDERED)) {
      values.addAll(SumFunctions.values(slow.next().orElseThrow().bytes()));
      for (int other = 0; other < 3; other++) {
        assertThat(all(nodes.get(0), dataset, "pick", ScanOrder.UNORDERED))
            .hasSize(PARTS * SumFunctions.GROUPS * SumFunctions.ROWS);
      }
      // An answer of 4 KiB has six batches of 800 bytes.
      assertThat(PICKS.get()).isBetween(1, 2 * 6 * nodes.size());
      for (var batch = slow.next(); batch.isPresent(); batch = slow.next()) {
        values.addAll(SumFunctions.values(batch.get().bytes()));
      }
    }
    assertThat(values).isEqualTo(SumFunctions.picked(PARTS));
    assertThat(PICKS.get()).isEqualTo(values.size() / SumFunctions.Pick.BATCH_ROWS);
  }

  @Test
  void stream_thatIsOpen_isToldOfByEachNodeThatHasAPartInIt() {
    NsObject dataset = load("/held");
    try (ScanStream stream = stream(nodes.get(0), dataset, "pick", ScanOrder.UNORDERED)) {
      assertThat(stream.next()).isPresent();
      List<String> labels =
          nodes.get(2).namespaces.references(dataset.xid(), Duration.ofSeconds(15)).nodes().stream()
              .flatMap(each -> ((ReferenceReport.Told) each).holders().stream())
              .map(Holder::label)
              .toList();
      assertThat(labels).contains(Layouts.READS, Layouts.SERVES);
    }
  }

  @Test
  void close_beforeTheEnd_endsItOnAllNodes() {
    NsObject dataset = load("/closed");
    ScanStream stream = stream(nodes.get(0), dataset, "pick", ScanOrder.UNORDERED);
    assertThat(stream.next()).isPresent();
    assertThat(served()).isPositive();
    stream.close();
    until("no stream is served", () -> served() == 0);
    assertThatThrownBy(stream::next)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("dataset=/closed");
  }

  @Test
  void deadline_endsItOnAllNodes() {
    NsObject dataset = load("/late");
    try (ScanStream stream =
        nodes.get(0).datasets.stream(
            dataset, "gated", NOTHING, ScanOrder.ORDERED, Duration.ofMillis(300))) {
      assertThatThrownBy(stream::next)
          .isInstanceOf(DatasetsException.DeadlinePassed.class)
          .hasMessageContaining("dataset=/late");
    } finally {
      GATE.countDown();
    }
    until("no stream is served", () -> served() == 0);
  }

  @Test
  void function_thatFailsOrDoesNotGoOn_isNamed() {
    NsObject dataset = load("/failed");
    assertThatThrownBy(() -> all(nodes.get(0), dataset, "failing", ScanOrder.ORDERED))
        .isInstanceOf(DatasetsException.FunctionFailed.class)
        .hasMessageContaining("function=failing")
        .hasMessageContaining("no such row: row=0");
    assertThatThrownBy(() -> all(nodes.get(0), dataset, "stuck", ScanOrder.ORDERED))
        .isInstanceOf(DatasetsException.FunctionFailed.class)
        .hasMessageContaining("function=stuck does not go on: from=1 next=1");
    assertThatThrownBy(() -> stream(nodes.get(0), dataset, "nobody", ScanOrder.ORDERED))
        .isInstanceOf(DatasetsException.UnknownFunction.class);
  }

  @Test
  void stream_ofADatasetDeletedMeanwhile_endsWithAllOfIt() {
    NsObject dataset = load("/deleted");
    List<Long> values = new ArrayList<>();
    try (ScanStream stream = stream(nodes.get(0), dataset, "pick", ScanOrder.ORDERED)) {
      values.addAll(SumFunctions.values(stream.next().orElseThrow().bytes()));
      nodes.get(1).namespaces.delete(dataset);
      for (var batch = stream.next(); batch.isPresent(); batch = stream.next()) {
        values.addAll(SumFunctions.values(batch.get().bytes()));
      }
    }
    assertThat(values).isEqualTo(SumFunctions.picked(PARTS));
    assertThatThrownBy(() -> stream(nodes.get(0), dataset, "pick", ScanOrder.ORDERED))
        .isInstanceOf(DatasetsException.Gone.class);
  }

  /** A member that is not asked on does not know that it was at its end. */
  @Test
  void stream_whoseLastAnswerIsFull_isOverOnAllNodes() {
    NsObject dataset = load("/full");
    for (ScanOrder order : ScanOrder.values()) {
      try (ScanStream stream = stream(nodes.get(0), dataset, "full", order)) {
        int groups = 0;
        while (stream.next().isPresent()) {
          groups++;
        }
        assertThat(groups).isGreaterThanOrEqualTo(PARTS);
        until("no stream is served", () -> served() == 0);
      }
    }
  }
}
