package io.quire.gvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.RequestId;
import io.quire.base.Transport;
import io.quire.gvm.Transaction.Condition;
import io.quire.lockserver.HeldLock;
import io.quire.lockserver.LockMode;
import io.quire.lockserver.LockSession;
import io.quire.lockserver.LockTerms;
import io.quire.lockserver.Sequencer;
import io.quire.sim.Letter;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome;
import io.quire.twopc.Outcome.Aborted;
import io.quire.twopc.Outcome.Committed;
import io.quire.twopc.Outcome.Rejected;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Transactions and reads, step by step. */
@Timeout(30)
class CellsTest {
  private final Stage stage = new Stage();
  private final List<CellPeer> peers = CellPeer.inView(stage, "a", "b", "c");
  private final CellPeer a = peers.get(0);
  private final CellPeer b = peers.get(1);
  private final CellPeer c = peers.get(2);

  private Outcome commit(Transaction transaction) {
    CompletableFuture<Outcome> outcome = a.cells.commit(transaction, CellPeer.DEADLINE);
    stage.settle();
    return outcome.resultNow();
  }

  /** Lets all members mark it, and the entry wait. */
  private CompletableFuture<Outcome> marked(String key, String value) {
    CompletableFuture<Outcome> outcome = a.put(key, value);
    stage.deliverAll(_ -> true);
    assertThat(stage.proposals()).hasSize(1);
    return outcome;
  }

  private static boolean twoPhase(Letter letter) {
    return letter.channel() == Transport.Channel.TWOPC;
  }

  @Test
  void commit_put_isReadEverywhereAtItsPosition() {
    Outcome outcome = commit(Transaction.begin().put("k", CellPeer.bytes("v")).build());
    long position = ((Committed) outcome).position();
    for (CellPeer peer : peers) {
      Versioned found = peer.reading("k").resultNow();
      assertThat(CellPeer.text(found)).isEqualTo("v");
      assertThat(found).extracting(Versioned::version).isEqualTo(position);
    }
    commit(Transaction.begin().remove("k").build());
    assertThat(c.read("k")).isNull();
    assertThat(c.cells.count()).as("nothing is kept of it").isZero();
  }

  /** Who kept what a glance gave may go on using it exactly as long as a glance would give it. */
  @Test
  void glance_kept_isCurrentWhileAGlanceWouldGiveIt() {
    commit(Transaction.begin().put("k", CellPeer.bytes("1")).build());
    Versioned kept = Objects.requireNonNull(c.cells.glance("k"));
    assertThat(kept.current()).isTrue();
    CompletableFuture<Outcome> rejected =
        a.cells.commit(
            Transaction.begin().absent("k").put("k", CellPeer.bytes("2")).build(),
            CellPeer.DEADLINE);
    stage.deliverAll(_ -> true);
    assertThat(c.cells.glance("k")).isSameAs(Cells.UNSETTLED);
    assertThat(kept.current()).as("marked").isFalse();
    stage.settle();
    assertThat(rejected.resultNow()).isInstanceOf(Rejected.class);
    assertThat(c.cells.glance("k")).isSameAs(kept);
    assertThat(kept.current()).as("not changed after all").isTrue();
    CompletableFuture<Outcome> second = marked("k", "2");
    assertThat(kept.current()).as("marked again").isFalse();
    stage.settle();
    assertThat(second.resultNow()).isInstanceOf(Committed.class);
    assertThat(kept.current()).as("replaced").isFalse();
    assertThat(Objects.requireNonNull(c.cells.glance("k")).current()).isTrue();
  }

  @Test
  void commit_oneConditionFails_nothingOfItHappens() {
    commit(Transaction.begin().put("x", CellPeer.bytes("1")).build());
    Outcome outcome =
        commit(
            Transaction.begin()
                .require(new Condition.Present("x"))
                .absent("y")
                .absent("x")
                .put("y", CellPeer.bytes("2"))
                .remove("x")
                .build());
    assertThat(outcome)
        .isInstanceOfSatisfying(
            Rejected.class, told -> assertThat(Cells.failedCondition(told)).isEqualTo(2));
    for (CellPeer peer : peers) {
      assertThat(peer.read("x")).isEqualTo("1");
      assertThat(peer.read("y")).isNull();
      assertThat(peer.cells.count()).isOne();
    }
  }

