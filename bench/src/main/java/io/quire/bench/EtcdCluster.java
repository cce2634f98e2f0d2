package io.quire.bench;

import io.quire.harness.ChildProcess;
import io.quire.harness.Launch;
import io.quire.harness.Ports;
import io.quire.harness.Reaper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Three members of etcd, from the program on the path, and one JVM that is their client. */
record EtcdCluster(String name) implements Contender {
  private static final int MEMBERS = 3;
  private static final Duration STOP = Duration.ofSeconds(5);

  @Override
  public String settings() {
    return "etcd of this machine, 3 members, max-txn-ops=10000, no TLS,"
        + " gRPC client in a process of its own";
  }

  @Override
  public Running start(Path directory, Reaper reaper) throws Unavailable {
    Path program = onPath("etcd");
    if (program == null) {
      throw new Unavailable("no etcd on the path (Debian: etcd-server)");
    }
    List<Integer> clients = IntStream.range(0, MEMBERS).mapToObj(_ -> Ports.take()).toList();
    List<Integer> peers = IntStream.range(0, MEMBERS).mapToObj(_ -> Ports.take()).toList();
    List<ChildProcess> members = new ArrayList<>();
    for (int i = 0; i < MEMBERS; i++) {
      members.add(reaper.start(launch(program, directory, i, clients, peers)));
    }
    Running client =
        Processes.of(name + "-client", Worker.System.ETCD, 1, 1, "")
            .with("clients", clients.stream().map(String::valueOf).collect(Collectors.joining(",")))
            .start(directory, reaper);
    return new Running() {
      @Override
      public Map<String, Double> run(Job job) {
        return client.run(job);
      }

      @Override
      public void close() {
        client.close();
        members.forEach(member -> member.stop(STOP));
      }
    };
  }

  private static Launch launch(
      Path program, Path directory, int member, List<Integer> clients, List<Integer> peers) {
    Path own = directory.resolve("etcd-" + (member + 1));
    try {
      Files.createDirectories(own);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make a directory: path=" + own, e);
    }
    String all =
        IntStream.range(0, MEMBERS)
            .mapToObj(i -> "e%d=http://127.0.0.1:%d".formatted(i + 1, peers.get(i)))
            .collect(Collectors.joining(","));
    String client = "http://127.0.0.1:" + clients.get(member);
    String peer = "http://127.0.0.1:" + peers.get(member);
    List<String> line = new ArrayList<>();
    Path guard = onPath("setpriv");
    if (guard != null) {
      // It ends with this JVM, however that ends.
      line.addAll(List.of(guard.toString(), "--pdeathsig", "KILL", "--"));
    }
    line.addAll(
        List.of(
            program.toString(),
            "--name",
            "e" + (member + 1),
            "--data-dir",
            own.resolve("data").toString(),
            "--listen-client-urls",
            client,
            "--advertise-client-urls",
            client,
            "--listen-peer-urls",
            peer,
            "--initial-advertise-peer-urls",
            peer,
            "--initial-cluster",
            all,
            "--initial-cluster-state",
            "new",
            "--quota-backend-bytes",
            "8589934592",
            "--max-txn-ops",
            "10000",
            "--log-level",
            "warn"));
    return Launch.of("etcd-" + (member + 1), own, line.toArray(String[]::new));
  }

  private static @Nullable Path onPath(String program) {
    String path = System.getenv("PATH");
    return path == null
        ? null
        : Stream.of(path.split(":"))
            .map(folder -> Path.of(folder, program))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(null);
  }
}
