package io.quire.datasets;

import static io.quire.datasets.TestNodes.PATIENCE;
import static io.quire.datasets.TestNodes.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.base.NodeId;
import io.quire.datasets.Holding.Held;
import io.quire.datasets.TestNodes.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePattern;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Datasets with replicas, on three whole nodes, all of which live. */
@Timeout(120)
class ReplicasTest {
  private static final byte[] NOTHING = new byte[0];
  private static final int PARTS = 12;
  private static final int EXTENTS = PARTS * SumFunctions.GROUPS * 2;

  /** Of each extent, in memory. */
  private static final int FOOTPRINT = 4096;

  private static TestNodes cluster;
  private static List<Node> nodes;

  @BeforeAll
  static void open(@TempDir Path root) {
    cluster = new TestNodes(root, TestNodes.CONFIG, "a", "b", "c").withFlash();
    nodes = cluster.start(SumFunctions::register);
  }

  @AfterAll
  static void close() {
    cluster.close();
  }

  @AfterEach
  void endDatasets() {
    nodes.getFirst().namespaces.deleteAll(NsHandle.ROOT, NamePattern.ALL);
    untilNothingIsLeft();
    nodes.forEach(node -> assertThat(node.fatal).isEmpty());
  }

  /** Not even in the agers. */
  private static void untilNothingIsLeft() {
    until(
        "no node has an extent",
        () ->
            nodes.stream()
                .map(node -> node.ager.stats())
                .allMatch(stats -> stats.extents() == 0 && stats.accountedBytes() == 0));
    until(
        "nothing is held",
        () -> nodes.stream().allMatch(node -> node.datasets.stats().datasets() == 0));
  }

  private static NsObject load(
      Node by,
      String name,
      Lifetime lifetime,
      int replicas,
      String function,
      Consumer<Descriptor> acceptance) {
    return by.datasets.load(
        NsHandle.ROOT,
        name,
        lifetime,
        LoadOptions.DEFAULTS.withReplicas(replicas),
        NOTHING,
        function,
        NOTHING,
        PARTS,
        acceptance,
        Progress.NONE);
  }

  private static NsObject load(Node by, String name, Lifetime lifetime, int replicas) {
    return load(by, name, lifetime, replicas, "numbers", _ -> {});
  }

  private static long sum(Node by, NsObject dataset) {
    return SumFunctions.total(by.datasets.scan(dataset, "sum", NOTHING, PATIENCE, Progress.NONE));
  }

  /** How many extents the node holds by the descriptor. */
  private static long held(Descriptor descriptor, NodeId node) {
    return descriptor.extents().stream().filter(info -> info.holders().contains(node)).count();
  }

  private static long spared(Descriptor descriptor, NodeId node) {
    return descriptor.extents().stream().filter(info -> info.spares().contains(node)).count();
  }

  private static void assertHeldAsSaid(NsObject dataset) {
    Descriptor said = nodes.getFirst().datasets.descriptor(dataset);
    for (Node node : nodes) {
      assertThat((long) node.ager.stats().extents()).isEqualTo(held(said, node.id));
    }
  }

  @Test
  void load_withReplicas_isHeldBySoManyNodes_andFreedByADelete() {
    for (int replicas = 1; replicas <= 3; replicas++) {
      NsObject dataset = load(nodes.get(1), "/held", Lifetime.SESSION, replicas);
      Descriptor descriptor = nodes.get(2).datasets.descriptor(dataset);
      assertThat(descriptor.replicas()).isEqualTo(replicas);
      int spares = replicas - 1;
      assertThat(descriptor.extents())
          .hasSize(EXTENTS)
          .allMatch(info -> info.spares().size() == spares);
      assertHeldAsSaid(dataset);
      if (replicas == 2) {
        assertThat(nodes).as("spread").allMatch(node -> spared(descriptor, node.id) > 0);
      }
      assertThat(sum(nodes.get(0), dataset)).isEqualTo(SumFunctions.expected(PARTS));
      nodes.get(2).namespaces.delete(dataset);
      untilNothingIsLeft();
    }
  }

  @Test
  void spares_areWrittenToFlashAtOnce() {
    NsObject dataset = load(nodes.get(0), "/aside", Lifetime.SESSION, 2);
    Descriptor descriptor = nodes.get(0).datasets.descriptor(dataset);
    for (Node node : nodes) {
      long spares = spared(descriptor, node.id);
      long loaded = held(descriptor, node.id) - spares;
      until(
          "spares are written, and nothing else",
          () -> node.ager.stats().dirtyBytes() == loaded * FOOTPRINT);
      assertThat(node.ager.stats().stores().getFirst().extents()).isEqualTo(spares);
    }
  }

  @Test
  void append_hasTheReplicasOfTheLoad() {
    NsObject first = load(nodes.get(0), "/grown", Lifetime.DURABLE, 2);
    NsObject second =
        nodes.get(1).datasets.append(first, "numbers", NOTHING, PARTS, _ -> {}, Progress.NONE);
    Descriptor descriptor = nodes.get(2).datasets.descriptor(second);
    assertThat(descriptor.replicas()).isEqualTo(2);
    assertThat(descriptor.extents())
        .hasSize(2 * EXTENTS)
        .allMatch(info -> info.spares().size() == 1 && info.durable() != null);
    assertHeldAsSaid(second);
    assertThat(sum(nodes.get(2), second)).isEqualTo(2 * SumFunctions.expected(PARTS));
  }

