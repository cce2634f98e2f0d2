package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.gvm.Transaction;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** No id is given twice, whatever becomes of nodes, of the log and of the counter in it. */
@Timeout(60)
class XidBlockTest {
  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);

  @Test
  void next_overNodesAndARestart_areUnique() {
    List<Long> ids = new ArrayList<>();
    for (int i = 0; i < 66_000; i++) {
      ids.add(a.namespaces.reserveXid());
      ids.add(b.namespaces.reserveXid());
    }
    NsPeer again = new NsPeer(stage, "a");
    stage.lead(again.actor);
    stage.play(Duration.ofSeconds(4));
    ids.add(again.namespaces.reserveXid());
    assertThat(ids).doesNotHaveDuplicates().allMatch(id -> id > 0);
  }

  @Test
  void next_twoNodesReserveAtOnce_bothGetABlockOfTheirOwn() {
    List<Long> ids = new ArrayList<>();
    stage.whenEntered(
        () -> {
          stage.whenEntered(stage::settle);
          ids.add(b.namespaces.reserveXid());
          stage.settle();
        });
    ids.add(a.namespaces.reserveXid());
    assertThat(ids).hasSize(2).doesNotHaveDuplicates();
    assertThat(Math.abs(ids.get(0) - ids.get(1))).isGreaterThanOrEqualTo(65_536);
  }

  @Test
  void next_halfOfABlockIsUsed_theNextIsThereBeforeItIsNeeded() {
    List<Long> ids = new ArrayList<>();
    for (int i = 0; i < 32_768; i++) {
      ids.add(a.namespaces.reserveXid());
    }
    stage.whenEntered(() -> {});
    for (int i = 0; i < 65_536; i++) {
      ids.add(a.namespaces.reserveXid());
    }
    assertThat(ids).doesNotHaveDuplicates();
  }

  @Test
  void next_reservedAheadInVain_areReservedWhenTheyAreNeeded() {
    long first = a.namespaces.reserveXid();
    stage.whenEntered(
        () -> {
          stage.deliverAll(_ -> true);
          stage.pass(Duration.ofSeconds(16));
        });
    for (long id = first; id < first + 65_535; id++) {
      assertThat(a.namespaces.reserveXid()).isEqualTo(id + 1);
    }
    stage.whenEntered(stage::settle);
    stage.play(Duration.ofSeconds(6));
    assertThat(a.namespaces.reserveXid()).isGreaterThan(first + 65_535);
  }

  @Test
  void next_overRestartsOfAllNodes_isUnique() {
    List<Long> ids = new ArrayList<>();
    List<NsPeer> alive = peers;
    for (int restart = 0; restart < 5; restart++) {
      for (NsPeer peer : alive) {
        for (int i = 0; i < 100; i++) {
          ids.add(peer.namespaces.reserveXid());
        }
      }
      alive = NsPeer.inView(stage, "a", "b", "c");
      stage.play(Duration.ofSeconds(4));
    }
    assertThat(ids).hasSize(1_500).doesNotHaveDuplicates();
  }

  /** The cells are gone, but what bears ids may be left elsewhere: copies in stores. */
  @Test
  void next_afterTheLogWasLost_isAboveAllThatWereGiven() {
    List<Long> ids = new ArrayList<>();
    for (int i = 0; i < 70_000; i++) {
      ids.add(a.namespaces.reserveXid());
    }
    long highest = ids.stream().mapToLong(id -> id).max().orElseThrow();
    Stage anew = new Stage();
    anew.pass(Duration.ofNanos(stage.nanos()).plusSeconds(1));
    NsPeer first = NsPeer.inView(anew, "a").getFirst();
    assertThat(first.namespaces.reserveXid()).isGreaterThan(highest);
  }

  @Test
  void next_afterTheCounterWasSetBack_isAboveAllThatWereGiven() {
    long before = a.namespaces.reserveXid();
    for (int i = 0; i < 70_000; i++) {
      before = Math.max(before, b.namespaces.reserveXid());
    }
    var unused =
        a.cells.commit(
            Transaction.begin().put(ObjectCodec.XID_COUNTER, ObjectCodec.number(1 << 16)).build(),
            Duration.ofSeconds(5));
    stage.play(Duration.ofSeconds(2));
    NsPeer again = new NsPeer(stage, "c");
    stage.play(Duration.ofSeconds(4));
    assertThat(again.namespaces.reserveXid()).isGreaterThan(before);
  }

  /** While a clock is back, the counter leads. */
  @Test
  void next_counterIsAheadOfTheClock_goesOnFromTheCounter() {
    long ahead = 1L << 61;
    var unused =
        a.cells.commit(
            Transaction.begin().put(ObjectCodec.XID_COUNTER, ObjectCodec.number(ahead)).build(),
            Duration.ofSeconds(5));
    stage.play(Duration.ofSeconds(2));
    assertThat(a.namespaces.reserveXid()).isEqualTo(ahead);
    assertThat(b.namespaces.reserveXid()).isEqualTo(ahead + 65_536);
  }
}
