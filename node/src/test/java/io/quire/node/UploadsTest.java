package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.quire.ager.AgerException;
import io.quire.ager.Draft;
import io.quire.columns.ColumnMemory;
import io.quire.flight.FlightStats;
import io.quire.formats.SchemaText;
import io.quire.ns.Access;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.Principal;
import io.quire.ns.Quota;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.arrow.flight.CallHeaders;
import org.apache.arrow.flight.FlightCallHeaders;
import org.apache.arrow.flight.FlightClient;
import org.apache.arrow.flight.FlightClient.ClientStreamListener;
import org.apache.arrow.flight.FlightDescriptor;
import org.apache.arrow.flight.FlightRuntimeException;
import org.apache.arrow.flight.FlightStatusCode;
import org.apache.arrow.flight.HeaderCallOption;
import org.apache.arrow.flight.Location;
import org.apache.arrow.flight.PutResult;
import org.apache.arrow.flight.SyncPutListener;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tables of what a client that is Arrow's own sends to one node. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class UploadsTest {
  private static final Schema COLUMNS = SchemaText.parse("id:long, name:string?");
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

  @TempDir private static Path directory;

  private final BufferAllocator memory = ColumnMemory.open(Long.MAX_VALUE);
  private Node node;
  private FlightClient client;

  @BeforeAll
  void start() throws Exception {
    node =
        Node.open(
            NodeConfig.load(
                null,
                List.of(
                    "memory=32MiB",
                    "data=" + directory.resolve("data"),
                    "http.token=secret",
                    "http.tokens.alice=of-alice",
                    "flight.port=0",
                    "flight.patience=1s",
                    "flight.idle=3s")));
    client = client(node);
  }

  @AfterAll
  void stop() throws Exception {
    client.close();
    node.close();
    memory.close();
  }

  @AfterEach
  void nothingIsHeld() {
    until("uploads are over", () -> stats().uploadsOpen() == 0);
    until("pins are released", () -> node.ager().stats().pinnedBytes() == 0);
  }

  private FlightClient client(Node of) throws Exception {
    Location location = new Location(of.flights().orElseThrow().location());
    try (InputStream trusted = Files.newInputStream(of.config().tls().resolve("ca.pem"))) {
      return FlightClient.builder(memory, location).useTls().trustedCertificates(trusted).build();
    }
  }

  private static HeaderCallOption bearer(String token) {
    CallHeaders headers = new FlightCallHeaders();
    headers.insert("authorization", "Bearer " + token);
    return new HeaderCallOption(headers);
  }

  private static final HeaderCallOption TOKEN = bearer("secret");

  private FlightStats stats() {
    return node.flights().orElseThrow().stats();
  }

  private void until(String what, BooleanSupplier condition) {
    long giveUp = System.nanoTime() + PATIENCE_NANOS;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - giveUp).as("in time: %s %s", what, stats()).isNegative();
      LockSupport.parkNanos(2_000_000);
    }
  }

  private static FlightDescriptor command(String json) {
    return FlightDescriptor.command(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  /** One upload, batch by batch. */
  private final class Put implements AutoCloseable {
    final SyncPutListener answers = new SyncPutListener();
    final VectorSchemaRoot root;
    final ClientStreamListener stream;
    private int next;

    Put(FlightClient to, FlightDescriptor what, Schema columns, HeaderCallOption as) {
      root = VectorSchemaRoot.create(columns, memory);
      stream = to.startPut(what, root, answers, as);
    }

    Put(FlightDescriptor what) {
      this(client, what, COLUMNS, TOKEN);
    }

    Put batch(int rows) {
      root.clear();
      root.allocateNew();
      for (int i = 0; i < rows; i++) {
        ((BigIntVector) root.getVector(0)).setSafe(i, next);
        byte[] name = ("é" + next++).getBytes(StandardCharsets.UTF_8);
        ((VarCharVector) root.getVector(1)).setSafe(i, name);
      }
      root.setRowCount(rows);
      stream.putNext();
      return this;
    }

    /** What the node says to the end of it. */
    String finish() throws Exception {
      stream.completed();
      try (PutResult result = answers.poll(30, TimeUnit.SECONDS)) {
        answers.getResult();
        byte[] bytes = new byte[(int) result.getApplicationMetadata().readableBytes()];
        result.getApplicationMetadata().getBytes(0, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
      }
    }

    FlightStatusCode failure(String message) {
      FlightRuntimeException e =
          catchThrowableOfType(
              FlightRuntimeException.class,
              () -> {
                stream.completed();
                answers.getResult();
              });
      assertThat(e).isNotNull().hasMessageStartingWith(message);
      return e.status().code();
    }

    @Override
    public void close() {
      root.close();
      answers.close();
    }
  }

  private Optional<NsObject> table(String name) {
    return node.namespaces().lookup(NsHandle.ROOT, name);
  }

  private List<Long> ids(NsObject table) throws Exception {
    List<Long> ids = new ArrayList<>();
    try (ArrowReader reader = node.tables().read(table, List.of("id"), Duration.ofSeconds(30))) {
      while (reader.loadNextBatch()) {
        BigIntVector vector = (BigIntVector) reader.getVectorSchemaRoot().getVector(0);
        for (int i = 0; i < vector.getValueCount(); i++) {
          ids.add(vector.get(i));
        }
      }
    }
    return ids;
  }

  private static List<Long> upTo(int... ends) {
    List<Long> ids = new ArrayList<>();
    for (int end : ends) {
      for (long id = 0; id < end; id++) {
        ids.add(id);
      }
    }
    return ids;
  }

  @Test
  void upload_isATableWhenItHasEnded_andNotBefore() throws Exception {
    long before = stats().uploads();
    try (Put put = new Put(FlightDescriptor.path("/new"))) {
      put.batch(50_000).batch(0).batch(70_000);
      until("under way", () -> stats().uploadsOpen() == 1);
      assertThat(table("/new")).isEmpty();
      assertThat(put.finish()).isEqualTo("{\"rows\":120000}");
    }
    NsObject made = table("/new").orElseThrow();
    assertThat(node.tables().schema(made)).isEqualTo(COLUMNS);
    assertThat(ids(made)).isEqualTo(upTo(120_000));
    assertThat(stats().uploads()).isEqualTo(before + 1);
    assertThat(new Metrics(node).scrape()).contains("quire_flight_uploads_failed");

    node.namespaces().createNamespace("team", Quota.NONE);
    try (Put put = new Put(FlightDescriptor.path("team", "none"))) {
      assertThat(put.finish()).isEqualTo("{\"rows\":0}");
    }
    NsHandle team = node.namespaces().namespace("team").orElseThrow();
    assertThat(node.namespaces().lookup(team, "none")).isPresent();
  }

  @Test
  void append_isBehindTheRowsOfTheTable() throws Exception {
    try (Put put = new Put(FlightDescriptor.path("/grows"))) {
      put.batch(10).finish();
    }
    NsObject first = table("/grows").orElseThrow();
    try (Put put = new Put(command("{'name': '/grows', 'append': true}"))) {
      assertThat(put.batch(20).finish()).isEqualTo("{\"rows\":30}");
    }
    assertThat(ids(first)).isEqualTo(upTo(10));
    assertThat(ids(table("/grows").orElseThrow())).isEqualTo(upTo(10, 20));
    Schema other = SchemaText.parse("id:int, name:string?");
    try (Put put = new Put(client, command("{'name': '/grows', 'append': true}"), other, TOKEN)) {
      assertThat(
              put.failure("not the columns of the table: name=/grows column=0 found=[id:int, name"))
          .isEqualTo(FlightStatusCode.INVALID_ARGUMENT);
    }
  }

  @Test
  void uploadWithAMark_thatIsSentAgain_takesEffectOnce() throws Exception {
    for (String how : List.of("", ", 'append': true")) {
      String asked = "{'name': '/once', 'mark': '%s'%s}".formatted(UUID.randomUUID(), how);
      String wanted = how.isEmpty() ? "{\"rows\":10}" : "{\"rows\":20}";
      for (int again = 0; again < 3; again++) {
        try (Put put = new Put(command(asked))) {
          assertThat(put.batch(10).finish()).isEqualTo(wanted);
        }
      }
    }
    assertThat(ids(table("/once").orElseThrow())).isEqualTo(upTo(10, 10));
  }

  @Test
  void clientThatGivesUp_leavesNothing() throws Exception {
    long failed = stats().uploadsFailed();
    try (Put put = new Put(FlightDescriptor.path("/cancelled"))) {
      put.batch(50_000).batch(50_000);
      until("under way", () -> stats().uploadsOpen() == 1);
      put.stream.error(new IllegalStateException("given up"));
      until("failed", () -> stats().uploadsFailed() == failed + 1);
    }
    assertThat(table("/cancelled")).isEmpty();
    long extents = node.datasets().stats().extents();
    try (Put put = new Put(FlightDescriptor.path("/whole"))) {
      put.batch(10).finish();
    }
    assertThat(node.datasets().stats().extents()).isEqualTo(extents + 3);
  }

  @Test
  void whatIsWrong_hasACodeAndOurMessage_andMakesNothing() throws Exception {
    try (Put put = new Put(FlightDescriptor.path("/taken"))) {
      put.batch(1).finish();
    }
    assertFailure(FlightDescriptor.path("/taken"), FlightStatusCode.ALREADY_EXISTS, "");
    assertFailure(
        FlightDescriptor.path("nowhere", "a"),
        FlightStatusCode.NOT_FOUND,
        "no such namespace: name=nowhere");
    assertFailure(
        command("{'name': '/absent', 'append': true}"),
        FlightStatusCode.NOT_FOUND,
        "no such table: name=/absent");
    assertFailure(FlightDescriptor.path(""), FlightStatusCode.INVALID_ARGUMENT, "");
    for (String wrong :
        List.of("{}", "7", "{'name': '/a', 'x': 1}", "{'name': '/a', 'mark': 'x'}")) {
      assertFailure(command(wrong), FlightStatusCode.INVALID_ARGUMENT, "n");
    }
    assertFailure(
        command("{'name': '/a', 'append': true, 'replicas': 2}"),
        FlightStatusCode.INVALID_ARGUMENT,
        "a table that grows keeps its replicas: replicas=2");
    assertFailure(
        command("{'name': '/a', 'replicas': 4}"),
        FlightStatusCode.INVALID_ARGUMENT,
        "replicas out of range: replicas=4 allowed=1..3");
    assertFailure(
        command("{'name': '/a', 'replicas': 2}"),
        FlightStatusCode.RESOURCE_EXHAUSTED,
        "too few members: ");
    assertFailure(
        FlightDescriptor.path("a", "b", "c"),
        FlightStatusCode.INVALID_ARGUMENT,
        "names no table: path=[a, b, c] wanted=path of [name] or");
    try (Put put = new Put(FlightDescriptor.path("/malformed"))) {
      put.batch(100);
      put.root.getVector(1).getOffsetBuffer().setInt(40, 1_000_000);
      put.stream.putNext();
      assertThat(put.failure("malformed batch: reason=["))
          .isEqualTo(FlightStatusCode.INVALID_ARGUMENT);
    }
    assertThat(table("/malformed")).isEmpty();
    assertThat(ids(table("/taken").orElseThrow())).hasSize(1);
    FlightDescriptor much = command("{'name': '" + "x".repeat(1 << 20) + "'}");
    assertThatThrownBy(() -> client.getInfo(much, TOKEN))
        .isInstanceOf(FlightRuntimeException.class)
        .hasMessageStartingWith("request is too long: bytes=");
  }

  private void assertFailure(FlightDescriptor what, FlightStatusCode code, String message) {
    try (Put put = new Put(what)) {
      put.batch(10);
      assertThat(put.failure(message)).as("%s", what).isEqualTo(code);
    }
  }

  @Test
  void uploadThatNamesNothing_isEndedInTime() {
    SyncPutListener answers = new SyncPutListener();
    client.startPut(FlightDescriptor.path("/silent"), answers, TOKEN);
    assertThatThrownBy(answers::getResult)
        .isInstanceOf(FlightRuntimeException.class)
        .hasMessage("names no table, or no columns: seconds=1.0");
    assertThat(table("/silent")).isEmpty();
  }

  /** The node has no memory for it: it takes a few batches, and the client has to wait. */
  @Test
  void clientThatIsFasterThanTheNode_waits_andNothingIsLost() throws Exception {
    List<Draft> taken = new ArrayList<>();
    try (Put put = new Put(FlightDescriptor.path("/fast"))) {
      takeAllMemory(taken);
      int sent = 0;
      while (put.stream.isReady() || !isStuck(put)) {
        put.batch(50_000);
        sent++;
        assertThat(sent).as("batches of about 1 MiB that were taken").isLessThan(60);
      }
      assertThat(table("/fast")).isEmpty();
      taken.forEach(Draft::close);
      assertThat(put.batch(1).finish()).isEqualTo("{\"rows\":%d}".formatted(50_000 * sent + 1));
    } finally {
      taken.forEach(Draft::close);
    }
  }

  /** Whether the client is not to send for so long that the node must have taken what it will. */
  private static boolean isStuck(Put put) {
    long giveUp = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(500);
    while (System.nanoTime() < giveUp) {
      if (put.stream.isReady()) {
        return false;
      }
      LockSupport.parkNanos(2_000_000);
    }
    return true;
  }

  private void takeAllMemory(List<Draft> taken) {
    try {
      while (true) {
        taken.add(node.ager().allocate(256 << 10, Duration.ofMillis(1)));
      }
    } catch (AgerException e) {
      assertThat(taken).isNotEmpty();
    }
  }

  /** Its connection answers all the time; nothing is left, and its place is free. */
  @Test
  void uploadThatSendsNothing_isEndedInTime_andMakesNothing() {
    long failed = stats().uploadsFailed();
    long extents = node.datasets().stats().extents();
    try (Put put = new Put(FlightDescriptor.path("/idle"))) {
      put.batch(70_000);
      FlightRuntimeException e =
          catchThrowableOfType(FlightRuntimeException.class, put.answers::getResult);
      assertThat(e).hasMessage("upload sent nothing: seconds=3.0");
      assertThat(e.status().code()).isEqualTo(FlightStatusCode.TIMED_OUT);
    }
    assertThat(table("/idle")).isEmpty();
    until("its place is free", () -> stats().uploadsOpen() == 0);
    until("nothing is left", () -> node.datasets().stats().extents() == extents);
    assertThat(stats().uploadsFailed()).isEqualTo(failed + 1);
  }

  @Test
  void principal_mayUploadWhereHeMayWrite_andNobodyWithoutAToken() throws Exception {
    Principal alice = new Principal("alice");
    node.namespaces().grant(NsHandle.ROOT, alice, Access.READER);
    try (Put put = new Put(client, FlightDescriptor.path("/alice"), COLUMNS, bearer("of-alice"))) {
      put.batch(10);
      assertThat(put.failure("not allowed: ")).isEqualTo(FlightStatusCode.UNAUTHORIZED);
    }
    assertThat(table("/alice")).isEmpty();
    node.namespaces().grant(NsHandle.ROOT, alice, Access.WRITER);
    try (Put put = new Put(client, FlightDescriptor.path("/alice"), COLUMNS, bearer("of-alice"))) {
      assertThat(put.batch(10).finish()).isEqualTo("{\"rows\":10}");
    }
    node.namespaces().revoke(NsHandle.ROOT, alice);
    NsHandle hers = node.namespaces().createNamespace("hers", Quota.NONE);
    node.namespaces().grant(hers, alice, Access.WRITER);
    try (Put put =
        new Put(client, FlightDescriptor.path("hers", "a"), COLUMNS, bearer("of-alice"))) {
      assertThat(put.batch(10).finish()).isEqualTo("{\"rows\":10}");
    }
    node.namespaces().grant(hers, alice, Access.READER);
    FlightDescriptor more = command("{'name': 'a', 'namespace': 'hers', 'append': true}");
    try (Put put = new Put(client, more, COLUMNS, bearer("of-alice"))) {
      put.batch(10);
      assertThat(put.failure("not allowed: ")).isEqualTo(FlightStatusCode.UNAUTHORIZED);
    }
    assertThat(ids(node.namespaces().lookup(hers, "a").orElseThrow())).hasSize(10);
    try (Put put = new Put(client, FlightDescriptor.path("/bob"), COLUMNS, bearer("of-bob"))) {
      assertThat(put.failure("a token is needed")).isEqualTo(FlightStatusCode.UNAUTHENTICATED);
    }
    assertThat(table("/bob")).isEmpty();
  }

  @Test
  void uploadsAndBatchesBeyondTheLimits_areRefused() throws Exception {
    List<Put> puts = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      puts.add(new Put(FlightDescriptor.path("/many" + i)));
    }
    until("all are under way", () -> stats().uploadsOpen() == 4);
    try (Put put = new Put(FlightDescriptor.path("/many"))) {
      assertThat(put.failure("too many uploads: open=4 max=4"))
          .isEqualTo(FlightStatusCode.RESOURCE_EXHAUSTED);
    }
    for (Put put : puts) {
      assertThat(put.batch(1).finish()).isEqualTo("{\"rows\":1}");
      put.close();
    }
    until("all are over", () -> stats().uploadsOpen() == 0);
    try (Put put = new Put(FlightDescriptor.path("/large"))) {
      put.batch(1_300_000); // 8 and about 8 bytes and an offset of 4 each
      assertThat(put.failure("gRPC message exceeds maximum size 16777216: "))
          .isEqualTo(FlightStatusCode.RESOURCE_EXHAUSTED);
    }
    assertThat(table("/large")).isEmpty();
  }

  /** gRPC ends the call when it sees the length, and the load hears of that. */
  @Test
  void batchesThatAreTooLong_leaveTheOtherCallsOfTheConnection() throws Exception {
    try (Put other = new Put(FlightDescriptor.path("/other"))) {
      for (int again = 1; again <= 20; again++) {
        other.batch(1);
        try (Put put = new Put(FlightDescriptor.path("/long"))) {
          put.batch(1).batch(1_300_000);
          assertThat(put.failure("gRPC message exceeds maximum size"))
              .isEqualTo(FlightStatusCode.RESOURCE_EXHAUSTED);
        }
        until("the other is alone", () -> stats().uploadsOpen() == 1);
      }
      assertThat(other.finish()).isEqualTo("{\"rows\":20}");
    }
  }

  @Test
  void nodeThatStops_endsUploads_andMakesNothing() throws Exception {
    List<String> settings =
        List.of(
            "memory=16MiB",
            "data=" + directory.resolve("second"),
            "flight.port=0",
            "flight.tls=false");
    try (Node second = Node.open(NodeConfig.load(null, settings));
        FlightClient plain =
            FlightClient.builder(memory, new Location(second.flights().orElseThrow().location()))
                .build();
        Put put = new Put(plain, FlightDescriptor.path("/half"), COLUMNS, TOKEN)) {
      put.batch(50_000);
      until("under way", () -> second.flights().orElseThrow().stats().uploadsOpen() == 1);
      second.close();
      assertThat(second.flights().orElseThrow().stats().uploadsFailed()).isEqualTo(1);
      assertThatThrownBy(put.answers::getResult).isInstanceOf(FlightRuntimeException.class);
    }
    try (Node again = Node.open(NodeConfig.load(null, settings))) {
      assertThat(again.namespaces().lookup(NsHandle.ROOT, "/half")).isEmpty();
    }
  }
}
