package io.quire.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.quire.cli.Commands.Ran;
import io.quire.cli.Commands.Started;
import io.quire.harness.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** The commands against one node, each a process of its own. */
@Timeout(400)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CommandsIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Commands quire = new Commands("commands");
  private Path file = Path.of("");
  private Started node;

  @BeforeAll
  void startNode() throws IOException {
    node = quire.start(quire.directory(), "memory=16MiB");
    SplittableRandom random = new SplittableRandom(7);
    file =
        Files.write(
            quire.directory().resolve("lines.txt"),
            Stream.generate(() -> Long.toString(random.nextLong(), 36)).limit(200_000).toList());
  }

  @AfterAll
  void end() {
    quire.close();
  }

  private Ran run(String... arguments) {
    return quire.run(
        Stream.concat(Stream.of(arguments), Stream.of("--node", node.http().toString()))
            .toArray(String[]::new));
  }

  @Test
  void lock_showsTheNodesOwnFile() throws IOException {
    JsonNode all = JSON.readTree(run("lock", "ls", "--json").assertDone().text());
    assertThat(all.findValuesAsText("path")).hasSize(1);
    String path = all.get(0).path("path").asText();
    assertThat(path).startsWith("/servers/");
    assertThat(run("lock", "ls").assertDone().text()).contains(path);
    assertThat(run("lock", "stat", path).assertDone().text()).contains("version", "waiting");
    run("lock", "stat", "/absent").assertFailed(1, "no such file or lock: path=/absent");
  }

  @Test
  void access_isShownAndChanged() throws IOException {
    assertThat(run("ns", "access", "#0").assertDone().text().strip()).isEqualTo("writer   *");
    run("ns", "access", "#0", "--grant", "alice=owner", "--grant", "bob=none").assertDone();
    run("ns", "access", "#0", "--revoke", "bob").assertDone();
    JsonNode list = JSON.readTree(run("ns", "access", "#0", "--json").assertDone().text());
    assertThat(list.path("granted").findValuesAsText("principal")).containsExactly("alice");
    assertThat(run("ns", "access", "#0").assertDone().text()).contains("owner    alice");
    run("ns", "access", "#0", "--grant", "alice=king").assertFailed(1, "allowed=none, reader");
    run("ns", "access", "absent").assertFailed(1, "no such namespace: namespace=absent");
    run("ns", "access", "#0", "--revoke", "alice").assertDone();
  }

  private List<String> names() throws IOException {
    return JSON.readTree(run("ns", "ls", "--json").assertDone().text()).findValuesAsText("name");
  }

  static String sha256(Path file) throws IOException {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void dataSet_fromLoadToRemoval() throws IOException {
    run("load", file.toString(), "--as", "/made/lines").assertDone();

    assertThat(sha256(run("cat", "/made/lines").assertDone().out())).isEqualTo(sha256(file));
    JsonNode stat = JSON.readTree(run("ns", "stat", "/made/lines", "--json").assertDone().text());
    assertThat(stat.path("bytes").asLong()).isEqualTo(Files.size(file));
    assertThat(stat.path("rows").asLong()).isEqualTo(200_000);
    assertThat(run("ns", "stat", "/made/lines").assertDone().text())
        .contains("dataset", "/made/lines");
    assertThat(run("ns", "ls", "/made/*").assertDone().text()).contains("MiB", "/made/lines");
    assertThat(run("ns", "history", "/made/lines").assertDone().text())
        .contains("created", "/made/lines", "this is all of it");
    run("ns", "history", "/made/absent").assertFailed(1, "no such object: name=/made/absent");
    run("load", file.toString(), "--as", "/made/lines").assertFailed(1, "taken", "/made/lines");
    run("load", file.toString(), "--as", "/made/twice", "--replicas", "2")
        .assertFailed(1, "too few members: dataset=/made/twice replicas=2 members=1");

    Ran removal = run("ns", "rm", "/made/absent", "/made/lines");

    removal.assertFailed(1, "not deleted", "name=/made/absent");
    assertThat(names()).noneMatch(name -> name.startsWith("/made"));

    run("load", file.toString(), "--as", "/made/again").assertDone();
    String dry = run("ns", "rm", "--glob", "/made/*", "--dry-run").assertDone().text();
    assertThat(dry.trim()).isEqualTo("/made/again");
    assertThat(run("ns", "rm", "--glob", "/made/*").assertDone().text())
        .contains("1 deleted: /made/*");
    assertThat(names()).noneMatch(name -> name.startsWith("/made"));
    run("ns", "rm", "--glob", "/made/[").assertFailed(1, "bracket is not closed");
  }

  @Test
  void table_fromFilesToBadRows() throws IOException {
    Path csv = quire.directory().resolve("rides.csv");
    Files.writeString(csv, "city,km\nParis,3.5\nRome,far\nParis,4.0\n");
    run("table", "load", csv.toString(), "--as", "/rides")
        .assertDone(); // km is text here, since not all of it is a number
    assertThat(run("table", "stat", "/rides").assertDone().text())
        .contains("/rides: 3 rows", "city:string, km:string");
    String[] typed = {"table", "load", csv.toString(), "--as", "/typed", "--schema", "km:double"};
    run(typed).assertFailed(1, "bad");
    run(Stream.concat(Stream.of(typed), Stream.of("--bad-rows", "1", "--json"))
            .toArray(String[]::new))
        .assertDone();
    JsonNode table = JSON.readTree(run("table", "stat", "/typed", "--json").assertDone().text());
    assertThat(table.path("rows").asLong()).isEqualTo(2);
    assertThat(table.path("badRows").asLong()).isEqualTo(1);
    assertThat(run("table", "bad", "/typed").assertDone().text()).contains("Rome,far", "reason");
    JsonNode appended =
        JSON.readTree(run("table", "append", csv.toString(), "--to", "/rides", "--json").text());
    assertThat(appended.path("rows").asLong()).isEqualTo(6);
    run("table", "append", csv.toString(), "--to", "/typed").assertFailed(1, "bad");
    run("table", "stat", "/absent").assertFailed(1, "no such object: name=/absent");
    run("table", "load", "/no/such-*.csv", "--as", "/none").assertFailed(1, "/no/such-*.csv");
    run("table", "load", file.toString(), "--as", "/none", "--format", "xls")
        .assertFailed(1, "no such format: found=xls");
    run("ns", "rm", "/rides", "/typed").assertDone();
  }

  @Test
  void namespace_fromMakingToDestroying() throws IOException {
    String made = run("ns", "space", "make", "red", "--bytes", "64M").assertDone().text();
    assertThat(made).contains("name         red", "objects      0 of any", "0 B of 64.0 MiB");
    run("load", file.toString(), "--as", "lines", "--namespace", "red").assertDone();
    run("cat", "lines").assertFailed(1, "no such object: name=lines");
    assertThat(run("ns", "ls", "--namespace", "red").assertDone().text()).contains("lines");
    assertThat(run("ns", "refs", "lines", "--namespace", "red").assertDone().text().strip())
        .isEqualTo("quire        0 references");
    JsonNode limited =
        JSON.readTree(
            run("ns", "space", "quota", "red", "--objects", "1", "--bytes", "any", "--json")
                .assertDone()
                .text());
    assertThat(limited.path("objectsMax").asLong()).isEqualTo(1);
    run("load", file.toString(), "--as", "more", "--namespace=#" + limited.path("id").asText())
        .assertFailed(1, "limit=namespace.objects");
    assertThat(run("ns", "space", "ls").assertDone().text()).contains("1 of 1 ", "  red");
    run("ns", "space", "destroy", "red").assertDone();
    run("ns", "stat", "lines", "--namespace", "red")
        .assertFailed(1, "no such namespace: namespace=red");
  }

  @Test
  void status_isReadByPeopleAndByPrograms() throws IOException {
    assertThat(run("status").assertDone().text())
        .contains("quire of cluster quire", "in the view  yes", "16.0 MiB", "flash:///")
        .containsPattern("namespaces   \\d+ objects, 0 deleted and still held; here 0 references");
    JsonNode status = JSON.readTree(run("status", "--json").assertDone().text());
    assertThat(status.path("ready").asBoolean()).isTrue();
    assertThat(status.path("memory").path("budget").asLong()).isEqualTo(16 << 20);
    assertThat(status.path("namespaces").path("opens").isInt()).isTrue();
  }

  @Test
  void load_ofWhatCannotBeLoaded_changesNothing() throws IOException {
    List<String> before = names();
    Path absent = quire.directory().resolve("absent");

    run("load", absent.toString(), "--as", "/x").assertFailed(1, "no such file: path=" + absent);
    run("load", quire.directory().toString(), "--as", "/x").assertFailed(1, "cannot read");
    run("load", file.toString(), "--as", "x//y").assertFailed(1, "not a name: name=x//y");
    run("load", file.toString(), "--as", "/x/").assertFailed(1, "not a name: name=/x/");
    // Opens, and then fails at the first read.
    if (Files.isReadable(Path.of("/proc/self/mem"))) {
      run("load", "/proc/self/mem", "--as", "/x").assertFailed(1, "cannot read", "/proc/self/mem");
    }

    assertThat(names()).isEqualTo(before);
  }

  @Test
  void cat_ofAbsentName_saysSo() throws IOException {
    run("cat", "/absent").assertFailed(1, "no such object: name=/absent");
    run("ns", "stat", "/absent").assertFailed(1, "no such object: name=/absent");
  }

  @Test
  void status_whereNoNodeIs_saysSo() throws IOException {
    String nobody = "127.0.0.1:" + Ports.take();
    quire.run("status", "--node", nobody).assertFailed(1, "no node answers there", nobody);

    HttpServer other =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 1);
    other.start();
    try {
      quire
          .run("status", "--node", "127.0.0.1:" + other.getAddress().getPort())
          .assertFailed(1, "something else than a Quire node answers");
    } finally {
      other.stop(0);
    }
    String fabric =
        JSON.readTree(run("status", "--json").assertDone().text())
            .path("members")
            .get(0)
            .path("address")
            .asText();
    quire.run("status", "--node", fabric).assertFailed(1, "cannot talk to the node", fabric);
  }

  @Test
  void start_besideTheNode_isRefusedAndMakesNothing() throws IOException {
    Path fresh = quire.directory().resolve("fresh");
    String data = "data=" + fresh;
    String taken = "port=" + node.port();

    quire
        .run("start", "--set", "http." + taken, "--set", data)
        .assertFailed(1, "for=http", "in use");
    quire
        .run("start", "--set", "http.port=0", "--set", "fabric." + taken, "--set", data)
        .assertFailed(1, "for=fabric", "in use");
    Path file =
        Files.writeString(
            quire.directory().resolve("b.conf"),
            "data=\"%s\", http.port=0, voters=[quire, b], discovery.%s".formatted(fresh, taken));
    quire.run("start", "--config", file.toString()).assertFailed(1, "for=discovery", "in use");

    assertThat(fresh).doesNotExist();
  }

  @Test
  void start_onTheDirectoryOfTheNode_isRefusedAndTheNodeGoesOn() throws IOException {
    quire
        .run("start", "--set", "http.port=0", "--set", "data=" + node.data())
        .assertFailed(1, "held by a running log", node.data().toString());

    run("status").assertDone();
  }
}
