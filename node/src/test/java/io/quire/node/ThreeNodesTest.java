package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.NodeId;
import io.quire.columns.ColumnMemory;
import io.quire.datasets.DatasetsException;
import io.quire.datasets.LoadOptions;
import io.quire.datasets.Progress;
import io.quire.fabric.CertificateAuthority;
import io.quire.formats.Format;
import io.quire.formats.InputFile;
import io.quire.formats.ReadOptions;
import io.quire.formats.Sampling;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.tables.Source;
import io.quire.tables.TableShare;
import io.quire.tables.Tables;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.flight.FlightClient;
import org.apache.arrow.flight.FlightDescriptor;
import org.apache.arrow.flight.FlightEndpoint;
import org.apache.arrow.flight.FlightInfo;
import org.apache.arrow.flight.FlightRuntimeException;
import org.apache.arrow.flight.FlightStream;
import org.apache.arrow.flight.Location;
import org.apache.arrow.flight.Ticket;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A table of which each of three nodes has a part, for engines that are not ours. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ThreeNodesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int ROWS = 40_000;
  private static final List<String> NAMES = List.of("n1", "n2", "n3");

  @TempDir private static Path directory;

  private final BufferAllocator memory = ColumnMemory.open(Long.MAX_VALUE);
  private List<Node> nodes = List.of();
  private NsObject table;
  private NsObject twice;
  private List<String> before = List.of();

  @BeforeAll
  void start() throws IOException {
    CertificateAuthority authority = CertificateAuthority.create("three");
    List<Integer> ports = freePorts();
    List<CompletableFuture<Node>> starts = new ArrayList<>();
    for (String name : NAMES) {
      Path tls = Files.createDirectories(directory.resolve(name).resolve("tls"));
      authority.issue(new NodeId(name), List.of("127.0.0.1")).save(tls);
      NodeConfig config =
          NodeConfig.load(
              null,
              List.of(
                  "name=" + name,
                  "cluster=three",
                  "data=" + directory.resolve(name),
                  "voters=[n1,n2,n3]",
                  "discovery.port=" + ports.get(NAMES.indexOf(name)),
                  "discovery.seeds=[%s]"
                      .formatted(
                          String.join(
                              ",",
                              ports.stream().map(port -> "\"127.0.0.1:" + port + "\"").toList())),
                  "memory=16MiB",
                  "flight.port=0"));
      CompletableFuture<Node> started = new CompletableFuture<>();
      Thread.ofPlatform()
          .name("start-" + name)
          .start(() -> started.completeAsync(() -> Node.open(config), Runnable::run));
      starts.add(started);
    }
    nodes =
        starts.stream().map(started -> started.orTimeout(100, TimeUnit.SECONDS).join()).toList();
    table = load("/points", LoadOptions.DEFAULTS);
    twice = load("/points-twice", LoadOptions.DEFAULTS.withReplicas(2));
    before = DuckDb.ours(nodes.getFirst().tables(), twice);
  }

  @AfterAll
  void stop() {
    nodes.forEach(Node::close);
    memory.close();
  }

  /** Below those that the kernel gives to outgoing connections. */
  private static List<Integer> freePorts() throws IOException {
    List<Integer> ports = new ArrayList<>();
    for (int port = ThreadLocalRandom.current().nextInt(20_000, 29_000); ports.size() < 3; port++) {
      try (ServerSocket socket = new ServerSocket()) {
        socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
        ports.add(port);
      } catch (BindException e) {
        continue;
      }
    }
    return ports;
  }

  private NsObject load(String name, LoadOptions options) throws IOException {
    StringBuilder text = new StringBuilder("id,team,points\n");
    for (int row = 0; row < ROWS; row++) {
      text.append(row).append(",team").append(row % 7).append(',');
      text.append(row % 5 == 0 ? "" : String.valueOf(row % 100)).append('\n');
    }
    Path file = Files.writeString(directory.resolve(name.substring(1) + ".csv"), text);
    Tables tables = nodes.getFirst().tables();
    List<InputFile> files = tables.inputs().find(List.of(file.toString()));
    return tables.load(
        NsHandle.ROOT,
        name,
        Lifetime.DURABLE,
        options,
        new Source.Files(files, Format.Csv.DEFAULT, 25_000),
        tables.inputs().infer(files, Format.Csv.DEFAULT, Sampling.DEFAULTS),
        ReadOptions.DEFAULTS.withBatch(1_000, 1 << 20),
        Progress.NONE);
  }

  private FlightClient client(Location location) {
    Path authority = directory.resolve("n1").resolve("tls").resolve("ca.pem");
    try (InputStream trusted = Files.newInputStream(authority)) {
      return FlightClient.builder(memory, location).useTls().trustedCertificates(trusted).build();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Location location(Node node) {
    return new Location(node.flights().orElseThrow().location());
  }

  @Test
  @Order(1)
  void duckDb_onEachNode_answersAsWeDo() throws Exception {
    assertThat(nodes.getFirst().tables().shares(table, List.of())).hasSize(3);
    for (Node node : nodes) {
      long pulled = node.datasets().stats().bytesPulled();
      assertThat(DuckDb.answer(node.tables(), table))
          .as("on %s", node.self())
          .hasSize(7)
          .isEqualTo(DuckDb.ours(nodes.getFirst().tables(), table));
      assertThat(node.datasets().stats().bytesPulled())
          .as("some lie on other nodes")
          .isGreaterThan(pulled);
    }
  }

  /** Any node tells all endpoints; each node gives what is its own, from its own memory. */
  @Test
  @Order(2)
  void endpoints_ofThreeNodes_areTheTable() throws Exception {
    for (Node asked : nodes) {
      BitSet seen = new BitSet();
      FlightInfo info;
      try (FlightClient client = client(location(asked))) {
        info = client.getInfo(FlightDescriptor.path("/points"));
      }
      assertThat(info.getRecords()).isEqualTo(ROWS);
      assertThat(info.getEndpoints())
          .extracting(endpoint -> endpoint.getLocations().getFirst().getUri())
          .containsExactlyInAnyOrderElementsOf(uris());
      List<Long> pulled = pulled();
      for (FlightEndpoint endpoint : info.getEndpoints()) {
        try (FlightClient client = client(endpoint.getLocations().getFirst());
            FlightStream stream = client.getStream(endpoint.getTicket())) {
          collect(stream, seen);
        }
      }
      assertThat(seen.cardinality()).isEqualTo(ROWS);
      assertThat(pulled()).as("each gave what it has itself").isEqualTo(pulled);
    }
  }

  private List<URI> uris() {
    return nodes.stream().map(node -> node.flights().orElseThrow().location()).toList();
  }

  private List<Long> pulled() {
    return nodes.stream().map(node -> node.datasets().stats().bytesPulled()).toList();
  }

  /** None twice. */
  private static void collect(FlightStream stream, BitSet seen) {
    while (stream.next()) {
      mark(stream, seen);
    }
  }

  private static void mark(FlightStream stream, BitSet seen) {
    BigIntVector ids = (BigIntVector) stream.getRoot().getVector("id");
    for (int i = 0; i < ids.getValueCount(); i++) {
      int id = Math.toIntExact(ids.get(i));
      assertThat(seen.get(id)).isFalse();
      seen.set(id);
    }
  }

  @Test
  @Order(3)
  void ticket_isRedeemedByAnyNode() throws Exception {
    BitSet seen = new BitSet();
    try (FlightClient client = client(location(nodes.get(2)))) {
      for (FlightEndpoint endpoint :
          client.getInfo(FlightDescriptor.path("/points")).getEndpoints()) {
        try (FlightStream stream = client.getStream(endpoint.getTicket())) {
          collect(stream, seen);
        }
      }
    }
    assertThat(seen.cardinality()).isEqualTo(ROWS);
  }

  @Test
  @Order(3)
  void ticketOfABatch_givesWhatFollowsIt_onAnotherNode() throws Exception {
    BitSet seen = new BitSet();
    try (FlightClient here = client(location(nodes.get(0)));
        FlightClient elsewhere = client(location(nodes.get(1)))) {
      for (FlightEndpoint endpoint :
          here.getInfo(FlightDescriptor.path("/points")).getEndpoints()) {
        byte[] rest;
        try (FlightStream stream = here.getStream(endpoint.getTicket())) {
          assertThat(stream.next()).isTrue();
          mark(stream, seen);
          rest = new byte[Math.toIntExact(stream.getLatestMetadata().readableBytes())];
          stream.getLatestMetadata().getBytes(0, rest);
        }
        try (FlightStream stream = elsewhere.getStream(new Ticket(rest))) {
          collect(stream, seen);
        }
      }
    }
    assertThat(seen.cardinality()).isEqualTo(ROWS);
  }

  /** Its copies are on its own flash only. */
  @Test
  @Order(4)
  void rowsOfANodeThatLeft_areAnErrorThatNamesThem_andNotMissing() throws Exception {
    Node left = nodes.get(2);
    left.close();
    Node here = nodes.getFirst();
    List<TableShare> shares = here.tables().shares(table, List.of());
    assertThat(shares).extracting(TableShare::owner).contains(left.self().node());
    try (ArrowReader reader = here.tables().read(table, List.of("id"), PATIENCE)) {
      assertThatThrownBy(
              () -> {
                while (reader.loadNextBatch()) {
                  assertThat(reader.getVectorSchemaRoot().getRowCount()).isPositive();
                }
              })
          .isInstanceOf(DatasetsException.ExtentsLost.class)
          .hasMessageContaining("dataset=/points");
    }
    BitSet seen = new BitSet();
    try (FlightClient client = client(location(here))) {
      List<FlightEndpoint> endpoints =
          client.getInfo(FlightDescriptor.path("/points")).getEndpoints();
      assertThat(endpoints).hasSize(3);
      for (int i = 0; i < 3; i++) {
        FlightEndpoint endpoint = endpoints.get(i);
        NodeId owner = Objects.requireNonNull(shares.get(i)).owner();
        // Shown to the node that is asked, whoever it is of.
        try (FlightStream stream = client.getStream(endpoint.getTicket())) {
          if (owner.equals(left.self().node())) {
            assertThat(endpoint.getLocations()).as("it does not serve").isEmpty();
            assertThatThrownBy(() -> collect(stream, seen))
                .isInstanceOf(FlightRuntimeException.class)
                .hasMessageContaining("extents lost: dataset=/points");
          } else {
            collect(stream, seen);
          }
        }
      }
    }
    assertThat(seen.cardinality())
        .isEqualTo(
            (int)
                shares.stream()
                    .filter(share -> !share.owner().equals(left.self().node()))
                    .mapToLong(TableShare::rows)
                    .sum());
  }

  /** Another node has them, too, on its flash. */
  @Test
  @Order(5)
  void rowsOfANodeThatLeft_areThoseOfTheSpares_whereThereAreReplicas() throws Exception {
    Node here = nodes.get(1);
    assertThat(here.namespaces().lookup(NsHandle.ROOT, "/points-twice")).contains(twice);
    assertThat(here.tables().shares(twice, List.of()))
        .extracting(TableShare::owner)
        .contains(nodes.get(2).self().node());
    assertThat(DuckDb.ours(here.tables(), twice)).hasSize(7).isEqualTo(before);
    assertThat(DuckDb.answer(here.tables(), twice)).isEqualTo(before);
    int read = 0;
    try (ArrowReader reader = here.tables().read(twice, List.of("id"), PATIENCE)) {
      while (reader.loadNextBatch()) {
        read += reader.getVectorSchemaRoot().getRowCount();
      }
    }
    assertThat(read).isEqualTo(ROWS);
    BitSet seen = new BitSet();
    try (FlightClient client = client(location(here))) {
      for (FlightEndpoint endpoint :
          client.getInfo(FlightDescriptor.path("/points-twice")).getEndpoints()) {
        try (FlightStream stream = client.getStream(endpoint.getTicket())) {
          collect(stream, seen);
        }
      }
    }
    assertThat(seen.cardinality()).isEqualTo(ROWS);
  }
}
