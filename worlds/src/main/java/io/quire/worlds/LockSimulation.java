package io.quire.worlds;

import io.quire.base.Log;
import io.quire.base.NodeId;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.lockserver.HeldLock;
import io.quire.lockserver.LockEvent;
import io.quire.lockserver.LockTerms;
import io.quire.lockserver.LockWatch;
import io.quire.lockserver.PathStat;
import io.quire.sim.Dice;
import io.quire.sim.History;
import io.quire.sim.Linearizability;
import io.quire.sim.LogFaults;
import io.quire.sim.Nemesis;
import io.quire.sim.NetworkFaults;
import io.quire.sim.SimCluster;
import io.quire.sim.SimNode;
import io.quire.sim.SimReplica;
import io.quire.sim.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One run of the real lock server and its client library in a simulated world that does harm, with
 * clients that hold locks, act for holders, change files and count. The seed decides everything.
 * What is checked is in {@link LockChecks}; and that once all is calm every node gets every lock.
 */
public final class LockSimulation {
  private static final Duration STORM = Duration.ofSeconds(15);
  private static final Duration CALM_WITHIN = Duration.ofSeconds(30);
  private static final Duration TRY = Duration.ofSeconds(3);
  private static final Duration HARM_EVERY = Duration.ofMillis(1_500);
  private static final Duration ELECTION_EVERY_MAX = Duration.ofMillis(800);
  private static final int PAGE = 1_000;

  private final World world;
  private final SimCluster cluster;
  private final History history;
  private final LockChecks checks;
  private final Map<NodeId, SimulatedNode> nodes = new HashMap<>();
  private final List<SimulatedLockClient> clients = new ArrayList<>();
  private final Rules rules;
  private boolean over;

  private LockSimulation(World world, Rules rules) {
    this.rules = rules;
    this.world = world;
    history = new History(world::nanos);
    checks = new LockChecks(world);
    Dice dice = world.dice("shape");
    int count = dice.chance(0.8) ? 3 : (int) dice.between(4, 5);
    cluster = new SimCluster(world, SimCluster.names(count), 3, this::boot);
  }

  /** Runs a seed in a world that does harm. */
  public static ProtocolSimulation.Result run(long seed, Rules rules) {
    return run(new World(seed), rules);
  }

  /** Runs a seed and tells of what happens, one line each. */
  public static ProtocolSimulation.Result trace(long seed, Consumer<String> lines) {
    World world = new World(seed);
    world.traceTo(lines);
    return run(world, Rules.ALL);
  }

  private static ProtocolSimulation.Result run(World world, Rules rules) {
    LockSimulation simulation = new LockSimulation(world, rules);
    simulation.storm();
    return simulation.result();
  }

  /** Runs a seed in a world in which nothing happens but that others come to lead the log. */
  public static ProtocolSimulation.Result runElections(long seed) {
    LockSimulation simulation = new LockSimulation(new World(seed), Rules.ALL);
    simulation.elections();
    return simulation.result();
  }

  private ProtocolSimulation.Result result() {
    return new ProtocolSimulation.Result(
        world.events(), world.points(), world.traceHash(), world.probes());
  }

  private void storm() {
    Dice dice = world.dice("storm");
    cluster.log().faults(LogFaults.draw(dice));
    cluster.network().faults(NetworkFaults.draw(dice));
    cluster.startAll();
    for (int i = 0; i < cluster.ids().size(); i++) {
      clients.add(new SimulatedLockClient("c" + i, this, i));
      clients.add(new SimulatedLockClient("d" + i, this, i));
    }
    Nemesis nemesis =
        new Nemesis(
            cluster, Nemesis.draw(world.dice("harms")), HARM_EVERY, WorldShape.TERMS.lease());
    world.runFor(STORM);
    over = true;
    nemesis.stop();
    if (!world.runUntil(this::ready, CALM_WITHIN)) {
      throw world.failure("not every node is in the view " + CALM_WITHIN + " after the storm");
    }
    everyNodeGetsEveryLock();
    Map<String, Long> cells = cells();
    checks.guarded(guarded(cells));
    checks.free(below(LockChecks.FREE, cells));
    checks.counter(counter());
    checks.order();
    Linearizability.check(history).orThrow();
  }

  private boolean ready() {
    return cluster.ids().stream()
        .allMatch(
            id -> {
              SimulatedNode node = nodes.get(id);
              return node != null && node.ready();
            });
  }

