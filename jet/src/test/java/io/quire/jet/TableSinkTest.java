package io.quire.jet;

import static io.quire.jet.QuireNodes.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.read.ListAppender;
import ch.qos.logback.core.spi.FilterReply;
import com.hazelcast.jet.Job;
import com.hazelcast.jet.config.JobConfig;
import com.hazelcast.jet.config.ProcessingGuarantee;
import com.hazelcast.jet.core.JobStatus;
import com.hazelcast.jet.pipeline.BatchStage;
import com.hazelcast.jet.pipeline.Pipeline;
import com.hazelcast.jet.pipeline.Sink;
import com.hazelcast.jet.pipeline.Sinks;
import com.hazelcast.jet.pipeline.test.TestSources;
import io.quire.columns.Aggregate;
import io.quire.columns.Aggregate.Kind;
import io.quire.columns.Aggregate.Measure;
import io.quire.columns.Filter;
import io.quire.datasets.Progress;
import io.quire.flight.FlightStats;
import io.quire.formats.ReadOptions;
import io.quire.formats.SchemaText;
import io.quire.formats.Tpch;
import io.quire.node.Node;
import io.quire.ns.Access;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.Principal;
import io.quire.ns.Quota;
import io.quire.tables.Source;
import io.quire.tables.Tables;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Tables of three nodes, written by pipelines of a cluster of two members of Jet. */
@Timeout(180)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TableSinkTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Schema IDS = SchemaText.parse("id:long, name:string?");

  @TempDir private static Path directory;

  private QuireNodes nodes;
  private JetMembers members;
  private QuireTables quire;
  private long extents;

  private final ListAppender<ILoggingEvent> leaks = new ListAppender<>();
  private final Logger ofJet = (Logger) LoggerFactory.getLogger("com.hazelcast.jet");

  /** Passes on what is logged of an allocator that was not empty. */
  private static final class Leaks extends ch.qos.logback.core.filter.Filter<ILoggingEvent> {
    @Override
    public FilterReply decide(ILoggingEvent event) {
      for (IThrowableProxy e = event.getThrowableProxy(); e != null; e = e.getCause()) {
        if (String.valueOf(e.getMessage()).contains("Memory was leaked")) {
          return FilterReply.ACCEPT;
        }
      }
      return FilterReply.DENY;
    }
  }

  @BeforeAll
  void start() {
    leaks.addFilter(new Leaks());
    leaks.start();
    ofJet.setLevel(Level.WARN);
    ofJet.setAdditive(false);
    ofJet.addAppender(leaks);
    nodes = new QuireNodes(directory);
    members = new JetMembers(2);
    quire = nodes.tables();
  }

  /** Jet only logs what comes of closing a supplier: Arrow's complaint of memory among it. */
  @AfterAll
  void stop() {
    members.close();
    nodes.close();
    ofJet.setLevel(Level.OFF);
    assertThat(leaks.list).as("memory of Arrow").isEmpty();
  }

  @AfterEach
  void openGate() {
    Gate.open();
    until("uploads are over", () -> stats(FlightStats::uploadsOpen) == 0);
  }

  private long stats(ToLongFunction<FlightStats> which) {
    return nodes.all().stream()
        .mapToLong(node -> which.applyAsLong(node.flights().orElseThrow().stats()))
        .sum();
  }

  private static Job submit(JetMembers to, Pipeline pipeline) {
    return to.jet().newJob(pipeline);
  }

  private static void join(Job job) throws Exception {
    try {
      job.getFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new CompletionException(e.getCause());
    }
  }

  private void run(Pipeline pipeline) throws Exception {
    join(submit(members, pipeline));
  }

  private Optional<NsObject> table(String name) {
    return nodes.get(1).namespaces().lookup(NsHandle.ROOT, name);
  }

  private long rows(String name) {
    return nodes.get(1).datasets().descriptor(table(name).orElseThrow()).rows();
  }

  private List<Long> ids(String name) throws Exception {
    List<Long> ids = new ArrayList<>();
    NsObject table = table(name).orElseThrow();
    try (ArrowReader reader = nodes.get(2).tables().read(table, List.of("id"), PATIENCE)) {
      while (reader.loadNextBatch()) {
        BigIntVector vector = (BigIntVector) reader.getVectorSchemaRoot().getVector(0);
        for (int i = 0; i < vector.getValueCount(); i++) {
          ids.add(vector.get(i));
        }
      }
    }
    return ids;
  }

  private static Long[] upTo(int end) {
    return IntStream.range(0, end).mapToObj(Long::valueOf).toArray(Long[]::new);
  }

  /** What is held of tables; what is left of one that failed would be among it. */
  private long held() {
    return nodes.all().stream().mapToLong(node -> node.datasets().stats().extents()).sum();
  }

  private static BatchStage<Integer> numbers(Pipeline pipeline, int count) {
    return pipeline.readFrom(
        TestSources.items(IntStream.range(0, count).boxed().toArray(Integer[]::new)));
  }

  private Sink<Integer> ids(QuireTables of, String name) {
    return of.create(name, IDS, id -> new Object[] {id, id % 5 == 0 ? null : "é" + id});
  }

  private static final Object[] NOTHING = {};

  private NsObject load(String name, Tpch tpch) {
    return nodes
        .get(0)
        .tables()
        .load(
            NsHandle.ROOT,
            name,
            Lifetime.DURABLE,
            new Source.Made(tpch, 6),
            tpch.schema(),
            ReadOptions.DEFAULTS.withBatch(1_500, 1 << 20),
            Progress.NONE);
  }

  private List<List<String>> sums(NsObject table) {
    Tables tables = nodes.get(0).tables();
    List<String> names = tables.schema(table).getFields().stream().map(f -> f.getName()).toList();
    Aggregate aggregate =
        new Aggregate(
            List.of(names.indexOf("l_shipmode"), names.indexOf("l_returnflag")),
            List.of(
                Measure.rows(),
                new Measure(Kind.SUM, names.indexOf("l_extendedprice")),
                new Measure(Kind.SUM, names.indexOf("l_orderkey")),
                new Measure(Kind.MIN, names.indexOf("l_receiptdate")),
                new Measure(Kind.MAX, names.indexOf("l_comment"))),
            100);
    return tables.aggregate(table, new Filter.And(List.of()), aggregate, PATIENCE).stream()
        .map(row -> row.keys() + " " + row.values())
        .sorted()
        .map(List::of)
        .toList();
  }

  @Test
  @Order(1)
  void tableThatIsCopied_isTheSame_andLiesOnAllNodes() throws Exception {
    Tpch tpch = new Tpch("lineitem", 0.02);
    NsObject items = load("/items", tpch);
    Pipeline pipeline = Pipeline.create();
    pipeline
        .readFrom(quire.source("/items"))
        .writeTo(quire.create("/copy", tpch.schema(), 2, Row::toArray));
    run(pipeline);
    NsObject copy = table("/copy").orElseThrow();
    assertThat(nodes.get(2).tables().schema(copy)).isEqualTo(tpch.schema());
    assertThat(sums(copy)).hasSizeGreaterThan(10).isEqualTo(sums(items));
    // 120,000 rows of two row groups or so: not all nodes, but not only the one that took them.
    assertThat(nodes.get(0).tables().shares(copy, List.of())).hasSizeGreaterThan(1);
    assertThat(nodes.get(0).datasets().descriptor(copy).extents())
        .allMatch(extent -> extent.spares().size() == 1);
  }

  @Test
  @Order(1)
  void replicasThatNoTableHas_areRefusedBeforeThereIsAJob() {
    assertThatThrownBy(() -> quire.create("/four", IDS, 4, id -> new Object[] {id}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("replicas: table=/four found=4 allowed=1..3");
  }

  @Test
  @Order(1)
  void rowsThatAreAppended_areBehindThoseOfTheTable_andEachJobIsOne() throws Exception {
    Pipeline create = Pipeline.create();
    numbers(create, 1_000).writeTo(ids(quire, "/grows"));
    run(create);
    assertThat(ids("/grows")).containsExactlyInAnyOrder(upTo(1_000));
    NsObject before = table("/grows").orElseThrow();
    Pipeline append = Pipeline.create();
    numbers(append, 20_000).writeTo(quire.append("/grows", id -> new Object[] {1_000L + id, null}));
    run(append);
    assertThat(ids("/grows")).startsWith(ids("/grows").subList(0, 1_000).toArray(Long[]::new));
    assertThat(ids("/grows")).containsExactlyInAnyOrder(upTo(21_000));
    assertThat(nodes.get(0).datasets().descriptor(before).rows()).isEqualTo(1_000);
    // The same pipeline is another job.
    run(append);
    assertThat(rows("/grows")).isEqualTo(41_000);
  }

  @Test
  @Order(1)
  void noRows_areATableWithoutRows() throws Exception {
    Pipeline pipeline = Pipeline.create();
    numbers(pipeline, 10).filter(id -> id > 10).writeTo(ids(quire, "/empty"));
    run(pipeline);
    assertThat(rows("/empty")).isZero();
    assertThat(nodes.get(2).tables().schema(table("/empty").orElseThrow())).isEqualTo(IDS);
  }

  @Test
  @Order(1)
  void tableOfANamespace_isWrittenByWhoMayWriteThere() throws Exception {
    Namespaces namespaces = nodes.get(0).namespaces();
    NsHandle team = namespaces.createNamespace("team", Quota.NONE);
    Principal alice = new Principal("alice");
    QuireTables hers = quire.in("team").withToken("of-alice");
    assertFailure(ids(hers, "grows"), "table=grows");
    namespaces.grant(team, alice, Access.WRITER);
    Pipeline create = Pipeline.create();
    numbers(create, 100).writeTo(ids(hers, "grows"));
    run(create);
    Pipeline append = Pipeline.create();
    numbers(append, 50).writeTo(hers.append("grows", id -> new Object[] {id, null}));
    run(append);
    NsObject table = nodes.get(2).namespaces().lookup(team, "grows").orElseThrow();
    assertThat(nodes.get(2).datasets().descriptor(table).rows()).isEqualTo(150);
    namespaces.grant(team, alice, Access.READER);
    assertFailure(
        hers.append("grows", id -> new Object[] {id, null}),
        "table was not written: table=grows node=grpc+tls://");
    assertThat(nodes.get(0).namespaces().lookup(table.xid())).contains(table);
  }

  @Test
  @Order(2)
  void jobThatFails_orIsCancelled_leavesNothing() throws Exception {
    extents = held();
    Pipeline fails = Pipeline.create();
    numbers(fails, 100_000)
        .map(
            id -> {
              if (id == 90_000) {
                throw new IllegalStateException("broken");
              }
              return id;
            })
        .writeTo(ids(quire, "/failed"));
    assertThatThrownBy(() -> run(fails)).hasStackTraceContaining("broken");
    assertNothing("/failed");

    Pipeline unfit = Pipeline.create();
    numbers(unfit, 10_000)
        .writeTo(
            quire.create(
                "/failed", IDS, id -> new Object[] {id == 9_000 ? "text" : (Object) id, null}));
    assertThatThrownBy(() -> run(unfit))
        .hasStackTraceContaining(
            "value does not fit its column: column=id type=Int(64, true) found=String value=text");
    assertNothing("/failed");

    Gate.closeAfter(50_000);
    Pipeline held = Pipeline.create();
    Gate.in(numbers(held, 100_000)).writeTo(ids(quire, "/failed"));
    Job job = submit(members, held);
    Gate.awaitReached();
    until("it is sent", () -> stats(FlightStats::uploadsOpen) == 1);
    assertThat(table("/failed")).isEmpty();
    job.cancel();
    Gate.open();
    until("cancelled", () -> job.getStatus() == JobStatus.FAILED);
    assertNothing("/failed");
  }

  private void assertNothing(String name) {
    until("uploads are over", () -> stats(FlightStats::uploadsOpen) == 0);
    until("nothing is left", () -> held() == extents);
    assertThat(table(name)).isEmpty();
  }

  @Test
  @Order(2)
  void whatIsWrong_failsTheJobAndIsSaid() throws Exception {
    Pipeline taken = Pipeline.create();
    numbers(taken, 10).writeTo(ids(quire, "/taken"));
    run(taken);
    assertFailure(ids(quire, "/taken"), "table was not written: table=/taken node=grpc+tls://");
    assertThat(rows("/taken")).isEqualTo(10);
    assertFailure(quire.append("/absent", _ -> NOTHING), "reason=[no such table: name=/absent]");
    assertFailure(
        quire.append("/taken", _ -> NOTHING), "not as many values as columns: found=0 wanted=2");
    assertFailure(
        quire.append("/taken", _ -> new Object[] {null, null}),
        "null in a column that may have none: column=id");
    assertFailure(ids(quire.in("nobody"), "a"), "reason=[no such namespace: name=nobody]");
    assertFailure(ids(quire.withToken("wrong"), "/x"), "reason=[a token is needed]");
    int nobody = Ports.free(1).getFirst();
    assertFailure(
        ids(QuireTables.at("grpc+tcp://127.0.0.1:" + nobody), "/x"),
        "no node answers: table=/x nodes=[grpc+tcp://127.0.0.1:");
    assertThat(table("/x")).isEmpty();
    assertThat(rows("/taken")).isEqualTo(10);
  }

  private void assertFailure(Sink<Integer> sink, String message) {
    Pipeline pipeline = Pipeline.create();
    numbers(pipeline, 10).writeTo(sink);
    assertThatThrownBy(() -> run(pipeline)).hasStackTraceContaining(message);
  }

  @Test
  @Order(2)
  void whatItCannotKeep_isRefused() {
    Pipeline pipeline = Pipeline.create();
    numbers(pipeline, 10).writeTo(ids(quire, "/refused"));
    JobConfig exactly = new JobConfig().setProcessingGuarantee(ProcessingGuarantee.EXACTLY_ONCE);
    assertThatThrownBy(() -> join(members.jet().newJob(pipeline, exactly)))
        .hasStackTraceContaining(
            "a job that is restarted has to give all rows again: table=/refused"
                + " guaranteeFound=EXACTLY_ONCE wanted=NONE");
    Pipeline parallel = Pipeline.create();
    numbers(parallel, 10).writeTo(ids(quire, "/refused")).setLocalParallelism(2);
    assertThatThrownBy(() -> run(parallel))
        .hasStackTraceContaining(
            "one processor writes a table: table=/refused localParallelismFound=2 wanted=1");
    assertThat(table("/refused")).isEmpty();
    assertThatThrownBy(
            () ->
                quire.create(
                    "/refused",
                    new Schema(
                        List.of(
                            org.apache.arrow.vector.types.pojo.Field.nullable(
                                "a", org.apache.arrow.vector.types.pojo.ArrowType.Null.INSTANCE))),
                    _ -> NOTHING))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("column of a type that rows do not have: column=a");
  }

  /** The node has all of it, and is not heard any more. */
  @Test
  @Order(3)
  void jobThatDoesNotHearWhetherTheTableIsMade_findsOut_andMakesItOnce() throws Exception {
    for (boolean append : List.of(false, true)) {
      try (Wire wire = new Wire(nodes.get(0).flights().orElseThrow().location())) {
        QuireTables through = through(wire, quire.patience());
        Sink<Integer> sink =
            append
                ? through.append("/doubt", id -> new Object[] {10_000 + id, null})
                : ids(through, "/doubt");
        long uploads = stats(FlightStats::uploads);
        Gate.closeAfter(9_000);
        Pipeline pipeline = Pipeline.create();
        Gate.in(numbers(pipeline, 10_000)).writeTo(sink);
        Job job = submit(members, pipeline);
        Gate.awaitReached();
        until("it is sent", () -> stats(FlightStats::uploadsOpen) == 1);
        wire.mute();
        Gate.open();
        until("it is made", () -> stats(FlightStats::uploads) == uploads + 1);
        assertThat(job.getStatus()).isEqualTo(JobStatus.RUNNING);
        wire.cut();
        join(job);
        assertThat(stats(FlightStats::uploads)).as("asked again").isEqualTo(uploads + 2);
      }
      assertThat(ids("/doubt")).containsExactlyInAnyOrder(upTo(append ? 20_000 : 10_000));
    }
  }

  @Test
  @Order(3)
  void connectionThatIsLostInTheMidst_makesTheJobBeginAnew_andTheTableIsWhole() throws Exception {
    long failed = stats(FlightStats::uploadsFailed);
    try (Wire wire = new Wire(nodes.get(0).flights().orElseThrow().location())) {
      Gate.closeAfter(50_000);
      Pipeline pipeline = Pipeline.create();
      Gate.in(numbers(pipeline, 100_000)).writeTo(ids(through(wire, quire.patience()), "/lost"));
      Job job = submit(members, pipeline);
      Gate.awaitReached();
      until("it is sent", () -> stats(FlightStats::uploadsOpen) == 1);
      wire.cut();
      Gate.open();
      join(job);
    }
    assertThat(stats(FlightStats::uploadsFailed)).isEqualTo(failed + 1);
    assertThat(ids("/lost")).containsExactlyInAnyOrder(upTo(100_000));
  }

  private QuireTables through(Wire wire, Duration patience) {
    return new QuireTables(List.of(wire.location()), quire.token(), quire.trusted(), "", patience);
  }

  @Test
  @Order(3)
  void nodeThatTakesNothing_failsTheJob() throws Exception {
    extents = held();
    try (Wire wire = new Wire(nodes.get(0).flights().orElseThrow().location())) {
      QuireTables through = through(wire, Duration.ofSeconds(2));
      Gate.closeAfter(20_000);
      Pipeline pipeline = Pipeline.create();
      Gate.in(numbers(pipeline, 1_000_000)).writeTo(ids(through, "/mute"));
      Job job = submit(members, pipeline);
      Gate.awaitReached();
      until("it is sent", () -> stats(FlightStats::uploadsOpen) == 1);
      wire.mute();
      Gate.open();
      assertThatThrownBy(() -> join(job)).hasStackTraceContaining("reason=[took nothing: seconds=");
    }
    assertNothing("/mute");
  }

  /** The table is made; the rest of the job is not done, and has to be done again. */
  @Test
  @Order(4)
  void memberThatDiesWhenTheTableIsMade_doesNotMakeItTwice() throws Exception {
    for (boolean append : List.of(false, true)) {
      try (JetMembers dying = new JetMembers(2)) {
        Sink<Integer> sink =
            append
                ? quire.append("/twice", id -> new Object[] {500 + id, null})
                : ids(quire, "/twice");
        Gate.closeAfter(0);
        Pipeline pipeline = Pipeline.create();
        BatchStage<Integer> numbers = numbers(pipeline, 500);
        numbers.writeTo(sink);
        // On both members: one that has done its part may go, and the job does not mind.
        Gate.in(numbers.rebalance()).writeTo(Sinks.noop());
        long uploads = stats(FlightStats::uploads);
        Job job = submit(dying, pipeline);
        until("it is made", () -> stats(FlightStats::uploads) == uploads + 1);
        assertThat(rows("/twice")).isEqualTo(append ? 1_000 : 500);
        dying.member(1).getLifecycleService().terminate();
        Gate.open();
        join(job);
        assertThat(stats(FlightStats::uploads)).as("sent again").isEqualTo(uploads + 2);
      }
      assertThat(ids("/twice")).containsExactlyInAnyOrder(upTo(append ? 1_000 : 500));
    }
  }

  @Test
  @Order(4)
  void memberThatDiesInTheMidst_makesTheJobBeginAnew_andTheTableIsWhole() throws Exception {
    for (int dies = 0; dies < 2; dies++) {
      String name = "/anew" + dies;
      try (JetMembers dying = new JetMembers(2)) {
        Gate.closeAfter(50_000);
        Pipeline pipeline = Pipeline.create();
        Gate.in(numbers(pipeline, 100_000)).writeTo(ids(quire, name));
        Job job = submit(dying, pipeline);
        Gate.awaitReached();
        until("it is sent", () -> stats(FlightStats::uploadsOpen) == 1);
        dying.member(dies).getLifecycleService().terminate();
        Gate.open();
        join(
            Objects.requireNonNull(
                dying.member(1 - dies).getJet().getJob(job.getId()), "the job is known"));
      }
      assertThat(ids(name)).containsExactlyInAnyOrder(upTo(100_000));
    }
  }

  /** It is the only one that the job knows. */
  @Test
  @Order(5)
  void nodeThatStopsInTheMidst_failsTheJobIfThereIsNoOther_andLeavesNothing() throws Exception {
    Node stops = nodes.get(2);
    QuireTables to =
        new QuireTables(
            List.of(stops.flights().orElseThrow().location()),
            quire.token(),
            quire.trusted(),
            "",
            quire.patience());
    Gate.closeAfter(50_000);
    Pipeline pipeline = Pipeline.create();
    Gate.in(numbers(pipeline, 100_000)).writeTo(ids(to, "/stopped"));
    Job job = submit(members, pipeline);
    Gate.awaitReached();
    until("it is sent", () -> stats(FlightStats::uploadsOpen) == 1);
    stops.close();
    Gate.open();
    assertThatThrownBy(() -> join(job))
        .hasStackTraceContaining("no node answers: table=/stopped nodes=[");
    assertThat(table("/stopped")).isEmpty();
  }
}
