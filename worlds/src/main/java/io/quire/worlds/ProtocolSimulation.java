package io.quire.worlds;

import io.quire.base.Log;
import io.quire.base.NodeId;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.gvm.Transaction;
import io.quire.lockserver.Session;
import io.quire.lockserver.View;
import io.quire.sim.Atomicity;
import io.quire.sim.Dice;
import io.quire.sim.History;
import io.quire.sim.Linearizability;
import io.quire.sim.Listings;
import io.quire.sim.Nemesis;
import io.quire.sim.Point;
import io.quire.sim.Probes;
import io.quire.sim.SimCluster;
import io.quire.sim.SimNode;
import io.quire.sim.SimReplica;
import io.quire.sim.Watchings;
import io.quire.sim.World;
import io.quire.twopc.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One run of the real protocol code (sessions, leases, two-phase commit, cells) in a simulated
 * world that does harm, with clients whose histories are checked: reads and writes of each key are
 * linearizable, no acknowledged write is lost, no transaction is seen by half, and once all is calm
 * every node works again. The seed decides everything.
 */
public final class ProtocolSimulation {
  private static final Duration CALM_WITHIN = Duration.ofSeconds(30);
  private static final Duration TRY = Duration.ofSeconds(3);

  /** Events between two looks at the marks of all nodes, and at their sessions. */
  private static final int MARKS_EVERY = 64;

  private static final int SESSIONS_EVERY = 16;

  private final World world;
  private final SimCluster cluster;
  private final History history;
  private final Atomicity pairs = new Atomicity();
  private final Listings listings = new Listings();
  private final Watchings watchings = new Watchings();
  private final List<SimulatedWatch> watches = new ArrayList<>();
  private final Map<NodeId, SimulatedNode> nodes = new TreeMap<>();
  private final Rules rules;
  private final Dice clocks;
  private final WorldShape shape;
  private boolean over;

  private ProtocolSimulation(World world, WorldShape shape, Rules rules) {
    this.world = world;
    this.shape = shape;
    this.rules = rules;
    history = new History(world::nanos);
    clocks = world.dice("clocks");
    cluster = new SimCluster(world, SimCluster.names(shape.nodes()), 3, this::boot);
    if (!rules.keep(Rules.Rule.FENCE_EACH_RECORD)) {
      cluster.log().judgeFramesAtOnce();
    }
    cluster.log().faults(shape.log());
    cluster.network().faults(shape.network());
    world.invariant("marks are of what is undecided", MARKS_EVERY, this::checkMarks);
    world.invariant("whoever answers is in the view", SESSIONS_EVERY, this::checkSessions);
    cluster.startAll();
    for (int i = 0; i < shape.nodes(); i++) {
      int number = 0;
      for (SimulatedClient.Kind kind : shape.clients()) {
        new SimulatedClient((char) ('p' + number++) + "" + i, this, i, kind);
      }
    }
  }

  /**
   * What a run saw.
   *
   * @param events how many happened
   * @param points places that a sweep may do harm at
   * @param traceHash of all of them; the same seed gives the same
   */
  public record Result(long events, long points, long traceHash, Probes probes) {}

  /**
   * Runs a seed.
   *
   * @throws RuntimeException or AssertionError that says what broke
   */
  public static Result run(long seed, Rules rules) {
    return run(seed, rules, WorldShape.Theme.ANY);
  }

  static Result run(long seed, Rules rules, WorldShape.Theme theme) {
    return of(new World(seed), rules, theme).run();
  }

  /** Runs a seed and tells of what happens, one line each. */
  public static Result trace(long seed, Consumer<String> lines) {
    World world = new World(seed);
    world.traceTo(lines);
    return of(world, Rules.ALL, WorldShape.Theme.ANY).run();
  }

  private static ProtocolSimulation of(World world, Rules rules, WorldShape.Theme theme) {
    return new ProtocolSimulation(world, WorldShape.draw(world.dice("shape"), theme), rules);
  }

  /**
   * Runs the script of a sweep.
   *
   * @param visitor does the harm; it is given the cluster
   */
  static Result script(long seed, Rules rules, Function<SimCluster, Point.Visitor> visitor) {
    World world = new World(seed);
    ProtocolSimulation script = new ProtocolSimulation(world, WorldShape.script(), rules);
    world.visit(visitor.apply(script.cluster));
    return script.run();
  }

  private Result run() {
    Nemesis nemesis = new Nemesis(cluster, shape.harms(), shape.every(), shape.terms().lease());
    world.runFor(shape.storm());
    world.visit(null);
    over = true;
    nemesis.stop();
    boolean ready = world.runUntil(() -> cluster.ids().stream().allMatch(this::ready), CALM_WITHIN);
    if (!ready) {
      throw world.failure("not every node is in the view " + CALM_WITHIN + " after the storm");
    }
    Map<SimulatedWatch, Long> due = new LinkedHashMap<>();
    watches.stream().filter(each -> !each.over()).forEach(each -> due.put(each, each.due()));
    everyNodeWorks();
    if (!world.runUntil(() -> watches.stream().allMatch(SimulatedWatch::idle), CALM_WITHIN)) {
      throw world.failure("a watch goes on " + CALM_WITHIN + " after the storm");
    }
    due.forEach(SimulatedWatch::told);
    Linearizability.check(history).orThrow();
    pairs.check().orThrow();
    listings.check().orThrow();
    watchings.check().orThrow();
    return new Result(world.events(), world.points(), world.traceHash(), world.probes());
  }

  /** Who is no member any more, in what somebody has applied, answers nothing. */
  private void checkSessions() {
    for (SimulatedNode one : nodes.values()) {
      Session.Token token = one.session.token();
      if (token == null || !one.node.alive() || !one.session.valid(token)) {
        continue;
      }
      long incarnation = one.session.self().incarnation();
      for (SimulatedNode other : nodes.values()) {
        View view = other.sessions.view();
        if (view.position() > token.joined() && !view.has(incarnation)) {
          throw new AssertionError("it answers and is out: node=" + one.node + " view=" + view);
        }
      }
    }
  }

  private void checkMarks() {
    for (SimulatedNode node : nodes.values()) {
      if (node.node.running() && node.cells.markedForNothing() > 0) {
        throw new AssertionError("marked for nothing: node=" + node.node);
      }
    }
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
    node.clock().drift(drift());
    Dice dice = world.dice("node-" + node.member().incarnation());
    nodes.put(
        node.id(), new SimulatedNode(node, transport, seam, dice, rules, shape.terms(), true));
  }

  /** Most clocks are as far off as they may be. */
  private long drift() {
    long most = shape.driftPpm();
    long any = clocks.between(-most, most);
    return clocks.chance(0.2) ? any : any < 0 ? -most : most;
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

  /** Whether some node does not hear this one. */
  boolean cutOff(int index) {
    NodeId id = cluster.ids().get(index);
    return cluster.ids().stream().anyMatch(other -> !cluster.network().passes(id, other));
  }

  Listings listings() {
    return listings;
  }

  /** Checks what the watch tells, and once all is calm, that it told everything. */
  void follow(SimulatedWatch watch) {
    watches.add(watch);
  }

  Watchings watchings() {
    return watchings;
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
