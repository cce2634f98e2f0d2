package io.quire.jet;

import static com.hazelcast.jet.aggregate.AggregateOperations.allOf;
import static com.hazelcast.jet.aggregate.AggregateOperations.counting;
import static com.hazelcast.jet.aggregate.AggregateOperations.summingLong;
import static io.quire.jet.QuireNodes.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.cluster.Address;
import com.hazelcast.collection.IList;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.Job;
import com.hazelcast.jet.core.JobStatus;
import com.hazelcast.jet.datamodel.Tuple2;
import com.hazelcast.jet.pipeline.BatchStage;
import com.hazelcast.jet.pipeline.Pipeline;
import com.hazelcast.jet.pipeline.Sinks;
import io.quire.columns.Aggregate;
import io.quire.columns.Aggregate.Kind;
import io.quire.columns.Aggregate.Measure;
import io.quire.columns.Filter;
import io.quire.columns.Value;
import io.quire.datasets.Progress;
import io.quire.flight.FlightStats;
import io.quire.formats.Format;
import io.quire.formats.ReadOptions;
import io.quire.formats.SchemaText;
import io.quire.formats.Tpch;
import io.quire.node.Node;
import io.quire.ns.Access;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.Principal;
import io.quire.ns.Quota;
import io.quire.tables.Source;
import io.quire.tables.TableShare;
import io.quire.tables.Tables;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
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

