package io.quire.twopc;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.sim.Letter;
import io.quire.sim.Proposal;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome.Committed;
import io.quire.twopc.Outcome.Indeterminate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Members that come, go and come again while transactions are under way. */
@Timeout(30)
class ViewChangeTest {
  private final Stage stage = new Stage();
  private final List<Peer> peers = Peer.inView(stage, "a", "b", "c");
  private final Peer a = peers.get(0);
  private final Peer b = peers.get(1);
  private final Peer c = peers.get(2);

  @Test
  void coordinatorDies_beforeTheAppend_marksGoWithItsSession() {
    a.submit("t");
    stage.deliverAll(letter -> Peer.is(letter, Message.Prepare.class));
    a.actor.exit();
    stage.deliverAll(_ -> true);
    assertThat(b.holds("t")).isTrue();
    stage.lead(b.actor);
    expireByHand(a);
    b.actor.applyAll();
    assertThat(b.recorder.held).isEmpty();
    assertThat(b.recorder.committed).isEmpty();
    assertThat(c.holds("t")).as("c has not applied the view").isTrue();
    c.actor.applyAll();
    assertThat(c.recorder.held).isEmpty();
  }

  @Test
  void coordinatorDies_afterTheAppend_itIsCommittedAllTheSame() {
    a.submit("t");
    stage.deliverAll(_ -> true);
    Proposal txn = stage.proposals().getFirst();
    a.actor.exit();
    stage.lead(b.actor);
    stage.commit(txn);
    expireByHand(a);
    stage.settle();
    assertThat(b.recorder.committed).containsExactly("t");
    assertThat(c.recorder.committed).containsExactly("t");
    assertThat(b.recorder.held).isEmpty();
  }

  @Test
  void coordinatorDies_itsEntryComesAfterItsExpiry_isVoid() {
    a.submit("t");
    stage.deliverAll(_ -> true);
    Proposal txn = stage.proposals().getFirst();
    a.actor.exit();
    stage.lead(b.actor);
    stage.lose(txn);
    expireByHand(a);
    stage.commit(txn);
    stage.settle();
    assertThat(b.recorder.committed).isEmpty();
    assertThat(b.recorder.held).isEmpty();
  }

