package io.quire.harness.chaos;

import io.quire.harness.AtExit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Each node has a network namespace with one end of a veth pair; the other ends hang on a bridge
 * that has a namespace of its own, so nothing of this is seen by the rest of the machine.
 *
 * A node is unplugged by taking the bridge's end of its pair down. A direction of a link is cut at
 * its sender: the neighbour entry of the receiver is given a hardware address that nobody has, so
 * that the frames leave and nobody takes them. All neighbour entries are permanent and of known
 * addresses, so there is no ARP that could fail otherwise, and neither side is told anything: just
 * as when a cable or a switch fails.
 *
 * The names carry the pid of this JVM. What was left by a process that is dead is deleted by the
 * next one.
 */
/** A network of this machine's own for the nodes of a run, that can be cut. Any thread. */
final class Network implements AutoCloseable {
  private static final String PREFIX = "quire-";
  private static final String NOBODY = "02:00:00:00:ff:ff";

  private final int nodes;
  private final String base = PREFIX + ProcessHandle.current().pid();
  private final Runnable atExit = this::close;
  private final Set<List<Integer>> cuts = new HashSet<>();
  private final Set<Integer> unplugged = new HashSet<>();
  private boolean closed;

  private Network(int nodes) {
    this.nodes = nodes;
  }

  /** Why there can be no such network here, in a sentence; null if there can. */
  static @Nullable String missing() {
    if (!Command.asRoot()) {
      return "partitions are left out: only root can make network namespaces";
    }
    return Command.exists("ip") ? null : "partitions are left out: there is no command ip";
  }

  /** Makes the network, after it has removed those of dead processes. */
  static Network open(int nodes) {
    sweep();
    Network network = new Network(nodes);
    AtExit.push(network.atExit);
    network.make();
    return network;
  }

  private static void sweep() {
    for (String name : namespaces()) {
      String[] parts = name.split("-");
      if (parts.length == 3 && parts[1].matches("\\d+")) {
        boolean dead = ProcessHandle.of(Long.parseLong(parts[1])).isEmpty();
        if (dead) {
          Command.attempt("ip", "netns", "delete", name);
        }
      }
    }
  }

  /** All namespaces that a run of whatever process made. */
  private static List<String> namespaces() {
    return Command.run("ip", "netns", "list")
        .lines()
        .map(line -> line.split(" ")[0])
        .filter(name -> name.startsWith(PREFIX))
        .toList();
  }

  private void make() {
    String bridge = space("bridge");
    Command.run("ip", "netns", "add", bridge);
    batch(bridge, List.of("link add br0 type bridge", "link set br0 up"));
    for (int i = 0; i < nodes; i++) {
      Command.run("ip", "netns", "add", space(i));
      String port = "p" + i;
      batch(
          bridge,
          List.of(
              "link add %s type veth peer name eth0 address %s netns %s"
                  .formatted(port, hardware(i), space(i)),
              "link set %s master br0".formatted(port),
              "link set %s up".formatted(port)));
      List<String> own = new ArrayList<>();
      own.add("link set lo up");
      own.add("addr add %s/24 dev eth0".formatted(host(i)));
      own.add("link set eth0 up");
      for (int j = 0; j < nodes; j++) {
        if (j != i) {
          own.add(neighbour(j, hardware(j)));
        }
      }
      batch(space(i), own);
    }
  }

  private static void batch(String space, List<String> commands) {
    Command.run(List.of("ip", "-n", space, "-batch", "-"), String.join("\n", commands) + "\n");
  }

  private static String neighbour(int node, String hardware) {
    return "neigh replace %s lladdr %s dev eth0 nud permanent".formatted(address(node), hardware);
  }

  private static String hardware(int node) {
    return "02:00:00:00:00:%02x".formatted(node + 1);
  }

  private static String address(int node) {
    return "10.99.0." + (node + 1);
  }

  /** The address of a node. */
  String host(int node) {
    return address(node);
  }

  private String space(Object what) {
    return base + "-" + what;
  }

  /** What a command line begins with that is to run in a node's namespace. */
  List<String> prefix(int node) {
    return List.of("ip", "netns", "exec", space(node));
  }

  /** Nothing that {@code from} sends reaches {@code to} any more. */
  synchronized void cut(int from, int to) {
    if (from != to && cuts.add(List.of(from, to))) {
      batch(space(from), List.of(neighbour(to, NOBODY)));
    }
  }

  /** Pulls the cable of a node. */
  synchronized void unplug(int node) {
    if (unplugged.add(node)) {
      batch(space("bridge"), List.of("link set p%d down".formatted(node)));
    }
  }

  /** Undoes {@link #cut}. */
  synchronized void join(int from, int to) {
    if (!closed && cuts.remove(List.of(from, to))) {
      batch(space(from), List.of(neighbour(to, hardware(to))));
    }
  }

  /** Undoes {@link #unplug}. */
  synchronized void plug(int node) {
    if (!closed && unplugged.remove(node)) {
      batch(space("bridge"), List.of("link set p%d up".formatted(node)));
    }
  }

  /** How many namespaces of this process there are. */
  long left() {
    return namespaces().stream().filter(name -> name.startsWith(base + "-")).count();
  }

  /** Removes all of it; the processes in it must be gone. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    AtExit.remove(atExit);
    for (int i = 0; i < nodes; i++) {
      Command.attempt("ip", "netns", "delete", space(i));
    }
    Command.attempt("ip", "netns", "delete", space("bridge"));
  }
}
