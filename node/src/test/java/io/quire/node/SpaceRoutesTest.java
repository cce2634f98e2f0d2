package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.datasets.LoadOptions;
import io.quire.node.AdminClient.AdminException;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsOpen;
import io.quire.ns.NsRef;
import io.quire.ns.OpenMode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Namespaces beside the root, and who holds references, over HTTP to a node alone. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SpaceRoutesTest {
  @TempDir private static Path directory;

  private Node node;
  private AdminServer server;
  private AdminClient client;

  @BeforeAll
  void start() {
    node =
        Node.open(
            NodeConfig.load(
                null,
                List.of(
                    "http.port=0",
                    "memory=16MiB",
                    "track-references=true",
                    "data=" + directory.resolve("data"))));
    server = AdminServer.open(node, (_, _) -> {});
    client = new AdminClient(server.address(), "");
  }

  @AfterAll
  void stop() {
    client.close();
    server.close();
    node.close();
  }

  private static void assertRefused(int status, String error, Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            AdminException.class,
            e -> {
              assertThat(e.status()).as(e.getMessage()).isEqualTo(status);
              assertThat(e.mayHaveHappened()).isFalse();
            })
        .hasMessageContaining(error);
  }

  private static List<String> names(List<JsonNode> described) {
    return described.stream().map(each -> each.path("name").asText()).toList();
  }

  @Test
  void namespace_fromMakingToDestroying() {
    JsonNode made = client.createNamespace("teams/red", 2, 1_000);
    assertThat(made.path("name").asText()).isEqualTo("teams/red");
    assertThat(made.path("creatorNode").asText()).isEqualTo("quire");
    assertThat(made.path("creator").asText())
        .isEqualTo(Long.toHexString(node.self().incarnation()));
    assertThat(made.path("created").asLong()).isPositive();
    assertThat(made.path("objectsMax").asLong()).isEqualTo(2);
    assertThat(made.path("bytesMax").asLong()).isEqualTo(1_000);
    String id = "#" + made.path("id").asText();
    client.createNamespace("teams/blue", Long.MAX_VALUE, Long.MAX_VALUE);
    assertThat(names(client.namespaces("teams/*"))).containsExactly("teams/blue", "teams/red");
    assertRefused(409, "name taken", () -> client.createNamespace("teams/red", 1, 1));

    AdminClient red = client.in("teams/red");
    red.create("/a", "v");
    client.in(id).create("b", "v");
    assertRefused(507, "limit=namespace.objects", () -> red.create("c", "v"));
    assertThat(red.namespace().path("objects").asLong()).isEqualTo(2);
    JsonNode limited = red.limitNamespace(3, Long.MAX_VALUE);
    assertThat(limited.path("objectsMax").asLong()).isEqualTo(3);
    assertThat(limited.path("bytesMax").isNull()).isTrue();
    red.create("c", "v");

    JsonNode last = client.in(id).destroyNamespace();
    assertThat(last.path("objects").asLong()).isEqualTo(3);
    assertThat(names(client.namespaces("teams/*"))).containsExactly("teams/blue");
    assertRefused(404, "no such namespace: namespace=teams/red", () -> red.create("d", "v"));
    assertRefused(404, "no such namespace: namespace=" + id, () -> client.in(id).list(null));
    assertRefused(404, "no such namespace: namespace=teams/red", () -> red.stat("/a"));
  }

  @Test
  void namespace_withoutAName_isKnownByItsId() {
    JsonNode made = client.createNamespace(null, Long.MAX_VALUE, Long.MAX_VALUE);
    assertThat(made.path("name").isNull()).isTrue();
    assertThat(made.path("objectsMax").isNull()).isTrue();
    AdminClient there = client.in("#" + made.path("id").asText());
    there.create("x", "v");
    assertThat(names(there.list(null))).containsExactly("x");
    assertThat(there.namespace()).isNotEqualTo(made);
    there.destroyNamespace();
    assertRefused(400, "parameter missing: name=name", () -> client.createNamespace(null, 1, 1));
  }

  /** Each route that takes a name takes it in the namespace that is named, and nowhere else. */
  @Test
  void objects_ofANamespace_areFoundThereOnly() throws IOException {
    client.createNamespace("own", Long.MAX_VALUE, Long.MAX_VALUE);
    AdminClient own = client.in("own");
    client.create("/own/x", "root");
    own.create("/own/x", "own");
    assertThat(read(own, "/own/x")).isEqualTo("own");
    assertThat(read(client, "/own/x")).isEqualTo("root");
    own.rename("/own/x", "/own/y");
    assertThat(own.stat("/own/x")).isNull();
    assertThat(client.stat("/own/x")).isNotNull();
    assertThat(own.history("/own/y", false, 10, null).path("versions")).hasSize(2);
    own.loadLines(Files.writeString(directory.resolve("own.txt"), "a\nb\n"), "/own/l", "DURABLE");
    assertThat(read(own, "/own/l")).isEqualTo("a\nb\n");
    Path csv = Files.writeString(directory.resolve("own.csv"), "city,km\nParis,3.5\n");
    own.loadTable(
        "/own/t",
        Lifetime.DURABLE,
        LoadOptions.DEFAULTS,
        List.of(csv.toString()),
        null,
        null,
        0,
        (_, _) -> {});
    assertThat(own.table("/own/t").path("rows").asLong()).isEqualTo(1);
    assertRefused(404, "no such object: name=/own/t", () -> client.table("/own/t"));
    assertThat(names(own.list("/own/*"))).containsExactly("/own/l", "/own/t", "/own/y");
    assertThat(names(client.list("/own/*"))).containsExactly("/own/x");
    own.delete("/own/y");
    assertThat(own.deleteAll("/own/*", _ -> {})).isEqualTo(2);
    assertThat(names(client.list("/own/*"))).containsExactly("/own/x");
  }

  private static String read(AdminClient from, String name) throws IOException {
    try (InputStream in = from.read(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void requests_thatMakeNoSense_areRefusedAndChangeNothing() {
    int before = client.namespaces(null).size();
    String path = "/api/namespaces";
    assertRefused(400, "not a namespace: found=#zz", () -> client.in("#zz").list(null));
    assertRefused(400, "not a namespace: found=#", () -> client.in("#").list(null));
    assertRefused(404, "namespace=#77", () -> client.in("#77").list(null));
    assertRefused(400, "not a name", () -> client.createNamespace("a//b", 1, 1));
    assertRefused(400, "quota out of range", () -> client.createNamespace("n", -1, 1));
    assertRefused(400, "not for the root namespace", () -> client.limitNamespace(1, 1));
    assertRefused(400, "not for the root namespace", client::destroyNamespace);
    assertRefused(400, "bracket is not closed", () -> client.namespaces("["));
    assertRefused(404, "path=/api/namespaces/x", () -> client.get(path + "/x"));
    JsonNode root = client.namespace();
    assertThat(root.path("id").asText()).isEqualTo("0");
    assertThat(root.path("creator").isNull()).isTrue();
    assertThat(client.in("#0").namespace().path("id").asText()).isEqualTo("0");
    assertThat(client.namespaces(null)).hasSize(before);
  }

  @Test
  void refs_sayWhoHoldsAnObjectAndWhereHeOpenedIt() {
    JsonNode space = client.createNamespace("held", Long.MAX_VALUE, Long.MAX_VALUE);
    AdminClient held = client.in("held");
    held.create("x", "v");
    NsHandle handle = new NsHandle(Long.parseUnsignedLong(space.path("id").asText(), 16));
    long before = System.currentTimeMillis();
    try (NsRef _ = node.namespaces().open(handle, "x").orElseThrow();
        NsRef labelled = node.namespaces().open(handle, "x", "a reader of it").orElseThrow();
        NsOpen _ =
            node.namespaces()
                .open(handle, "x", OpenMode.READ_BESIDE, Duration.ofSeconds(10), "beside")
                .orElseThrow()) {
      JsonNode report = held.references("x", false, 5);
      assertThat(report.path("complete").asBoolean()).isTrue();
      assertThat(report.path("namespace").asText()).isEqualTo(handle.text());
      assertThat(report.path("nodes")).hasSize(1);
      JsonNode self = report.path("nodes").get(0);
      assertThat(self.path("node").asText()).isEqualTo("quire");
      assertThat(self.path("answered").asBoolean()).isTrue();
      assertThat(self.path("references").asLong()).isEqualTo(3);
      assertThat(self.path("truncated").asBoolean(true)).isFalse();
      JsonNode holders = self.path("holders");
      assertThat(holders.findValuesAsText("label"))
          .containsExactly(Thread.currentThread().getName(), "a reader of it", "beside");
      assertThat(holders.findValuesAsText("place"))
          .allMatch(place -> place.startsWith(SpaceRoutesTest.class.getName() + ".refs_say"));
      assertThat(holders.get(1).path("since").asLong()).isGreaterThanOrEqualTo(before);
      assertThat(holders.get(1).path("mode").isNull()).isTrue();
      assertThat(holders.get(2).path("mode").asText()).isEqualTo("read_beside");
      assertThat(holders.get(2).path("waits").asBoolean(true)).isFalse();

      held.delete("x");
      assertRefused(404, "no such object: name=x", () -> held.references("x", false, 5));
      JsonNode deleted = client.references(labelled.object().xidText(), true, 5);
      assertThat(deleted.path("draining").asBoolean()).isTrue();
      assertThat(deleted.path("nodes").get(0).path("references").asInt()).isEqualTo(3);
    }
    String path = "/api/ns/refs";
    assertRefused(400, "one parameter is needed", () -> client.get(path));
    assertRefused(400, "not an id: found=z", () -> client.get(path + "?xid=z"));
    assertRefused(400, "not a number of seconds", () -> client.get(path + "?name=x&seconds=y"));
    client.create("/refs", "v");
    assertRefused(400, "deadline out of range", () -> client.references("/refs", false, 0));
    assertRefused(400, "deadline out of range", () -> client.references("/refs", false, 16));
    assertRefused(404, "no such object", () -> client.references("1", true, 5));
  }
}
