package io.quire.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@code quire ns refs} makes of what a node answers, who is silent included. */
@Timeout(90)
class RefsCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String REPORT =
      """
      {"complete": %s, "nodes": [
        {"node": "a", "answered": true, "references": 5, "truncated": false, "holders": [
          {"label": "the indexer", "place": "app.Indexer.run:17", "since": 0, "mode": null,
           "waits": false},
          {"label": "worker-1", "place": "app.Writer.open:5", "since": 1000, "mode": "write",
           "waits": true}]},
        {"node": "b", "answered": true, "references": 1, "truncated": true, "holders": []},
        {"node": "c", "answered": false, "references": null, "truncated": false, "holders": []}]}
      """;

  @Test
  void lines_nameEachHolderAndWhoIsSilent() throws IOException {
    assertThat(NsCommand.lines(JSON.readTree(REPORT.formatted(false))))
        .containsExactly(
            "a            5 references",
            "  1970-01-01T00:00:00Z  reference     the indexer  app.Indexer.run:17",
            "  1970-01-01T00:00:01Z  waits to write  worker-1  app.Writer.open:5",
            "  3 more, of which only the number is known",
            "b            1 reference",
            "  1 more",
            "c            did not answer in time");
  }

  @Test
  void refs_asksInTheNamespace_andEndsWithOneIfANodeWasSilent() throws IOException {
    assertThat(refs(true)).isZero();
    assertThat(refs(false)).isEqualTo(1);
  }

  private static int refs(boolean complete) throws IOException {
    List<String> asked = new CopyOnWriteArrayList<>();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 1);
    server.createContext(
        "/",
        exchange -> {
          asked.add(exchange.getRequestURI().toString());
          byte[] body = REPORT.formatted(complete).getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().add("Quire-Node", "a");
          exchange.sendResponseHeaders(200, body.length);
          try (OutputStream to = exchange.getResponseBody()) {
            to.write(body);
          }
        });
    server.start();
    try {
      String node = "127.0.0.1:" + server.getAddress().getPort();
      int code =
          Quire.command()
              .setErr(new PrintWriter(new StringWriter()))
              .execute("ns", "refs", "/x", "--namespace", "red", "--seconds", "7", "--node", node);
      assertThat(asked).containsExactly("/api/ns/refs?name=%2Fx&seconds=7&namespace=red");
      return code;
    } finally {
      server.stop(0);
    }
  }
}
