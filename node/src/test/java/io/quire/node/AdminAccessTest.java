package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.javalin.Javalin;
import io.javalin.router.Endpoint;
import io.javalin.router.ParsedEndpoint;
import io.quire.datasets.Accumulator;
import io.quire.datasets.ScanFunction;
import io.quire.node.AdminClient.AdminException;
import io.quire.ns.Access;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.Principal;
import io.quire.ns.Quota;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node with a token of its own and those of two principals. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminAccessTest {
  private static final NsHandle ROOT = NsHandle.ROOT;
  private static final Principal ALICE = new Principal("alice");
  private static final Principal BOB = new Principal("bob");

  @TempDir private static Path directory;

  private final HttpClient http = HttpClient.newHttpClient();
  private final List<Endpoint> routes = new ArrayList<>();
  private Node node;
  private AdminServer server;
  private AdminClient own;
  private AdminClient alice;
  private AdminClient bob;

  @BeforeAll
  void start() {
    List<String> settings =
        List.of(
            "http.port=0",
            "http.token=secret",
            "http.tokens.alice=a-token",
            "http.tokens.bob=[b-token, b-token-2]",
            "memory=16MiB",
            "data=" + directory.resolve("d"));
    node =
        Node.open(
            NodeConfig.load(null, settings),
            datasets -> datasets.register("groups", new CountGroups()));
    server = AdminServer.open(node, this::more);
    own = new AdminClient(server.address(), "secret");
    alice = new AdminClient(server.address(), "a-token");
    bob = new AdminClient(server.address(), "b-token");
  }

  @AfterAll
  void stop() {
    own.close();
    alice.close();
    bob.close();
    server.close();
    node.close();
    http.close();
  }

  private void more(Node of, Javalin javalin) {
    javalin.get("/of-the-program", call -> call.result(of.self().toString()));
    javalin.unsafeConfig().pvt.internalRouter.allHttpHandlers().stream()
        .map(ParsedEndpoint::getEndpoint)
        .filter(route -> route.getMethod().isHttpMethod())
        .forEach(routes::add);
  }

  private Namespaces namespaces() {
    return node.namespaces();
  }

  private HttpResponse<String> send(String token, String method, String path, String body)
      throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://" + server.address() + path))
            .method(method, BodyPublishers.ofString(body))
            .header("Authorization", "Bearer " + token)
            .build(),
        BodyHandlers.ofString());
  }

  private static AdminException refused(Runnable request) {
    AdminException refused = catchThrowableOfType(AdminException.class, request::run);
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.mayHaveHappened()).isFalse();
    return refused;
  }

  /** All routes, also such as are added later, and those of the program. */
  @Test
  void principalWithoutAccess_isRefusedOnEveryRouteButThoseThatTellNothing() throws Exception {
    namespaces().create(ROOT, "/a", "k", Lifetime.DURABLE, new byte[1]);
    namespaces().grant(ROOT, BOB, Access.NONE);
    Set<String> answered = new TreeSet<>();
    for (Endpoint route : routes) {
      String path = route.getPath().replaceAll("[{][a-z]+[}]", "999");
      String query = "?name=/a&to=/b&principal=alice&access=owner";
      String body = "{\"name\":\"/a\",\"function\":\"groups\",\"arguments\":\"\"}";
      String method = route.getMethod().name();
      HttpResponse<String> answer = send("b-token-2", method, path + query, body);
      if (answer.statusCode() != 403) {
        answered.add(method + " " + route.getPath() + " " + answer.statusCode());
        continue;
      }
      assertThat(answer.body())
          .as("%s %s", method, path)
          .startsWith("{\"error\":\"not allowed: ")
          .contains("principal=bob ")
          .endsWith("\"happened\":\"no\"}");
    }
    assertThat(answered)
        .containsExactly(
            "GET /api/jobs/{id} 404", "GET /api/status 200", "GET /health 200", "GET /metrics 200");
    assertThat(namespaces().lookup(ROOT, "/a")).isPresent();
    assertThat(namespaces().access(ROOT).accessOf(ALICE)).isEqualTo(Access.WRITER);
    namespaces().revoke(ROOT, BOB);
    namespaces().delete(ROOT, "/a");
  }

  @Test
  void token_thatIsNobodys_isRefused() throws Exception {
    for (String token : List.of("other", "a-toke", "a-token2", "", "[b-token")) {
      assertThat(send(token, "GET", "/health", "").statusCode()).as(token).isEqualTo(401);
    }
    assertThat(send("b-token", "GET", "/health", "").statusCode()).isEqualTo(200);
  }

  @Test
  void objects_areWrittenByWritersAndReadByReaders() throws Exception {
    namespaces().grant(ROOT, ALICE, Access.WRITER);
    namespaces().grant(ROOT, BOB, Access.READER);
    alice.create("/x", "text");
    assertThat(bob.stat("/x")).isNotNull();
    assertThat(bob.list("/x")).hasSize(1);
    assertThat(bob.history("/x", false, 10, null).path("versions")).hasSize(1);
    assertThat(new String(bob.read("/x").readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("text");
    assertThat(refused(() -> bob.create("/y", "text")))
        .hasMessage("not allowed: writing: principal=bob namespace=0 has=READER wants=WRITER");
    assertThat(refused(() -> bob.rename("/x", "/y"))).hasMessageContaining("wants=WRITER");
    refused(() -> bob.delete("/x"));
    refused(() -> bob.deleteAll("/*", _ -> {}));
    assertThat(own.list("/*")).hasSize(1);
    alice.rename("/x", "/y");
    alice.delete("/y");
    namespaces().revoke(ROOT, ALICE);
    namespaces().revoke(ROOT, BOB);
  }

  @Test
  void dataSets_areLoadedByWritersAndScannedByReaders() throws Exception {
    Path file = Files.writeString(directory.resolve("lines"), "one\ntwo\n");
    namespaces().grant(ROOT, BOB, Access.READER);
    assertThat(refused(() -> bob.loadLines(file, "/lines", "DURABLE")))
        .hasMessageContaining("has=READER wants=WRITER");
    assertThat(own.stat("/lines")).isNull();
    alice.loadLines(file, "/lines", "DURABLE");
    assertThat(bob.read("/lines").readAllBytes()).isEqualTo(Files.readAllBytes(file));
    assertThat(bob.scan("/lines", "groups", new byte[0], (_, _) -> {})).hasSize(1);
    String scan = "{\"name\":\"/lines\",\"function\":\"groups\",\"arguments\":\"\"}";
    assertThat(send("b-token", "POST", "/api/scan", scan).statusCode()).isEqualTo(202);
    long last = 0;
    while (send("secret", "GET", "/api/jobs/" + (last + 1), "").statusCode() == 200) {
      last++;
    }
    assertThat(last).isPositive();
    assertThat(send("b-token", "GET", "/api/jobs/" + last, "").statusCode()).isEqualTo(200);
    assertThat(send("a-token", "GET", "/api/jobs/" + last, "").body())
        .isEqualTo("{\"error\":\"no such job: id=" + last + "\",\"happened\":\"no\"}");
    namespaces().grant(ROOT, BOB, Access.NONE);
    refused(() -> bob.scan("/lines", "groups", new byte[0], (_, _) -> {}));
    refused(() -> bob.read("/lines"));
    namespaces().revoke(ROOT, BOB);
    alice.delete("/lines");
  }

  @Test
  void access_isGivenAndTakenByOwners() {
    NsHandle red = namespaces().as(ALICE).createNamespace("red", Quota.NONE);
    String id = "#" + red.text();
    assertThat(alice.access("red").toString())
        .isEqualTo(
            "{\"namespace\":\"%s\",\"granted\":[{\"principal\":\"alice\",\"access\":\"owner\"}],"
                    .formatted(red.text())
                + "\"others\":\"none\"}");
    refused(() -> bob.access("red"));
    alice.grant(id, "bob", "owner");
    alice.grant("red", "*", "reader");
    bob.grant(id, "carol", "writer");
    bob.revoke(id, "alice");
    bob.grant(id, "bob", "writer");
    refused(() -> bob.grant(id, "bob", "owner"));
    refused(() -> alice.access(id));
    assertThat(own.access(id).path("granted").findValuesAsText("principal"))
        .containsExactly("bob", "carol");
    assertThat(own.access(id).path("others").asText()).isEqualTo("reader");
    AdminException bad =
        catchThrowableOfType(AdminException.class, () -> own.grant(id, "bob", "king"));
    assertThat(bad.status()).isEqualTo(400);
    assertThat(bad).hasMessage("not an access: found=king allowed=none, reader, writer, owner");
    assertThat(
            catchThrowableOfType(AdminException.class, () -> own.grant("#77", "bob", "owner"))
                .status())
        .isEqualTo(404);
    assertThat(own.access("").path("others").asText()).isEqualTo("writer");
    namespaces().destroyNamespace(red);
  }

  /** Counts groups. */
  private static final class CountGroups implements ScanFunction {
    @Override
    public int[] columns(byte[] arguments) {
      return new int[] {0};
    }

    @Override
    public Accumulator begin(byte[] arguments) {
      return new Accumulator() {
        private byte groups;

        @Override
        public void group(long rows, MemorySegment[] columns) {
          groups++;
        }

        @Override
        public byte[] partial() {
          return new byte[] {groups};
        }
      };
    }
  }
}