  private void everyNodeGetsEveryLock() {
    List<CompletableFuture<?>> all = new ArrayList<>();
    for (NodeId id : cluster.ids()) {
      for (String path : LockChecks.LOCKS) {
        all.add(repeat(id, node -> takeAndGiveBack(node, path)));
      }
    }
    await(CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)), "a lock is stuck");
  }

  private CompletableFuture<?> takeAndGiveBack(SimulatedNode node, String path) {
    return node.locks
        .openSessionAsync("calm", TRY)
        .thenCompose(session -> session.lockAsync(path, LockTerms.EXCLUSIVE, TRY))
        .thenCompose(lock -> lock.session().closeAsync());
  }

  /** Nobody is lost for a change of leaders, whatever the holder's own clock says meanwhile. */
  private void elections() {
    cluster.startAll();
    if (!world.runUntil(this::ready, CALM_WITHIN)) {
      throw world.failure("not every node is in the view");
    }
    List<HeldLock> held = new ArrayList<>();
    for (NodeId id : cluster.ids()) {
      held.add(
          await(
              repeat(
                  id,
                  node ->
                      node.locks
                          .openSessionAsync("holder", TRY)
                          .thenCompose(
                              session ->
                                  session.lockAsync("/held/" + id, LockTerms.EXCLUSIVE, TRY))),
              "no lock"));
    }
    Dice dice = world.dice("elections");
    electNow(dice);
    world.runFor(STORM);
    over = true;
    if (!world.runUntil(() -> held.stream().allMatch(HeldLock::isHeld), CALM_WITHIN)) {
      throw world.failure("a lock was lost with a leader");
    }
    for (HeldLock lock : held) {
      boolean valid =
          await(
              repeat(
                  cluster.ids().getFirst(), node -> node.locks.checkAsync(lock.sequencer(), TRY)),
              "no check");
      if (!valid) {
        throw world.failure("a lock was lost with a leader: sequencer=" + lock.sequencer());
      }
    }
  }

  private void electNow(Dice dice) {
    if (!over) {
      cluster.log().elect(dice.pick(cluster.ids()));
      world.after(
          Duration.ofNanos(dice.between(50_000_000, ELECTION_EVERY_MAX.toNanos())),
          "elect",
          () -> electNow(dice));
    }
  }

  /** The files and cells that guarded changes made, with their positions. */
  private Map<String, Long> guarded(Map<String, Long> cells) {
    Map<String, Long> made = below(LockChecks.LOG, cells);
    list(LockChecks.LOG).forEach(file -> made.put(file.path(), file.made()));
    return made;
  }

  private static Map<String, Long> below(String directory, Map<String, Long> cells) {
    Map<String, Long> below = new TreeMap<>(cells);
    below.keySet().removeIf(key -> !key.startsWith(directory + "/"));
    return below;
  }

  /** All cells, with their positions. */
  private Map<String, Long> cells() {
    list(LockChecks.LOG);
    Map<String, Long> made = new TreeMap<>();
    NodeId first = cluster.ids().getFirst();
    // After this node has answered a read of now, it has applied all of the storm.
    SimulatedNode node = nodes.get(first);
    if (node == null) {
      throw world.failure("a node is missing: node=" + first);
    }
    CompletableFuture<Boolean> looked = new CompletableFuture<>();
    node.node
        .loop()
        .execute(
            () -> {
              node.cells.forEach((key, value) -> made.put(key, value.version()));
              looked.complete(true);
            });
    await(looked, "no look at cells");
    return made;
  }

  private List<PathStat> list(String directory) {
    List<PathStat> all = new ArrayList<>();
    NodeId first = cluster.ids().getFirst();
    for (List<PathStat> page = List.of(); all.isEmpty() || page.size() == PAGE; ) {
      String after = all.isEmpty() ? null : all.getLast().path();
      page =
          await(
              repeat(first, node -> node.locks.listAsync(directory, after, PAGE, TRY)), "no list");
      all.addAll(page);
      if (page.isEmpty()) {
        return all;
      }
    }
    return all;
  }

  private long counter() {
    return await(
        repeat(
            cluster.ids().getFirst(),
            node ->
                node.locks
                    .readAsync(LockChecks.COUNTER, TRY)
                    .thenApply(found -> found == null ? 0 : found.counter())),
        "no counter");
  }

  /** Tries again until it works: a node may still be about to join. */
  private <T> CompletableFuture<T> repeat(
      NodeId id, Function<SimulatedNode, CompletableFuture<T>> work) {
    CompletableFuture<T> done = new CompletableFuture<>();
    repeat(id, work, done);
    return done;
  }

  private <T> void repeat(
      NodeId id, Function<SimulatedNode, CompletableFuture<T>> work, CompletableFuture<T> done) {
    SimulatedNode node = nodes.get(id);
    if (node == null) {
      throw world.failure("a node is missing: node=" + id);
    }
    work.apply(node)
        .whenComplete(
            (value, failure) -> {
              if (failure == null) {
                done.complete(value);
              } else {
                world.after(TRY.dividedBy(10), "repeat", () -> repeat(id, work, done));
              }
            });
  }

  private <T> T await(CompletableFuture<T> future, String what) {
    if (!world.runUntil(future::isDone, CALM_WITHIN)) {
      throw world.failure(what + ": waited=" + CALM_WITHIN);
    }
    return future.join();
  }

  private void boot(SimNode node, Transport transport, SimReplica log) {
    Log seam = log;
    Dice dice = world.dice("node-" + node.member().incarnation());
    SimulatedNode booted =
        new SimulatedNode(node, transport, seam, dice, rules, WorldShape.TERMS, true);
    nodes.put(node.id(), booted);
    follow(booted, booted.locks.watch("/", 0), new TreeMap<>());
  }

  /** Each node's watch tells the same events in the same order. */
  private void follow(SimulatedNode node, LockWatch watch, TreeMap<Long, LockEvent> seen) {
    watch
        .nextAsync()
        .thenAccept(
            event -> {
              checks.event(event, seen);
              if (node.node.alive()) {
                node.node.threads().execute(() -> follow(node, watch, seen));
              }
            });
  }

  World world() {
    return world;
  }

  History history() {
    return history;
  }

  LockChecks checks() {
    return checks;
  }

  boolean over() {
    return over;
  }

  @Nullable SimulatedNode node(int index) {
    return nodes.get(cluster.ids().get(index));
  }

  SimulatedLockClient client(Dice dice) {
    return dice.pick(clients);
  }

  void reached(String probe) {
    world.probes().reached(probe);
  }
}
