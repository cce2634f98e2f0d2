package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.quire.columns.ColumnMemory;
import io.quire.datasets.Progress;
import io.quire.flight.FlightStats;
import io.quire.formats.Format;
import io.quire.formats.ReadOptions;
import io.quire.formats.SchemaText;
import io.quire.formats.Tpch;
import io.quire.ns.Access;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.Principal;
import io.quire.ns.Quota;
import io.quire.tables.Source;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.arrow.flight.CallHeaders;
import org.apache.arrow.flight.Criteria;
import org.apache.arrow.flight.FlightCallHeaders;
import org.apache.arrow.flight.FlightClient;
import org.apache.arrow.flight.FlightDescriptor;
import org.apache.arrow.flight.FlightEndpoint;
import org.apache.arrow.flight.FlightInfo;
import org.apache.arrow.flight.FlightRuntimeException;
import org.apache.arrow.flight.FlightStatusCode;
import org.apache.arrow.flight.FlightStream;
import org.apache.arrow.flight.HeaderCallOption;
import org.apache.arrow.flight.Location;
import org.apache.arrow.flight.Ticket;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.types.pojo.Schema;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tables of one node for a client that is Arrow's own. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FlightsTest {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final ReadOptions SMALL = ReadOptions.DEFAULTS.withBatch(4_000, 1 << 20);

  @TempDir private static Path directory;

  private final BufferAllocator memory = ColumnMemory.open(Long.MAX_VALUE);
  private Node node;
  private FlightClient client;

  /** 120,000 rows in some thirty groups of half a mebibyte. */
  private NsObject items;

  private final Tpch tpch = new Tpch("lineitem", 0.02);

  @BeforeAll
  void start() {
    node =
        Node.open(
            NodeConfig.load(
                null,
                List.of(
                    "memory=64MiB",
                    "data=" + directory.resolve("data"),
                    "http.token=secret",
                    "http.tokens.alice=of-alice",
                    "flight.port=0",
                    "flight.patience=1s")));
    client = client(node);
    items = load("/items", new Source.Made(tpch, 2), tpch.schema());
  }

  @AfterAll
  void stop() throws InterruptedException {
    client.close();
    node.close();
    memory.close();
  }

  private NsObject load(String name, Source source, Schema columns) {
    return node.tables()
        .load(NsHandle.ROOT, name, Lifetime.DURABLE, source, columns, SMALL, Progress.NONE);
  }

  private FlightClient client(Node of) {
    Location location = new Location(of.flights().orElseThrow().location());
    try (InputStream trusted = Files.newInputStream(of.config().tls().resolve("ca.pem"))) {
      return FlightClient.builder(memory, location).useTls().trustedCertificates(trusted).build();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
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

  private void assertNothingIsHeld() {
    until("streams are over", () -> stats().open() == 0);
    until("pins are released", () -> node.ager().stats().pinnedBytes() == 0);
  }

  private FlightInfo info(String name) {
    return client.getInfo(FlightDescriptor.path(name), TOKEN);
  }

  private static Ticket only(FlightInfo info) {
    assertThat(info.getEndpoints()).hasSize(1);
    return info.getEndpoints().getFirst().getTicket();
  }

  private static FlightStatusCode code(Runnable call) {
    return catchThrowableOfType(FlightRuntimeException.class, call::run).status().code();
  }

  private long rows(Ticket ticket) throws Exception {
    long rows = 0;
    try (FlightStream stream = client.getStream(ticket, TOKEN)) {
      while (stream.next()) {
        rows += stream.getRoot().getRowCount();
      }
    }
    return rows;
  }

  @Test
  void table_isDescribedAndReadInFull_andNothingIsHeldAfterwards() throws Exception {
    FlightInfo info = info("/items");
    assertThat(info.getSchemaOptional().orElseThrow()).isEqualTo(tpch.schema());
    assertThat(client.getSchema(FlightDescriptor.path("/items"), TOKEN).getSchema())
        .isEqualTo(tpch.schema());
    long wanted = node.datasets().descriptor(items).rows();
    assertThat(info.getRecords()).isEqualTo(wanted).isGreaterThan(100_000);
    assertThat(info.getBytes()).isGreaterThan(wanted * 50);
    FlightEndpoint endpoint = info.getEndpoints().getFirst();
    assertThat(endpoint.getLocations())
        .containsExactly(new Location(node.flights().orElseThrow().location()));
    long before = stats().rows();
    assertThat(rows(only(info))).isEqualTo(wanted);
    assertNothingIsHeld();
    assertThat(stats().rows() - before).isEqualTo(wanted);
    assertThat(new Metrics(node).scrape())
        .contains("quire_flight_rows")
        .contains("quire_flight_streams_open 0.0");
  }

  @Test
  void columns_areReadAsTheyAreNamed() throws Exception {
    String command = "{\"name\": \"/items\", \"columns\": [\"l_quantity\", \"l_orderkey\"]}";
    FlightInfo info =
        client.getInfo(FlightDescriptor.command(command.getBytes(StandardCharsets.UTF_8)), TOKEN);
    List<String> columns = List.of("l_quantity", "l_orderkey");
    assertThat(info.getSchemaOptional().orElseThrow())
        .isEqualTo(node.tables().schema(items, columns));
    assertThat(info.getBytes()).isLessThan(info("/items").getBytes() / 4);
    long ours = 0;
    try (var reader = node.tables().read(items, columns, Duration.ofSeconds(30))) {
      while (reader.loadNextBatch()) {
        ours += sum((BigIntVector) reader.getVectorSchemaRoot().getVector(1));
      }
    }
    long theirs = 0;
    try (FlightStream stream = client.getStream(only(info), TOKEN)) {
      while (stream.next()) {
        theirs += sum((BigIntVector) stream.getRoot().getVector("l_orderkey"));
      }
    }
    assertThat(theirs).isEqualTo(ours).isPositive();
  }

  private static long sum(BigIntVector vector) {
    long sum = 0;
    for (int i = 0; i < vector.getValueCount(); i++) {
      sum += vector.get(i);
    }
    return sum;
  }

  @Test
  void batch_bringsATicketForWhatFollowsIt() throws Exception {
    List<Long> wanted = new ArrayList<>();
    List<Ticket> tickets = new ArrayList<>();
    List<Integer> before = new ArrayList<>();
    try (FlightStream stream = client.getStream(keys("/items"), TOKEN)) {
      while (stream.next()) {
        collect(stream, wanted);
        tickets.add(following(stream));
        before.add(wanted.size());
      }
    }
    assertThat(tickets).hasSizeGreaterThan(20);
    for (int i = 0; i < tickets.size(); i += 9) {
      assertThat(keys(tickets.get(i))).isEqualTo(wanted.subList(before.get(i), wanted.size()));
    }
    assertThat(keys(tickets.getLast())).isEmpty();
    assertNothingIsHeld();
  }

  /** The ticket of its keys only. */
  private Ticket keys(String table) {
    String command = "{\"name\": \"%s\", \"columns\": [\"l_orderkey\"]}".formatted(table);
    return only(
        client.getInfo(FlightDescriptor.command(command.getBytes(StandardCharsets.UTF_8)), TOKEN));
  }

  private static Ticket following(FlightStream stream) {
    ArrowBuf metadata = stream.getLatestMetadata();
    byte[] bytes = new byte[Math.toIntExact(metadata.readableBytes())];
    metadata.getBytes(metadata.readerIndex(), bytes);
    return new Ticket(bytes);
  }

  private static void collect(FlightStream stream, List<Long> keys) {
    BigIntVector vector = (BigIntVector) stream.getRoot().getVector("l_orderkey");
    for (int i = 0; i < vector.getValueCount(); i++) {
      keys.add(vector.get(i));
    }
  }

  private List<Long> keys(Ticket ticket) throws Exception {
    List<Long> keys = new ArrayList<>();
    try (FlightStream stream = client.getStream(ticket, TOKEN)) {
      while (stream.next()) {
        collect(stream, keys);
      }
    }
    return keys;
  }

  /**
   * Who asked before the append is given what there was, also by tickets that came with batches.
   */
  @Test
  void ticket_ofATableThatGrew_givesTheRowsThatItHad() throws Exception {
    NsObject grown = load("/grown", new Source.Made(tpch, 2), tpch.schema());
    Ticket first = keys("/grown");
    List<Long> wanted = keys(first);
    Ticket rest;
    List<Long> some = new ArrayList<>();
    try (FlightStream stream = client.getStream(first, TOKEN)) {
      assertThat(stream.next()).isTrue();
      collect(stream, some);
      rest = following(stream);
    }
    node.tables().append(grown, new Source.Made(tpch, 2), tpch.schema(), SMALL, Progress.NONE);
    assertThat(keys(first)).isEqualTo(wanted);
    assertThat(keys(rest)).isEqualTo(wanted.subList(some.size(), wanted.size()));
    assertThat(keys(keys("/grown")))
        .hasSize(2 * wanted.size())
        .startsWith(wanted.toArray(Long[]::new));
    assertThat(info("/grown").getRecords()).isEqualTo(2L * wanted.size());
  }

  @Test
  void tables_areListed_othersAreNot() {
    node.namespaces().create(NsHandle.ROOT, "/items.txt", "text", Lifetime.DURABLE, new byte[] {1});
    List<String> found = new ArrayList<>();
    client
        .listFlights(new Criteria("/item*".getBytes(StandardCharsets.UTF_8)), TOKEN)
        .forEach(info -> found.addAll(info.getDescriptor().getPath()));
    assertThat(found).containsExactly("/items");
    assertThat(client.listFlights(Criteria.ALL, TOKEN))
        .anySatisfy(info -> assertThat(info.getRecords()).isEqualTo(info("/items").getRecords()));
  }

  @Test
  void tableWithoutRows_isAStreamOfNone() throws Exception {
    Path file = Files.writeString(directory.resolve("empty.csv"), "id\n");
    Source source =
        new Source.Files(node.tables().inputs().find(List.of(file.toString())), Format.Csv.DEFAULT);
    NsHandle team = node.namespaces().createNamespace("team", Quota.NONE);
    node.tables()
        .load(
            team,
            "none",
            Lifetime.DURABLE,
            source,
            SchemaText.parse("id:long"),
            SMALL,
            Progress.NONE);
    FlightInfo info = client.getInfo(FlightDescriptor.path("team", "none"), TOKEN);
    assertThat(info.getRecords()).isZero();
    try (FlightStream stream = client.getStream(only(info), TOKEN)) {
      assertThat(stream.getSchema()).isEqualTo(info.getSchemaOptional().orElseThrow());
      assertThat(stream.next()).isFalse();
    }
    assertThat(paths(TOKEN)).contains(List.of("team", "none"), List.of("/items"));
    // The namespace is its maker's alone, and what others may not read is not listed for them.
    HeaderCallOption alice = bearer("of-alice");
    assertThat(paths(alice)).contains(List.of("/items")).doesNotContain(List.of("team", "none"));
    node.namespaces().grant(team, new Principal("alice"), Access.READER);
    assertThat(paths(alice)).contains(List.of("team", "none"));
  }

  private List<List<String>> paths(HeaderCallOption caller) {
    List<List<String>> paths = new ArrayList<>();
    client
        .listFlights(Criteria.ALL, caller)
        .forEach(info -> paths.add(info.getDescriptor().getPath()));
    return paths;
  }

  @Test
  void principal_isGivenWhatTheAccessListsGive_andNoMore() throws Exception {
    HeaderCallOption alice = bearer("of-alice");
    Principal principal = new Principal("alice");
    FlightDescriptor asked = FlightDescriptor.path("/items");
    Ticket ticket = only(client.getInfo(asked, alice));
    node.namespaces().grant(NsHandle.ROOT, principal, Access.NONE);
    try {
      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              () -> client.getInfo(asked, alice),
              () -> client.getSchema(asked, alice),
              () -> client.listFlights(Criteria.ALL, alice).forEach(_ -> {}),
              () -> read(ticket, alice))) {
        assertThatThrownBy(call)
            .isInstanceOfSatisfying(
                FlightRuntimeException.class,
                e -> assertThat(e.status().code()).isEqualTo(FlightStatusCode.UNAUTHORIZED))
            .hasMessageContaining("alice");
      }
      assertThat(only(info("/items"))).isEqualTo(ticket);
    } finally {
      node.namespaces().revoke(NsHandle.ROOT, principal);
    }
    assertThat(read(ticket, alice)).isEqualTo(info("/items").getRecords());
    assertNothingIsHeld();
  }

  private long read(Ticket ticket, HeaderCallOption as) throws Exception {
    try (FlightStream stream = client.getStream(ticket, as)) {
      long rows = 0;
      while (stream.next()) {
        rows += stream.getRoot().getRowCount();
      }
      return rows;
    }
  }

  @Test
  void callWithoutTheToken_isRefused() {
    FlightDescriptor table = FlightDescriptor.path("/items");
    Ticket ticket = only(info("/items"));
    long streams = stats().streams();
    for (HeaderCallOption wrong : List.of(bearer("other"), bearer("secre"), bearer(""))) {
      for (Runnable call :
          List.<Runnable>of(
              () -> client.getInfo(table, wrong),
              () -> client.getSchema(table, wrong),
              () -> client.listFlights(Criteria.ALL, wrong).iterator().next(),
              () -> client.listActions(wrong).iterator().next(),
              () -> client.getStream(ticket, wrong).next())) {
        assertThatThrownBy(call::run)
            .isInstanceOf(FlightRuntimeException.class)
            .hasMessage("a token is needed");
        assertThat(code(call)).isEqualTo(FlightStatusCode.UNAUTHENTICATED);
      }
    }
    assertThat(code(() -> client.getInfo(table))).isEqualTo(FlightStatusCode.UNAUTHENTICATED);
    assertThat(stats().streams()).isEqualTo(streams);
  }

  @Test
  void whatIsWrong_hasACodeAndOurMessage() {
    assertFailure(() -> info("/none"), FlightStatusCode.NOT_FOUND, "no such table: name=/none");
    assertFailure(
        () -> client.getInfo(FlightDescriptor.path("nowhere", "/a"), TOKEN),
        FlightStatusCode.NOT_FOUND,
        "no such namespace: name=nowhere");
    assertFailure(
        () ->
            client.getInfo(
                FlightDescriptor.command(
                    "{\"name\": \"/items\", \"columns\": [\"x\"]}"
                        .getBytes(StandardCharsets.UTF_8)),
                TOKEN),
        FlightStatusCode.INVALID_ARGUMENT,
        "no such column: table=/items column=x known=[l_orderkey");
    node.namespaces().create(NsHandle.ROOT, "/text", "text", Lifetime.DURABLE, new byte[] {1});
    assertFailure(
        () -> info("/text"),
        FlightStatusCode.INVALID_ARGUMENT,
        "not a dataset: name=/text kind=text");
    assertFailure(
        () -> client.getStream(new Ticket(new byte[] {7}), TOKEN).next(),
        FlightStatusCode.INVALID_ARGUMENT,
        "unknown version of a ticket: found=7");
    byte[] forged = only(info("/items")).getBytes();
    forged[13]++; // of the checksum
    assertFailure(
        () -> client.getStream(new Ticket(forged), TOKEN).next(),
        FlightStatusCode.NOT_FOUND,
        "no such version: name=/items extents=");
  }

  private static void assertFailure(Runnable call, FlightStatusCode code, String message) {
    FlightRuntimeException e = catchThrowableOfType(FlightRuntimeException.class, call::run);
    assertThat(e.getMessage()).startsWith(message);
    assertThat(e.status().code()).isEqualTo(code);
  }

  /** It has the table until it is over; who comes later is told that it is gone. */
  @Test
  void tableDroppedDuringAStream_isGivenInFull_andIsGoneAfterwards() throws Exception {
    NsObject dropped = load("/dropped", new Source.Made(tpch, 2), tpch.schema());
    long wanted = node.datasets().descriptor(dropped).rows();
    Ticket ticket = only(info("/dropped"));
    long rows = 0;
    try (FlightStream stream = client.getStream(ticket, TOKEN)) {
      assertThat(stream.next()).isTrue();
      rows += stream.getRoot().getRowCount();
      node.namespaces().delete(dropped);
      while (stream.next()) {
        rows += stream.getRoot().getRowCount();
      }
    }
    assertThat(rows).isEqualTo(wanted);
    assertFailure(
        () -> info("/dropped"), FlightStatusCode.NOT_FOUND, "no such table: name=/dropped");
    assertFailure(
        () -> client.getStream(ticket, TOKEN).next(),
        FlightStatusCode.NOT_FOUND,
        "table was deleted: name=/dropped");
  }

  @Test
  void clientThatTakesNothing_isCutOff_andHoldsLittleUntilThen() throws Exception {
    FlightStats before = stats();
    try (FlightClient idle = client(node);
        FlightStream stream = idle.getStream(only(info("/items")), TOKEN)) {
      assertThat(stream.next()).isTrue();
      until("cut off", () -> stats().cutOff() == before.cutOff() + 1);
      assertNothingIsHeld();
      long sent = stats().batches() - before.batches();
      assertThat(sent).as("batches of about thirty").isLessThan(15);
      // What had come before is there, and then no end as if that were all.
      assertThat(
              code(
                  () -> {
                    while (stream.next()) {
                      assertThat(stream.getRoot().getRowCount()).isPositive();
                    }
                  }))
          .isEqualTo(FlightStatusCode.CANCELLED);
    }
  }

  @Test
  void clientThatGoesAway_leavesNothingBehind() throws Exception {
    long cancelled = stats().cancelled();
    try (FlightStream stream = client.getStream(only(info("/items")), TOKEN)) {
      assertThat(stream.next()).isTrue();
      stream.cancel("enough", null);
      until("cancelled", () -> stats().cancelled() == cancelled + 1);
    }
    assertNothingIsHeld();
    try (FlightClient dead = client(node)) {
      FlightStream stream = dead.getStream(only(info("/items")), TOKEN);
      assertThat(stream.next()).isTrue();
      stream.close();
    }
    assertNothingIsHeld();
  }

  @Test
  void nodeThatStops_saysSo() throws Exception {
    List<String> settings =
        List.of(
            "memory=64MiB",
            "data=" + directory.resolve("second"),
            "flight.port=0",
            "flight.tls=false");
    try (Node second = Node.open(NodeConfig.load(null, settings))) {
      second
          .tables()
          .load(
              NsHandle.ROOT,
              "/items",
              Lifetime.DURABLE,
              new Source.Made(tpch, 2),
              tpch.schema(),
              SMALL,
              Progress.NONE);
      Location location = new Location(second.flights().orElseThrow().location());
      assertThat(location.getUri().getScheme()).isEqualTo("grpc+tcp");
      try (FlightClient plain = FlightClient.builder(memory, location).build();
          FlightStream stream =
              plain.getStream(only(plain.getInfo(FlightDescriptor.path("/items"))))) {
        assertThat(stream.next()).isTrue();
        Thread closing = Thread.startVirtualThread(second::close);
        until("stopped", () -> second.flights().orElseThrow().stats().failed() == 1);
        assertThatThrownBy(
                () -> {
                  while (stream.next()) {
                    assertThat(stream.getRoot().getRowCount()).isPositive();
                  }
                })
            .isInstanceOf(FlightRuntimeException.class)
            .hasMessage("the node stops: table=/items owner=quire");
        closing.join();
      }
    }
  }
}
