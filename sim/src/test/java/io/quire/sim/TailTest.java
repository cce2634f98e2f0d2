package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Log;
import io.quire.base.Log.Recorded;
import io.quire.base.Log.Tail;
import io.quire.base.NodeId;
import io.quire.base.Position;
import io.quire.base.WireReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Reading the simulated log: the promises of the real one. */
@Timeout(300)
class TailTest {
  /** Reads one node's log in small steps, and goes on in the next incarnation where it was. */
  private static final class Follower {
    final LedgerCluster cluster;
    final NodeId id;
    final List<Long> values = new ArrayList<>();
    final List<Long> positions = new ArrayList<>();
    private @Nullable SimReplica of;
    private @Nullable Tail tail;
    private long resume = Position.NONE;
    private CompletableFuture<List<Recorded>> asked = CompletableFuture.completedFuture(List.of());

    Follower(LedgerCluster cluster, NodeId id) {
      this.cluster = cluster;
      this.id = id;
      look();
    }

    private void look() {
      cluster.world.after(
          Duration.ofMillis(20),
          "follow",
          () -> {
            if (cluster.cluster.alive(id)) {
              step(cluster.replica(id));
            }
            look();
          });
    }

    private void step(SimReplica replica) {
      if (of != replica) {
        of = replica;
        tail = replica.tail(resume);
        asked = CompletableFuture.completedFuture(List.of());
      }
      if (asked.isDone() && tail != null) {
        Tail from = tail;
        asked = from.next(3);
        var _ =
            asked.thenAccept(
                found -> {
                  if (of == replica) {
                    found.forEach(this::took);
                    resume = from.resume();
                  }
                });
      }
    }

    private void took(Recorded one) {
      positions.add(one.position());
      values.add(new WireReader(one.entry().payload()).int64());
    }
  }

  @Test
  void tail_underAllHarms_givesEachEntryOnceInOrderOnEveryNode() {
    Seeds.forEach(1, 40, TailTest::run);
  }

  private static void run(long seed) {
    LedgerCluster cluster = new LedgerCluster(seed, 4, 3);
    Dice dice = cluster.world.dice("test");
    cluster.log().faults(LogFaults.draw(dice));
    Nemesis nemesis =
        new Nemesis(
            cluster.cluster,
            Nemesis.draw(dice),
            Duration.ofMillis(dice.between(500, 4000)),
            Duration.ofSeconds(1));
    List<Follower> followers =
        cluster.cluster.ids().stream().map(id -> new Follower(cluster, id)).toList();
    cluster.chatter(Duration.ofMillis(200));
    cluster.world.runFor(Duration.ofSeconds(8));
    cluster.quiet();
    nemesis.stop();
    cluster.world.runFor(Duration.ofSeconds(8));
    cluster.levelOut();
    for (Follower follower : followers) {
      Ledger ledger = cluster.ledger(follower.id);
      assertThat(
              cluster.world.runUntil(
                  () -> follower.values.size() >= ledger.entries.size(), Duration.ofSeconds(60)))
          .isTrue();
      assertThat(follower.values).isEqualTo(ledger.entries);
      assertThat(follower.positions).isEqualTo(ledger.positions);
    }
  }

  @Test
  void read_ofWhatWasTrimmed_namesTheOldest() {
    LedgerCluster cluster = new LedgerCluster(3, 1, 1);
    cluster.awaitLeader();
    List<Long> positions = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      CompletableFuture<Log.Applied> done = cluster.append(cluster.id(0), Ledger.entry(i));
      cluster.await(done);
      positions.add(done.join().position());
    }
    SimReplica replica = cluster.replica(cluster.id(0));
    long oldest = positions.get(2);
    replica.trim(oldest);
    assertThat(replica.oldest()).isEqualTo(oldest);
    CompletableFuture<List<Recorded>> refused = replica.tail(Position.NONE).next(1);
    assertThat(refused.exceptionNow())
        .isInstanceOfSatisfying(
            Log.TrimmedException.class, e -> assertThat(e.oldest()).isEqualTo(oldest));
    CompletableFuture<@Nullable Recorded> gone = replica.entryAt(positions.get(1));
    assertThat(gone.exceptionNow()).isInstanceOf(Log.TrimmedException.class);
    Tail bounded = replica.read(oldest, positions.get(4) - 1);
    CompletableFuture<List<Recorded>> rest = bounded.next(10);
    assertThat(rest.resultNow()).extracting(Recorded::position).isEqualTo(positions.subList(2, 4));
    assertThat(bounded.next(10).resultNow()).as("what follows is behind its end").isEmpty();
    CompletableFuture<List<Recorded>> waits = replica.tail(positions.get(4) + 1).next(1);
    assertThat(waits.state()).isEqualTo(Future.State.RUNNING);
  }
}
