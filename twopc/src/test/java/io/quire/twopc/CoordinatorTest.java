package io.quire.twopc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.sim.Letter;
import io.quire.sim.Proposal;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome.Aborted;
import io.quire.twopc.Outcome.Committed;
import io.quire.twopc.Outcome.Rejected;
import io.quire.twopc.Outcome.Why;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests and their outcomes while the view stands still. */
@Timeout(30)
class CoordinatorTest {
  private final Stage stage = new Stage();
  private final List<Peer> peers = Peer.inView(stage, "a", "b", "c");
  private final Peer a = peers.get(0);
  private final Peer b = peers.get(1);
  private final Peer c = peers.get(2);

  @Test
  void submit_oneMemberHasNotVoted_nothingIsAppended() {
    a.submit("t");
    Letter last = c.coming(Message.Prepare.class).getFirst();
    stage.deliverAll(letter -> letter != last);
    assertThat(stage.proposals()).isEmpty();
    assertThat(a.holds("t")).isTrue();
    assertThat(b.holds("t")).isTrue();
    stage.deliver(last);
    assertThat(c.holds("t")).isTrue();
    assertThat(stage.proposals()).as("its vote is still under way").isEmpty();
    stage.deliverAll(_ -> true);
    assertThat(stage.proposals()).hasSize(1).allMatch(Peer::isTxn);
  }

