package io.quire.jet;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.NodeId;
import io.quire.fabric.CertificateAuthority;
import io.quire.node.Node;
import io.quire.node.NodeConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Three nodes in this process, whose durable copies lie where each of them can read them. */
final class QuireNodes implements AutoCloseable {
  static final String TOKEN = "secret";

  private static final List<String> NAMES = List.of("n1", "n2", "n3");
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final Path directory;
  private final List<Node> nodes = new ArrayList<>();

  QuireNodes(Path directory) {
    this.directory = directory;
    CertificateAuthority authority = CertificateAuthority.create("three");
    List<Integer> ports = Ports.free(NAMES.size());
    String seeds =
        String.join(",", ports.stream().map(port -> "\"127.0.0.1:" + port + '"').toList());
    List<CompletableFuture<Node>> starts = new ArrayList<>();
    for (String name : NAMES) {
      try {
        Path tls = Files.createDirectories(directory.resolve(name).resolve("tls"));
        authority.issue(new NodeId(name), List.of("127.0.0.1")).save(tls);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      NodeConfig config =
          NodeConfig.load(
              null,
              List.of(
                  "name=" + name,
                  "cluster=three",
                  "data=" + directory.resolve(name),
                  "voters=[n1,n2,n3]",
                  "discovery.port=" + ports.get(NAMES.indexOf(name)),
                  "discovery.seeds=[" + seeds + "]",
                  "memory=32MiB",
                  "stores=[\"flash://%s\", \"file://%s\"]"
                      .formatted(directory.resolve(name + "-flash"), directory.resolve("shared")),
                  "http.token=" + TOKEN,
                  "http.tokens.alice=of-alice",
                  "flight.port=0",
                  "flight.patience=1s"));
      CompletableFuture<Node> started = new CompletableFuture<>();
      Thread.ofPlatform()
          .name("start-" + name)
          .start(() -> started.completeAsync(() -> Node.open(config), Runnable::run));
      starts.add(started);
    }
    for (CompletableFuture<Node> started : starts) {
      nodes.add(started.orTimeout(100, TimeUnit.SECONDS).join());
    }
  }

  Node get(int number) {
    return nodes.get(number);
  }

  List<Node> all() {
    return nodes;
  }

  /** As a member of Jet is told of them. */
  QuireTables tables() {
    return new QuireTables(
        nodes.stream().map(node -> node.flights().orElseThrow().location()).toList(),
        TOKEN,
        authority(),
        "",
        Duration.ofMinutes(1));
  }

  String authority() {
    try {
      return Files.readString(directory.resolve("n1").resolve("tls").resolve("ca.pem"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** No stream is open, and nothing pinned, on any node that runs. */
  void assertNothingIsHeld() {
    until(
        "streams are over",
        () -> nodes.stream().allMatch(node -> node.flights().orElseThrow().stats().open() == 0));
    until(
        "nothing is pinned",
        () -> nodes.stream().allMatch(node -> node.ager().stats().pinnedBytes() == 0));
  }

  static void until(String what, BooleanSupplier condition) {
    long giveUp = System.nanoTime() + PATIENCE_NANOS;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - giveUp).as("in time: %s", what).isNegative();
      LockSupport.parkNanos(2_000_000);
    }
  }

  @Override
  public void close() {
    nodes.forEach(Node::close);
  }
}
