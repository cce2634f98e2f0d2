package io.quire.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.quire.base.Address;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;

/** Takes jobs for the subject of this process, one at a time, over HTTP on loopback. */
final class JobServer {
  private static final ObjectMapper JSON = new ObjectMapper();

  private JobServer() {}

  /** Serves for as long as the process lives. */
  static Address serve(Subject subject) throws IOException {
    HttpServer http =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 8);
    http.setExecutor(
        Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("job-", 0).factory()));
    http.createContext("/leads", call -> answer(call, () -> Map.of("leads", subject.leads())));
    http.createContext("/job", call -> answer(call, () -> run(subject, call)));
    http.start();
    return new Address("127.0.0.1", http.getAddress().getPort());
  }

  private static Map<String, Double> run(Subject subject, HttpExchange call) throws Exception {
    return subject.run(JSON.readValue(call.getRequestBody(), Job.class));
  }

  private interface Answer {
    Object get() throws Exception;
  }

  private static void answer(HttpExchange call, Answer answer) throws IOException {
    int status = 200;
    byte[] body;
    try {
      body = JSON.writeValueAsBytes(answer.get());
    } catch (Exception e) {
      StringWriter text = new StringWriter();
      e.printStackTrace(new PrintWriter(text));
      status = 500;
      body = text.toString().getBytes(StandardCharsets.UTF_8);
    }
    try (call) {
      call.sendResponseHeaders(status, body.length);
      call.getResponseBody().write(body);
    }
  }
}
