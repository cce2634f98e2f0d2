package io.quire.gvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.base.Position;
import io.quire.base.WireWriter;
import io.quire.sim.Proposal;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome;
import io.quire.twopc.Outcome.Committed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What was: bookmarks of watches, and all cells as of a position. */
@Timeout(60)
class HistoryTest {
  private final Stage stage = new Stage();
  private final List<CellPeer> peers = CellPeer.inView(stage, "a", "b", "c");
  private final CellPeer a = peers.get(0);
  private final CellPeer b = peers.get(1);
  private final CellPeer c = peers.get(2);

  private long commit(Transaction transaction) {
    CompletableFuture<Outcome> outcome = a.cells.commit(transaction, CellPeer.DEADLINE);
    stage.settle();
    return ((Committed) outcome.resultNow()).position();
  }

  private long put(String key, String value) {
    return commit(Transaction.begin().put(key, CellPeer.bytes(value)).build());
  }

  private static String told(@Nullable Change next) {
    Change change = Objects.requireNonNull(next);
    return change.key() + "=" + CellPeer.text(change.after());
  }

  private static String text(Snapshot snapshot) {
    TreeMap<String, String> cells = new TreeMap<>();
    snapshot
        .cells()
        .forEach((key, value) -> cells.put(key, CellPeer.text(value) + "@" + value.version()));
    return cells.toString();
  }

  private Snapshot at(CellPeer peer, long position) {
    return peer.cells.snapshotAt("k/", position, CellPeer.DEADLINE).resultNow();
  }

