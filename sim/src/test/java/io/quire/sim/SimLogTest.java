package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.base.NodeId;
import io.quire.base.Position;
import io.quire.base.WireReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SimLogTest {
  private static final Duration SECONDS = Duration.ofSeconds(20);

  private final LedgerCluster cluster = new LedgerCluster(11, 3, 3);
  private final World world = cluster.world;
  private final SimLog log = cluster.log();

  @Test
  void append_calm_isAppliedByAllInOneOrder() {
    cluster.awaitLeader();
    cluster.chatter(Duration.ofMillis(20));
    world.runFor(Duration.ofSeconds(5));
    cluster.quiet();
    world.runFor(Duration.ofSeconds(3));
    cluster.levelOut();
    cluster.check();
    assertThat(cluster.acknowledged).hasSizeGreaterThan(500);
    assertThat(cluster.refused).isEmpty();
    assertThat(cluster.indeterminate).isEmpty();
    List<Long> positions = cluster.ledger(cluster.id(0)).positions;
    assertThat(positions).anyMatch(position -> Position.slot(position) > 1);
  }

  @Test
  void append_manyAtOnce_keepsTheirOrder() {
    SimNode leader = cluster.awaitLeader();
    NodeId follower = follower(leader);
    List<Log.Entry> entries = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      entries.add(Ledger.entry(i));
    }
    List<CompletableFuture<Log.Applied>> futures = new ArrayList<>();
    cluster
        .cluster
        .node(follower)
        .loop()
        .execute(() -> futures.addAll(cluster.replica(follower).append(entries)));
    world.runFor(Duration.ofSeconds(1));
    assertThat(futures).hasSize(20).allMatch(future -> future.state() == Future.State.SUCCESS);
    List<Long> positions = futures.stream().map(future -> future.join().position()).toList();
    assertThat(positions).isSorted().doesNotHaveDuplicates();
    assertThat(new WireReader(futures.get(19).join().result()).int32()).isEqualTo(20);
  }

  @Test
  void leader_crashesAsItWritesItsFirstEntry_anotherIsElected() {
    List<NodeId> crashed = new ArrayList<>();
    world.visit(
        point -> {
          if (crashed.isEmpty() && point.kind() == Point.Kind.WRITE) {
            crashed.add(point.at());
            cluster.cluster.crash(point.at());
          }
          return Point.Fate.PASS;
        });
    assertThat(world.runUntil(() -> !crashed.isEmpty(), SECONDS)).isTrue();
    assertThat(cluster.awaitLeader().id()).isNotEqualTo(crashed.getFirst());
  }

  @Test
  void append_leaderChanges_leavesGapsInIndexes() {
    SimNode first = cluster.awaitLeader();
    cluster.await(cluster.append(first.id(), Ledger.entry(1)));
    log.elect(follower(first));
    assertThat(world.runUntil(() -> log.leader() != null && log.leader() != first, SECONDS))
        .isTrue();
    SimNode second = cluster.awaitLeader();
    CompletableFuture<Log.Applied> next = cluster.append(second.id(), Ledger.entry(2));
    cluster.await(next);
    Ledger ledger = cluster.ledger(second.id());
    assertThat(ledger.entries).containsExactly(1L, 2L);
    assertThat(Position.index(ledger.positions.get(1)))
        .isGreaterThan(Position.index(ledger.positions.get(0)) + 1);
  }

  @Test
  void append_requestsLost_isIndeterminateAndNotIn() {
    SimNode leader = cluster.awaitLeader();
    log.faults(new LogFaults(1, 0, 0, 0, 0, 0, 0));
    CompletableFuture<Log.Applied> lost = cluster.append(follower(leader), Ledger.entry(1));
    cluster.await(lost);
    assertThat(lost.exceptionNow()).isInstanceOf(Log.IndeterminateException.class);
    world.runFor(Duration.ofSeconds(20));
    assertThat(cluster.ledger(leader.id()).entries).isEmpty();
  }

  @Test
  void append_requestStrays_isIndeterminateAndInLater() {
    SimNode leader = cluster.awaitLeader();
    log.faults(new LogFaults(0, 1, 0, 0, 0, 0, 0));
    List<CompletableFuture<Log.Applied>> strayed = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      strayed.add(cluster.append(follower(leader), Ledger.entry(i)));
    }
    world.runFor(SimReplica.APPEND_TIMEOUT.plusMillis(500));
    long told = strayed.stream().filter(CompletableFuture::isCompletedExceptionally).count();
    int in = cluster.ledger(leader.id()).entries.size();
    assertThat(told).isPositive();
    assertThat(in).isLessThan(20);
    world.runFor(Duration.ofSeconds(10));
    assertThat(cluster.ledger(leader.id()).entries).hasSize(20);
  }

  @Test
  void append_duplicated_standsTwice() {
    SimNode leader = cluster.awaitLeader();
    log.faults(new LogFaults(0, 0, 1, 0, 0, 0, 0));
    cluster.await(cluster.append(leader.id(), Ledger.entry(1)));
    assertThat(cluster.ledger(leader.id()).entries).containsExactly(1L);
    assertThat(
            world.runUntil(
                () -> cluster.ledger(leader.id()).entries.equals(List.of(1L, 1L)), SECONDS))
        .isTrue();
  }

  @Test
  void append_withoutLeader_isRefusedAndNotIn() {
    CompletableFuture<Log.Applied> early = cluster.append(cluster.id(0), Ledger.entry(1));
    cluster.await(early);
    assertThat(early.exceptionNow()).isInstanceOf(Log.NotAppendedException.class);
  }

  @Test
  void append_throughCutOffLeader_isNotInButTheMajorityGoesOn() {
    SimNode deposed = cluster.awaitLeader();
    isolate(deposed);
    CompletableFuture<Log.Applied> doomed = cluster.append(deposed.id(), Ledger.entry(1));
    assertThat(world.runUntil(() -> otherLeads(deposed), SECONDS)).isTrue();
    SimNode second = cluster.awaitLeader();
    CompletableFuture<Log.Applied> fine = cluster.append(second.id(), Ledger.entry(2));
    cluster.await(fine);
    cluster.await(doomed);
    assertThat(doomed.exceptionNow()).isInstanceOf(Log.IndeterminateException.class);
    cluster.cluster.network().calm();
    world.runFor(Duration.ofSeconds(2));
    cluster.levelOut();
    assertThat(cluster.ledger(deposed.id()).entries).containsExactly(2L);
  }

  @Test
  void confirmLeadership_leading_givesTheTerm() {
    SimNode leader = cluster.awaitLeader();
    CompletableFuture<Long> confirmed = confirm(leader);
    cluster.await(confirmed);
    assertThat(confirmed.join()).isEqualTo(cluster.replica(leader.id()).leadingTerm());
  }

  @Test
  void confirmLeadership_deposedButUnaware_fails() {
    SimNode deposed = cluster.awaitLeader();
    long term = cluster.replica(deposed.id()).leadingTerm();
    deposed.pause();
    assertThat(world.runUntil(() -> otherLeads(deposed), SECONDS)).isTrue();
    deposed.resume();
    assertThat(cluster.replica(deposed.id()).leadingTerm()).isEqualTo(term);
    CompletableFuture<Long> unconfirmed = confirm(deposed);
    cluster.await(unconfirmed);
    assertThat(unconfirmed.isCompletedExceptionally()).isTrue();
    assertThat(world.runUntil(() -> cluster.replica(deposed.id()).leadingTerm() == 0, SECONDS))
        .isTrue();
  }

  @Test
  void confirmLeadership_cutOff_failsInTime() {
    SimNode leader = cluster.awaitLeader();
    isolate(leader);
    CompletableFuture<Long> unconfirmed = confirm(leader);
    assertThat(world.runUntil(unconfirmed::isDone, Duration.ofSeconds(1))).isTrue();
    assertThat(unconfirmed.isCompletedExceptionally()).isTrue();
  }

  @Test
  void confirmLeadership_following_fails() {
    SimNode follower = cluster.cluster.node(follower(cluster.awaitLeader()));
    CompletableFuture<Long> unconfirmed = confirm(follower);
    cluster.await(unconfirmed);
    assertThat(unconfirmed.isCompletedExceptionally()).isTrue();
  }

  @Test
  void fences_thatDoNotHold_voidTheEntryEverywhere() {
    SimNode leader = cluster.awaitLeader();
    long term = cluster.replica(leader.id()).leadingTerm();
    CompletableFuture<Log.Applied> good =
        cluster.append(leader.id(), Ledger.entry(1, Log.Fence.term(term)));
    cluster.await(good);
    CompletableFuture<Log.Applied> oldTerm =
        cluster.append(leader.id(), Ledger.entry(2, Log.Fence.term(term - 1)));
    cluster.await(oldTerm);
    CompletableFuture<Log.Applied> epoch =
        cluster.append(leader.id(), Ledger.entry(3, Log.Fence.epoch(1)));
    cluster.await(epoch);
    CompletableFuture<Log.Applied> oldEpoch =
        cluster.append(leader.id(), Ledger.entry(4, Log.Fence.epoch(1)));
    cluster.await(oldEpoch);
    cluster.levelOut();
    assertThat(good.join().fenced()).isFalse();
    assertThat(oldTerm.join().fenced()).isTrue();
    assertThat(epoch.join().fenced()).isFalse();
    assertThat(oldEpoch.join().fenced()).isTrue();
    for (NodeId id : cluster.cluster.ids()) {
      assertThat(cluster.ledger(id).entries).containsExactly(1L, 3L);
      assertThat(cluster.ledger(id).fenced).isEqualTo(2);
    }
  }

  @Test
  void restart_ofAll_bringsBackAllThatWasAcknowledged() {
    cluster.awaitLeader();
    log.faults(new LogFaults(0, 0, 0, 0, 0, 0.2, 0));
    cluster.chatter(Duration.ofMillis(30));
    world.runFor(Duration.ofSeconds(3));
    cluster.quiet();
    cluster.cluster.ids().forEach(cluster.cluster::crash);
    cluster.cluster.startAll();
    assertThat(cluster.replica(cluster.id(0)).applied()).isEqualTo(Position.NONE);
    world.runFor(Duration.ofSeconds(3));
    cluster.levelOut();
    cluster.check();
    assertThat(cluster.acknowledged).isNotEmpty();
  }

  @Test
  void install_intoLaggard_bringsItForwardAtOnce() {
    SimNode leader = cluster.awaitLeader();
    NodeId laggard = follower(leader);
    log.stall(laggard, Duration.ofSeconds(60));
    for (int i = 1; i <= 10; i++) {
      cluster.append(leader.id(), Ledger.entry(i));
    }
    NodeId ahead = leader.id();
    assertThat(world.runUntil(() -> cluster.ledger(ahead).entries.size() == 10, SECONDS)).isTrue();
    assertThat(cluster.ledger(laggard).entries).isEmpty();
    log.capture(ahead);
    assertThat(world.runUntil(() -> world.probes().count("snapshot-saved") > 0, SECONDS)).isTrue();
    log.install(laggard);
    assertThat(world.runUntil(() -> cluster.ledger(laggard).entries.size() == 10, SECONDS))
        .isTrue();
    assertThat(world.probes().count("snapshot-installed")).isOne();
    assertThat(cluster.replica(laggard).applied())
        .isEqualTo(cluster.ledger(laggard).positions.getLast());
  }

  @Test
  void projections_thatDisagree_failTheRun() {
    SimNode leader = cluster.awaitLeader();
    cluster.ledger(follower(leader)).entries.add(99L);
    cluster.append(leader.id(), Ledger.entry(1));
    assertThatThrownBy(() -> world.runFor(Duration.ofSeconds(1)))
        .isInstanceOf(SimulationFailure.class)
        .hasMessageContaining("nodes disagree");
  }

  @Test
  void savedStates_thatDiffer_failTheRun() {
    SimNode leader = cluster.awaitLeader();
    cluster.ledger(follower(leader)).fenced++;
    world.runFor(Duration.ofSeconds(1));
    log.capture(leader.id());
    log.capture(follower(leader));
    assertThatThrownBy(() -> world.runFor(Duration.ofSeconds(1)))
        .isInstanceOf(SimulationFailure.class)
        .hasMessageContaining("saved states differ");
  }

  @Test
  void attach_whileThePredecessorLives_isRefused() {
    SimNode twin = new SimNode(world, cluster.id(0), cluster.cluster.address(cluster.id(0)));
    assertThatThrownBy(() -> log.attach(twin))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("disk in use");
  }

  @Test
  void nonVoter_neverLeadsButAppliesAndAppends() {
    LedgerCluster four = new LedgerCluster(12, 4, 3);
    four.awaitLeader();
    NodeId reader = four.id(3);
    four.log().elect(reader);
    CompletableFuture<Log.Applied> future = four.append(reader, Ledger.entry(1));
    four.await(future);
    four.levelOut();
    assertThat(four.ledger(reader).entries).containsExactly(1L);
  }

  private NodeId follower(SimNode leader) {
    return cluster.cluster.ids().stream().filter(id -> !id.equals(leader.id())).findFirst().get();
  }

  private boolean otherLeads(SimNode deposed) {
    return cluster.cluster.ids().stream()
        .anyMatch(id -> !id.equals(deposed.id()) && cluster.replica(id).leadingTerm() != 0);
  }

  private void isolate(SimNode node) {
    List<NodeId> others = new ArrayList<>(cluster.cluster.ids());
    others.remove(node.id());
    cluster.cluster.network().partition(List.of(node.id()), others);
  }

  private CompletableFuture<Long> confirm(SimNode node) {
    CompletableFuture<Long> done = new CompletableFuture<>();
    node.loop()
        .execute(
            () -> {
              var _ =
                  cluster
                      .replica(node.id())
                      .confirmLeadership()
                      .whenComplete(
                          (term, error) -> {
                            if (error != null) {
                              done.completeExceptionally(error);
                            } else {
                              done.complete(term);
                            }
                          });
            });
    return done;
  }
}
