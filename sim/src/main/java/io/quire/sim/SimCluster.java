package io.quire.sim;

import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.base.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Nodes that can crash and start again, with a network between them and a log under them. */
public final class SimCluster {
  private final World world;
  private final SimNetwork network;
  private final SimLog log;
  private final List<NodeId> ids;
  private final Map<NodeId, Address> addresses = new TreeMap<>();
  private final Map<NodeId, SimNode> nodes = new TreeMap<>();
  private final Boot boot;

  /**
   * Names the nodes, none of which runs yet.
   *
   * @param voters how many of the first vote on the log
   * @param boot what runs on each
   */
  public SimCluster(World world, List<NodeId> ids, int voters, Boot boot) {
    this.world = world;
    this.ids = List.copyOf(ids);
    this.boot = boot;
    network = new SimNetwork(world);
    log = new SimLog(world, network, ids.subList(0, voters));
    for (int i = 0; i < ids.size(); i++) {
      addresses.put(ids.get(i), new Address(ids.get(i).name(), 7_000 + i));
    }
  }

  /** Nodes {@code a}, {@code b}, {@code c} and so on. */
  public static List<NodeId> names(int count) {
    List<NodeId> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      names.add(new NodeId(i < 26 ? "" + (char) ('a' + i) : "n" + i));
    }
    return List.copyOf(names);
  }

  public World world() {
    return world;
  }

  public SimNetwork network() {
    return network;
  }

  public SimLog log() {
    return log;
  }

  public List<NodeId> ids() {
    return ids;
  }

  public Address address(NodeId id) {
    Address address = addresses.get(id);
    if (address == null) {
      throw new IllegalArgumentException("not a node: id=" + id + " nodes=" + ids);
    }
    return address;
  }

  /** The newest incarnation, dead or alive. */
  public SimNode node(NodeId id) {
    SimNode node = nodes.get(id);
    if (node == null) {
      throw new IllegalStateException("never started: id=" + id);
    }
    return node;
  }

  public boolean alive(NodeId id) {
    SimNode node = nodes.get(id);
    return node != null && node.alive();
  }

  public void startAll() {
    ids.forEach(this::start);
  }

  /** Starts a new incarnation, unless one is alive. */
  public void start(NodeId id) {
    if (alive(id)) {
      return;
    }
    SimNode node = new SimNode(world, id, address(id));
    world.note(() -> node + " starts");
    nodes.put(id, node);
    SimReplica replica = log.attach(node);
    boot.boot(node, network.attach(node), replica);
    replica.start();
  }

  public void crash(NodeId id) {
    node(id).crash();
  }

  /** Makes the protocol of one incarnation, which registers what it needs; the log starts after. */
  @FunctionalInterface
  public interface Boot {
    void boot(SimNode node, Transport transport, SimReplica log);
  }
}