  @Test
  void submit_inTheLogButNowhereApplied_nobodyIsToldYet() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.deliverAll(_ -> true);
    Proposal proposal = stage.proposals().getFirst();
    long position = stage.commit(proposal);
    assertThat(outcome).isNotDone();
    b.actor.applyAll();
    assertThat(outcome).isNotDone();
    stage.answer(proposal);
    assertThat(outcome.resultNow())
        .isInstanceOfSatisfying(
            Committed.class, told -> assertThat(told.position()).isEqualTo(position));
    assertThat(a.holds("t")).as("mark at a node that has not applied it").isTrue();
    assertThat(c.holds("t")).isTrue();
    stage.settle();
    assertThat(peers)
        .allSatisfy(
            peer -> {
              assertThat(peer.recorder.committed).containsExactly("t");
              assertThat(peer.recorder.held).isEmpty();
            });
  }

  @Test
  void submit_ownLogShowsItFirst_isToldWithoutAnAnswer() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.deliverAll(_ -> true);
    Proposal proposal = stage.proposals().getFirst();
    stage.commit(proposal);
    a.actor.applyAll();
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(proposal.answered()).isFalse();
  }

  @Test
  void submit_participantFindsItMustNot_isRejectedWithItsWords() {
    CompletableFuture<Outcome> outcome = a.submit("xyz");
    stage.settle();
    assertThat(outcome.resultNow())
        .isInstanceOfSatisfying(
            Rejected.class, told -> assertThat(told.result()).asString().isEqualTo("yz"));
    assertThat(b.recorder.committed).containsExactly("rejected xyz");
  }

  @Test
  void submit_oneMemberRefuses_isAbortedByNameAndHeldNowhere() {
    c.recorder.refusal = "no room";
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.settle();
    assertThat(outcome.resultNow().text()).isEqualTo("aborted: why=REFUSED node=c no room");
    assertThat(peers).allSatisfy(peer -> assertThat(peer.recorder.held).isEmpty());
    assertThat(stage.proposals()).isEmpty();
  }

  @Test
  void submit_memberIsSilent_isAbortedAtTheDeadlineAndLateVotesChangeNothing() {
    CompletableFuture<Outcome> outcome = a.submit("t", 0, Duration.ofMillis(500));
    List<Letter> silent = c.coming(Message.Prepare.class);
    stage.deliverAll(letter -> !silent.contains(letter));
    stage.pass(Duration.ofMillis(900));
    assertThat(outcome.resultNow().text())
        .isEqualTo("aborted: why=DEADLINE node=c not all members voted");
    List<Proposal> appended = new ArrayList<>(stage.proposals());
    stage.deliverAll(_ -> true);
    assertThat(stage.proposals()).isEqualTo(appended).noneMatch(Peer::isTxn);
    stage.play(Duration.ofSeconds(3));
    assertThat(peers)
        .allSatisfy(
            peer -> {
              assertThat(peer.recorder.held).isEmpty();
              assertThat(peer.recorder.committed).isEmpty();
            });
  }

  @Test
  void submit_prepareIsLost_isAskedAgain() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.loseAll(letter -> Peer.is(letter, Message.Prepare.class));
    stage.play(Duration.ofMillis(400));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
  }

  @Test
  void submit_votesComeTwiceAndOutOfOrder_isAppendedOnce() {
    a.submit("t");
    stage.deliverAll(letter -> Peer.is(letter, Message.Prepare.class));
    List<Letter> votes = a.coming(Message.Vote.class).reversed();
    assertThat(votes).hasSize(3);
    votes.forEach(stage::deliver);
    votes.forEach(stage::deliverCopy);
    assertThat(stage.proposals()).hasSize(1);
  }

  @Test
  void submit_sameVoteThreeTimes_isNotThreeVotes() {
    a.submit("t");
    stage.deliver(b.coming(Message.Prepare.class).getFirst());
    Letter vote = a.coming(Message.Vote.class).getFirst();
    stage.deliverCopy(vote);
    stage.deliverCopy(vote);
    stage.deliverCopy(vote);
    assertThat(stage.proposals()).isEmpty();
  }

  @Test
  void submit_manyWhileOneIsPreparing_gatherIntoOneRound() {
    List<CompletableFuture<Outcome>> outcomes = new ArrayList<>();
    outcomes.add(a.submit("t0"));
    for (int i = 1; i <= 20; i++) {
      outcomes.add(a.submit("t" + i));
    }
    assertThat(b.coming(Message.Prepare.class)).hasSize(1);
    stage.deliverAll(_ -> true);
    assertThat(stage.proposals()).hasSize(21);
    stage.settle();
    assertThat(outcomes).allMatch(each -> each.resultNow() instanceof Committed);
    assertThat(b.recorder.committed).hasSize(21).isEqualTo(a.recorder.committed);
    assertThat(b.recorder.told.stream().filter(each -> each.startsWith("prepare")).count())
        .isEqualTo(21);
  }

  @Test
  void submit_oneOfARoundIsRefused_theOthersGoOn() {
    CompletableFuture<Outcome> first = a.submit("t1");
    CompletableFuture<Outcome> none = a.twoPhase.submit(99, new byte[] {1}, Peer.DEADLINE);
    CompletableFuture<Outcome> last = a.submit("t2");
    stage.settle();
    assertThat(none.resultNow().text())
        .contains("why=REFUSED")
        .contains("no such participant: number=99");
    assertThat(first.resultNow()).isInstanceOf(Committed.class);
    assertThat(last.resultNow()).isInstanceOf(Committed.class);
  }

  @Test
  void submit_payloadTooLarge_isRefusedBeforeAnythingIsSent() {
    CompletableFuture<Outcome> outcome =
        a.twoPhase.submit(Recorder.NUMBER, new byte[TwoPhase.PAYLOAD_BYTES_MAX + 1], Peer.DEADLINE);
    assertThat(outcome.resultNow().text())
        .isEqualTo("aborted: why=REFUSED bytes=16777217 max=16777216");
    assertThat(stage.letters()).isEmpty();
  }

  @Test
  void submit_queueIsFull_isRefusedAsOverload() {
    a.submit("first");
    stage.on(
        a.actor,
        () -> {
          for (int i = 0; i < 100_000; i++) {
            a.twoPhase.submit(Recorder.NUMBER, new byte[] {1}, Peer.DEADLINE);
          }
        });
    assertThat(a.submit("last").resultNow().text())
        .isEqualTo("aborted: why=OVERLOADED queued=100000 max=100000");
  }

  @Test
  void submit_outsideTheView_isAbortedInTime() {
    Peer d = new Peer(stage, "d");
    stage.on(d.actor, d.twoPhase::open);
    d.actor.applyAll();
    CompletableFuture<Outcome> outcome = d.submit("t", 0, Duration.ofSeconds(1));
    stage.pass(Duration.ofMillis(1_400));
    assertThat(outcome.resultNow())
        .isEqualTo(new Aborted(Why.NOT_IN_VIEW, null, "not begun in time"));
  }

  @Test
  void submit_inAnotherEpoch_isAborted() {
    long epoch = a.view().epoch();
    CompletableFuture<Outcome> same = a.submit("t1", epoch, Peer.DEADLINE);
    CompletableFuture<Outcome> other = a.submit("t2", epoch + 1, Peer.DEADLINE);
    stage.settle();
    assertThat(same.resultNow()).isInstanceOf(Committed.class);
    assertThat(other.resultNow().text()).isEqualTo("aborted: why=NOT_IN_VIEW epoch=3 wanted=4");
    assertThat(b.recorder.committed).containsExactly("t1");
  }

  @Test
  void hint_aheadOfTheLog_isShownOnlyWhereItIsAhead() {
    a.submit("t");
    stage.deliverAll(_ -> true);
    stage.commitAll();
    a.actor.applyAll();
    c.actor.applyAll();
    List<Letter> hints = stage.letters(letter -> Peer.is(letter, Message.Hint.class));
    assertThat(hints).hasSize(3);
    hints.forEach(stage::deliverCopy);
    assertThat(a.recorder.shown).isEmpty();
    assertThat(c.recorder.shown).isEmpty();
    assertThat(b.recorder.shown).containsExactly("t");
    b.actor.applyAll();
    hints.forEach(stage::deliverCopy);
    assertThat(b.recorder.shown).as("late hints").containsExactly("t");
  }

  @Test
  void outcome_knowsWhatWasSettledOfOnesOwn() {
    a.submit("t");
    stage.settle();
    TxnId first = new TxnId(a.incarnation(), 1);
    List<Object> known = new ArrayList<>();
    stage.on(
        a.actor,
        () -> {
          known.add(a.twoPhase.outcome(first) instanceof Committed);
          known.add(a.twoPhase.outcome(new TxnId(a.incarnation(), 2)) == null);
          known.add(a.twoPhase.outcome(new TxnId(b.incarnation(), 1)) == null);
        });
    assertThat(known).containsExactly(true, true, true);
  }

  @Test
  void register_numberTaken_throws() {
    assertThatThrownBy(() -> a.twoPhase.register(new Recorder()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("participant exists: number=5");
  }
}
