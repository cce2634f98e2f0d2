package io.quire.harness.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the harness talks to a node's process: over a socket in the file system, which no fault of
 * the network reaches. A request is one line, its answer one line of JSON. A process that is paused
 * or dead does not answer.
 */
final class Control implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Control.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FAILED = "failed";

  private final ServerSocketChannel server;

  private Control(ServerSocketChannel server) {
    this.server = server;
  }

  /**
   * Answers requests, each on a thread of its own.
   *
   * @param path of the socket; what a dead process left there is replaced
   */
  static Control serve(Path path, Function<String, Object> answers) throws IOException {
    Files.deleteIfExists(path);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    Control control = new Control(server);
    Thread.ofPlatform().daemon().name("control").start(() -> control.accept(answers));
    return control;
  }

  private void accept(Function<String, Object> answers) {
    try {
      while (true) {
        SocketChannel client = server.accept();
        Thread.ofVirtual().start(() -> answer(client, answers));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private static void answer(SocketChannel client, Function<String, Object> answers) {
    try (client) {
      String request =
          new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8)).readLine();
      if (request != null) {
        Channels.newOutputStream(client).write(JSON.writeValueAsBytes(answer(request, answers)));
      }
    } catch (IOException e) {
      // Who asked is gone.
    }
  }

  private static Object answer(String request, Function<String, Object> answers) {
    try {
      return answers.apply(request);
    } catch (RuntimeException e) {
      log.warn("a request failed: request={}", request, e);
      return Map.of(FAILED, e.toString());
    }
  }

  /**
   * Asks the process that serves there.
   *
   * @throws IOException if it does not answer in time or not at all, or says that it failed
   */
  static JsonNode ask(Path path, String request, Duration limit) throws IOException {
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  answer.complete(exchange(channel, path, request));
                } catch (IOException e) {
                  answer.completeExceptionally(e);
                }
              });
      return answer.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException(
          "no answer: request=%s socket=%s why=%s"
              .formatted(request, path, e instanceof ExecutionException ? e.getCause() : limit),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted: request=" + request, e);
    }
  }

  private static JsonNode exchange(SocketChannel channel, Path path, String request)
      throws IOException {
    channel.connect(UnixDomainSocketAddress.of(path));
    Channels.newOutputStream(channel).write((request + "\n").getBytes(StandardCharsets.UTF_8));
    byte[] answer = Channels.newInputStream(channel).readAllBytes();
    if (answer.length == 0) {
      throw new IOException("the answer broke off: request=" + request);
    }
    JsonNode found = JSON.readTree(answer);
    if (found.has(FAILED)) {
      throw new IOException("the request failed there: " + found.path(FAILED).asText());
    }
    return found;
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
