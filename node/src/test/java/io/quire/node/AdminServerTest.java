package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.ager.Client;
import io.quire.ager.ClientConfig;
import io.quire.ager.Draft;
import io.quire.base.Log;
import io.quire.datasets.LoadOptions;
import io.quire.lockserver.HeldLock;
import io.quire.lockserver.LockSession;
import io.quire.lockserver.LockTerms;
import io.quire.node.AdminClient.AdminException;
import io.quire.ns.HistoryEnd;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePattern;
import io.quire.ns.NsHandle;
import io.quire.ns.NsListing;
import io.quire.ns.NsObject;
import io.quire.ns.NsOpen;
import io.quire.ns.NsStats;
import io.quire.ns.NsWatch;
import io.quire.ns.ObjectHistory;
import io.quire.ns.ObjectVersion;
import io.quire.ns.OpenMode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A whole node alone, and what it answers over HTTP to good and bad requests. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminServerTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A line of the Prometheus text format: a comment, or a sample with labels and value. */
  private static final Pattern METRIC_LINE =
      Pattern.compile(
          "# (HELP|TYPE) [a-z_:][a-z0-9_:]* .+"
              + "|[a-z_:][a-z0-9_:]*(\\{[a-z_]+=\"[^\"]*\"(,[a-z_]+=\"[^\"]*\")*})?"
              + " ([0-9.E+-]+|NaN|[+-]Inf)");

  private static final Duration SOON = Duration.ofSeconds(10);

  @TempDir private static Path directory;

  private final HttpClient http = HttpClient.newHttpClient();
  private Node node;
  private AdminServer server;
  private AdminClient client;

  @BeforeAll
  void start() {
    node =
        Node.open(
            NodeConfig.load(
                null, List.of("http.port=0", "memory=16MiB", "data=" + directory.resolve("data"))));
    server = AdminServer.open(node, (_, _) -> {});
    client = new AdminClient(server.address(), "");
  }

  @AfterAll
  void stop() {
    client.close();
    server.close();
    node.close();
    http.close();
  }

  private HttpResponse<String> send(String method, String path, String body)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://" + server.address() + path))
            .method(method, BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  @Test
  void append_toAStreamThatNobodyKnows_isRefusedAndTheNodeGoesOn() {
    Log.Stream unknown = new Log.Stream(40, "unknown");
    assertThat(node.append(new Log.Entry(unknown, Log.Fence.NONE, new byte[1])))
        .failsWithin(SOON)
        .withThrowableOfType(ExecutionException.class)
        .havingCause()
        .isInstanceOf(IllegalArgumentException.class)
        .withMessageContaining("stream=");
    assertThat(node.namespaces().lookup(NsHandle.ROOT, "/absent")).isEmpty();
  }

  @Test
  void locks_areListedAndShown() throws Exception {
    Duration soon = Duration.ofSeconds(10);
    try (LockSession session = node.locks().openSession("test", soon)) {
      HeldLock held = session.lock("/jobs/a", LockTerms.EXCLUSIVE.withNote("me"), soon);
      held.files().create("/jobs/a", new byte[3], soon);
      assertThat(client.locks("/").stream().map(each -> each.path("path").asText()))
          .containsExactly("/jobs/a", "/servers/" + node.self().node());
      assertThat(client.locks("/servers")).hasSize(1);
      JsonNode stat = Objects.requireNonNull(client.lockStat("/jobs/a"));
      assertThat(stat.path("bytes").asInt()).isEqualTo(3);
      assertThat(stat.path("holders").get(0).path("note").asText()).isEqualTo("me");
      assertThat(stat.path("holders").get(0).path("generation").asLong())
          .isEqualTo(held.sequencer().generation());
      assertThat(send("GET", "/metrics", "").body()).contains("quire_locks_held 1.0");
    }
    assertThat(Objects.requireNonNull(client.lockStat("/jobs/a")).path("holders")).isEmpty();
    assertThat(client.lockStat("/jobs/b")).isNull();
    assertRefused(400, "not a path: path=jobs", "GET", "/api/locks/stat?path=jobs", "");
    assertRefused(400, "parameter missing: name=path", "GET", "/api/locks/stat", "");
  }

  private void assertRefused(int status, String error, String method, String path, String body)
      throws IOException, InterruptedException {
    HttpResponse<String> answer = send(method, path, body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    JsonNode failure = JSON.readTree(answer.body());
    assertThat(failure.path("error").asText()).contains(error).doesNotContain("\n");
    assertThat(failure.path("happened").asText()).isEqualTo("no");
    assertThat(answer.headers().firstValue("Content-Type").orElse("")).contains("json");
  }

  @Test
  void request_forUnknownPath_is404InJson() throws Exception {
    assertRefused(404, "path=/api/nope", "GET", "/api/nope", "");
    assertRefused(404, "path=/", "GET", "/", "");
  }

  @Test
  void request_withWrongMethod_is405() throws Exception {
    assertRefused(405, "method=POST path=/api/status", "POST", "/api/status", "");
  }

  @Test
  void request_withBadBody_is400() throws Exception {
    assertRefused(400, "not the JSON", "POST", "/api/load", "");
    assertRefused(400, "not the JSON", "POST", "/api/load", "null");
    assertRefused(400, "not the JSON", "POST", "/api/load", "{\"name\": ");
    assertRefused(400, "name=lifetime", "POST", "/api/load", "{\"name\": \"/a\"}");
    assertRefused(400, "name=function", "POST", "/api/scan", "{\"name\": \"/a\"}");
    String load =
        """
        {"name":"/a","lifetime":"%s","schema":"%s","function":"f","arguments":"","parts":1}
        """;
    assertRefused(
        400,
        "allowed=[DURABLE, SESSION, UNTIL_CLOSED]",
        "POST",
        "/api/load",
        load.formatted("LONG", ""));
    assertRefused(400, "base64", "POST", "/api/load", load.formatted("DURABLE", "%"));
  }

  @Test
  void request_withTooLargeBody_is413() throws Exception {
    String large = "x".repeat(AdminServer.BODY_BYTES_MAX + 1);
    assertRefused(413, "too large", "POST", "/api/ns?name=/large", large);
    assertThat(client.stat("/large")).isNull();
  }

  @Test
  void request_withoutParameter_is400() throws Exception {
    assertRefused(400, "parameter missing: name=name", "POST", "/api/ns", "v");
    assertRefused(400, "parameter missing: name=name", "GET", "/api/data", "");
    assertRefused(400, "not a lifetime: found=LONG", "POST", "/api/ns?name=/l&lifetime=LONG", "v");
    assertRefused(400, "not a job: id=x", "GET", "/api/jobs/x", "");
    assertThat(client.stat("/l")).isNull();
  }

  @Test
  void request_forAbsentName_is404() throws Exception {
    assertRefused(404, "name=/absent", "GET", "/api/ns/stat?name=/absent", "");
    assertRefused(404, "name=/absent", "GET", "/api/data?name=/absent", "");
    assertRefused(404, "name=/absent", "DELETE", "/api/ns?name=/absent", "");
    assertRefused(404, "name=/absent", "POST", "/api/ns/rename?name=/absent&to=/b", "");
    assertRefused(
        404,
        "name=/absent",
        "POST",
        "/api/scan",
        "{\"name\":\"/absent\",\"function\":\"f\",\"arguments\":\"\"}");
    assertRefused(404, "id=999999", "GET", "/api/jobs/999999", "");
  }

  @Test
  void history_isToldInPagesAndSaysHowItEnds() throws Exception {
    client.create("/history/a", "v");
    client.rename("/history/a", "/history/b");
    client.rename("/history/b", "/history/c");

    JsonNode first = client.history("/history/c", false, 2, null);
    assertThat(first.path("versions").findValuesAsText("what"))
        .containsExactly("renamed", "renamed");
    assertThat(first.path("end").isNull()).isTrue();
    String xid = first.path("xid").asText();
    JsonNode rest = client.history(xid, true, 2, first.path("next").asText());
    JsonNode created = rest.path("versions").get(0);
    assertThat(rest.path("versions")).hasSize(1);
    assertThat(created.path("what").asText()).isEqualTo("created");
    assertThat(created.path("name").asText()).isEqualTo("/history/a");
    assertThat(created.path("wallMillis").asLong()).isPositive();
    assertThat(rest.path("next").isNull()).isTrue();
    assertThat(rest.path("end").path("why").asText()).isEqualTo("created");

    String path = "/api/ns/history";
    assertRefused(400, "one parameter is needed", "GET", path, "");
    assertRefused(400, "one parameter is needed", "GET", path + "?name=/a&xid=1", "");
    assertRefused(400, "not an id: found=z", "GET", path + "?xid=z", "");
    assertRefused(400, "not a limit: found=z", "GET", path + "?xid=1&limit=z", "");
    assertRefused(400, "allowed=1..1000", "GET", path + "?xid=" + xid + "&limit=0", "");
    assertRefused(400, "not a position: found=z", "GET", path + "?xid=1&before=z", "");
    assertRefused(404, "name=/absent", "GET", path + "?name=/absent", "");
    assertRefused(404, "no such object", "GET", path + "?xid=1", "");
  }

  /** A hot object on a real log: each version is read back by itself. */
  @Test
  void history_ofManyVersions_isAllThere() {
    NsObject last =
        node.namespaces().create(NsHandle.ROOT, "/hot", "k", Lifetime.DURABLE, new byte[] {0});
    for (int i = 1; i < 300; i++) {
      last = node.namespaces().update(last, new byte[] {(byte) i});
    }
    long begun = System.nanoTime();
    ObjectHistory history = node.namespaces().history(last.xid());
    List<ObjectVersion> versions = history.next(ObjectHistory.VERSIONS_MAX);
    assertThat(versions)
        .as("in %s ns", System.nanoTime() - begun)
        .hasSize(300)
        .last()
        .extracting(ObjectVersion::what)
        .isEqualTo(ObjectVersion.What.CREATED);
    assertThat(history.end()).contains(new HistoryEnd.Created());
    NsObject middle = versions.get(150).object().orElseThrow();
    assertThat(node.namespaces().at(middle.version() + 1).lookup(last.xid()))
        .get()
        .usingRecursiveComparison()
        .isEqualTo(middle);
  }

  @Test
  void request_withNameThatIsNone_is400() throws Exception {
    for (String name : List.of("", "a//b", "/", "/a/", "//a", "/a%0Ab", "/" + "a".repeat(2_000))) {
      assertRefused(400, "not a name", "POST", "/api/ns?name=" + name, "v");
      assertRefused(400, "not a name", "PUT", "/api/data?name=" + name, "v");
    }
  }

  @Test
  void create_ofTakenName_is409AndKeepsTheFirst() throws Exception {
    client.create("/taken", "first");

    assertRefused(409, "/taken", "POST", "/api/ns?name=/taken", "second");
    assertRefused(409, "/taken", "PUT", "/api/data?name=/taken", "second");

    assertThat(read("/taken")).isEqualTo("first");
  }

  @Test
  void values_overTheirLife_areFoundRenamedAndDeleted() throws IOException {
    client.create("/life/one", "v1");
    client.create("/life/two", "v2");
    client.rename("/life/one", "/life/three");

    assertThat(client.stat("/life/one")).isNull();
    assertThat(read("/life/three")).isEqualTo("v1");
    assertThat(client.list("/life/t*"))
        .extracting(object -> object.path("name").asText())
        .containsExactly("/life/three", "/life/two");
    assertThat(client.list("/life/t?o")).hasSize(1);
    assertThat(client.list("/life/.*")).isEmpty();

    client.delete("/life/two");
    assertThatThrownBy(() -> client.delete("/life/two"))
        .isInstanceOfSatisfying(
            AdminException.class,
            e -> {
              assertThat(e.status()).isEqualTo(404);
              assertThat(e.mayHaveHappened()).isFalse();
            });
  }

  @Test
  void list_ofMoreThanAPage_goesOnWithoutGapOrRepeat() {
    for (int i = 0; i < 1_005; i++) {
      client.create("/many/%04d".formatted(i), "");
    }

    List<String> names =
        client.list("/many/*").stream().map(object -> object.path("name").asText()).toList();

    assertThat(names).hasSize(1_005).doesNotHaveDuplicates().isSorted();
    List<Long> gone = new ArrayList<>();
    assertThat(client.deleteAll("/many/?[0-4]*", gone::add)).isEqualTo(505);
    assertThat(client.list("/many/*")).hasSize(500);
    assertThat(client.deleteAll("/many/*", gone::add)).isEqualTo(500);
    assertThat(client.list("/many/*")).isEmpty();
    assertThat(gone).containsExactly(505L, 500L);
  }

  @Test
  void lines_thatWereLoaded_areReadBack() throws IOException {
    String text = "a line\nanother\r\n\nlast without end";
    Path file = Files.writeString(directory.resolve("lines.txt"), text);

    JsonNode made = client.loadLines(file, "/lines", "DURABLE");

    assertThat(made.path("bytes").asLong()).isEqualTo(text.length());
    assertThat(made.path("replicas").asInt()).isEqualTo(1);
    assertThat(read("/lines")).isEqualTo(text);
  }

  @Test
  void load_withReplicas_whereThereAreTooFewNodes_isRefused() throws IOException {
    Path file = Files.writeString(directory.resolve("few.csv"), "a,b\n1,2\n");
    LoadOptions two = LoadOptions.DEFAULTS.withReplicas(2);
    for (ThrowingCallable refused :
        List.<ThrowingCallable>of(
            () -> client.loadLines(file, "/few", "SESSION", two),
            () ->
                client.loadTable(
                    "/few",
                    Lifetime.SESSION,
                    two,
                    List.of(file.toString()),
                    null,
                    null,
                    0,
                    (_, _) -> {}))) {
      assertThatThrownBy(refused)
          .isInstanceOfSatisfying(
              AdminException.class,
              e -> {
                assertThat(e.status()).isEqualTo(503);
                assertThat(e.mayHaveHappened()).isFalse();
              })
          .hasMessageContaining("too few members: dataset=/few replicas=2 members=1");
    }
    assertThat(client.stat("/few")).isNull();
  }

  @Test
  void scan_byUnknownFunction_failsWithTheSentence() throws IOException {
    client.loadLines(Files.writeString(directory.resolve("s.txt"), "x"), "/scanned", "DURABLE");

    assertThatThrownBy(() -> client.scan("/scanned", "nope", new byte[0], (_, _) -> {}))
        .isInstanceOf(AdminException.class)
        .hasMessageContaining("no such function: function=nope");
  }

  @Test
  void status_tellsWhoAndHowMuch() {
    JsonNode status = client.status();

    assertThat(status.path("node").asText()).isEqualTo("quire");
    assertThat(status.path("ready").asBoolean()).isTrue();
    assertThat(status.path("epoch").asLong()).isPositive();
    assertThat(status.path("members")).hasSize(1);
    assertThat(status.path("log").path("role").asText()).isEqualTo("LEADER");
    assertThat(status.path("log").path("leader").asText()).isEqualTo("quire");
    assertThat(status.path("log").path("voters")).hasSize(1);
    assertThat(status.path("memory").path("budget").asLong()).isEqualTo(16 << 20);
    assertThat(status.path("memory").path("peakAccounted").asLong()).isLessThanOrEqualTo(16 << 20);
    JsonNode store = status.path("stores").get(0);
    assertThat(store.path("uri").asText()).startsWith("flash:///");
    assertThat(store.path("capacity").asLong()).isEqualTo(1L << 40);
    assertThat(store.path("used").asLong() + store.path("free").asLong())
        .isLessThanOrEqualTo(1L << 40);
    assertThat(store.path("full").asBoolean(true)).isFalse();
    assertThat(store.path("failing").asText("?")).isEmpty();
    assertThat(client.ready()).isTrue();
  }

  @Test
  void members_areListed_andChangesThatCannotBeAreRefused() throws Exception {
    JsonNode before = client.members();
    assertThat(before).hasSize(1);
    assertThat(before.get(0).path("node").asText()).isEqualTo("quire");
    assertThat(before.get(0).path("votes").asBoolean()).isTrue();

    String absent = "no such member: node=n9 members=[quire]";
    assertRefused(409, absent, "POST", "/api/members/n9/promote", "");
    assertRefused(409, absent, "DELETE", "/api/members/n9", "");
    assertRefused(409, absent, "POST", "/api/members/quire/replace?by=n9", "");
    assertRefused(409, "it is the last voter", "DELETE", "/api/members/quire", "");
    assertRefused(409, "its own place", "POST", "/api/members/quire/replace?by=quire", "");
    assertRefused(400, "not a node name: name=N", "POST", "/api/members/N/promote", "");
    assertRefused(400, "not a node name: name=N", "DELETE", "/api/members/N", "");
    assertRefused(400, "name=by", "POST", "/api/members/quire/replace", "");
    assertRefused(400, "name=N", "POST", "/api/members/quire/replace?by=N", "");

    // To promote who votes already changes nothing, and is no error.
    assertThat(client.promote("quire")).isEqualTo(before);
    assertThat(client.members()).isEqualTo(before);
  }

  @Test
  void metrics_areInTheTextFormatOfPrometheus() throws Exception {
    client.create("/metered", "v");

    HttpResponse<String> answer = send("GET", "/metrics", "");

    assertThat(answer.headers().firstValue("Content-Type").orElse(""))
        .startsWith("text/plain; version=0.0.4");
    assertThat(answer.body().lines()).allMatch(line -> METRIC_LINE.matcher(line).matches());
    assertThat(answer.body())
        .containsPattern("\nquire_ready 1.0\n")
        .containsPattern("\nquire_memory_budget_bytes 1.6777216E7\n")
        .containsPattern("\nquire_publish_seconds_count [1-9]")
        .containsPattern("\nquire_store_capacity_bytes\\{store=\"flash:///.*\"} 1.0995116\\d*E12\n")
        .containsPattern("\nquire_store_failing\\{store=\"flash:///.*\"} 0.0\n")
        .contains("quire_view_members 1.0", "quire_log_committed ", "quire_page_ins ");
  }

  @Test
  void whatIsOpenInNamespaces_isInStatusAndMetrics() throws Exception {
    NsHandle space = node.namespaces().createNamespace();
    NsObject x = node.namespaces().create(space, "x", "k", Lifetime.DURABLE, new byte[1]);
    NsStats before = node.namespaces().stats();
    assertThat(before.objects()).isPositive();
    try (NsOpen _ = node.namespaces().open(x.xid(), OpenMode.READ, SOON).orElseThrow();
        NsWatch _ = node.namespaces().watch(x.xid());
        NsListing _ = node.namespaces().listing(space, NamePattern.ALL)) {
      JsonNode told = client.status().path("namespaces");
      assertThat(told.path("objects").asLong()).isEqualTo(before.objects());
      assertThat(told.path("opens").asInt()).isEqualTo(before.opens() + 1);
      assertThat(told.path("references").asLong()).isEqualTo(before.references() + 1);
      assertThat(told.path("watches").asInt()).isEqualTo(before.watches() + 1);
      assertThat(told.path("listings").asInt()).isEqualTo(before.listings() + 1);
      assertThat(send("GET", "/metrics", "").body())
          .contains("quire_ns_objects %.1f".formatted((double) before.objects()))
          .contains("quire_ns_opens %.1f".formatted(before.opens() + 1.0));
    }
    node.namespaces().delete(x);
  }

  @Test
  void clientsOfTheAger_areInStatusAndMetricsAsLongAsTheyAreOpen() throws Exception {
    try (Client join = node.ager().client(ClientConfig.of("join").withLimitBytes(1 << 20));
        Draft held = join.allocate(5000, Duration.ofSeconds(10))) {
      assertThat(held.segment().byteSize()).isEqualTo(5000);
      assertThat(send("GET", "/metrics", "").body())
          .contains("quire_client_held_bytes{client=\"join\"} 8192.0")
          .contains("quire_client_limit_bytes{client=\"join\"} 1048576.0")
          .contains("quire_client_held_bytes{client=\"default\"}");
      JsonNode told = client.status().path("memory").path("clients").get(1);
      assertThat(told.path("name").asText()).isEqualTo("join");
      assertThat(told.path("pinnedBytes").asLong()).isEqualTo(8192);
    }
    assertThat(send("GET", "/metrics", "").body()).doesNotContain("join");
    assertThat(client.status().path("memory").path("clients")).hasSize(1);
  }

  private String read(String name) throws IOException {
    try (InputStream in = client.read(name)) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      in.transferTo(all);
      return all.toString(StandardCharsets.UTF_8);
    }
  }
}