/** Tables of three nodes, read by pipelines of a cluster of two members of Jet. */
@Timeout(180)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TableSourceTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final ReadOptions SMALL = ReadOptions.DEFAULTS.withBatch(1_500, 1 << 20);

  @TempDir private static Path directory;

  private final Tpch tpch = new Tpch("lineitem", 0.02);
  private QuireNodes nodes;
  private JetMembers members;
  private QuireTables quire;

  /** 120,000 rows in some eighty groups, a third of them on each node. */
  private NsObject items;

  @BeforeAll
  void start() {
    nodes = new QuireNodes(directory);
    members = new JetMembers(2);
    quire = nodes.tables();
    items = load("/items");
  }

  @AfterAll
  void stop() {
    members.close();
    nodes.close();
  }

  @AfterEach
  void openGate() {
    Gate.open();
  }

  private NsObject load(String name) {
    return nodes
        .get(0)
        .tables()
        .load(
            NsHandle.ROOT,
            name,
            Lifetime.DURABLE,
            new Source.Made(tpch, 6),
            tpch.schema(),
            SMALL,
            Progress.NONE);
  }

  private void run(Pipeline pipeline) throws Exception {
    join(members.jet().newJob(pipeline));
  }

  private static void join(Job job) throws Exception {
    try {
      job.getFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new CompletionException(e.getCause());
    }
  }

  /** By flag and status: how many rows, and the hundredths of all quantities. */
  private void writeSums(BatchStage<Row> rows, String list) {
    rows.groupingKey(row -> row.getString("l_returnflag") + row.getString("l_linestatus"))
        .aggregate(
            allOf(
                counting(),
                summingLong(row -> row.getDecimal("l_quantity").unscaledValue().longValueExact())))
        .writeTo(Sinks.list(list));
  }

  private Map<String, List<Long>> sums(String list) {
    IList<Map.Entry<String, Tuple2<Long, Long>>> found = members.member(0).getList(list);
    Map<String, List<Long>> sums = new TreeMap<>();
    for (Map.Entry<String, Tuple2<Long, Long>> each : found) {
      assertThat(sums.put(each.getKey(), List.of(each.getValue().f0(), each.getValue().f1())))
          .as("twice: %s", each)
          .isNull();
    }
    return sums;
  }

  private Map<String, List<Long>> expected(NsObject table) {
    Tables tables = nodes.get(0).tables();
    List<String> names = tables.schema(table).getFields().stream().map(f -> f.getName()).toList();
    Aggregate aggregate =
        new Aggregate(
            List.of(names.indexOf("l_returnflag"), names.indexOf("l_linestatus")),
            List.of(Measure.rows(), new Measure(Kind.SUM, names.indexOf("l_quantity"))),
            100);
    Map<String, List<Long>> sums = new TreeMap<>();
    for (Aggregate.Row row :
        tables.aggregate(table, new Filter.And(List.of()), aggregate, PATIENCE)) {
      sums.put(
          text(row.keys().get(0)) + text(row.keys().get(1)),
          row.values().stream().map(TableSourceTest::hundredths).toList());
    }
    assertThat(sums).hasSize(4);
    return sums;
  }

  private static String text(Optional<Value> value) {
    return new String(((Value.Bytes) value.orElseThrow()).value(), StandardCharsets.UTF_8);
  }

  private static long hundredths(Optional<Value> value) {
    return switch (value.orElseThrow()) {
      case Value.Whole whole -> whole.value();
      case Value.Exact exact -> exact.value().unscaledValue().longValueExact();
      default -> throw new IllegalArgumentException("not a number: " + value);
    };
  }

  private long stats(ToLongFunction<FlightStats> which) {
    return nodes.all().stream()
        .mapToLong(node -> which.applyAsLong(node.flights().orElseThrow().stats()))
        .sum();
  }

  private static final String[] SUMMED = {"l_returnflag", "l_linestatus", "l_quantity"};

  @Test
  @Order(1)
  void pipeline_answersAsTheTableDoes() throws Exception {
    List<TableShare> shares = nodes.get(0).tables().shares(items, List.of());
    assertThat(shares).hasSize(3).allMatch(share -> share.groups() > 15);
    Pipeline pipeline = Pipeline.create();
    writeSums(pipeline.readFrom(quire.source("/items", SUMMED)), "answer");
    run(pipeline);
    assertThat(sums("answer")).isEqualTo(expected(items));
    nodes.assertNothingIsHeld();
  }

  /** Whole numbers, so that it is seen that each came once. */
  @Test
  @Order(1)
  void rows_comeOnceEach_andOnlyTheColumnsThatAreNamed() throws Exception {
    long all = stats(FlightStats::bytes);
    Pipeline pipeline = Pipeline.create();
    pipeline.readFrom(quire.source("/items")).aggregate(counting()).writeTo(Sinks.list("count"));
    run(pipeline);
    long bytesOfAll = stats(FlightStats::bytes) - all;
    assertThat(members.member(0).<Long>getList("count"))
        .containsExactly(nodes.get(0).datasets().descriptor(items).rows());

    long one = stats(FlightStats::bytes);
    pipeline = Pipeline.create();
    pipeline
        .readFrom(
            quire.<String>source(
                "/items",
                List.of("l_linenumber", "l_orderkey"),
                row -> {
                  assertThat(row.columns()).containsExactly("l_linenumber", "l_orderkey");
                  return row.getInt(0) == 1
                      ? null
                      : row.getLong("l_orderkey") + "." + row.getInt(0);
                }))
        .writeTo(Sinks.list("keys"));
    run(pipeline);
    assertThat(stats(FlightStats::bytes) - one).isPositive().isLessThan(bytesOfAll / 5);
    List<String> keys = new ArrayList<>(members.member(0).<String>getList("keys"));
    assertThat(keys).doesNotHaveDuplicates().noneMatch(key -> key.endsWith(".1"));
    long orders = expectedOrders();
    assertThat(keys).hasSize((int) (nodes.get(0).datasets().descriptor(items).rows() - orders));
  }

  /** Each order has one line with the number 1. */
  private long expectedOrders() {
    Tables tables = nodes.get(0).tables();
    List<String> names = tables.schema(items).getFields().stream().map(f -> f.getName()).toList();
    return tables
        .aggregate(
            items,
            new Filter.Compare(names.indexOf("l_linenumber"), Filter.Op.EQ, Value.of(1)),
            new Aggregate(List.of(), List.of(Measure.rows()), 1),
            PATIENCE)
        .stream()
        .mapToLong(row -> hundredths(row.values().getFirst()))
        .sum();
  }

  @Test
  @Order(1)
  void values_areThoseOfTheTable() throws Exception {
    String columns =
        "a:bool?, b:byte?, c:short?, d:int?, e:long?, f:float?, g:double?, h:decimal(20,3)?,"
            + " i:date?, j:time?, k:timestamp?, l:instant(ns)?, m:string?";
    Path file =
        Files.writeString(
            directory.resolve("types.csv"),
            "a,b,c,d,e,f,g,h,i,j,k,l,m\n"
                + "true,-7,300,-70000,9000000000,1.5,-2.25,12345678901234567.891,1969-12-31,"
                + "23:59:59.000001,1969-12-31T23:59:59.999999,2026-01-02T03:04:05.000000007Z,é\n"
                + ",,,,,,,,,,,,\n");
    Tables tables = nodes.get(0).tables();
    NsHandle team = nodes.get(0).namespaces().createNamespace("team", Quota.NONE);
    tables.load(
        team,
        "types",
        Lifetime.DURABLE,
        new Source.Files(tables.inputs().find(List.of(file.toString())), Format.Csv.DEFAULT),
        SchemaText.parse(columns),
        SMALL,
        Progress.NONE);
    Pipeline pipeline = Pipeline.create();
    pipeline.readFrom(quire.in("team").source("types")).writeTo(Sinks.list("types"));
    run(pipeline);
    List<Row> rows = new ArrayList<>(members.member(1).<Row>getList("types"));
    assertThat(rows).hasSize(2);
    Row row = rows.stream().filter(each -> !each.isNull("a")).findFirst().orElseThrow();
    assertThat(row.toString())
        .isEqualTo(
            "Row[a=true b=-7 c=300 d=-70000 e=9000000000 f=1.5 g=-2.25 h=12345678901234567.891"
                + " i=1969-12-31 j=23:59:59.000001 k=1969-12-31T23:59:59.999999"
                + " l=2026-01-02T03:04:05.000000007Z m=é]");
    assertThat(row.getLong("d")).isEqualTo(-70_000);
    assertThat(row.getDecimal("c")).isEqualTo("300");
    Row nulls = rows.stream().filter(each -> each.isNull("a")).findFirst().orElseThrow();
    assertThat(nulls.toArray()).hasSize(13).containsOnlyNulls();
    assertThatThrownBy(() -> nulls.getString("m"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("not a value of that type: column=m found=null wanted=String");
  }

  @Test
  @Order(1)
  void tableWithoutRows_isNoItems() throws Exception {
    Tables tables = nodes.get(0).tables();
    Path file = Files.writeString(directory.resolve("none.csv"), "id\n");
    tables.load(
        NsHandle.ROOT,
        "/none",
        Lifetime.DURABLE,
        new Source.Files(tables.inputs().find(List.of(file.toString())), Format.Csv.DEFAULT),
        SchemaText.parse("id:long"),
        SMALL,
        Progress.NONE);
    Pipeline pipeline = Pipeline.create();
    pipeline.readFrom(quire.source("/none")).aggregate(counting()).writeTo(Sinks.list("none"));
    run(pipeline);
    assertThat(members.member(0).<Long>getList("none")).containsExactly(0L);
  }

  @Test
  @Order(1)
  void whatIsWrong_failsTheJobAndIsSaid() throws IOException {
    assertFailure(quire, "/nowhere", "no such table: name=/nowhere");
    assertFailure(quire.in("nobody"), "a", "no such namespace: name=nobody");
    assertFailure(quire, "/items", "no such column: table=/items column=x known=[l_", "x");
    assertFailure(quire.withToken("wrong"), "/items", "reason=[a token is needed]");
    assertFailure(quire.withToken(""), "/items", "reason=[a token is needed]");
    int nobody = Ports.free(1).getFirst();
    QuireTables away = QuireTables.at("grpc+tcp://127.0.0.1:" + nobody);
    assertFailure(away, "/items", "no node answers: table=/items nodes=[grpc+tcp://127.0.0.1:");
    // Its certificate is not of those that the JVM trusts.
    assertFailure(
        quire.withTrusted(""), "/items", "no node answers: table=/items nodes=[grpc+tls:");
    Principal alice = new Principal("alice");
    nodes.get(0).namespaces().grant(NsHandle.ROOT, alice, Access.NONE);
    assertFailure(quire.withToken("of-alice"), "/items", "alice");
    nodes.get(0).namespaces().revoke(NsHandle.ROOT, alice);
    assertThat(quire.toString()).doesNotContain(QuireNodes.TOKEN);
  }

  private void assertFailure(QuireTables of, String table, String message, String... columns) {
    Pipeline pipeline = Pipeline.create();
    pipeline.readFrom(of.source(table, columns)).writeTo(Sinks.noop());
    assertThatThrownBy(() -> run(pipeline)).hasMessageContaining(message);
  }

  @Test
  @Order(1)
  void whatIsNoAddress_isRefused() {
    for (String wrong : List.of("http://n1:7483", "grpc+tls://n1", "n1:7483", "grpc+tcp:///")) {
      assertThatThrownBy(() -> QuireTables.at(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("found=" + wrong + " wanted=grpc+tls://host:port");
    }
    assertThatThrownBy(QuireTables::at).hasMessage("no nodes: wanted at least one");
    assertThatThrownBy(() -> quire.withPatience(Duration.ZERO))
        .hasMessage("not a time to wait: patience=PT0S");
  }

  @Test
  @Order(1)
  void shares_areDealtToTheNearestMembers_andEvenly() throws Exception {
    List<Address> two = List.of(new Address("127.0.0.1", 1), new Address("127.0.0.2", 1));
    List<Share> shares = new ArrayList<>();
    for (String host : List.of("127.0.0.2", "127.0.0.2", "127.0.0.1", "127.0.0.3", "127.0.0.3")) {
      shares.add(new Share(new byte[0], List.of(URI.create("grpc+tls://" + host + ":9"))));
    }
    shares.add(new Share(new byte[0], List.of()));
    Map<Address, List<Share>> dealt = TableSource.dealt(shares, two);
    assertThat(dealt.get(two.get(0))).hasSize(3).contains(shares.get(2));
    assertThat(dealt.get(two.get(1))).hasSize(3).contains(shares.get(0), shares.get(1));
  }

  /** Whoever comes later has them; the job has what there was when it began. */
  @Test
  @Order(2)
  void rowsAppendedMeanwhile_areNotAmongThoseThatAreRead() throws Exception {
    NsObject grows = load("/grows");
    Map<String, List<Long>> before = expected(grows);
    Gate.closeAfter(5_000);
    Pipeline pipeline = Pipeline.create();
    writeSums(Gate.in(pipeline.readFrom(quire.source("/grows"))), "grows");
    Job job = members.jet().newJob(pipeline);
    Gate.awaitReached();
    nodes
        .get(1)
        .tables()
        .append(grows, new Source.Made(tpch, 2), tpch.schema(), SMALL, Progress.NONE);
    Gate.open();
    join(job);
    assertThat(sums("grows")).isEqualTo(before);
  }

  @Test
  @Order(2)
  void pipelineThatIsHeldUp_isCutOffByTheNodes_andGoesOnWhereItWas() throws Exception {
    long cutOff = stats(FlightStats::cutOff);
    Gate.closeAfter(5_000);
    Pipeline pipeline = Pipeline.create();
    writeSums(Gate.in(pipeline.readFrom(quire.source("/items"))), "held");
    Job job = members.jet().newJob(pipeline);
    Gate.awaitReached();
    until("all are cut off", () -> stats(FlightStats::cutOff) >= cutOff + 3);
    nodes.assertNothingIsHeld();
    Gate.open();
    join(job);
    assertThat(sums("held")).isEqualTo(expected(items));
    nodes.assertNothingIsHeld();
  }

  @Test
  @Order(2)
  void tableThatIsDroppedWhileThePipelineIsHeldUp_failsTheJob() throws Exception {
    NsObject dropped = load("/dropped");
    long cutOff = stats(FlightStats::cutOff);
    Gate.closeAfter(5_000);
    Pipeline pipeline = Pipeline.create();
    writeSums(Gate.in(pipeline.readFrom(quire.source("/dropped"))), "dropped");
    Job job = members.jet().newJob(pipeline);
    Gate.awaitReached();
    until("all are cut off", () -> stats(FlightStats::cutOff) >= cutOff + 3);
    nodes.get(0).namespaces().delete(dropped);
    Gate.open();
    assertThatThrownBy(() -> join(job))
        .hasMessageContaining("table cannot be read: table=/dropped")
        .hasMessageContaining("table was deleted: name=/dropped");
    assertThat(sums("dropped")).isEmpty();
    nodes.assertNothingIsHeld();
  }

  @Test
  @Order(2)
  void jobThatIsCancelled_holdsNothing() throws Exception {
    long streams = stats(FlightStats::streams);
    Gate.closeAfter(5_000);
    Pipeline pipeline = Pipeline.create();
    writeSums(Gate.in(pipeline.readFrom(quire.source("/items"))), "cancelled");
    Job job = members.jet().newJob(pipeline);
    Gate.awaitReached();
    job.cancel();
    Gate.open();
    until("cancelled", () -> job.getStatus() == JobStatus.FAILED);
    nodes.assertNothingIsHeld();
    assertThat(sums("cancelled")).isEmpty();
    assertThat(stats(FlightStats::streams)).isGreaterThan(streams);
  }

  @Test
  @Order(3)
  void memberThatDies_makesTheJobBeginAnew_andTheAnswerIsWhole() throws Exception {
    Gate.closeAfter(5_000);
    Pipeline pipeline = Pipeline.create();
    writeSums(Gate.in(pipeline.readFrom(quire.source("/items"))), "restarted");
    Job job = members.jet().newJob(pipeline);
    Gate.awaitReached();
    long streams = stats(FlightStats::streams);
    HazelcastInstance dies = members.member(1);
    dies.getLifecycleService().terminate();
    Gate.open();
    join(job);
    assertThat(stats(FlightStats::streams)).as("read anew").isGreaterThanOrEqualTo(streams + 3);
    assertThat(sums("restarted")).isEqualTo(expected(items));
    nodes.assertNothingIsHeld();
  }

  /** Its rows are read from their copies by the others. */
  @Test
  @Order(4)
  void nodeThatStops_isReplacedByOthers_andTheAnswerIsWhole() throws Exception {
    Map<String, List<Long>> wanted = expected(items);
    Node stops = nodes.get(2);
    long share = nodes.get(0).tables().shares(items, List.of()).get(2).rows();
    long before = stops.flights().orElseThrow().stats().rows();
    Gate.closeAfter(5_000);
    Pipeline pipeline = Pipeline.create();
    BatchStage<Row> all = pipeline.readFrom(quire.source("/items")).setLocalParallelism(3);
    writeSums(Gate.in(all), "replaced");
    Job job = members.jet().newJob(pipeline);
    Gate.awaitReached();
    until("it gives some", () -> stops.flights().orElseThrow().stats().rows() > before);
    stops.close();
    assertThat(stops.flights().orElseThrow().stats().rows() - before)
        .as("not all was given")
        .isLessThan(share);
    Gate.open();
    join(job);
    assertThat(sums("replaced")).isEqualTo(wanted);
  }
}