  @Test
  void commit_versionCondition_isOfTheValueSeen() {
    long first =
        ((Committed) commit(Transaction.begin().put("x", CellPeer.bytes("1")).build())).position();
    Transaction swap =
        Transaction.begin().version("x", first).put("x", CellPeer.bytes("2")).build();
    assertThat(commit(swap)).isInstanceOf(Committed.class);
    assertThat(commit(swap)).isInstanceOf(Rejected.class);
    assertThat(commit(Transaction.begin().version("none", 0).touch("x").build()))
        .isInstanceOf(Committed.class);
    assertThat(b.read("x")).isEqualTo("2");
  }

  @Test
  void commit_twoWithOneCondition_theFirstInTheLogWins() {
    Transaction.Builder one = Transaction.begin().absent("x").put("x", CellPeer.bytes("a"));
    Transaction.Builder two = Transaction.begin().absent("x").put("x", CellPeer.bytes("b"));
    CompletableFuture<Outcome> ofA = a.cells.commit(one.build(), CellPeer.DEADLINE);
    CompletableFuture<Outcome> ofB = b.cells.commit(two.build(), CellPeer.DEADLINE);
    stage.deliverAll(_ -> true);
    assertThat(stage.proposals()).hasSize(2);
    stage.commit(stage.proposals().getLast());
    stage.settle();
    List<Outcome> outcomes = List.of(ofA.resultNow(), ofB.resultNow());
    assertThat(outcomes).hasAtLeastOneElementOfType(Committed.class);
    assertThat(outcomes).hasAtLeastOneElementOfType(Rejected.class);
    String winner = outcomes.getFirst() instanceof Committed ? "a" : "b";
    assertThat(c.read("x")).isEqualTo(winner);
  }

  @Test
  void commit_incarnationNotInTheView_isRejected() {
    long of = c.actor.member().incarnation();
    Transaction transaction =
        Transaction.begin().require(new Condition.InView(of)).put("x", CellPeer.bytes("1")).build();
    assertThat(commit(transaction)).isInstanceOf(Committed.class);
    stage.on(c.actor, c.session::leave);
    stage.settle();
    assertThat(commit(transaction)).isInstanceOf(Rejected.class);
  }

  @Test
  void commit_guardedByALock_isRejectedOnceTheLockHasGoneOn() {
    CompletableFuture<LockSession> open = a.locks.openSessionAsync("x", CellPeer.DEADLINE);
    stage.settle();
    CompletableFuture<HeldLock> lock =
        open.resultNow().lockAsync("/l", LockTerms.EXCLUSIVE, CellPeer.DEADLINE);
    stage.settle();
    HeldLock held = lock.resultNow();
    Transaction guarded =
        Transaction.begin().held(held.sequencer()).put("x", CellPeer.bytes("1")).build();
    assertThat(commit(guarded)).isInstanceOf(Committed.class);
    CompletableFuture<Outcome> late = c.cells.commit(guarded, CellPeer.DEADLINE);
    stage.deliverAll(_ -> true);
    assertThat(stage.proposals()).as("prepared, and not in the log yet").hasSize(1);
    var underWay = stage.proposals().getFirst();
    stage.lose(underWay);
    held.close();
    stage.commitAll();
    stage.commit(underWay);
    stage.settle();
    assertThat(late.resultNow()).isInstanceOf(Rejected.class);
  }

  @Test
  void commit_wantingALockFree_isDecidedWhereTheLogPutsIt() {
    Transaction free = Transaction.begin().free("/l").put("x", CellPeer.bytes("1")).build();
    CompletableFuture<LockSession> open = a.locks.openSessionAsync("x", CellPeer.DEADLINE);
    stage.settle();
    CompletableFuture<Outcome> late = c.cells.commit(free, CellPeer.DEADLINE);
    stage.deliverAll(_ -> true);
    assertThat(stage.proposals()).as("prepared while it is free").hasSize(1);
    var underWay = stage.proposals().getFirst();
    stage.lose(underWay);
    CompletableFuture<HeldLock> lock =
        open.resultNow().lockAsync("/l", LockTerms.BESIDE_READ, CellPeer.DEADLINE);
    stage.commitAll();
    stage.commit(underWay);
    stage.settle();
    assertThat(late.resultNow()).isInstanceOf(Rejected.class);
    assertThat(lock.resultNow().isHeld()).isTrue();
    assertThat(peers).extracting(peer -> peer.read("x")).containsOnlyNulls();
    CompletableFuture<Outcome> early = c.cells.commit(free, CellPeer.DEADLINE);
    stage.deliverAll(_ -> true);
    var second = stage.proposals().getFirst();
    stage.lose(second);
    lock.resultNow().close();
    stage.commitAll();
    stage.commit(second);
    stage.settle();
    assertThat(early.resultNow()).isInstanceOf(Committed.class);
    assertThat(peers).extracting(peer -> peer.read("x")).containsOnly("1");
  }

