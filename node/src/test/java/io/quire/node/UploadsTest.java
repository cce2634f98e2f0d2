package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

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
                    "flight.patience=1s")));
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
      assertThat(put.failure("not the columns of the table: name=/grows found=[id:int, name"))
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

  private static FlightDescriptor part(String name, String more, UUID upload, int streams, int which) {
    return command(
        "{'name': '%s'%s, 'part': {'upload': '%s', 'streams': %d, 'stream': %d}}"
            .formatted(name, more, upload, streams, which));
  }

  @Test
  void streamsOfOneUpload_areOneTable_whenAllHaveEnded() throws Exception {
    for (boolean append : List.of(false, true)) {
      String more = append ? ", 'append': true" : "";
      UUID upload = UUID.randomUUID();
      List<Put> puts = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        puts.add(new Put(part("/joint", more, upload, 3, i)));
      }
      for (int round = 0; round < 3; round++) {
        puts.get(0).batch(20_000);
        puts.get(1).batch(30_000);
      }
      puts.get(0).stream.completed();
      puts.get(1).stream.completed();
      until("all are under way", () -> stats().uploadsOpen() == 3);
      assertThat(table("/joint").map(node.datasets()::descriptor).map(d -> d.rows()).orElse(0L))
          .isEqualTo(append ? 150_000 : 0);
      for (Put put : puts.reversed()) {
        assertThat(put.finish()).isEqualTo(append ? "{\"rows\":300000}" : "{\"rows\":150000}");
        put.close();
      }
    }
    List<Long> ids = ids(table("/joint").orElseThrow());
    assertThat(ids.subList(0, 150_000)).containsExactlyInAnyOrderElementsOf(upTo(60_000, 90_000));
    assertThat(ids.subList(150_000, 300_000))
        .containsExactlyInAnyOrderElementsOf(upTo(60_000, 90_000));
  }

  /** It does not matter which, nor whether it has ended its own stream. */
  @Test
  void uploadOfWhichOneStreamIsGivenUp_isNotMade_andAllAreTold() throws Exception {
    for (int gone = 0; gone < 4; gone++) {
      UUID upload = UUID.randomUUID();
      try (Put ended = new Put(part("/gone", "", upload, 3, 0));
          Put waits = new Put(part("/gone", "", upload, 3, 1))) {
        ended.batch(1_000).stream.completed();
        waits.batch(1_000);
        until("under way", () -> stats().uploadsOpen() == 2);
        // The third may not even have begun.
        Put third = gone < 2 ? null : new Put(part("/gone", "", upload, 3, 2));
        Put given = gone % 2 == 0 ? ended : waits;
        if (third != null) {
          third.batch(1_000);
        }
        given.stream.error(new IllegalStateException("given up"));
        Put told = gone % 2 == 0 ? waits : ended;
        assertThatThrownBy(told.answers::getResult)
            .isInstanceOf(FlightRuntimeException.class)
            .hasMessage("a stream of the upload is gone");
        if (third != null) {
          assertThatThrownBy(third.answers::getResult).isInstanceOf(FlightRuntimeException.class);
          third.close();
        }
      }
      until("all are over", () -> stats().uploadsOpen() == 0);
      assertThat(table("/gone")).isEmpty();
    }
  }

  @Test
  void streamThatIsNoneOfTheUpload_isRefused() throws Exception {
    UUID upload = UUID.randomUUID();
    try (Put first = new Put(part("/parts", "", upload, 2, 0))) {
      until("under way", () -> stats().uploadsOpen() == 1);
      assertFailure(
          part("/parts", "", upload, 2, 0),
          FlightStatusCode.INVALID_ARGUMENT,
          "not a stream of this upload, or there already: stream=0 streams=2 wanted=2");
      assertFailure(
          part("/parts", "", upload, 3, 1),
          FlightStatusCode.INVALID_ARGUMENT,
          "not a stream of this upload, or there already: stream=1 streams=3 wanted=2");
      Schema other = SchemaText.parse("id:long, name:string");
      try (Put put = new Put(client, part("/parts", "", upload, 2, 1), other, TOKEN)) {
        assertThat(put.failure("not the columns of the other streams: found="))
            .isEqualTo(FlightStatusCode.INVALID_ARGUMENT);
      }
      for (String wrong :
          List.of(
              "{'upload': '%s', 'streams': 2, 'stream': 2}",
              "{'upload': '%s', 'streams': 33, 'stream': 2}",
              "{'upload': '%s'}",
              "{'streams': 2, 'stream': 1}")) {
        assertFailure(
            command("{'name': '/parts', 'part': %s}".formatted(wrong.formatted(upload))),
            FlightStatusCode.INVALID_ARGUMENT,
            "");
      }
      try (Put second = new Put(part("/parts", "", upload, 2, 1))) {
        first.batch(1).stream.completed();
        assertThat(second.batch(1).finish()).isEqualTo("{\"rows\":2}");
      }
      assertThat(first.finish()).isEqualTo("{\"rows\":2}");
    }
  }

  /** The load ends before the streams do. */
  @Test
  void streamsOfAnUploadThatCannotBe_areToldAtOnce() throws Exception {
    UUID upload = UUID.randomUUID();
    try (Put first = new Put(part("/absent", ", 'append': true", upload, 2, 0))) {
      assertThatThrownBy(first.answers::getResult)
          .isInstanceOf(FlightRuntimeException.class)
          .hasMessage("no such table: name=/absent");
    }
    UUID mark = UUID.randomUUID();
    for (int again = 0; again < 2; again++) {
      UUID attempt = UUID.randomUUID();
      String marked = ", 'mark': '" + mark + "'";
      try (Put one = new Put(part("/marked", marked, attempt, 2, 0));
          Put two = new Put(part("/marked", marked, attempt, 2, 1))) {
        if (again == 0) {
          one.batch(5).stream.completed();
          assertThat(two.batch(5).finish()).isEqualTo("{\"rows\":10}");
        } else {
          one.answers.getResult();
          two.answers.getResult();
        }
      }
    }
    assertThat(ids(table("/marked").orElseThrow())).hasSize(10);
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
    try (Put put = new Put(client, FlightDescriptor.path("/bob"), COLUMNS, bearer("of-bob"))) {
      assertThat(put.failure("a token is needed")).isEqualTo(FlightStatusCode.UNAUTHENTICATED);
    }
    assertThat(table("/bob")).isEmpty();
  }

  @Test
  void uploadsAndBatchesBeyondTheLimits_areRefused() throws Exception {
    List<Put> puts = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      puts.add(new Put(FlightDescriptor.path("/many" + i)));
    }
    until("all are under way", () -> stats().uploadsOpen() == 32);
    try (Put put = new Put(FlightDescriptor.path("/many"))) {
      assertThat(put.failure("too many uploads: open=32 max=32"))
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
