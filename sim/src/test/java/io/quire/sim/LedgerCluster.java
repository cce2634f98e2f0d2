package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Log;
import io.quire.base.NodeId;
import io.quire.base.Position;
import io.quire.base.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** Nodes that keep a {@link Ledger} each and append to it now and then. */
final class LedgerCluster {
  final World world;
  final SimCluster cluster;
  final Map<NodeId, Ledger> ledgers = new HashMap<>();
  final Map<NodeId, SimReplica> replicas = new HashMap<>();
  final Map<Long, Long> acknowledged = new HashMap<>();
  final Set<Long> refused = new HashSet<>();
  final Set<Long> indeterminate = new HashSet<>();
  private final Dice dice;
  private long last;
  private boolean quiet;

  LedgerCluster(long seed, int nodes, int voters) {
    world = new World(seed);
    dice = world.dice("ledger");
    cluster = new SimCluster(world, SimCluster.names(nodes), voters, this::boot);
    cluster.startAll();
  }

  SimLog log() {
    return cluster.log();
  }

  NodeId id(int index) {
    return cluster.ids().get(index);
  }

  Ledger ledger(NodeId id) {
    return Objects.requireNonNull(ledgers.get(id));
  }

  SimReplica replica(NodeId id) {
    return Objects.requireNonNull(replicas.get(id));
  }

  SimNode awaitLeader() {
    assertThat(world.runUntil(() -> log().leader() != null, Duration.ofSeconds(20))).isTrue();
    return Objects.requireNonNull(log().leader());
  }

  /** Appends on the node's loop; gives the future. */
  CompletableFuture<Log.Applied> append(NodeId id, Log.Entry entry) {
    CompletableFuture<Log.Applied> done = new CompletableFuture<>();
    cluster
        .node(id)
        .loop()
        .execute(
            () -> {
              var _ =
                  replica(id)
                      .append(entry)
                      .whenComplete(
                          (applied, error) -> {
                            if (error != null) {
                              done.completeExceptionally(error);
                            } else {
                              done.complete(applied);
                            }
                          });
            });
    return done;
  }

  void await(CompletableFuture<?> future) {
    assertThat(world.runUntil(future::isDone, Duration.ofSeconds(30))).isTrue();
  }

  /** Every node appends about so often until {@link #quiet}. */
  void chatter(Duration every) {
    for (NodeId id : cluster.ids()) {
      chatter(id, every);
    }
  }

  void quiet() {
    quiet = true;
  }

  void levelOut() {
    assertThat(
            world.runUntil(() -> log().leader() != null && log().level(), Duration.ofSeconds(60)))
        .as("all nodes apply everything once all is calm")
        .isTrue();
  }

  private void chatter(NodeId id, Duration every) {
    world.after(
        Duration.ofNanos(dice.between(1, 2 * every.toNanos())),
        "chatter",
        () -> {
          if (quiet) {
            return;
          }
          if (cluster.alive(id)) {
            cluster.node(id).loop().execute(() -> say(id));
          }
          chatter(id, every);
        });
  }

  private void say(NodeId id) {
    List<Long> values = new ArrayList<>();
    List<Log.Entry> entries = new ArrayList<>();
    for (int i = (int) dice.between(1, 3); i > 0; i--) {
      values.add(++last);
      entries.add(Ledger.entry(last));
    }
    List<CompletableFuture<Log.Applied>> futures = replica(id).append(entries);
    for (int i = 0; i < futures.size(); i++) {
      long value = values.get(i);
      var _ =
          futures
              .get(i)
              .whenComplete(
                  (applied, error) -> {
                    cluster.node(id).loop().confine();
                    if (error == null) {
                      acknowledged.put(value, applied.position());
                    } else if (error instanceof Log.NotAppendedException) {
                      refused.add(value);
                    } else {
                      assertThat(error).isInstanceOf(Log.IndeterminateException.class);
                      indeterminate.add(value);
                    }
                  });
    }
    SimReplica replica = replica(id);
    if (replica.leadingTerm() != 0) {
      confirm(id);
    }
  }

  /** A leader that is confirmed was the newest at some moment after it asked. */
  private void confirm(NodeId id) {
    long newest = log().elected();
    var _ =
        replica(id)
            .confirmLeadership()
            .whenComplete(
                (term, error) -> {
                  world.probes().reached(error == null ? "confirmed" : "not-confirmed");
                  if (error == null && term < newest) {
                    throw world.failure("deposed leader confirmed: term=" + term);
                  }
                });
  }

  private void boot(SimNode node, Transport transport, SimReplica log) {
    Ledger ledger = new Ledger();
    log.register(ledger);
    log.register(Log.Fence.Kind.EPOCH, epoch -> epoch == ledger.entries.size());
    ledgers.put(node.id(), ledger);
    replicas.put(node.id(), log);
  }

  /** What was told of entries is true. */
  void check() {
    Ledger any = ledger(id(0));
    for (NodeId id : cluster.ids()) {
      assertThat(ledger(id).entries).isEqualTo(any.entries);
      assertThat(ledger(id).positions).isEqualTo(any.positions);
    }
    assertThat(any.positions).isSorted().doesNotHaveDuplicates();
    Map<Long, List<Long>> where = new HashMap<>();
    for (int i = 0; i < any.entries.size(); i++) {
      where.computeIfAbsent(any.entries.get(i), _ -> new ArrayList<>()).add(any.positions.get(i));
    }
    acknowledged.forEach(
        (value, position) ->
            assertThat(where.getOrDefault(value, List.of()))
                .as("acknowledged %d at %s", value, Position.text(position))
                .contains(position));
    assertThat(refused).as("not appended").noneMatch(where::containsKey);
    indeterminate.forEach(
        value ->
            world
                .probes()
                .reached(
                    where.containsKey(value) ? "indeterminate-is-in" : "indeterminate-is-not"));
    where.forEach(
        (_, positions) -> {
          if (positions.size() > 1) {
            world.probes().reached("stands-twice");
          }
        });
  }
}