  @Test
  void commit_guardedByASequencerOfAnotherMode_isRejected() {
    CompletableFuture<LockSession> open = a.locks.openSessionAsync("x", CellPeer.DEADLINE);
    stage.settle();
    CompletableFuture<HeldLock> lock =
        open.resultNow().lockAsync("/l", LockTerms.SHARED, CellPeer.DEADLINE);
    stage.settle();
    Sequencer weaker = lock.resultNow().sequencer();
    CompletableFuture<Sequencer> promoted =
        lock.resultNow().convertAsync(LockMode.EXCLUSIVE, CellPeer.DEADLINE);
    stage.settle();
    Sequencer stronger = promoted.resultNow();
    assertThat(commit(Transaction.begin().held(weaker).build())).isInstanceOf(Rejected.class);
    assertThat(commit(Transaction.begin().held(stronger).build())).isInstanceOf(Committed.class);
    var demoted = lock.resultNow().convertAsync(LockMode.SHARED, CellPeer.DEADLINE);
    stage.settle();
    assertThat(commit(Transaction.begin().held(stronger).build())).isInstanceOf(Rejected.class);
    assertThat(commit(Transaction.begin().held(demoted.resultNow()).build()))
        .isInstanceOf(Committed.class);
  }

  @Test
  void commitIn_anotherEpoch_isAborted() {
    Transaction transaction = Transaction.begin().put("x", CellPeer.bytes("1")).build();
    CompletableFuture<Outcome> now = a.cells.commitIn(3, transaction, CellPeer.DEADLINE);
    CompletableFuture<Outcome> then = a.cells.commitIn(2, transaction, CellPeer.DEADLINE);
    stage.settle();
    assertThat(now.resultNow()).isInstanceOf(Committed.class);
    assertThat(then.resultNow()).isInstanceOf(Aborted.class);
  }

  @Test
  void commit_manyLargeValues_areRefusedTogether() {
    Transaction.Builder large = Transaction.begin();
    for (int i = 0; i < 9; i++) {
      large.put("k" + i, new byte[2 << 20]);
    }
    assertThat(commit(large.build()).text())
        .startsWith("aborted: why=REFUSED bytes=18874")
        .endsWith(" max=16777216");
  }

  @Test
  void commitOnce_againAfterItsOwnSuccess_isNoConflict() {
    RequestId id = new RequestId(1, 1);
    Transaction create = Transaction.begin().absent("k").put("k", CellPeer.bytes("v")).build();
    CompletableFuture<Outcome> first = a.cells.commitOnce(id, create, CellPeer.DEADLINE);
    stage.settle();
    CompletableFuture<Outcome> again = b.cells.commitOnce(id, create, CellPeer.DEADLINE);
    CompletableFuture<Outcome> other =
        b.cells.commitOnce(new RequestId(1, 2), create, CellPeer.DEADLINE);
    stage.settle();
    assertThat(first.resultNow()).isInstanceOf(Committed.class);
    assertThat(again.resultNow().text()).isEqualTo(first.resultNow().text());
    assertThat(other.resultNow()).isInstanceOf(Outcome.Rejected.class);
  }

  @Test
  void commit_moreThanAnEntryHolds_goesInChunksAndTakesEffectAtOnce() {
    Transaction.Builder large = Transaction.begin();
    for (int i = 0; i < 7; i++) {
      large.put("k" + i, new byte[2 << 20]);
    }
    Outcome outcome = commit(large.build());
    assertThat(outcome).isInstanceOf(Committed.class);
    stage.settle();
    long position = ((Committed) outcome).position();
    for (CellPeer peer : peers) {
      Versioned last = Objects.requireNonNull(peer.reading("k6").resultNow());
      assertThat(last.version()).isEqualTo(position);
      assertThat(last.value()).hasSize(2 << 20);
    }
  }

  @Test
  void read_meetsAMark_waitsForThatTransaction() {
    marked("k", "v");
    CompletableFuture<@Nullable Versioned> read = b.reading("k");
    assertThat(read).isNotDone();
    assertThat(b.read("other")).isNull();
    stage.commitAll();
    a.actor.applyAll();
    stage.loseAll(CellsTest::twoPhase);
    assertThat(read).as("b knows nothing yet").isNotDone();
    b.actor.applyAll();
    assertThat(CellPeer.text(read.resultNow())).isEqualTo("v");
  }

