package io.quire.harness;

import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.fabric.CertificateAuthority;
import io.quire.node.AdminClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A cluster of real node processes on this machine, on loopback, with certificates of its own.
 * Ports and data directories stay the same when a node is killed and started again.
 */
public final class LocalCluster implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(120);
  private static final Duration STOP = Duration.ofSeconds(10);

  /**
   * What the nodes are like.
   *
   * @param nodes how many
   * @param voters how many of them, the first ones, vote; the others come as listeners
   * @param memory budget of extents of each, in bytes
   * @param stores URIs; {@code flash} stands for a directory of the node's own
   * @param heap of each JVM
   */
  public record Settings(int nodes, int voters, long memory, List<String> stores, String heap) {
    public Settings {
      stores = List.copyOf(stores);
      if (nodes < 1 || nodes > 16) {
        throw new IllegalArgumentException("nodes out of range: nodes=" + nodes + " allowed=1..16");
      }
      if (voters < 1 || voters > nodes) {
        throw new IllegalArgumentException(
            "voters out of range: voters=" + voters + " allowed=1.." + nodes);
      }
    }

    /** With one voter, three or five: as many as the cluster is large enough for. */
    public Settings(int nodes, long memory, List<String> stores, String heap) {
      this(nodes, nodes >= 5 ? 5 : nodes >= 3 ? 3 : 1, memory, stores, heap);
    }
  }

  /** One node of the cluster. */
  public static final class Worker {
    private final String name;
    private final Path directory;
    private final int fabricPort = Ports.take();
    private final int discoveryPort = Ports.take();
    private final AdminClient client = new AdminClient(new Address("127.0.0.1", Ports.take()), "");
    private @Nullable ChildProcess process;

    private Worker(String name, Path directory) {
      this.name = name;
      this.directory = directory;
    }

    public String name() {
      return name;
    }

    public AdminClient client() {
      return client;
    }

    /** Its newest process, dead or alive. */
    public ChildProcess process() {
      if (process == null) {
        throw new IllegalStateException("not started yet: node=" + name);
      }
      return process;
    }

    public boolean isAlive() {
      return process != null && process.isAlive();
    }
  }

  private final Reaper reaper;
  private final Settings settings;
  private final Function<Path, JavaCommand> command;
  private final List<Worker> workers = new ArrayList<>();

  private LocalCluster(Reaper reaper, Settings settings, Function<Path, JavaCommand> command) {
    this.reaper = reaper;
    this.settings = settings;
    this.command = command;
  }

  /**
   * Starts all nodes and waits until they are in the view.
   *
   * @param directory for their data, configurations and logs
   * @throws ChildProcessException if one does not get there; its log says why
   */
  public static LocalCluster start(Path directory, Reaper reaper, Settings settings) {
    return start(
        directory,
        reaper,
        settings,
        config -> JavaCommand.of(WorkerNode.class.getName(), config.toString()));
  }

  /**
   * As above, with processes of another kind.
   *
   * @param command given the file with a node's configuration; it writes what {@link WorkerNode}
   *     writes when it can work
   */
  public static LocalCluster start(
      Path directory, Reaper reaper, Settings settings, Function<Path, JavaCommand> command) {
    LocalCluster cluster = new LocalCluster(reaper, settings, command);
    CertificateAuthority authority = CertificateAuthority.create("demo");
    for (int i = 1; i <= settings.nodes(); i++) {
      String name = "n" + i;
      Path own = directory.resolve(name);
      authority.issue(new NodeId(name), List.of("127.0.0.1")).save(own.resolve("tls"));
      cluster.workers.add(new Worker(name, own));
    }
    cluster.workers.forEach(worker -> cluster.configure(worker, directory));
    cluster.startAll();
    return cluster;
  }

  public List<Worker> workers() {
    return List.copyOf(workers);
  }

  public List<Worker> alive() {
    return workers.stream().filter(Worker::isAlive).toList();
  }

  /** Starts every node that does not run and waits until all of these are in the view. */
  public void startAll() {
    List<Worker> starting = workers.stream().filter(worker -> !worker.isAlive()).toList();
    starting.forEach(this::launch);
    for (Worker worker : starting) {
      worker.process().awaitLine(WorkerNode.READY, START);
    }
  }

  /** Ends all nodes with SIGTERM. */
  @Override
  public void close() {
    List<Thread> stopping =
        alive().stream()
            .map(worker -> Thread.ofVirtual().start(() -> worker.process().stop(STOP)))
            .toList();
    for (Thread thread : stopping) {
      try {
        thread.join(STOP.plusSeconds(5));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    workers.forEach(worker -> worker.client.close());
  }

  private void launch(Worker worker) {
    JavaCommand launched =
        command
            .apply(config(worker))
            .withOptions("-Xmx" + settings.heap(), "-XX:+UseSerialGC")
            .deafToInterrupts();
    worker.process = reaper.start(launched.launch(worker.name, worker.directory));
  }

  private void configure(Worker worker, Path directory) {
    String seeds =
        workers.stream()
            .map(other -> "\"127.0.0.1:" + other.discoveryPort + "\"")
            .collect(Collectors.joining(", "));
    String voting =
        IntStream.rangeClosed(1, settings.voters())
            .mapToObj(i -> "n" + i)
            .collect(Collectors.joining(", "));
    String stores =
        settings.stores().stream()
            .map(uri -> uri.equals("flash") ? "flash://" + worker.directory.resolve("flash") : uri)
            .map(uri -> "\"" + uri + "\"")
            .collect(Collectors.joining(", "));
    String text =
        """
        name = %s
        cluster = demo
        data = "%s"
        host = 127.0.0.1
        fabric.port = %d
        http.port = %d
        voters = [%s]
        discovery { port = %d, seeds = [%s] }
        memory = %d
        stores = [%s]
        hdfs-replication = 1
        tls = "%s"
        """
            .formatted(
                worker.name,
                worker.directory.resolve("data"),
                worker.fabricPort,
                worker.client.node().port(),
                voting,
                worker.discoveryPort,
                seeds,
                settings.memory(),
                stores,
                worker.directory.resolve("tls"));
    try {
      Files.createDirectories(worker.directory.resolve("data"));
      Files.writeString(config(worker), text);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write: path=" + config(worker), e);
    }
  }

  private static Path config(Worker worker) {
    return worker.directory.resolve("node.conf");
  }
}