  @Test
  void lines_withReplicas_areHeldBySoManyNodes_andReadBack() {
    byte[] text = "line after line\n".repeat(20_000).getBytes(StandardCharsets.US_ASCII);
    for (int replicas = 2; replicas <= 3; replicas++) {
      NsObject dataset =
          nodes
              .get(1)
              .datasets
              .loadLines(
                  NsHandle.ROOT,
                  "/lines-" + replicas,
                  replicas == 2 ? Lifetime.DURABLE : Lifetime.SESSION,
                  LoadOptions.DEFAULTS.withReplicas(replicas),
                  new ByteArrayInputStream(text),
                  Progress.NONE);
      NsObject grown =
          nodes.get(2).datasets.appendLines(dataset, new ByteArrayInputStream(text), Progress.NONE);
      int spares = replicas - 1;
      assertThat(nodes.get(0).datasets.descriptor(grown).extents())
          .hasSizeGreaterThan(30)
          .allMatch(info -> info.spares().size() == spares);
      assertHeldAsSaid(grown);
      ByteArrayOutputStream read = new ByteArrayOutputStream();
      nodes
          .get(0)
          .datasets
          .read(grown, bytes -> read.writeBytes(bytes.toArray(ValueLayout.JAVA_BYTE)), PATIENCE);
      assertThat(read.size()).isEqualTo(2 * text.length);
      assertThat(read.toByteArray()).startsWith(text).endsWith(text);
      nodes.get(0).namespaces.delete(grown);
      untilNothingIsLeft();
    }
  }

  @Test
  void load_thatFailsMidway_leavesNothingOnAnyNode() {
    assertThatThrownBy(() -> load(nodes.get(2), "/broken", Lifetime.DURABLE, 2, "broken", _ -> {}))
        .isInstanceOf(DatasetsException.FunctionFailed.class);
    untilNothingIsLeft();
    assertThatThrownBy(
            () ->
                load(
                    nodes.get(0),
                    "/refused",
                    Lifetime.SESSION,
                    3,
                    "numbers",
                    made -> {
                      throw new IllegalStateException("extents=" + made.extents().size());
                    }))
        .hasMessage("extents=" + EXTENTS);
    untilNothingIsLeft();
    InputStream torn =
        new InputStream() {
          private int left = 200_000;

          @Override
          public int read() throws IOException {
            if (left == 0) {
              throw new IOException("torn");
            }
            return left-- % 80 == 0 ? '\n' : 'x';
          }
        };
    assertThatThrownBy(
            () ->
                nodes
                    .get(1)
                    .datasets
                    .loadLines(
                        NsHandle.ROOT,
                        "/torn",
                        Lifetime.DURABLE,
                        LoadOptions.DEFAULTS.withReplicas(2),
                        torn,
                        Progress.NONE))
        .isInstanceOf(UncheckedIOException.class);
    untilNothingIsLeft();
    assertThat(nodes.get(0).namespaces.list(NsHandle.ROOT, NamePattern.ALL, "", 10).names())
        .isEmpty();
  }

  /** Whatever of several attempts comes first, an extent that is held no more is told. */
  @Test
  void holding_ofSparesAndPartsThatComeTwice_forgetsNothing() {
    try (Samples samples = new Samples(nodes.get(0))) {
      Holding holding = new Holding(5, 5);
      Held first = samples.spare(1);
      assertThat(holding.putSpare(first)).isEmpty();
      Held again = samples.spare(1);
      assertThat(holding.putSpare(again)).as("the same bytes").contains(again);
      Held other = samples.spare(2);
      assertThat(holding.putSpare(other)).as("other bytes").contains(first);
      List<Held> loaded = List.of(samples.loaded(1));
      assertThat(holding.putPart(0, loaded, List.of(first))).as("overtaken by a spare").isNull();
      assertThat(holding.ofPart(0)).containsExactly(other);
      Holding.Put put = holding.putPart(0, loaded, holding.ofPart(0));
      assertThat(put).isEqualTo(new Holding.Put(loaded, List.of(other)));
      List<Held> late = List.of(samples.loaded(1));
      assertThat(holding.putPart(0, late, List.of())).isEqualTo(new Holding.Put(loaded, late));
      Held spare = samples.spare(1);
      assertThat(holding.putSpare(spare)).as("loaded here").contains(spare);
      assertThat(holding.end()).isEqualTo(loaded);
      assertThat(holding.putSpare(spare)).as("ended").contains(spare);
    }
  }

  /** Extents of one place, whose bytes follow from a number. */
  private record Samples(Node node, List<Extent> extents) implements AutoCloseable {
    Samples(Node node) {
      this(node, new ArrayList<>());
    }

    private Held held(int content, boolean spare) {
      try (Draft draft = node.ager.allocate(8, PATIENCE)) {
        draft.segment().set(ValueLayout.JAVA_LONG, 0, content);
        Extent extent = draft.seal();
        extents.add(extent);
        return new Held(extent, new ExtentInfo(0, 0, 0, 1, 8, extent.crc(), node.id, null), spare);
      }
    }

    Held spare(int content) {
      return held(content, true);
    }

    Held loaded(int content) {
      return held(content, false);
    }

    @Override
    public void close() {
      extents.forEach(node.ager::drop);
    }
  }
}
