package io.quire.twopc;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Transport;
import io.quire.sim.Letter;
import io.quire.sim.Proposal;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome.Aborted;
import io.quire.twopc.Outcome.Committed;
import io.quire.twopc.Outcome.Indeterminate;
import io.quire.twopc.Outcome.Why;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the log decides: once, whatever the coordinator was told of its appends. */
@Timeout(30)
class DecisionTest {
  private final Stage stage = new Stage();
  private final List<Peer> peers = Peer.inView(stage, "a", "b", "c");
  private final Peer a = peers.get(0);
  private final Peer b = peers.get(1);
  private final Peer c = peers.get(2);

  /** Brings what was submitted to where the entry waits to be put into the log. */
  private Proposal appending() {
    stage.deliverAll(_ -> true);
    assertThat(stage.proposals()).hasSize(1);
    return stage.proposals().getFirst();
  }

  @Test
  void append_inDoubtButThere_isCommitted() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    Proposal txn = appending();
    stage.leaveInDoubt(txn);
    assertThat(outcome).isNotDone();
    stage.commit(txn);
    stage.settle();
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(b.recorder.committed).containsExactly("t");
  }

  @Test
  void append_inDoubtAndResolvedFirst_isVoidWhenItComesAndTriedAnew() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    Proposal txn = appending();
    stage.leaveInDoubt(txn);
    Proposal resolve = stage.proposals().getLast();
    assertThat(resolve).matches(Peer::isResolve);
    stage.commit(resolve);
    stage.commit(txn);
    a.actor.applyAll();
    assertThat(a.recorder.committed).isEmpty();
    assertThat(outcome).isNotDone();
    stage.play(Duration.ofMillis(50));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(peers).allSatisfy(peer -> assertThat(peer.recorder.committed).containsExactly("t"));
  }

  @Test
  void append_inDoubtUntilTheDeadline_isIndeterminateAndKnownLater() {
    CompletableFuture<Outcome> outcome = a.submit("t", 0, Duration.ofSeconds(1));
    Proposal txn = appending();
    stage.pass(Duration.ofMillis(1_400));
    assertThat(outcome.resultNow()).isEqualTo(new Indeterminate(new TxnId(a.incarnation(), 1)));
    assertThat(peers).allSatisfy(peer -> assertThat(peer.holds("t")).isTrue());
    stage.commit(txn);
    stage.settle();
    assertThat(a.recorder.committed).containsExactly("t");
    stage.on(
        a.actor,
        () ->
            assertThat(a.twoPhase.outcome(new TxnId(a.incarnation(), 1)))
                .isInstanceOf(Committed.class));
  }

  @Test
  void append_neverArrives_isSettledByAResolve() {
    CompletableFuture<Outcome> outcome = a.submit("t", 0, Duration.ofSeconds(1));
    Proposal txn = appending();
    stage.lose(txn);
    stage.play(Duration.ofSeconds(3));
    assertThat(outcome.resultNow()).isNotInstanceOf(Committed.class);
    assertThat(peers).allSatisfy(peer -> assertThat(peer.recorder.held).isEmpty());
    stage.commit(txn);
    stage.settle();
    assertThat(b.recorder.committed).as("it comes after all").isEmpty();
  }

  @Test
  void append_refusedByTheLog_isAppendedAgainUnderTheSameMarks() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    Proposal txn = appending();
    stage.refuse(txn);
    assertThat(outcome).isNotDone();
    stage.pass(Duration.ofMillis(30));
    Proposal again = stage.proposals().getFirst();
    assertThat(again.entry().payload()).isEqualTo(txn.entry().payload());
    stage.settle();
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(b.recorder.told).filteredOn(each -> each.equals("prepare t")).hasSize(1);
  }

  @Test
  void append_refusedUntilTheDeadline_didNotHappen() {
    CompletableFuture<Outcome> outcome = a.submit("t", 0, Duration.ofMillis(200));
    stage.deliverAll(_ -> true);
    while (!outcome.isDone()) {
      stage.proposals().forEach(stage::refuse);
      stage.pass(Duration.ofMillis(20));
    }
    assertThat(outcome.resultNow())
        .isEqualTo(new Aborted(Why.DEADLINE, null, "no leader took the entry"));
    stage.settle();
    assertThat(peers).allSatisfy(peer -> assertThat(peer.recorder.held).isEmpty());
  }

  @Test
  void entry_standsTwice_takesEffectOnce() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    Proposal txn = appending();
    long first = stage.commit(txn);
    CompletableFuture<Outcome> next = a.submit("u");
    stage.deliverAll(_ -> true);
    stage.commitAll();
    stage.commit(txn);
    stage.settle();
    assertThat(outcome.resultNow())
        .isInstanceOfSatisfying(
            Committed.class, told -> assertThat(told.position()).isEqualTo(first));
    assertThat(next.resultNow()).isInstanceOf(Committed.class);
    assertThat(peers)
        .allSatisfy(peer -> assertThat(peer.recorder.committed).containsExactly("t", "u"));
  }

  @Test
  void resolve_afterTheDecision_changesNothing() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.commit(appending());
    a.propose(new TxnEntry.Resolve(new TxnId(a.incarnation(), 1)).entry());
    stage.settle();
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(b.recorder.committed).containsExactly("t");
  }

  @Test
  void resolve_whileItIsPrepared_makesANewAttempt() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    Letter late = c.coming(Message.Prepare.class).getFirst();
    stage.deliverAll(letter -> letter != late);
    b.propose(new TxnEntry.Resolve(new TxnId(a.incarnation(), 1)).entry());
    a.actor.applyAll();
    b.actor.applyAll();
    assertThat(b.recorder.held).isEmpty();
    stage.deliver(late);
    stage.play(Duration.ofMillis(400));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(peers).allSatisfy(peer -> assertThat(peer.recorder.committed).containsExactly("t"));
  }

  @Test
  void resolve_stoodBeforeTheEntryThatItsCoordinatorHadSubmitted_makesANewAttempt() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    Letter late = c.coming(Message.Prepare.class).getFirst();
    stage.deliverAll(letter -> letter != late);
    b.propose(new TxnEntry.Resolve(new TxnId(a.incarnation(), 1)).entry());
    stage.deliver(late);
    stage.deliverAll(_ -> true);
    stage.commitAll();
    stage.play(Duration.ofMillis(400));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(c.recorder.committed).containsExactly("t");
  }

  @Test
  void prepare_afterTheDecision_marksNothing() {
    a.submit("t");
    Letter prepare = b.coming(Message.Prepare.class).getFirst();
    stage.settle();
    stage.deliverCopy(prepare);
    assertThat(b.recorder.held).isEmpty();
    assertThat(b.twoPhase.undecided()).isZero();
  }

  @Test
  void prepare_afterTheAbort_isResolvedByTheMemberItself() {
    c.recorder.refusal = "no";
    CompletableFuture<Outcome> outcome = a.submit("t");
    Letter late = b.coming(Message.Prepare.class).getFirst();
    stage.lose(late);
    stage.settle();
    assertThat(outcome.resultNow()).isInstanceOf(Aborted.class);
    stage.deliver(late);
    assertThat(b.holds("t")).isTrue();
    stage.play(Duration.ofSeconds(2));
    assertThat(b.recorder.held).isEmpty();
    assertThat(b.recorder.committed).isEmpty();
  }

  @Test
  void prepare_belowTheWatermark_isRefused() {
    a.submit("t");
    stage.settle();
    a.submit("u");
    Message.Prepare next =
        (Message.Prepare) Message.read(b.coming(Message.Prepare.class).getFirst().message());
    assertThat(next.low()).isEqualTo(2);
    stage.loseAll(_ -> true);
    send(
        b,
        new Message.Prepare(
            next.epoch(),
            next.coordinator(),
            next.replyTo(),
            next.target(),
            9,
            List.of(new Message.Item(8, Recorder.NUMBER, new byte[] {'w'}))));
    assertThat(b.recorder.held).isEmpty();
    assertThat(vote().no()).containsExactly(new Message.No(8, true, "decided before"));
  }

  @Test
  void prepare_twice_marksOnceAndVotesTwice() {
    a.submit("t");
    Letter prepare = b.coming(Message.Prepare.class).getFirst();
    stage.deliverCopy(prepare);
    stage.deliverCopy(prepare);
    assertThat(b.recorder.told).containsExactly("prepare t");
    assertThat(a.coming(Message.Vote.class)).hasSize(2);
  }

  @Test
  void abort_lost_isMadeUpForByAResolve() {
    c.recorder.refusal = "no";
    a.submit("t");
    stage.deliverAll(letter -> !Peer.is(letter, Message.Abort.class));
    stage.loseAll(letter -> Peer.is(letter, Message.Abort.class));
    assertThat(b.holds("t")).isTrue();
    stage.play(Duration.ofSeconds(2));
    assertThat(b.recorder.held).isEmpty();
  }

  @Test
  void abort_lost_isKnownFromTheNextEntryOfItsCoordinator() {
    c.recorder.refusal = "no";
    a.submit("t");
    stage.deliverAll(letter -> !Peer.is(letter, Message.Abort.class));
    stage.loseAll(letter -> Peer.is(letter, Message.Abort.class));
    c.recorder.refusal = null;
    a.submit("u");
    stage.settle();
    assertThat(b.recorder.committed).containsExactly("u");
    assertThat(b.recorder.held).as("no time has passed").isEmpty();
  }

  private Message.Vote vote() {
    return (Message.Vote) Message.read(a.coming(Message.Vote.class).getLast().message());
  }

  private void send(Peer to, Message message) {
    a.actor
        .transport()
        .send(to.actor.member().address(), Transport.Channel.TWOPC, message.toBytes());
    stage.deliver(stage.letters().getLast());
  }
}
