package io.quire.bench;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.base.Address;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;

/** Gives jobs to a process under measurement. */
final class JobClient implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration BESIDES = Duration.ofSeconds(900);

  private static final Duration SOON = Duration.ofSeconds(20);

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Address address;

  JobClient(Address address) {
    this.address = address;
  }

  boolean leads() {
    return JSON.convertValue(ask("/leads", "", SOON), new TypeReference<Map<String, Boolean>>() {})
        .getOrDefault("leads", false);
  }

  Map<String, Double> run(Job job) {
    try {
      Duration deadline = BESIDES.plusMillis(job.warmUpMillis() + job.millis());
      return JSON.convertValue(
          ask("/job", JSON.writeValueAsString(job), deadline), new TypeReference<>() {});
    } catch (IOException e) {
      throw new BenchFailed("cannot write a job: job=" + job, e);
    }
  }

  private Object ask(String path, String body, Duration deadline) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://" + address + path))
            .timeout(deadline)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    try {
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new BenchFailed("a job failed: at=" + address + path + "\n" + answer.body(), null);
      }
      return JSON.readValue(answer.body(), Object.class);
    } catch (IOException e) {
      throw new BenchFailed("no answer: at=" + address + path + " cause=" + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BenchFailed("interrupted while waiting for " + address + path, e);
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
