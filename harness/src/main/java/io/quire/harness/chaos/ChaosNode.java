package io.quire.harness.chaos;

import io.quire.base.Rules;
import io.quire.base.SystemClock;
import io.quire.harness.CheckFailed;
import io.quire.harness.Deadline;
import io.quire.harness.Logs;
import io.quire.node.ConfigProblems;
import io.quire.node.Node;
import io.quire.node.NodeConfig;
import io.quire.node.StartException;
import io.quire.sim.Dice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * The process of one node of a {@link ChaosCluster}: a plain node, and clients in it that work from
 * the moment at which it is in the view. It does what it is asked over {@link Control}.
 */
public final class ChaosNode {
  /** With the name of a rule behind it: this process is to break it. Only a harness sets it. */
  static final String BROKEN_RULE = "quire.chaos.broken.";

  /** Less than whoever asks waits, so that it is told who did not end. */
  private static final Duration STOP_MAX = Chaos.STOP_MAX.minusSeconds(10);

  private final Node node;
  private final SkewedClock clock;
  private final Journal journal;
  private final List<Thread> clients = new ArrayList<>();
  private final AtomicBoolean over = new AtomicBoolean();

  private ChaosNode(Node node, SkewedClock clock, Journal journal) {
    this.node = node;
    this.clock = clock;
    this.journal = journal;
  }

  /**
   * What a process is told.
   *
   * @param config of the node
   * @param directory for control socket, journals, log and images
   * @param run the how-manieth process of this node it is
   * @param seed of the run
   * @param area what they do
   * @param clients how many; in {@link Area#PROTOCOL} every second one only reads
   * @param begun when the run began, by the machine's monotonic clock
   * @param flights where the nodes serve Arrow Flight; empty if they do not
   */
  record Orders(
      Path config,
      Path directory,
      int run,
      long seed,
      Area area,
      int clients,
      long begun,
      List<URI> flights) {
    static Orders parse(String[] words) {
      return new Orders(
          Path.of(words[0]),
          Path.of(words[1]),
          Integer.parseInt(words[2]),
          Long.parseLong(words[3]),
          Area.valueOf(words[4]),
          Integer.parseInt(words[5]),
          Long.parseLong(words[6]),
          Arrays.stream(words).skip(7).map(URI::create).toList());
    }

    String[] words() {
      Stream<Object> first = Stream.of(config, directory, run, seed, area, clients, begun);
      return Stream.concat(first, flights.stream()).map(String::valueOf).toArray(String[]::new);
    }

    Path socket() {
      return directory.resolve("control");
    }

    Path journal() {
      return directory.resolve("journal-" + run);
    }
  }

  /** Runs until it is killed; the arguments are {@link Orders}. */
  public static void main(String[] arguments) throws InterruptedException, IOException {
    Orders orders = Orders.parse(arguments);
    int code = 0;
    try {
      NodeConfig config = NodeConfig.load(orders.config);
      Logs.toFile(orders.directory.resolve("quire.log"));
      SkewedClock clock = new SkewedClock(new SystemClock());
      Node node = Node.open(config, _ -> {}, Node.Loss.REFUSED, clock, rules());
      Runtime.getRuntime().addShutdownHook(new Thread(node::close));
      ChaosNode chaos = new ChaosNode(node, clock, Journal.create(orders.journal()));
      chaos.start(orders);
      Throwable failure = node.awaitStop();
      if (failure != null) {
        System.out.println("failed: " + failure);
        code = 70;
      }
    } catch (ConfigProblems | StartException e) {
      System.out.println("cannot start: " + e.getMessage());
      code = 78;
    }
    Runtime.getRuntime().halt(code);
  }

  private static Rules rules() {
    Set<Rules.Rule> broken = EnumSet.noneOf(Rules.Rule.class);
    for (Rules.Rule rule : Rules.Rule.values()) {
      if (Boolean.getBoolean(BROKEN_RULE + rule)) {
        broken.add(rule);
      }
    }
    return Rules.without(broken);
  }

