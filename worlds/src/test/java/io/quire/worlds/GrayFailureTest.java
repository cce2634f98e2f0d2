package io.quire.worlds;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.NodeId;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.gvm.Transaction;
import io.quire.lockserver.LeaseTerms;
import io.quire.sim.NetworkFaults;
import io.quire.sim.SimCluster;
import io.quire.sim.SimNetwork;
import io.quire.sim.SimNode;
import io.quire.sim.SimReplica;
import io.quire.sim.World;
import io.quire.twopc.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Failures that leave a node half alive (rule 43): a link that is cut between two nodes only, and a
 * node that answers keep-alives and nothing else. The others go on publishing within a lease and a
 * second, and nobody is thrown out for being slow.
 */
final class GrayFailureTest {
  private static final int SEEDS = 20;
  private static final Duration TRY = Duration.ofSeconds(8);
  private static final Duration GRAY = Duration.ofSeconds(20);

  @ParameterizedTest
  @ValueSource(ints = {3, 5})
  void linkBetweenTwoFollowersIsCut_allGoOnInTheSameView(int count) {
    for (long seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed, count, 1_000, true);
      List<NodeId> followers = run.followers();
      run.network().partition(followers.subList(0, 1), followers.subList(1, 2));
      run.passes();
      run.expectProgress(_ -> true);
      assertThat(run.epoch()).as("epoch, seed=%d", seed).isEqualTo(run.epochBefore);
    }
  }

  @Test
  void linkBetweenTwoFollowersIsCutOneWay_allGoOnInTheSameView() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed, 3, 1_000, true);
      List<NodeId> followers = run.followers();
      int from = (int) (seed % 2);
      run.network().cut(followers.get(from), followers.get(1 - from));
      run.passes();
      run.expectProgress(_ -> true);
      assertThat(run.epoch()).as("epoch, seed=%d", seed).isEqualTo(run.epochBefore);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1_000, 3_000})
  void followerAnswersKeepAlivesOnly_leavesTheViewAndTheOthersGoOn(long leaseMillis) {
    for (long seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed, 3, leaseMillis, true);
      NodeId gray = run.followers().getFirst();
      run.network().mute(gray, Transport.Channel.TWOPC);
      run.passes();
      run.expectProgress(id -> !id.equals(gray));
      assertThat(run.epoch()).as("epoch, seed=%d", seed).isGreaterThan(run.epochBefore);
      run.healsAndAllWork();
    }
  }

  @Test
  void followerAnswersKeepAlivesOnly_withoutProbesNobodyPublishesAnyMore() {
    Run run = new Run(1, 3, 1_000, false);
    NodeId gray = run.followers().getFirst();
    run.network().mute(gray, Transport.Channel.TWOPC);
    run.passes();
    assertThat(run.longestGapMillis(run.leader())).isGreaterThan(GRAY.toMillis() - 1_000);
  }

  @ParameterizedTest
  @ValueSource(longs = {1_000, 3_000})
  void leaderAnswersKeepAlivesOnly_leavesTheViewItselfAndTheOthersGoOn(long leaseMillis) {
    for (long seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed, 3, leaseMillis, true);
      NodeId gray = run.leader();
      run.network().mute(gray, Transport.Channel.TWOPC);
      run.passes();
      run.expectProgress(id -> !id.equals(gray));
      run.healsAndAllWork();
    }
  }

  /**
   * It runs for 300 ms at a time, in which a probe with late messages may not come to its end;
   * twice in a row that is a lease: about one seed in a hundred.
   */
  @Test
  void nodeThatStandsStillMostOfTheTime_staysInTheView() {
    List<Long> left = new ArrayList<>();
    for (long seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed, 3, 1_000, true);
      run.network().faults(new NetworkFaults(0, 0, 0.5, 0));
      SimNode slow = run.cluster.node(run.followers().getFirst());
      for (int i = 0; i < 20; i++) {
        slow.pause();
        run.world.runFor(Duration.ofMillis(500));
        slow.resume();
        run.world.runFor(Duration.ofMillis(300));
      }
      if (run.epoch() != run.epochBefore) {
        left.add(seed);
      }
    }
    assertThat(left).as("seeds in which it left").hasSizeLessThanOrEqualTo(1);
  }

  /** A calm world in which every node publishes one after the other. */
  private static final class Run {
    final World world;
    final SimCluster cluster;
    final long leaseMillis;
    final Map<NodeId, SimulatedNode> nodes = new HashMap<>();
    final Map<NodeId, SimReplica> replicas = new HashMap<>();
    final Map<NodeId, List<Long>> commits = new HashMap<>();
    final long epochBefore;
    private int sequence;

    Run(long seed, int count, long leaseMillis, boolean probed) {
      this.leaseMillis = leaseMillis;
      world = new World(seed);
      LeaseTerms terms =
          new LeaseTerms(Duration.ofMillis(leaseMillis), 0.001, Duration.ofMillis(50));
      cluster =
          new SimCluster(
              world,
              SimCluster.names(count),
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
                        terms,
                        probed));
              });
      cluster.startAll();
      assertThat(world.runUntil(this::allReady, Duration.ofSeconds(30))).isTrue();
      world.runFor(Duration.ofSeconds(2));
      for (NodeId id : cluster.ids()) {
        commits.put(id, new ArrayList<>(List.of(world.nanos())));
        publish(id);
      }
      world.runFor(Duration.ofSeconds(1));
      epochBefore = epoch();
    }

    private boolean allReady() {
      return nodes.size() == cluster.ids().size()
          && nodes.values().stream().allMatch(SimulatedNode::ready);
    }

    SimNetwork network() {
      return cluster.network();
    }

    NodeId leader() {
      return cluster.ids().stream()
          .filter(id -> of(replicas, id).believesToLead())
          .findFirst()
          .orElseThrow();
    }

    List<NodeId> followers() {
      NodeId leader = leader();
      return cluster.ids().stream().filter(id -> !id.equals(leader)).toList();
    }

    long epoch() {
      return of(nodes, leader()).sessions.view().epoch();
    }

    private void publish(NodeId id) {
      Transaction write =
          Transaction.begin().put("k-" + id, new byte[] {(byte) ++sequence}).build();
      of(nodes, id)
          .cells
          .commit(write, TRY)
          .thenAccept(
              outcome -> {
                if (outcome instanceof Outcome.Committed) {
                  of(commits, id).add(world.nanos());
                }
                world.after(Duration.ofMillis(20), "publish", () -> publish(id));
              });
    }

    private static <T> T of(Map<NodeId, T> each, NodeId id) {
      return Objects.requireNonNull(each.get(id));
    }

    void passes() {
      world.runFor(GRAY);
    }

    long longestGapMillis(NodeId id) {
      List<Long> at = new ArrayList<>(of(commits, id));
      at.add(world.nanos());
      long longest = 0;
      for (int i = 1; i < at.size(); i++) {
        longest = Math.max(longest, at.get(i) - at.get(i - 1));
      }
      return longest / 1_000_000;
    }

    void expectProgress(Predicate<NodeId> who) {
      for (NodeId id : cluster.ids()) {
        if (who.test(id)) {
          assertThat(longestGapMillis(id))
              .as("longest time without a publish: seed=%d node=%s", world.seed(), id)
              .isLessThanOrEqualTo(leaseMillis + 1_000);
        }
      }
    }

    void healsAndAllWork() {
      network().healAll();
      assertThat(world.runUntil(this::allReady, Duration.ofSeconds(20)))
          .as("all are in the view again: seed=%d", world.seed())
          .isTrue();
    }
  }
}
