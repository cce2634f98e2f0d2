package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.javalin.Javalin;
import io.javalin.router.Endpoint;
import io.javalin.router.ParsedEndpoint;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node that wants a token. */
@Timeout(120)
class AdminTokenTest {
  @TempDir private static Path directory;

  private final List<Endpoint> routes = new ArrayList<>();

  private void routesOf(Node node, Javalin http) {
    http.unsafeConfig().pvt.internalRouter.allHttpHandlers().stream()
        .map(ParsedEndpoint::getEndpoint)
        .filter(route -> route.getMethod().isHttpMethod())
        .forEach(routes::add);
  }

  @Test
  void request_withoutTheToken_isRefusedOnEveryRoute() throws Exception {
    List<String> settings =
        List.of(
            "http.port=0", "http.token=secret", "memory=16MiB", "data=" + directory.resolve("d"));
    try (Node node = Node.open(NodeConfig.load(null, settings));
        AdminServer server = AdminServer.open(node, this::routesOf);
        HttpClient http = HttpClient.newHttpClient()) {
      assertThat(routes).extracting(Endpoint::getPath).contains("/health", "/metrics", "/api/ns");
      for (Endpoint route : routes) {
        String path = route.getPath().replaceAll("[{][a-z]+[}]", "1") + "?name=/a";
        HttpRequest.Builder request =
            HttpRequest.newBuilder(URI.create("http://" + server.address() + path))
                .method(route.getMethod().name(), BodyPublishers.ofString("v"));
        assertRefused(http, request.build());
        for (String wrong : List.of("Bearer other", "Bearer secre", "Bearer ", "secret")) {
          assertRefused(http, request.copy().header("Authorization", wrong).build());
        }
      }
      HttpRequest right =
          HttpRequest.newBuilder(URI.create("http://" + server.address() + "/api/ns"))
              .header("Authorization", "Bearer secret")
              .build();
      HttpResponse<String> listed = http.send(right, BodyHandlers.ofString());
      assertThat(listed.statusCode()).isEqualTo(200);
      assertThat(listed.body()).as("nothing was made").contains("\"objects\":[]");
    }
  }

  private static void assertRefused(HttpClient http, HttpRequest request)
      throws IOException, InterruptedException {
    HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
    assertThat(answer.statusCode()).as("%s", request).isEqualTo(401);
    assertThat(answer.body()).isEqualTo("{\"error\":\"a token is needed\",\"happened\":\"no\"}");
  }
}