  @Test
  void read_meetsAMark_isAnsweredByAHint() {
    marked("k", "v");
    CompletableFuture<@Nullable Versioned> read = b.reading("k");
    stage.commitAll();
    a.actor.applyAll();
    stage.deliverAll(CellsTest::twoPhase);
    assertThat(CellPeer.text(read.resultNow())).isEqualTo("v");
    assertThat(b.actor.behind()).isTrue();
    assertThat(b.read("k")).isEqualTo("v");
  }

  @Test
  void read_transactionIsAborted_answersWhatWasThere() {
    commit(Transaction.begin().put("k", CellPeer.bytes("old")).build());
    a.cells.commit(
        Transaction.begin().put("k", CellPeer.bytes("new")).build(), Duration.ofMillis(500));
    Letter toC =
        stage.letters(l -> twoPhase(l) && l.to().equals(c.actor.member().address())).getFirst();
    stage.deliverAll(letter -> twoPhase(letter) && letter != toC);
    CompletableFuture<@Nullable Versioned> read = b.reading("k");
    assertThat(read).isNotDone();
    stage.lose(toC);
    c.actor.pause();
    stage.play(Duration.ofMillis(900));
    assertThat(CellPeer.text(read.resultNow())).isEqualTo("old");
  }

  @Test
  void read_marksThatComeLater_areNotWaitedFor() {
    marked("k", "1");
    CompletableFuture<@Nullable Versioned> read = b.reading("k");
    CompletableFuture<Outcome> next = c.put("k", "2");
    stage.deliverAll(CellsTest::twoPhase);
    stage.commit(stage.proposals().getFirst());
    b.actor.applyAll();
    assertThat(CellPeer.text(read.resultNow())).isEqualTo("1");
    assertThat(b.reading("k")).as("but a later read waits").isNotDone();
    stage.settle();
    assertThat(next.resultNow()).isInstanceOf(Committed.class);
  }

  @Test
  void read_markStaysTooLong_isUndecided() {
    marked("k", "v");
    CompletableFuture<@Nullable Versioned> read =
        b.cells.readOn(Runnable::run, "k", Duration.ofMillis(100));
    stage.pass(Duration.ofMillis(101));
    assertThat(read.exceptionNow())
        .isInstanceOf(GvmException.Undecided.class)
        .hasMessage("a transaction is under way for too long: reading: key=k");
    assertThatThrownBy(() -> b.cells.read("k", Duration.ofMillis(1)))
        .isInstanceOf(GvmException.Undecided.class)
        .hasMessage("a transaction is under way for too long: reading: key=k waited=PT0.001S");
    assertThat(b.cells.readRelaxed("k")).as("does not wait").isNull();
    stage.settle();
    assertThat(b.read("k")).isEqualTo("v");
  }

  @Test
  void read_leaseIsOver_isRefused() {
    commit(Transaction.begin().put("k", CellPeer.bytes("v")).build());
    c.actor.pause();
    stage.pass(Duration.ofMillis(3_100));
    assertThatThrownBy(() -> c.cells.read("k", CellPeer.DEADLINE))
        .isInstanceOf(GvmException.NotInView.class)
        .hasMessage("this node is not in the view: reading: key=k");
    assertThat(CellPeer.text(c.cells.readRelaxed("k"))).isEqualTo("v");
  }

  @Test
  void read_sessionLostAndWonBetweenItsSteps_isRefused() {
    commit(Transaction.begin().put("k", CellPeer.bytes("old")).build());
    ArrayDeque<Runnable> steps = new ArrayDeque<>();
    CompletableFuture<@Nullable Versioned> read =
        c.cells.readOn(steps::add, "k", Duration.ofSeconds(60));
    steps.remove().run();
    steps.remove().run();
    c.actor.pause();
    stage.play(Duration.ofSeconds(5));
    assertThat(a.sessions.view().members()).hasSize(2);
    commit(Transaction.begin().put("k", CellPeer.bytes("new")).build());
    c.actor.resume();
    stage.play(Duration.ofSeconds(2));
    assertThat(c.read("k")).isEqualTo("new");
    while (!steps.isEmpty()) {
      steps.remove().run();
    }
    assertThat(read.exceptionNow()).isInstanceOf(GvmException.NotInView.class);
  }

