package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.Job;
import com.hazelcast.jet.pipeline.BatchStage;
import com.hazelcast.jet.pipeline.Pipeline;
import com.hazelcast.jet.pipeline.ServiceFactories;
import com.hazelcast.jet.pipeline.Sink;
import com.hazelcast.jet.pipeline.Sinks;
import com.hazelcast.jet.pipeline.test.TestSources;
import io.quire.jet.QuireTables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A pipeline of Jet writes a table of real processes; the one that takes the rows is killed. */
@Timeout(400)
final class JetSinkIT {
  private static final int ROWS = 300_000;
  private static final int HELD_FROM = 200_000;
  private static final long PATIENCE_SECONDS = 120;
  private static final Schema COLUMNS =
      new Schema(
          List.of(
              new Field("id", FieldType.notNullable(new ArrowType.Int(64, true)), null),
              Field.nullable("name", ArrowType.Utf8.INSTANCE)));

  private final Map<String, Integer> ports = new ConcurrentHashMap<>();

  /** Holds the pipeline up in its midst. One for this process, since pipelines are copied. */
  private static final class Gate {
    static final AtomicInteger passed = new AtomicInteger();
    static volatile CountDownLatch reached = new CountDownLatch(1);
    static volatile CountDownLatch open = new CountDownLatch(1);

    static void close() {
      passed.set(0);
      reached = new CountDownLatch(1);
      open = new CountDownLatch(1);
    }

    Integer pass(Integer item) throws InterruptedException {
      if (passed.incrementAndGet() > HELD_FROM) {
        reached.countDown();
        await(open);
      }
      return item;
    }

    static void await(CountDownLatch latch) throws InterruptedException {
      assertThat(latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).as("in time").isTrue();
    }
  }

  @Test
  void nodeThatIsKilledInTheMidstOfAnUpload_isReplaced_andTheTableHasEachRowOnce()
      throws Exception {
    try (Workspace workspace = Workspace.open("jet-sink");
        Reaper reaper = Reaper.open()) {
      Path shared = Files.createDirectories(workspace.path().resolve("shared"));
      LocalCluster.Settings settings =
          new LocalCluster.Settings(3, 16 << 20, List.of("flash", "file://" + shared), "256m");
      try (LocalCluster cluster =
          LocalCluster.start(workspace.directory("cluster"), reaper, settings, this::node)) {
        HazelcastInstance member = jet();
        try {
          QuireTables quire = tables(cluster);
          run(cluster, member, quire.create("/ids", COLUMNS, JetSinkIT::values));
          assertRows(member, quire, 1);
          cluster.startAll();
          run(cluster, member, quire.append("/ids", JetSinkIT::values));
          assertRows(member, quire, 2);
        } finally {
          member.getLifecycleService().terminate();
        }
      }
    }
  }

  /** With Flight, at the same place each time it is started. */
  private JavaCommand node(Path config) {
    String name = config.getName(config.getNameCount() - 2).toString();
    if (!ports.containsKey(name)) {
      int port = Ports.take();
      ports.put(name, port);
      String flight = "flight { port = %d, tls = false, patience = 2s }\n".formatted(port);
      try {
        Files.writeString(config, flight, StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return JavaCommand.of(WorkerNode.class.getName(), config.toString());
  }

  private QuireTables tables(LocalCluster cluster) {
    List<URI> nodes =
        cluster.workers().stream()
            .map(worker -> URI.create("grpc+tcp://127.0.0.1:" + ports.get(worker.name())))
            .toList();
    return new QuireTables(nodes, "", "", "", Duration.ofMinutes(1));
  }

  private static HazelcastInstance jet() {
    int port = Ports.take();
    Config config = new Config().setClusterName("jet-sink-" + port);
    config.setProperty("hazelcast.logging.type", "slf4j");
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.shutdownhook.enabled", "false");
    config.setProperty("hazelcast.partition.count", "11");
    config.getJetConfig().setEnabled(true).setCooperativeThreadCount(2);
    config.getNetworkConfig().setPort(port).setPortAutoIncrement(false);
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
    config.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
    return Hazelcast.newHazelcastInstance(config);
  }

  private static @Nullable Object[] values(Integer id) {
    return new Object[] {id, id % 5 == 0 ? null : "name of " + id};
  }

  /** Kills the node that takes the rows when it has most of them. */
  private static void run(LocalCluster cluster, HazelcastInstance member, Sink<Integer> sink)
      throws Exception {
    Gate.close();
    Pipeline pipeline = Pipeline.create();
    BatchStage<Integer> numbers =
        pipeline.readFrom(
            TestSources.items(IntStream.range(0, ROWS).boxed().toArray(Integer[]::new)));
    numbers
        .mapUsingService(
            ServiceFactories.sharedService(_ -> new Gate()).toNonCooperative(), Gate::pass)
        .setLocalParallelism(1)
        .writeTo(sink);
    Job job = member.getJet().newJob(pipeline);
    Gate.await(Gate.reached);
    LocalCluster.Worker takes = whoTakesRows(cluster);
    takes.process().kill9();
    Gate.open.countDown();
    job.getFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    assertThat(takes.isAlive()).isFalse();
    assertThat(Gate.passed.get()).as("rows that came again").isGreaterThan(ROWS);
  }

  private static LocalCluster.Worker whoTakesRows(LocalCluster cluster) throws Exception {
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (true) {
      for (LocalCluster.Worker worker : cluster.alive()) {
        if (metrics(worker).contains("quire_flight_uploads_open 1.0")) {
          return worker;
        }
      }
      assertThat(System.nanoTime() - giveUp).as("in time: rows are sent").isNegative();
      LockSupport.parkNanos(2_000_000);
    }
  }

  private static String metrics(LocalCluster.Worker worker) throws Exception {
    URI where = URI.create("http://" + worker.client().node() + "/metrics");
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(HttpRequest.newBuilder(where).build(), HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  /** Each row so many times, as the nodes that live give them. */
  private static void assertRows(HazelcastInstance member, QuireTables quire, int times) {
    Pipeline pipeline = Pipeline.create();
    pipeline
        .readFrom(quire.source("/ids", List.of("id"), row -> row.getLong(0)))
        .writeTo(Sinks.list("ids" + times));
    member.getJet().newJob(pipeline).join();
    List<Long> wanted = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      LongStream.range(0, ROWS).forEach(wanted::add);
    }
    List<Long> found = new ArrayList<>(member.<Long>getList("ids" + times));
    found.sort(null);
    wanted.sort(null);
    assertThat(found.equals(wanted))
        .as("each row, %d times: rows=%d", times, found.size())
        .isTrue();
  }
}
