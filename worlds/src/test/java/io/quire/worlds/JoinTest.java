package io.quire.worlds;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.NodeId;
import io.quire.base.Rules;
import io.quire.gvm.Transaction;
import io.quire.sim.SimCluster;
import io.quire.sim.SimReplica;
import io.quire.sim.World;
import io.quire.twopc.Outcome;
import io.quire.twopc.ViewPauses;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** How long a node that enters the view keeps the others from publishing. */
final class JoinTest {
  private static final int SEEDS = 20;
  private static final Duration PAUSE_MAX = Duration.ofMillis(100);
  private static final Duration TRY = Duration.ofSeconds(8);

  @Test
  void newNodeJoinsWhileAllPublish_theyPauseForAMoment() {
    int paused = 0;
    for (long seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed);
      run.world.runFor(Duration.ofSeconds(3));
      Map<NodeId, Long> before = run.pauses();
      NodeId fourth = run.cluster.ids().get(3);
      run.cluster.start(fourth);
      run.joins(fourth);
      paused += run.shortPausesSince(before);
    }
    assertThat(paused).as("pauses over all seeds").isGreaterThanOrEqualTo(SEEDS);
  }

  @Test
  void nodeRestartsAndHasMuchToCatchUp_theOthersPauseForAMoment() {
    int paused = 0;
    for (long seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed);
      NodeId third = run.cluster.ids().get(2);
      if (run.leads(third)) {
        continue;
      }
      run.cluster.crash(third);
      run.world.runFor(Duration.ofSeconds(5));
      Map<NodeId, Long> before = run.pauses();
      run.cluster.start(third);
      run.joins(third);
      paused += run.shortPausesSince(before);
    }
    assertThat(paused).as("pauses over all seeds").isGreaterThanOrEqualTo(SEEDS / 2);
  }

  /** Three nodes of four that publish one transaction after the other. */
  private static final class Run {
    final World world;
    final SimCluster cluster;
    final Map<NodeId, SimulatedNode> nodes = new HashMap<>();
    final Map<NodeId, SimReplica> replicas = new HashMap<>();

    Run(long seed) {
      world = new World(seed);
      cluster =
          new SimCluster(
              world,
              SimCluster.names(4),
              3,
              (node, transport, log) -> {
                replicas.put(node.id(), log);
                nodes.put(
                    node.id(),
                    new SimulatedNode(
                        node,
                        transport,
                        log,
                        world.dice("node-" + node.member().incarnation()),
                        Rules.ALL,
                        WorldShape.TERMS,
                        true));
              });
      List<NodeId> three = cluster.ids().subList(0, 3);
      three.forEach(cluster::start);
      assertThat(
              world.runUntil(
                  () -> three.stream().allMatch(id -> node(id).ready()), Duration.ofSeconds(30)))
          .isTrue();
      world.runFor(Duration.ofSeconds(1));
      three.forEach(this::publish);
      world.runFor(Duration.ofSeconds(1));
    }

    SimulatedNode node(NodeId id) {
      return Objects.requireNonNull(nodes.get(id));
    }

    boolean leads(NodeId id) {
      return Objects.requireNonNull(replicas.get(id)).believesToLead();
    }

    private void publish(NodeId id) {
      SimulatedNode node = node(id);
      Transaction write = Transaction.begin().put("k-" + id, new byte[] {1}).build();
      node.cells
          .commit(write, TRY)
          .thenAccept(
              outcome -> {
                assertThat(outcome).isInstanceOf(Outcome.Committed.class);
                world.after(Duration.ofMillis(2), "publish", () -> publish(id));
              });
    }

    void joins(NodeId id) {
      assertThat(world.runUntil(() -> node(id).ready(), Duration.ofSeconds(10))).isTrue();
      world.runFor(Duration.ofSeconds(1));
    }

    Map<NodeId, Long> pauses() {
      Map<NodeId, Long> longest = new HashMap<>();
      nodes.forEach((id, node) -> longest.put(id, node.twoPhase.pauses().count()));
      return longest;
    }

    /** How many nodes had to wait since then; none of them for long. */
    int shortPausesSince(Map<NodeId, Long> before) {
      int paused = 0;
      for (Map.Entry<NodeId, SimulatedNode> each : nodes.entrySet()) {
        ViewPauses pauses = each.getValue().twoPhase.pauses();
        if (pauses.count() > before.getOrDefault(each.getKey(), 0L)) {
          paused++;
          assertThat(Duration.ofNanos(pauses.lastNanos()))
              .as("pause: seed=%d node=%s", world.seed(), each.getKey())
              .isPositive()
              .isLessThan(PAUSE_MAX);
        }
      }
      return paused;
    }
  }
}