  @Test
  void bookmark_wentOnWithOnAnotherNode_hasNoGapAndNoRepetition() throws InterruptedException {
    Watch first = b.cells.watch("k/").resultNow();
    List<String> told = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      put("k/" + i, "v");
      put("other", "v" + i);
    }
    for (int i = 0; i < 3; i++) {
      told.add(told(first.next(Duration.ZERO)));
    }
    Watch second = c.cells.watch("k/", first.bookmark()).resultNow();
    for (Change next = second.next(Duration.ZERO);
        next != null;
        next = second.next(Duration.ZERO)) {
      told.add(told(next));
    }
    assertThat(told).containsExactly("k/0=v", "k/1=v", "k/2=v", "k/3=v", "k/4=v");
  }

  @Test
  void bookmark_inTheMiddleOfATransaction_isBeforeIt() throws InterruptedException {
    Watch watch = b.cells.watch("k/").resultNow();
    long before = put("k/1", "v");
    long pair =
        commit(
            Transaction.begin()
                .put("k/1", CellPeer.bytes("w"))
                .put("k/2", CellPeer.bytes("w"))
                .build());
    watch.next(Duration.ZERO);
    watch.next(Duration.ZERO);
    assertThat(watch.bookmark()).isEqualTo(before);
    watch.next(Duration.ZERO);
    assertThat(watch.bookmark()).isEqualTo(pair);
  }

  @Test
  void watch_fromBeforeTheNodeHasApplied_tellsEachWhenItComes() throws InterruptedException {
    long position = put("k/1", "v");
    Watch watch = c.cells.watch("k/", position).resultNow();
    a.put("k/2", "v");
    stage.deliverAll(_ -> true);
    stage.commitAll();
    a.actor.applyAll();
    assertThat(watch.next(Duration.ZERO)).isNull();
    c.actor.applyAll();
    assertThat(told(watch.next(Duration.ZERO))).isEqualTo("k/2=v");
  }

  @Test
  void logged_readsBackWhatStandsThere() {
    long position = put("k/1", "a");
    Transaction.Builder large = Transaction.begin();
    for (int i = 0; i < 3; i++) {
      large.put("k/" + i, new byte[2 << 20]);
    }
    CompletableFuture<Outcome> outcome = a.cells.commit(large.build(), CellPeer.DEADLINE);
    List<Proposal> chunks = stage.proposals();
    stage.commitAll();
    a.actor.applyAll();
    chunks.forEach(stage::answer);
    for (int i = 0; i < 300; i++) {
      b.propose(
          new Log.Entry(
              Log.Stream.of(Log.Stream.USERS_FROM), Log.Fence.NONE, new byte[] {(byte) i}));
    }
    stage.settle();
    long chunked = ((Committed) outcome.resultNow()).position();
    for (CellPeer peer : peers) {
      Transaction one = peer.cells.logged(position).resultNow().orElseThrow();
      assertThat(one.writes()).extracting(Transaction.Write::key).containsExactly("k/1");
      Transaction whole = peer.cells.logged(chunked).resultNow().orElseThrow();
      assertThat(whole.writes())
          .hasSize(3)
          .allMatch(write -> Objects.requireNonNull(write.value()).length == 2 << 20);
      long other = Position.of(Position.index(chunked) - 1, 0);
      assertThat(peer.cells.logged(other).resultNow()).as("no transaction").isEmpty();
      assertThat(peer.cells.logged(position + 1).resultNow()).as("nothing").isEmpty();
    }
    c.actor.trim(Position.of(Position.index(chunked) - 1, 0));
    assertThat(c.cells.logged(chunked).exceptionNow())
        .as("its chunks are gone")
        .isInstanceOf(Log.TrimmedException.class);
    assertThat(c.cells.logged(position).exceptionNow()).isInstanceOf(Log.TrimmedException.class);
  }

  @Test
  void appliedAt_isWhatACellWasOrTooOld() {
    long one = put("k/1", "a");
    long two = put("k/1", "b");
    long kept = put("k/2", "c");
    long gone = commit(Transaction.begin().remove("k/1").build());
    assertThat(appliedAt(b, "k/1", one - 1)).isNull();
    assertThat(appliedAt(b, "k/1", one)).isEqualTo("a");
    assertThat(appliedAt(b, "k/1", two)).isEqualTo("b");
    assertThat(appliedAt(b, "k/1", gone)).isNull();
    stage.on(
        b.actor, () -> assertThat(b.cells.lastChange("k/1")).map(Change::position).contains(gone));
    c.actor.install(a.actor);
    assertThat(appliedAt(c, "k/2", kept)).as("it has not changed since").isEqualTo("c");
    stage.on(
        c.actor,
        () -> {
          assertThatThrownBy(() -> c.cells.appliedAt("k/1", two))
              .isInstanceOf(GvmException.TooOld.class);
          assertThat(c.cells.lastChange("k/1")).isEmpty();
        });
  }

  private @Nullable String appliedAt(CellPeer peer, String key, long position) {
    List<@Nullable String> found = new ArrayList<>();
    stage.on(peer.actor, () -> found.add(CellPeer.text(peer.cells.appliedAt(key, position))));
    return found.getFirst();
  }

  @Test
  void snapshotAt_isTheSameOnEveryNodeAndForEver() {
    long one = put("k/1", "a");
    put("k/2", "b");
    long two = put("k/1", "c");
    long three = commit(Transaction.begin().remove("k/1").build());
    put("k/1", "d");
    for (CellPeer peer : peers) {
      assertThat(text(at(peer, one))).isEqualTo("{k/1=a@" + one + "}");
      assertThat(text(at(peer, two))).startsWith("{k/1=c@" + two + ", k/2=b@");
      assertThat(text(at(peer, three))).startsWith("{k/2=b@");
    }
  }

  @Test
  void snapshotAt_notAppliedYet_isAnsweredWhenItIsOrUndecided() {
    long before = put("k/1", "a");
    a.put("k/1", "b");
    stage.deliverAll(_ -> true);
    stage.commitAll();
    a.actor.applyAll();
    long position = a.actor.log().applied();
    assertThat(position).isGreaterThan(before);
    CompletableFuture<Snapshot> late = c.cells.snapshotAt("k/", position, Duration.ofMillis(100));
    stage.pass(Duration.ofMillis(150));
    assertThat(late.exceptionNow()).isInstanceOf(GvmException.Undecided.class);
    CompletableFuture<Snapshot> inTime = c.cells.snapshotAt("k/", position, Duration.ofMillis(100));
    assertThat(inTime).isNotDone();
    c.actor.applyAll();
    stage.pass(Duration.ofMillis(20));
    assertThat(text(inTime.resultNow())).isEqualTo("{k/1=b@" + position + "}");
  }

  @Test
  void snapshotAt_beforeWhatIsRemembered_isTooOld() {
    long position = put("k/1", "a");
    put("k/1", "b");
    stage.settle();
    a.propose(new Log.Entry(Log.Stream.SESSIONS, Log.Fence.NONE, leaveOfNobody()));
    stage.commitAll();
    a.actor.applyAll();
    c.actor.install(a.actor);
    CompletableFuture<Snapshot> old = c.cells.snapshotAt("k/", position, CellPeer.DEADLINE);
    assertThat(old.exceptionNow())
        .isInstanceOf(GvmException.TooOld.class)
        .hasMessageStartingWith("too old: reading: prefix=k/ position=" + position);
  }

  private static byte[] leaveOfNobody() {
    return new WireWriter().int8(2).int64(99).int64(1).toBytes();
  }

  @Test
  void snapshot_ofAPrefix_waitsForWhatIsUnderWayAndSeesNoHalf() {
    put("k/1", "a");
    CompletableFuture<Outcome> pair =
        a.cells.commit(
            Transaction.begin()
                .put("k/1", CellPeer.bytes("b"))
                .put("k/2", CellPeer.bytes("b"))
                .build(),
            CellPeer.DEADLINE);
    stage.deliverAll(_ -> true);
    CompletableFuture<Snapshot> snapshot = c.cells.snapshot("k/", CellPeer.DEADLINE);
    assertThat(snapshot).as("both keys are marked").isNotDone();
    stage.settle();
    long position = ((Committed) pair.resultNow()).position();
    assertThat(text(snapshot.resultNow()))
        .isEqualTo("{k/1=b@" + position + ", k/2=b@" + position + "}");
    assertThat(snapshot.resultNow().position()).isGreaterThanOrEqualTo(position);
  }

  @Test
  void snapshot_thenWatchFromItsPosition_missesNothing() throws InterruptedException {
    put("k/1", "a");
    CompletableFuture<Snapshot> future = b.cells.snapshot("k/", CellPeer.DEADLINE);
    stage.settle();
    Watch watch = b.cells.watch("k/", future.resultNow().position()).resultNow();
    put("k/2", "b");
    assertThat(told(watch.next(Duration.ZERO))).isEqualTo("k/2=b");
  }

  @Test
  void add_moreThanItHolds_forgetsTheOldest() {
    History history = new History();
    for (int i = 1; i <= History.CHANGES_MAX + 10; i++) {
      history.add(i, List.of(new Change(i, "k", null, 0, new byte[] {1})));
    }
    assertThat(history.oldest()).isEqualTo(10);
    assertThat(history.after(10)).hasSize(History.CHANGES_MAX);
    byte[] large = new byte[1 << 20];
    for (int i = 1; i <= 40; i++) {
      history.add(100_000L + i, List.of(new Change(i, "k", null, 0, large)));
    }
    assertThat(history.after(0)).as("bounded in bytes, too").hasSizeLessThan(33);
    assertThatThrownBy(() -> history.require("reading", 5)).isInstanceOf(GvmException.TooOld.class);
  }
}
