package io.quire.datasets;

import static io.quire.datasets.TestNodes.PATIENCE;
import static io.quire.datasets.TestNodes.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.quire.datasets.TestNodes.Node;
import io.quire.ns.Access;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.Principal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three whole nodes, all of which live. */
@Timeout(120)
class DatasetsTest {
  private static final byte[] NOTHING = new byte[0];
  private static final CountDownLatch INSIDE = new CountDownLatch(1);
  private static final CountDownLatch GATE = new CountDownLatch(1);

  private static TestNodes cluster;
  private static List<Node> nodes;
  private static NsHandle ns;

  @BeforeAll
  static void open(@TempDir Path root) {
    cluster = new TestNodes(root, "a", "b", "c");
    nodes = cluster.start(SumFunctions::register);
    nodes.forEach(node -> node.datasets.register("gated", gated()));
    ns = nodes.getFirst().namespaces.createNamespace();
  }

  @AfterAll
  static void close() {
    cluster.close();
  }

  @AfterEach
  void endDatasets() {
    nodes.getFirst().namespaces.deleteAll(ns, NamePattern.ALL);
    until("extents are gone", () -> extents() == 0);
    until(
        "nothing is pinned",
        () -> nodes.stream().allMatch(node -> node.ager.stats().pinnedBytes() == 0));
    nodes.forEach(node -> assertThat(node.fatal).isEmpty());
  }

  private NsObject load(Node by, String name, Lifetime lifetime, int parts) {
    return by.datasets.load(
        ns, name, lifetime, new byte[] {7}, "numbers", NOTHING, parts, Progress.NONE);
  }

  private static long sum(Node by, NsObject dataset) {
    return SumFunctions.total(by.datasets.scan(dataset, "sum", NOTHING, PATIENCE, Progress.NONE));
  }

  private NsObject seenBy(Node node, String name) {
    return node.namespaces.lookup(ns, name).orElseThrow();
  }