  @Test
  void hint_lateAfterARemoval_raisesNothingFromTheDead() {
    a.put("k", "v");
    stage.deliverAll(_ -> true);
    stage.commitAll();
    a.actor.applyAll();
    List<Letter> hints = stage.letters(CellsTest::twoPhase);
    assertThat(hints).isNotEmpty();
    stage.settle();
    commit(Transaction.begin().remove("k").build());
    hints.forEach(stage::deliverCopy);
    assertThat(peers).allSatisfy(peer -> assertThat(peer.read("k")).isNull());
    assertThat(b.cells.count()).isZero();
  }

  @Test
  void hint_ahead_decidesNoCondition() {
    commit(Transaction.begin().put("k", CellPeer.bytes("1")).build());
    CompletableFuture<Outcome> conditional =
        b.cells.commit(
            Transaction.begin().version("k", versionOf("k")).put("k", CellPeer.bytes("2")).build(),
            CellPeer.DEADLINE);
    stage.deliverAll(_ -> true);
    a.put("k", "3");
    stage.deliverAll(_ -> true);
    stage.commitAll();
    a.actor.applyAll();
    stage.deliverAll(CellsTest::twoPhase);
    assertThat(CellPeer.text(c.cells.readRelaxed("k"))).isEqualTo("3");
    c.actor.applyAll();
    stage.settle();
    assertThat(conditional.resultNow()).isInstanceOf(Committed.class);
    assertThat(peers).extracting(peer -> peer.read("k")).containsOnly("3");
  }

  private long versionOf(String key) {
    Versioned found = a.reading(key).resultNow();
    return found == null ? 0 : found.version();
  }

  @Test
  void snapshot_isOfOneMomentAlsoIfHalfWasShownAhead() {
    commit(Transaction.begin().put("x", CellPeer.bytes("1")).put("y", CellPeer.bytes("1")).build());
    a.cells.commit(
        Transaction.begin().put("x", CellPeer.bytes("2")).put("y", CellPeer.bytes("2")).build(),
        CellPeer.DEADLINE);
    stage.deliverAll(_ -> true);
    CompletableFuture<List<@Nullable Versioned>> early =
        b.cells.snapshot(List.of("y", "x", "z"), CellPeer.DEADLINE);
    assertThat(early).isNotDone();
    stage.commitAll();
    a.actor.applyAll();
    stage.deliverAll(CellsTest::twoPhase);
    CompletableFuture<List<@Nullable Versioned>> late =
        b.cells.snapshot(List.of("x", "y"), CellPeer.DEADLINE);
    assertThat(early).as("shown, not yet applied").isNotDone();
    assertThat(late).isNotDone();
    b.actor.applyAll();
    assertThat(early.resultNow()).extracting(CellPeer::text).containsExactly("2", "2", null);
    assertThat(late.resultNow()).extracting(CellPeer::text).containsExactly("2", "2");
  }

  @Test
  void snapshot_markStaysOrLeaseIsOver_isRefused() {
    marked("k", "v");
    var undecided = b.cells.snapshot(List.of("k"), Duration.ofMillis(100));
    stage.pass(Duration.ofMillis(101));
    assertThat(undecided.exceptionNow())
        .isInstanceOf(GvmException.Undecided.class)
        .hasMessage("a transaction is under way for too long: reading: keys=[k]");
    stage.settle();
    stage.pass(Duration.ofSeconds(4));
    var refused = b.cells.snapshot(List.of("k"), Duration.ofMillis(100));
    assertThat(refused.exceptionNow())
        .isInstanceOf(GvmException.NotInView.class)
        .hasMessage("this node is not in the view: reading: keys=[k]");
  }

  @Test
  void snapshotInstalled_replacesWhatIsThereAndKeepsMarks() {
    commit(
        Transaction.begin()
            .put("gone", CellPeer.bytes("1"))
            .put("kept", CellPeer.bytes("1"))
            .build());
    marked("open", "1");
    var entry = stage.proposals().getFirst();
    stage.lose(entry);
    CompletableFuture<Outcome> other =
        b.cells.commit(
            Transaction.begin().remove("gone").put("kept", CellPeer.bytes("2")).build(),
            CellPeer.DEADLINE);
    stage.deliverAll(_ -> true);
    stage.commitAll();
    b.actor.applyAll();
    c.actor.install(b.actor);
    assertThat(c.read("gone")).isNull();
    assertThat(c.read("kept")).isEqualTo("2");
    assertThat(c.reading("open")).as("its transaction is still open").isNotDone();
    stage.commit(entry);
    stage.settle();
    assertThat(c.read("open")).isEqualTo("1");
    assertThat(other.resultNow()).isInstanceOf(Committed.class);
  }
}