  private void start(Orders orders) throws IOException {
    String name = node.self().node().name() + "." + orders.run;
    Dice seeds = new Dice(orders.seed ^ name.hashCode());
    switch (orders.area) {
      case PROTOCOL -> startProtocol(orders, name, seeds);
      case NAMES -> startNames(orders, name, seeds);
      case TABLES -> startTables(orders, name, seeds);
    }
    // Who can be asked is at work.
    Control control = Control.serve(orders.socket(), request -> answer(orders, request));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> close(control)));
  }

  private void start(String client, Runnable work) {
    clients.add(Thread.ofPlatform().name(client).start(work));
  }

  private void startProtocol(Orders orders, String name, Dice seeds) {
    for (int i = 1; i <= orders.clients; i++) {
      ChaosClient client =
          new ChaosClient(
              name + "." + i,
              i % 2 == 0,
              node,
              journal,
              new Dice(seeds.nextLong()),
              orders.begun,
              over::get);
      start("client-" + i, client::run);
    }
    LockClient locks =
        new LockClient(
            name + ".locks",
            node.locks(),
            journal,
            new Dice(seeds.nextLong()),
            orders.begun,
            over::get);
    start("client-of-locks", locks::run);
  }

  private void startNames(Orders orders, String name, Dice seeds) {
    for (int i = 1; i <= orders.clients; i++) {
      NamesClient client =
          new NamesClient(
              name + "." + i, node, journal, new Dice(seeds.nextLong()), orders.begun, over::get);
      start("client-" + i, client::run);
    }
    NamesObserver observer =
        new NamesObserver(
            name + ".observer",
            node.namespaces(),
            journal,
            new Dice(seeds.nextLong()),
            orders.begun,
            over::get);
    start("observer", observer::run);
  }

  private void startTables(Orders orders, String name, Dice seeds) {
    for (int i = 1; i <= orders.clients; i++) {
      TableClient client =
          new TableClient(
              name + "." + i,
              node,
              new RemoteTables(
                  orders.flights,
                  node.config().tls().resolve("ca.pem"),
                  new Dice(seeds.nextLong())),
              journal,
              new Dice(seeds.nextLong()),
              orders.directory,
              over::get);
      start("client-" + i, client::run);
    }
  }

  private static void close(Control control) {
    try {
      control.close();
    } catch (IOException e) {
      // The process ends.
    }
  }

  private Object answer(Orders orders, String request) {
    String[] words = request.split(" ");
    return switch (words[0]) {
      case "status" -> status();
      case "stop" -> stop();
      case "image" -> image(orders, words[1]);
      case "tables" -> tables();
      case "drop" -> Map.of("dropped", TableClient.dropAll(node));
      case "skew" -> {
        clock.skew(
            Double.parseDouble(words[1]), Long.parseLong(words[2]), Long.parseLong(words[3]));
        yield Map.of();
      }
      default -> Map.of("error", "no such request: " + request);
    };
  }

  private Map<String, Object> status() {
    var log = node.log().status();
    var leader = log.leader();
    var view = node.sessions().view();
    return Map.of(
        "ready",
        node.ready(),
        "leader",
        leader == null ? "" : leader.name(),
        "term",
        log.term(),
        "epoch",
        view.epoch(),
        "members",
        view.members().stream().map(member -> member.incarnation()).toList(),
        "incarnation",
        node.self().incarnation(),
        "publishing",
        journal.publishing(),
        "pinned",
        node.ager().stats().pinnedBytes(),
        "extents",
        node.datasets().stats().extents());
  }

  /** Lets every client end what it is about. */
  private Map<String, Object> stop() {
    over.set(true);
    try {
      Deadline.in(STOP_MAX).join(clients, "clients come to an end");
      return Map.of("stopped", true);
    } catch (CheckFailed e) {
      return Map.of("stopped", false, "why", String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Map.of("stopped", false, "why", "interrupted");
    }
  }

  private Map<String, Object> tables() {
    try {
      return Map.of("problems", TableClient.problems(node), "appends", TableClient.appends(node));
    } catch (RuntimeException e) {
      return Map.of("problems", List.of("tables cannot be listed: " + e));
    }
  }

  private Map<String, Object> image(Orders orders, String file) {
    try {
      Image.of(node, orders.area, Keys.now(orders.begun)).save(orders.directory.resolve(file));
      return Map.of("done", true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (RuntimeException e) {
      return Map.of("done", false, "why", e.toString());
    }
  }
}