  private static byte[] read(Node by, NsObject dataset) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    by.datasets.read(
        dataset, segment -> all.writeBytes(segment.toArray(ValueLayout.JAVA_BYTE)), PATIENCE);
    return all.toByteArray();
  }

  @Test
  void load_whoseDatasetIsDeletedAsSoonAsItIsSeen_wasDone() {
    Namespaces others = nodes.get(1).namespaces;
    for (int i = 0; i < 10; i++) {
      String name = "/short-lived-" + i;
      CompletableFuture<Void> deleted =
          CompletableFuture.runAsync(
              () -> {
                while (others.lookup(ns, name).isEmpty()) {
                  Thread.yield();
                }
                others.delete(ns, name);
              },
              Thread::startVirtualThread);
      assertThat(load(nodes.get(0), name, Lifetime.SESSION, 3).name()).isEqualTo(name);
      deleted.orTimeout(30, TimeUnit.SECONDS).join();
    }
  }

  @Test
  void load_whenItReturns_isWholeOnEveryNode() {
    load(nodes.get(0), "/numbers", Lifetime.SESSION, 12);
    for (Node node : nodes) {
      NsObject seen = seenBy(node, "/numbers");
      Descriptor descriptor = node.datasets.descriptor(seen);
      assertThat(descriptor.schema()).containsExactly(7);
      assertThat(descriptor.columns()).isEqualTo(2);
      assertThat(descriptor.rows()).isEqualTo(12L * SumFunctions.GROUPS * SumFunctions.ROWS);
      assertThat(descriptor.bytes()).isEqualTo(descriptor.rows() * 2 * 8);
      assertThat(descriptor.extents()).hasSize(12 * SumFunctions.GROUPS * 2);
      assertThat(descriptor.extents().stream().map(ExtentInfo::owner).distinct()).hasSize(3);
      assertThat(sum(node, seen)).isEqualTo(SumFunctions.expected(12));
    }
  }

  @Test
  void load_thatIsDurable_hasACopyOfEveryExtent() {
    NsObject dataset = load(nodes.get(1), "/durable", Lifetime.DURABLE, 6);
    assertThat(nodes.get(2).datasets.descriptor(dataset).extents())
        .allSatisfy(info -> assertThat(info.durable()).isNotNull());
  }

  @Test
  void read_onEveryNode_givesTheSameBytesInOrder() {
    NsObject dataset = load(nodes.get(0), "/read", Lifetime.SESSION, 7);
    byte[] wanted = read(nodes.get(0), dataset);
    assertThat(wanted).hasSize((int) nodes.get(0).datasets.descriptor(dataset).bytes());
    assertThat(read(nodes.get(1), dataset)).isEqualTo(wanted);
    assertThat(read(nodes.get(2), dataset)).isEqualTo(wanted);
    assertThat(nodes.get(2).datasets.stats().bytesPulled()).isPositive();
  }

  @Test
  void loadLines_ofAnyText_isReadBackOnEveryNode() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder();
    while (text.length() < 600_000) {
      text.append("x".repeat(random.nextInt(random.nextInt(50) == 0 ? 40_000 : 200))).append('\n');
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.US_ASCII);
    for (Lifetime lifetime : Lifetime.values()) {
      NsObject dataset =
          nodes
              .get(1)
              .datasets
              .loadLines(
                  ns,
                  "/lines-" + lifetime,
                  lifetime,
                  new ByteArrayInputStream(bytes),
                  Progress.NONE);
      Descriptor descriptor = nodes.get(0).datasets.descriptor(dataset);
      assertThat(descriptor.rows()).as("seed=%d", seed).isEqualTo(text.toString().lines().count());
      assertThat(descriptor.extents().stream().map(ExtentInfo::owner).distinct()).hasSize(3);
      for (Node node : nodes) {
        assertThat(read(node, dataset)).as("seed=%d", seed).isEqualTo(bytes);
      }
    }
  }

  @Test
  void loadLines_ofNothing_isAnEmptyDataset() {
    NsObject dataset =
        nodes
            .get(0)
            .datasets
            .loadLines(
                ns, "/empty", Lifetime.DURABLE, new ByteArrayInputStream(NOTHING), Progress.NONE);
    assertThat(read(nodes.get(1), dataset)).isEmpty();
    assertThat(nodes.get(2).datasets.scan(dataset, "sum", NOTHING, PATIENCE, Progress.NONE))
        .isEmpty();
  }

  @Test
  void load_ofOneNameByTwoNodes_givesItToOneAndLeavesNothingOfTheOther() {
    List<CompletableFuture<Object>> both = new ArrayList<>();
    for (Node node : nodes.subList(0, 2)) {
      both.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return load(node, "/raced", Lifetime.DURABLE, 4);
                } catch (NsException.NameTaken e) {
                  return e;
                }
              },
              Thread::startVirtualThread));
    }
    List<Object> outcomes =
        both.stream().map(one -> one.orTimeout(60, TimeUnit.SECONDS).join()).toList();
    assertThat(outcomes).filteredOn(NsException.NameTaken.class::isInstance).hasSize(1);
    assertThat(sum(nodes.get(2), seenBy(nodes.get(2), "/raced")))
        .isEqualTo(SumFunctions.expected(4));
  }

  @Test
  void delete_ofADataset_freesItsExtentsOnAllNodes() {
    long before = extents();
    NsObject dataset = load(nodes.get(0), "/freed", Lifetime.DURABLE, 5);
    assertThat(extents()).isEqualTo(before + 5L * SumFunctions.GROUPS * 2);
    nodes.get(2).namespaces.delete(dataset);
    until("extents are gone", () -> extents() <= before);
  }

  private static long extents() {
    return nodes.stream().mapToLong(node -> node.datasets.stats().extents()).sum();
  }

  @Test
  void load_whoseFunctionFails_saysWhyAndLeavesNothing() {
    long before = extents();
    assertThatThrownBy(
            () ->
                nodes
                    .get(2)
                    .datasets
                    .load(
                        ns,
                        "/broken",
                        Lifetime.DURABLE,
                        NOTHING,
                        "broken",
                        NOTHING,
                        9,
                        Progress.NONE))
        .isInstanceOf(DatasetsException.FunctionFailed.class)
        .hasMessageContaining("function=broken")
        .hasMessageContaining("part=3")
        .hasMessageContaining("no such file");
    assertThat(nodes.get(0).namespaces.lookup(ns, "/broken")).isEmpty();
    until("extents are gone", () -> extents() <= before);
  }

  private static NsObject load(Datasets by, Consumer<Descriptor> acceptance) {
    return by.load(
        ns, "/hers", Lifetime.DURABLE, NOTHING, "numbers", NOTHING, 3, acceptance, Progress.NONE);
  }

  @Test
  void load_byWhoMayNotWrite_isRefusedAndLeavesNothing() {
    long before = extents();
    Namespaces namespaces = nodes.get(0).namespaces;
    Principal alice = new Principal("alice");
    Datasets hers = nodes.get(1).datasets.as(alice);
    namespaces.grant(ns, alice, Access.READER);
    assertThatThrownBy(() -> load(hers, _ -> fail("it was loaded")))
        .isInstanceOf(NsException.Forbidden.class);
    namespaces.grant(ns, alice, Access.WRITER);
    assertThatThrownBy(() -> load(hers, _ -> namespaces.revoke(ns, alice)))
        .isInstanceOf(NsException.Forbidden.class);
    assertThat(namespaces.lookup(ns, "/hers")).isEmpty();
    until("extents are gone", () -> extents() <= before);
    namespaces.grant(ns, alice, Access.WRITER);
    NsObject dataset = load(hers, _ -> {});
    namespaces.grant(ns, alice, Access.READER);
    assertThat(SumFunctions.total(hers.scan(dataset, "sum", NOTHING, PATIENCE, Progress.NONE)))
        .isEqualTo(SumFunctions.expected(3));
    namespaces.revoke(ns, alice);
    assertThatThrownBy(() -> hers.scan(dataset, "sum", NOTHING, PATIENCE, Progress.NONE))
        .isInstanceOf(NsException.Forbidden.class);
    assertThatThrownBy(() -> hers.read(dataset, _ -> fail("it was read"), PATIENCE))
        .isInstanceOf(NsException.Forbidden.class);
    hers.close();
    assertThat(sum(nodes.get(1), dataset)).isEqualTo(SumFunctions.expected(3));
  }

  @Test
  void part_thatComesAfterItsLoadWasGivenUp_isRefused() {
    Registry registry = new Registry(nodes.get(0).ager, new Counters());
    registry.end(5);
    Holding late = registry.holding(5, 5);
    assertThat(late.putPart(0, List.of(), List.of())).isNull();
    assertThat(registry.has(5)).isFalse();
    assertThat(registry.holding(6, 6).putPart(0, List.of(), List.of())).isNotNull();
    assertThat(registry.holding(7, 5).putPart(0, List.of(), List.of())).isNull();
    assertThat(registry.has(5)).isFalse();
  }

  @Test
  void load_withAnUnknownFunction_isRefusedBeforeAnything() {
    assertThatThrownBy(
            () ->
                nodes
                    .get(0)
                    .datasets
                    .load(ns, "/x", Lifetime.SESSION, NOTHING, "nobody", NOTHING, 1, Progress.NONE))
        .isInstanceOf(DatasetsException.UnknownFunction.class)
        .hasMessageContaining("function=nobody");
  }

  @Test
  void descriptor_ofAnotherKindOfObject_isRefused() {
    NsObject other =
        nodes.get(0).namespaces.create(ns, "/other", "text", Lifetime.DURABLE, NOTHING);
    assertThatThrownBy(() -> nodes.get(0).datasets.descriptor(other))
        .isInstanceOf(DatasetsException.NotADataset.class)
        .hasMessageContaining("kind=text");
  }

  @Test
  void scan_afterTheDatasetWasDeleted_isRefused() {
    NsObject dataset = load(nodes.get(0), "/deleted", Lifetime.SESSION, 3);
    nodes.get(1).namespaces.delete(dataset);
    assertThatThrownBy(() -> sum(nodes.get(0), dataset)).isInstanceOf(DatasetsException.Gone.class);
  }

  @Test
  void scan_ofADatasetDeletedMeanwhile_endsWithAllOfIt() throws InterruptedException {
    NsObject dataset = load(nodes.get(0), "/scanned", Lifetime.SESSION, 12);
    CompletableFuture<Long> scan =
        CompletableFuture.supplyAsync(
            () ->
                SumFunctions.total(
                    nodes.get(0).datasets.scan(dataset, "gated", NOTHING, PATIENCE, Progress.NONE)),
            Thread::startVirtualThread);
    assertThat(INSIDE.await(30, TimeUnit.SECONDS)).isTrue();
    nodes.get(1).namespaces.delete(dataset);
    GATE.countDown();
    assertThat(scan.orTimeout(30, TimeUnit.SECONDS).join()).isEqualTo(SumFunctions.expected(12));
  }

  @Test
  void scan_interrupted_endsOnAllNodesAfterTheGroupTheyAreAt() throws InterruptedException {
    int inFlight = 2 * nodes.size();
    long endedBefore = total(DatasetsStats::ended);
    long fragmentsBefore = total(DatasetsStats::fragmentsEnded);
    CountDownLatch inside = new CountDownLatch(inFlight);
    CountDownLatch gate = new CountDownLatch(1);
    AtomicInteger groups = new AtomicInteger();
    ScanFunction held = held(inside, gate, groups);
    nodes.forEach(node -> node.datasets.register("held", held));
    NsObject dataset = load(nodes.get(0), "/given-up", Lifetime.SESSION, 12);
    CompletableFuture<Object> result = new CompletableFuture<>();
    Thread caller =
        Thread.startVirtualThread(
            () ->
                result.completeAsync(
                    () ->
                        nodes
                            .get(0)
                            .datasets
                            .scan(dataset, "held", NOTHING, PATIENCE, Progress.NONE),
                    Runnable::run));
    assertThat(inside.await(30, TimeUnit.SECONDS)).isTrue();
    caller.interrupt();
    assertThatThrownBy(() -> result.orTimeout(30, TimeUnit.SECONDS).join())
        .hasCauseInstanceOf(DatasetsException.Interrupted.class);
    until("all were told", () -> total(DatasetsStats::ended) == endedBefore + nodes.size());
    gate.countDown();
    until(
        "all have stopped",
        () -> total(DatasetsStats::fragmentsEnded) == fragmentsBefore + inFlight);
    assertThat(groups).hasValue(inFlight);
  }

  private static long total(ToLongFunction<DatasetsStats> counted) {
    return nodes.stream().mapToLong(node -> counted.applyAsLong(node.datasets.stats())).sum();
  }

  /** Counts the groups that it is given, and keeps each until the gate is open. */
  private static ScanFunction held(CountDownLatch inside, CountDownLatch gate, AtomicInteger seen) {
    return new ScanFunction() {
      @Override
      public int[] columns(byte[] arguments) {
        return new int[] {0};
      }

      @Override
      public Accumulator begin(byte[] arguments) {
        return new Accumulator() {
          @Override
          public void group(long rows, MemorySegment[] columns) {
            seen.incrementAndGet();
            inside.countDown();
            FailureTest.await(gate);
          }

          @Override
          public byte[] partial() {
            return NOTHING;
          }
        };
      }
    };
  }

  /** Adds up, but only when the gate is open. */
  private static ScanFunction gated() {
    ScanFunction sum = new SumFunctions.Sum();
    return new ScanFunction() {
      @Override
      public int[] columns(byte[] arguments) {
        return sum.columns(arguments);
      }

      @Override
      public Accumulator begin(byte[] arguments) {
        INSIDE.countDown();
        FailureTest.await(GATE);
        return sum.begin(arguments);
      }
    };
  }

  @Test
  void scan_ofMoreDataThanMemory_readsWhatWasPagedOut() {
    // 30 MB over three nodes of 8 MB each.
    int parts = 750;
    NsObject dataset = load(nodes.get(0), "/large", Lifetime.DURABLE, parts);
    assertThat(nodes.get(0).datasets.descriptor(dataset).bytes()).isGreaterThan(3L * (8 << 20));
    assertThat(sum(nodes.get(1), dataset)).isEqualTo(SumFunctions.expected(parts));
    assertThat(nodes.stream().mapToLong(node -> node.ager.stats().pageIns()).sum()).isPositive();
    nodes.get(0).namespaces.delete(dataset);
  }
}
