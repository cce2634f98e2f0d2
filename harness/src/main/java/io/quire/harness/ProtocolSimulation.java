package io.quire.harness;

import io.quire.base.Log;
import io.quire.base.NodeId;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.gvm.Transaction;
import io.quire.sim.Atomicity;
import io.quire.sim.Dice;
import io.quire.sim.History;
import io.quire.sim.Linearizability;
import io.quire.sim.LogFaults;
import io.quire.sim.Nemesis;
import io.quire.sim.NetworkFaults;
import io.quire.sim.Probes;
import io.quire.sim.SimCluster;
import io.quire.sim.SimNode;
import io.quire.sim.SimReplica;
import io.quire.sim.World;
import io.quire.twopc.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One run of the real protocol code (sessions, leases, two-phase commit, cells) in a simulated
 * world that does harm, with clients whose histories are checked: reads and writes of each key are
 * linearizable, no acknowledged write is lost, no transaction is seen by half, and once all is calm
 * every node works again. The seed decides everything.
 */
public final class ProtocolSimulation {
  private static final Duration STORM = Duration.ofSeconds(15);
  private static final Duration CALM_WITHIN = Duration.ofSeconds(30);
  private static final Duration TRY = Duration.ofSeconds(3);
  private static final Duration HARM_EVERY = Duration.ofMillis(1_500);

  private final World world;
  private final SimCluster cluster;
  private final History history;
  private final Atomicity pairs = new Atomicity();
  private final Map<NodeId, SimulatedNode> nodes = new ConcurrentHashMap<>();
  private final Rules rules;
  private boolean over;

  private ProtocolSimulation(long seed, Rules rules) {
    this.rules = rules;
    world = new World(seed);
    history = new History(world::nanos);
    Dice dice = world.dice("shape");
    int count = dice.chance(0.8) ? 3 : (int) dice.between(4, 5);
    cluster = new SimCluster(world, SimCluster.names(count), 3, this::boot);
    cluster.log().faults(LogFaults.draw(dice));
    cluster.network().faults(NetworkFaults.draw(dice));
    boolean slowReaders = dice.nextBoolean();
    cluster.startAll();
    for (int i = 0; i < count; i++) {
      new SimulatedClient("c" + i, this, i, false);
      if (dice.nextBoolean()) {
        new SimulatedClient("d" + i, this, i, false);
      }
      if (slowReaders) {
        new SimulatedClient("s" + i, this, i, true);
        new SimulatedClient("t" + i, this, i, true);
      }
    }
  }

  /**
   * What a run saw.
   *
   * @param events how many happened
   * @param traceHash of all of them; the same seed gives the same
   */
  public record Result(long events, long traceHash, Probes probes) {}

  /**
   * Runs a seed.
   *
   * @throws RuntimeException or AssertionError that says what broke
   */
  public static Result run(long seed, Rules rules) {
    ProtocolSimulation simulation = new ProtocolSimulation(seed, rules);
    simulation.run();
    return new Result(
        simulation.world.events(), simulation.world.traceHash(), simulation.world.probes());
  }

  private void run() {
    Nemesis nemesis = new Nemesis(cluster, Nemesis.draw(world.dice("harms")), HARM_EVERY);
    world.runFor(STORM);
    over = true;
    nemesis.stop();
    boolean ready = world.runUntil(() -> cluster.ids().stream().allMatch(this::ready), CALM_WITHIN);
    if (!ready) {
      throw world.failure("not every node is in the view " + CALM_WITHIN + " after the storm");
    }
    everyNodeWorks();
    Linearizability.check(history).orThrow();
    pairs.check().orThrow();
  }

  private boolean ready(NodeId id) {
    SimulatedNode node = nodes.get(id);
    return node != null && node.ready();
  }

  /** Nobody is stuck: each node comes to write, and to read every key that was ever written. */
  private void everyNodeWorks() {
    AtomicInteger left = new AtomicInteger();
    for (NodeId id : cluster.ids()) {
      for (String key : List.of("k1", "k2", "k3", "p1", "p2")) {
        left.incrementAndGet();
        repeat(id, left, node -> node.cells.readOn(node.node.threads(), key, TRY));
      }
      left.incrementAndGet();
      Transaction write = Transaction.begin().put("calm-" + id, new byte[] {1}).build();
      repeat(id, left, node -> node.cells.commit(write, TRY).thenApply(this::committed));
    }
    if (!world.runUntil(() -> left.get() == 0, CALM_WITHIN)) {
      throw world.failure("somebody is stuck " + CALM_WITHIN + " after the storm: left=" + left);
    }
  }

  private Outcome committed(Outcome outcome) {
    if (!(outcome instanceof Outcome.Committed)) {
      throw new IllegalStateException(outcome.text());
    }
    return outcome;
  }

  /** Tries again until it works: a node may still be about to join. */
  private void repeat(
      NodeId id, AtomicInteger left, Function<SimulatedNode, CompletableFuture<?>> work) {
    SimulatedNode node = nodes.get(id);
    if (node == null) {
      throw world.failure("a node is missing: node=" + id);
    }
    work.apply(node)
        .whenComplete(
            (_, failure) -> {
              if (failure == null) {
                left.decrementAndGet();
              } else {
                world.after(TRY.dividedBy(10), "repeat", () -> repeat(id, left, work));
              }
            });
  }

  private void boot(SimNode node, Transport transport, SimReplica log) {
    Log seam = log;
    nodes.put(
        node.id(),
        new SimulatedNode(
            node, transport, seam, world.dice("node-" + node.member().incarnation()), rules));
  }

  World world() {
    return world;
  }

  History history() {
    return history;
  }

  Atomicity pairs() {
    return pairs;
  }

  boolean over() {
    return over;
  }

  @Nullable SimulatedNode node(int index) {
    return nodes.get(cluster.ids().get(index));
  }

  void reached(String probe) {
    world.probes().reached(probe);
  }
}
