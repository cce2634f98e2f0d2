package io.quire.harness.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.base.NodeId;
import io.quire.base.Rules;
import io.quire.fabric.CertificateAuthority;
import io.quire.harness.ChildProcess;
import io.quire.harness.ChildProcessException;
import io.quire.harness.Deadline;
import io.quire.harness.JavaCommand;
import io.quire.harness.Launch;
import io.quire.harness.Ports;
import io.quire.harness.Reaper;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of a run, each a process of its own, on loopback or each in a network of its own. Any
 * thread.
 */
final class ChaosCluster {
  private static final Duration ASK = Duration.ofSeconds(2);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);
  private static final Duration START_AGAIN = Duration.ofSeconds(5);
  private static final Duration STOP = Duration.ofSeconds(30);
  private static final int CLIENTS = 5;
  private static final int TABLE_CLIENTS = 2;
  private static final int FABRIC_PORT = 7_000;
  private static final int DISCOVERY_PORT = 7_001;
  private static final int FLIGHT_PORT = 7_002;

  /** A process that ended without having been killed by us. */
  record Stopped(long nanos, String node, int exitCode, String lastLine) {
    @Override
    public String toString() {
      return "node=%s exitCode=%d said=%s".formatted(node, exitCode, lastLine);
    }
  }

  private final Reaper reaper;
  private final ChaosOptions options;
  private final @Nullable Network network;
  private final long begun;
  private final List<Member> members = new ArrayList<>();
  private final List<Stopped> stopped = Collections.synchronizedList(new ArrayList<>());
  private volatile boolean closing;

  private ChaosCluster(Reaper reaper, ChaosOptions options, @Nullable Network network, long begun) {
    this.reaper = reaper;
    this.options = options;
    this.network = network;
    this.begun = begun;
  }

  /**
   * Makes directories, certificates and configurations; nothing runs yet.
   *
   * @param network null for loopback
   * @param begun when the run began, by the machine's monotonic clock
   */
  static ChaosCluster make(
      Path directory, Reaper reaper, ChaosOptions options, @Nullable Network network, long begun)
      throws IOException {
    ChaosCluster cluster = new ChaosCluster(reaper, options, network, begun);
    CertificateAuthority authority = CertificateAuthority.create("chaos");
    for (int i = 0; i < options.nodes(); i++) {
      Member member = cluster.new Member(i, directory.resolve("n" + (i + 1)));
      Files.createDirectories(member.data());
      authority.issue(new NodeId(member.name), List.of(member.host)).save(member.tls());
      cluster.members.add(member);
    }
    for (Member member : cluster.members) {
      Files.writeString(member.config(), cluster.configuration(member));
    }
    return cluster;
  }

  List<Member> members() {
    return List.copyOf(members);
  }

  /** Processes that ended by themselves so far. */
  List<Stopped> stopped() {
    return List.copyOf(stopped);
  }

  void startAll() {
    members.forEach(Member::start);
  }

  /** Who leads the log, as most nodes see it; null if they do not know. */
  @Nullable Member leader() {
    return members.stream()
        .map(Member::status)
        .filter(status -> status != null && !status.path("leader").asText().isEmpty())
        .max((a, b) -> Long.compare(a.path("term").asLong(), b.path("term").asLong()))
        .flatMap(status -> named(status.path("leader").asText()))
        .orElse(null);
  }

  /** Who leads, in which term, by its own word; empty if nobody says so of itself. */
  String leadership() {
    for (Member member : members) {
      JsonNode status = member.status();
      if (status != null && status.path("leader").asText().equals(member.name)) {
        return member.name + " " + status.path("term");
      }
    }
    return "";
  }

  private Optional<Member> named(String name) {
    return members.stream().filter(member -> member.name.equals(name)).findFirst();
  }

  /** Who has most changes under way; null if nobody has any. */
  @Nullable Member coordinator() {
    Member most = null;
    int count = 0;
    for (Member member : members) {
      JsonNode status = member.status();
      int publishing = status == null ? 0 : status.path("publishing").asInt();
      if (publishing > count) {
        count = publishing;
        most = member;
      }
    }
    return most;
  }

  /** Whether every node is ready and the view has exactly the processes that run. */
  boolean whole() {
    TreeSet<Long> running = new TreeSet<>();
    TreeSet<Long> seen = new TreeSet<>();
    for (Member member : members) {
      JsonNode status = member.status();
      if (status == null || !status.path("ready").asBoolean()) {
        return false;
      }
      running.add(status.path("incarnation").asLong());
      status.path("members").forEach(each -> seen.add(each.asLong()));
    }
    return running.equals(seen);
  }

  /** Waits until the cluster is {@link #whole}; nodes that do not run are started. */
  boolean awaitWhole(Duration limit) {
    long giveUp = System.nanoTime() + limit.toNanos();
    while (!whole()) {
      if (System.nanoTime() - giveUp > 0 || Thread.currentThread().isInterrupted()) {
        return false;
      }
      startAll();
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
    }
    return true;
  }

  /** What the nodes say of themselves, for a message. */
  String describe() {
    return members.stream()
        .map(member -> member.name + "=" + (member.isAlive() ? member.status() : "dead"))
        .collect(Collectors.joining(" "));
  }

  /**
   * Ends all nodes with SIGTERM, so that they leave the view in good order.
   *
   * @return those that did not end in time and were killed
   */
  Set<String> stop() throws InterruptedException {
    closing = true;
    Set<String> killed = ConcurrentHashMap.newKeySet();
    List<Thread> stopping = new ArrayList<>();
    for (Member member : members) {
      stopping.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    if (!member.stop()) {
                      killed.add(member.name);
                    }
                  }));
    }
    Deadline.in(STOP.multipliedBy(2)).join(stopping, "nodes stop");
    return killed;
  }

  /** One node. */
  final class Member {
    final int index;
    final String name;
    final String host;
    private final Path directory;
    private final int fabricPort;
    private final int discoveryPort;
    private final int flightPort;
    private int run;
    private long started;
    private boolean endedAlone;
    private @Nullable ChildProcess process;

    /** Killed by us; word of the end of one may come when the next one is dead already. */
    private final Set<ChildProcess> doomed = new HashSet<>();

    private Member(int index, Path directory) {
      this.index = index;
      this.directory = directory;
      name = "n" + (index + 1);
      host = network == null ? "127.0.0.1" : network.host(index);
      fabricPort = network == null ? Ports.take() : FABRIC_PORT;
      discoveryPort = network == null ? Ports.take() : DISCOVERY_PORT;
      flightPort = network == null ? Ports.take() : FLIGHT_PORT;
    }

    Path data() {
      return directory.resolve("data");
    }

    private Path tls() {
      return directory.resolve("tls");
    }

    private Path config() {
      return directory.resolve("node.conf");
    }

    private ChaosNode.Orders orders() {
      int clients = options.area() == Area.TABLES ? TABLE_CLIENTS : CLIENTS;
      return new ChaosNode.Orders(
          config(), directory, run, options.seed(), options.area(), clients, begun, flights());
    }

    private URI flight() {
      return URI.create("grpc+tls://" + host + ":" + flightPort);
    }

    synchronized boolean isAlive() {
      return process != null && process.isAlive();
    }

    synchronized long pid() {
      return process == null ? -1 : process.pid();
    }

    /**
     * Starts a process of this node unless one runs. One that ended by itself is not started again
     * at once.
     */
    synchronized void start() {
      long now = System.nanoTime();
      boolean tooSoon = endedAlone && now - started < START_AGAIN.toNanos();
      if (closing || isAlive() || tooSoon) {
        return;
      }
      run++;
      started = now;
      endedAlone = false;
      JavaCommand command =
          JavaCommand.of(ChaosNode.class.getName(), orders().words())
              .withOptions("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
              .deafToInterrupts();
      for (Rules.Rule broken : options.broken()) {
        command = command.withOptions("-D" + ChaosNode.BROKEN_RULE + broken + "=true");
      }
      ChildProcess made = reaper.start(placed(command.launch(name, directory)));
      process = made;
      made.onExit().thenAccept(this::ended);
    }

    private Launch placed(Launch launch) {
      if (network == null) {
        return launch;
      }
      List<String> line =
          Stream.concat(network.prefix(index).stream(), launch.line().stream()).toList();
      return new Launch(
          launch.name(), line, launch.environment(), launch.directory(), launch.log());
    }

    private void ended(ChildProcess child) {
      synchronized (this) {
        if (doomed.remove(child) || closing) {
          return;
        }
        endedAlone = true;
      }
      List<String> tail = child.logTail(1);
      stopped.add(
          new Stopped(
              System.nanoTime(),
              name,
              child.exitCode().orElse(-1),
              tail.isEmpty() ? "" : tail.getLast()));
    }

    synchronized void kill() {
      if (process != null) {
        doomed.add(process);
        process.kill9();
      }
    }

    /** Stops its threads; whether there was something to stop. */
    synchronized boolean pause() {
      try {
        if (process != null && process.isAlive()) {
          process.pause();
          return true;
        }
      } catch (ChildProcessException e) {
        // It ended meanwhile.
      }
      return false;
    }

    synchronized void resume() {
      if (process != null) {
        process.resume();
      }
    }

    private boolean stop() {
      ChildProcess running;
      synchronized (this) {
        running = process;
      }
      return running == null || !running.isAlive() || running.stop(STOP);
    }

    /** What it says of itself, or null if it says nothing. */
    @Nullable JsonNode status() {
      try {
        return isAlive() ? ask("status", ASK) : null;
      } catch (IOException e) {
        return null;
      }
    }

    JsonNode ask(String request, Duration limit) throws IOException {
      return Control.ask(orders().socket(), request, limit);
    }

    /** The file of that name in its directory. */
    Path file(String file) {
      return directory.resolve(file);
    }
  }

  private List<URI> flights() {
    return options.area() == Area.TABLES
        ? members.stream().map(Member::flight).toList()
        : List.of();
  }

  /** The last node encrypts extents; between any two others they go in the clear. */
  private String forTables(Member member) {
    return """
    flight { port = %d, host = %s }
    fabric.encrypt-extents = %s
    """
        .formatted(member.flightPort, member.host, member.index == options.nodes() - 1);
  }

  private String configuration(Member member) {
    String seeds =
        members.stream()
            .map(other -> "\"" + other.host + ":" + other.discoveryPort + "\"")
            .collect(Collectors.joining(", "));
    String voters =
        IntStream.rangeClosed(1, options.nodes())
            .mapToObj(i -> "n" + i)
            .collect(Collectors.joining(", "));
    return """
    name = %s
    cluster = chaos
    data = "%s"
    host = %s
    fabric.port = %d
    http.port = 0
    voters = [%s]
    discovery { port = %d, seeds = [%s] }
    memory = 8M
    tls = "%s"
    snapshot-entries = 2000
    http.token = %s
    %s
    """
        .formatted(
            member.name,
            member.data(),
            member.host,
            member.fabricPort,
            voters,
            member.discoveryPort,
            seeds,
            member.tls(),
            RemoteTables.TOKEN,
            options.area() == Area.TABLES ? forTables(member) : "");
  }
}
