package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.quire.base.Address;
import io.quire.node.AdminClient.AdminException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client against those who are no node, and against a node that breaks off. */
@Timeout(60)
class AdminClientTest {
  private static final InetAddress LOCAL = InetAddress.getLoopbackAddress();

  @TempDir private Path directory;

  private static Address address(ServerSocket socket) {
    return new Address("127.0.0.1", socket.getLocalPort());
  }

  @Test
  void status_whereNobodyListens_saysSo() throws IOException {
    Address nobody;
    try (ServerSocket free = new ServerSocket(0, 1, LOCAL)) {
      nobody = address(free);
    }
    try (AdminClient client = new AdminClient(nobody, "")) {
      AdminException e = catchThrowableOfType(AdminException.class, client::status);

      assertThat(e).hasMessageContaining("no node answers there").hasMessageContaining("" + nobody);
      assertThat(e.status()).isZero();
      assertThat(e.mayHaveHappened()).isFalse();
      assertThat(client.ready()).isFalse();
      assertThat(catchThrowableOfType(AdminException.class, () -> client.delete("/a")))
          .matches(refused -> !refused.mayHaveHappened());
    }
  }

  @Test
  void status_fromAnotherServer_isRefusedWhateverItAnswers() throws IOException {
    for (int status : new int[] {200, 404, 500}) {
      HttpServer other = HttpServer.create(new InetSocketAddress(LOCAL, 0), 1);
      other.createContext(
          "/",
          exchange -> {
            byte[] page = "<html>\n<body>hello</body>".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
          });
      other.start();
      Address there = new Address("127.0.0.1", other.getAddress().getPort());
      try (AdminClient client = new AdminClient(there, "")) {
        assertThatThrownBy(client::status)
            .isInstanceOf(AdminException.class)
            .hasMessage(
                "something else than a Quire node answers: address=%s status=%d"
                    .formatted(there, status));
      } finally {
        other.stop(0);
      }
    }
  }

  @Test
  void scan_thatIsUnderWay_isAwaitedAndAnswers() throws IOException {
    Jobs jobs = new Jobs();
    CompletableFuture<Object> rest = new CompletableFuture<>();
    HttpServer server =
        serveJob(jobs.start("test", _ -> rest.get()), () -> rest.complete(List.of("YQ==")));
    Address there = new Address("127.0.0.1", server.getAddress().getPort());
    try (AdminClient client = new AdminClient(there, "")) {
      assertThat(client.scan("/a", "f", new byte[0], (_, _) -> {}))
          .containsExactly(new byte[] {'a'});
    } finally {
      server.stop(0);
    }
  }

  @Test
  void scan_thatWasRefusedUnderWay_didNotHappen() throws IOException {
    Jobs jobs = new Jobs();
    CompletableFuture<Object> rest = new CompletableFuture<>();
    Jobs.Job job =
        jobs.start(
            "test",
            _ -> {
              rest.get();
              throw new Failure.Busy("not now");
            });
    HttpServer server = serveJob(job, () -> rest.complete(""));
    Address there = new Address("127.0.0.1", server.getAddress().getPort());
    try (AdminClient client = new AdminClient(there, "")) {
      AdminException e =
          catchThrowableOfType(
              AdminException.class, () -> client.scan("/a", "f", new byte[0], (_, _) -> {}));

      assertThat(e).hasMessage("not now");
      assertThat(e.status()).isEqualTo(503);
      assertThat(e.mayHaveHappened()).isFalse();
    } finally {
      server.stop(0);
    }
  }

  @Test
  void job_ofWhichThereIsNoMoreWord_mayHaveHappened() throws IOException {
    Jobs.Job job = new Jobs().start("test", _ -> new CompletableFuture<>().get());
    AtomicInteger asked = new AtomicInteger();
    HttpServer server =
        serveJob(
            job,
            () -> {
              if (asked.incrementAndGet() > 1) {
                throw new IllegalStateException("the connection ends without an answer");
              }
            });
    Address there = new Address("127.0.0.1", server.getAddress().getPort());
    try (AdminClient client = new AdminClient(there, "")) {
      AdminException e =
          catchThrowableOfType(
              AdminException.class, () -> client.scan("/a", "f", new byte[0], (_, _) -> {}));

      assertThat(e).hasMessageContaining("job=" + job.status().id());
      assertThat(e.mayHaveHappened()).isTrue();
    } finally {
      server.stop(0);
    }
  }

  /** Answers how the job stands, in the form of a node; the first question lets it go on. */
  private static HttpServer serveJob(Jobs.Job job, Runnable goOn) throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress(LOCAL, 0), 1);
    server.createContext(
        "/",
        exchange -> {
          byte[] status = new ObjectMapper().writeValueAsBytes(job.status());
          goOn.run();
          exchange.getResponseHeaders().add(AdminServer.NODE_HEADER, "n1");
          exchange.sendResponseHeaders(202, status.length);
          exchange.getResponseBody().write(status);
          exchange.close();
        });
    server.start();
    return server;
  }

  @Test
  void delete_whoseConnectionBreaks_mayHaveHappened() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 5, LOCAL);
        AdminClient client = new AdminClient(address(server), "")) {
      Thread.ofVirtual().start(() -> answerOnce(server, ""));

      AdminException e = catchThrowableOfType(AdminException.class, () -> client.delete("/a"));

      assertThat(e.mayHaveHappened()).isTrue();
    }
  }

  @Test
  void read_thatBreaksOff_throwsInsteadOfEnding() throws IOException {
    String head =
        "HTTP/1.1 200 OK\r\n" + AdminServer.NODE_HEADER + ": a\r\nContent-Length: 10\r\n\r\n";
    try (ServerSocket server = new ServerSocket(0, 5, LOCAL);
        AdminClient client = new AdminClient(address(server), "")) {
      Thread.ofVirtual().start(() -> answerOnce(server, head + "half"));

      try (InputStream in = client.read("/a")) {
        assertThatThrownBy(in::readAllBytes).isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void loadLines_ofAFileThatCannotBeRead_namesIt() {
    try (AdminClient client = new AdminClient(new Address("127.0.0.1", 1), "")) {
      assertThatThrownBy(() -> client.loadLines(directory.resolve("absent"), "/a", "DURABLE"))
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageContaining("cannot read the file: path=" + directory.resolve("absent"));
    }
  }

  /** Reads a request's head, answers and hangs up. */
  private static void answerOnce(ServerSocket server, String answer) {
    try (Socket connection = server.accept()) {
      InputStream in = connection.getInputStream();
      int newlines = 0;
      for (int c = in.read(); c >= 0 && newlines < 2; c = in.read()) {
        newlines = c == '\n' ? newlines + 1 : c == '\r' ? newlines : 0;
        if (newlines == 2) {
          break;
        }
      }
      connection.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