  @Test
  void memberLeaves_whileItIsAsked_itIsTriedInTheNewView() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.deliverAll(
        letter -> letter.from() != c.actor && !c.coming(Message.Prepare.class).contains(letter));
    assertThat(stage.proposals()).isEmpty();
    c.actor.exit();
    expireByHand(c);
    stage.play(Duration.ofMillis(100));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(b.recorder.committed).containsExactly("t");
  }

  @Test
  void memberLeaves_beforeTheEntry_theEntryIsVoidAndANewAttemptDecidesOnce() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.deliverAll(_ -> true);
    Proposal txn = stage.proposals().getFirst();
    stage.lose(txn);
    expireByHand(c);
    stage.commit(txn);
    stage.play(Duration.ofMillis(100));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(b.recorder.committed).containsExactly("t");
  }

  @Test
  void memberLeaves_afterTheEntry_theEntryStands() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.deliverAll(_ -> true);
    long position = stage.commit(stage.proposals().getFirst());
    expireByHand(c);
    stage.settle();
    assertThat(outcome.resultNow())
        .isInstanceOfSatisfying(
            Committed.class, told -> assertThat(told.position()).isEqualTo(position));
  }

  @Test
  void memberJoins_beforeTheEntry_theEntryIsVoidAndTheNewcomerIsAsked() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.deliverAll(_ -> true);
    Proposal txn = stage.proposals().getFirst();
    stage.lose(txn);
    Peer d = new Peer(stage, "d");
    stage.on(d.actor, d.session::open);
    stage.commitAll();
    stage.commit(txn);
    stage.play(Duration.ofMillis(100));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(d.recorder.told).contains("prepare t").endsWith("commit t");
    assertThat(peers).allSatisfy(peer -> assertThat(peer.recorder.committed).containsExactly("t"));
  }

  @Test
  void memberRejoins_withinTheAttempt_oldVotesAndTheOldEntryDoNotCount() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.deliverAll(_ -> true);
    Proposal txn = stage.proposals().getFirst();
    stage.lose(txn);
    long before = tokenOf(b);
    b.expire();
    b.actor.applyAll();
    assertThat(b.recorder.held).as("its promises ended with its session").isEmpty();
    stage.commitAll();
    stage.commit(txn);
    b.actor.applyAll();
    assertThat(tokenOf(b)).isNotEqualTo(before);
    assertThat(b.recorder.committed).as("made without b's new session").isEmpty();
    stage.play(Duration.ofMillis(100));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(peers).allSatisfy(peer -> assertThat(peer.recorder.committed).containsExactly("t"));
  }

  @Test
  void prepare_ofAnOlderEpoch_isRefused() {
    a.submit("t");
    Letter old = b.coming(Message.Prepare.class).getFirst();
    expireByHand(c);
    b.actor.applyAll();
    stage.deliver(old);
    assertThat(b.recorder.held).isEmpty();
    assertThat(voteOf(b).no())
        .containsExactly(new Message.No(1, true, "old epoch: found=3 wanted=4"));
  }

  @Test
  void prepare_ofANewerEpoch_isMarkedAndKeptWhenThatViewComes() {
    expireByHand(c);
    a.actor.applyAll();
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.deliverAll(letter -> Peer.is(letter, Message.Prepare.class));
    assertThat(b.holds("t")).isTrue();
    b.actor.applyAll();
    assertThat(b.holds("t")).isTrue();
    stage.settle();
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
  }

  @Test
  void prepare_meantForTheIncarnationBefore_isRefused() {
    a.submit("t");
    Letter old = b.coming(Message.Prepare.class).getFirst();
    Peer again = new Peer(stage, "b");
    stage.deliver(old);
    assertThat(again.recorder.held).isEmpty();
    assertThat(voteOf(again).no())
        .containsExactly(new Message.No(1, true, "meant for another incarnation"));
  }

  @Test
  void entry_ofANodeThatHasNotBeenAsked_isCommittedThereToo() {
    a.submit("t");
    stage.settle();
    Peer d = new Peer(stage, "d");
    d.actor.applyAll();
    assertThat(d.recorder.told).containsExactly("commit t");
  }

  @Test
  void installed_overOnesOwnEntryAndAViewChange_isIndeterminateNeverAborted() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.deliverAll(_ -> true);
    stage.commit(stage.proposals().getFirst());
    expireByHand(c);
    b.actor.applyAll();
    List<String> heldAtRestore = new ArrayList<>();
    a.recorder.whenRestored = () -> heldAtRestore.addAll(a.recorder.held);
    a.actor.install(b.actor);
    assertThat(outcome.resultNow()).isEqualTo(new Indeterminate(new TxnId(a.incarnation(), 1)));
    assertThat(heldAtRestore).as("marks until the cells are replaced").hasSize(1);
    assertThat(a.recorder.told).endsWith("restore", "abort t");
    assertThat(a.recorder.committed).containsExactly("t");
    stage.play(Duration.ofSeconds(2));
    assertThat(b.recorder.committed).as("it is not tried again").containsExactly("t");
  }

  @Test
  void installed_overSomebodysEntry_letsGoOfTheDecidedAndKeepsTheUndecided() {
    b.submit("t");
    stage.deliverAll(_ -> true);
    stage.commitAll();
    CompletableFuture<Outcome> open = b.submit("u");
    stage.deliverAll(letter -> Peer.is(letter, Message.Prepare.class));
    b.actor.applyAll();
    assertThat(c.holds("t")).isTrue();
    c.actor.install(b.actor);
    assertThat(c.holds("t")).isFalse();
    assertThat(c.holds("u")).isTrue();
    stage.settle();
    assertThat(open.resultNow()).isInstanceOf(Committed.class);
    assertThat(c.recorder.committed).containsExactly("t", "u");
  }

  @Test
  void installed_withoutAViewChange_ownUndecidedEntryIsIndeterminateAndMayStillCome() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    stage.deliverAll(_ -> true);
    Proposal txn = stage.proposals().getFirst();
    stage.lose(txn);
    CompletableFuture<Outcome> other = b.submit("u");
    stage.deliverAll(_ -> true);
    stage.commitAll();
    b.actor.applyAll();
    a.actor.install(b.actor);
    assertThat(outcome.resultNow()).isInstanceOf(Indeterminate.class);
    assertThat(a.holds("t")).isTrue();
    stage.commit(txn);
    stage.settle();
    assertThat(other.resultNow()).isInstanceOf(Committed.class);
    assertThat(peers)
        .allSatisfy(peer -> assertThat(peer.recorder.committed).containsExactly("u", "t"));
  }

  @Test
  void installed_whilePreparing_isTriedAnew() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    expireByHand(c);
    b.actor.applyAll();
    a.actor.install(b.actor);
    stage.loseAll(letter -> Peer.is(letter, Message.Prepare.class));
    stage.play(Duration.ofMillis(100));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(b.recorder.committed).containsExactly("t");
  }

  @Test
  void installed_overAResolveWhilePreparing_isNotAppendedAndTriedAnew() {
    CompletableFuture<Outcome> outcome = a.submit("t");
    Letter late = c.coming(Message.Prepare.class).getFirst();
    stage.deliverAll(letter -> letter != late);
    b.propose(new TxnEntry.Resolve(new TxnId(a.incarnation(), 1)).entry());
    b.actor.applyAll();
    a.actor.install(b.actor);
    stage.deliver(late);
    stage.deliverAll(_ -> true);
    assertThat(stage.proposals()).as("the last vote came, for what is dead").isEmpty();
    stage.play(Duration.ofMillis(400));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(peers).allSatisfy(peer -> assertThat(peer.recorder.committed).containsExactly("t"));
  }

  @Test
  void installed_decidedSetComesAlong() {
    a.submit("t");
    stage.deliverAll(_ -> true);
    Proposal txn = stage.proposals().getFirst();
    stage.commit(txn);
    b.actor.applyAll();
    c.actor.install(b.actor);
    stage.commit(txn);
    stage.settle();
    assertThat(c.recorder.committed).containsExactly("t");
  }

  private void expireByHand(Peer peer) {
    Peer other = peer == b ? c : b;
    long joined =
        other.sessions.files().stream()
            .filter(file -> file.owner().equals(peer.actor.member()))
            .findFirst()
            .orElseThrow()
            .made();
    other.propose(Peer.expiry(peer.incarnation(), joined));
  }

  private static long tokenOf(Peer peer) {
    var token = peer.session.token();
    return token == null ? 0 : token.joined();
  }

  private Message.Vote voteOf(Peer peer) {
    return stage
        .letters(letter -> letter.from() == peer.actor && Peer.is(letter, Message.Vote.class))
        .stream()
        .map(letter -> (Message.Vote) Message.read(letter.message()))
        .toList()
        .getLast();
  }
}
