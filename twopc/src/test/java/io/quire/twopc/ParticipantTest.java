package io.quire.twopc;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.NodeId;
import io.quire.sim.Letter;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome.Aborted;
import io.quire.twopc.Outcome.Committed;
import io.quire.twopc.Outcome.Indeterminate;
import io.quire.twopc.Participant.Answer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Participants that take their time or are asked on some nodes only, and who said what. */
@Timeout(30)
class ParticipantTest {
  private final Stage stage = new Stage();
  private final List<Peer> peers = Peer.inView(stage, "a", "b", "c");
  private final Peer a = peers.get(0);
  private final Peer b = peers.get(1);
  private final Peer c = peers.get(2);

  private static Submission submission(String payload, Duration deadline) {
    return Submission.of(Recorder.NUMBER, payload.getBytes(StandardCharsets.UTF_8), deadline);
  }

  private Pending submit(String payload) {
    return a.twoPhase.submit(submission(payload, Duration.ofSeconds(30)));
  }

  private List<String> ballots(Pending pending) {
    return pending.ballots().resultNow().stream()
        .map(
            ballot ->
                (ballot.member().node() + " " + ballot.answer() + " " + ballot.reason()).strip())
        .toList();
  }

  private void allSlow() {
    peers.forEach(peer -> peer.recorder.slow = true);
  }

  @Test
  void ballots_committed_allSaidYes() {
    Pending pending = submit("t");
    stage.settle();
    assertThat(ballots(pending)).containsExactly("a YES", "b YES", "c YES");
  }

  @Test
  void ballots_refused_nameWhoSaidWhatAndWhoHadNotSaidAnything() {
    b.recorder.refusal = "no room";
    Pending pending = submit("t");
    stage.deliver(a.coming(Message.Prepare.class).getFirst());
    stage.deliver(a.coming(Message.Vote.class).getFirst());
    stage.deliver(b.coming(Message.Prepare.class).getFirst());
    stage.deliver(a.coming(Message.Vote.class).getFirst());
    assertThat(pending.outcome().resultNow()).isInstanceOf(Aborted.class);
    assertThat(ballots(pending)).containsExactly("a YES", "b NO no room", "c SILENT");
  }

  @Test
  void ballots_deadline_nameTheSilentOne() {
    Pending pending = a.twoPhase.submit(submission("t", Duration.ofMillis(500)));
    List<Letter> silent = c.coming(Message.Prepare.class);
    stage.deliverAll(letter -> !silent.contains(letter));
    stage.pass(Duration.ofMillis(900));
    assertThat(pending.outcome().resultNow()).isInstanceOf(Aborted.class);
    assertThat(ballots(pending)).containsExactly("a YES", "b YES", "c SILENT");
  }

  @Test
  void ballots_indeterminate_areThereToo() {
    Pending pending = a.twoPhase.submit(submission("t", Duration.ofMillis(500)));
    stage.deliverAll(_ -> true);
    stage.pass(Duration.ofMillis(900));
    assertThat(pending.outcome().resultNow()).isInstanceOf(Indeterminate.class);
    assertThat(ballots(pending)).containsExactly("a YES", "b YES", "c YES");
  }

  @Test
  void ballots_neverBegun_nobodyWasAsked() {
    long other = a.view().epoch() + 1;
    Pending pending = a.twoPhase.submit(submission("t", Duration.ofMillis(500)).inEpoch(other));
    assertThat(pending.outcome().resultNow()).isInstanceOf(Aborted.class);
    assertThat(ballots(pending)).containsExactly("a NOT_ASKED", "b NOT_ASKED", "c NOT_ASKED");
  }

  @Test
  void subset_isAskedOnlyThereAndAppliedEverywhere() {
    peers.forEach(peer -> peer.recorder.partial = true);
    Pending pending =
        a.twoPhase.submit(submission("t", Duration.ofSeconds(5)).on(Set.of(new NodeId("b"))));
    stage.settle();
    assertThat(pending.outcome().resultNow()).isInstanceOf(Committed.class);
    assertThat(ballots(pending)).containsExactly("a NOT_ASKED", "b YES", "c NOT_ASKED");
    assertThat(b.recorder.told).containsExactly("prepare t", "commit t");
    assertThat(c.recorder.told).containsExactly("commit t");
  }

  @Test
  void subset_ofAParticipantThatEveryoneMustPrepare_isRefused() {
    Pending pending =
        a.twoPhase.submit(submission("t", Duration.ofSeconds(5)).on(Set.of(new NodeId("b"))));
    assertThat(pending.outcome().resultNow().text())
        .isEqualTo("aborted: why=REFUSED every member must prepare: participant=5");
  }

  @Test
  void subset_nodeIsNotInTheView_isAbortedByName() {
    peers.forEach(peer -> peer.recorder.partial = true);
    Pending pending =
        a.twoPhase.submit(submission("t", Duration.ofSeconds(5)).on(Set.of(new NodeId("z"))));
    assertThat(pending.outcome().resultNow().text())
        .isEqualTo("aborted: why=NOT_IN_VIEW node=z it is to prepare");
  }

  @Test
  void later_yes_isVotedWhenItComesAndNobodyElseWaits() {
    allSlow();
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    b.recorder.later = answer;
    Pending slow = submit("slow");
    stage.play(Duration.ofSeconds(5));
    assertThat(slow.outcome()).as("nobody's patience ends it").isNotDone();
    b.recorder.later = null;
    Pending quick = submit("quick");
    stage.settle();
    assertThat(quick.outcome().resultNow()).isInstanceOf(Committed.class);
    answer.complete(Answer.YES);
    stage.settle();
    assertThat(slow.outcome().resultNow()).isInstanceOf(Committed.class);
    assertThat(c.recorder.committed).containsExactly("quick", "slow");
  }

  @Test
  void later_noOrFailure_isARefusalWithItsReason() {
    allSlow();
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    b.recorder.later = answer;
    Pending pending = submit("t");
    stage.settle();
    answer.completeExceptionally(new IllegalStateException("no such file"));
    stage.settle();
    assertThat(pending.outcome().resultNow().text())
        .isEqualTo("aborted: why=REFUSED node=b preparing failed: no such file");
    assertThat(b.twoPhase.undecided()).isZero();
  }

  @Test
  void later_afterTheDeadline_isNotVoted() {
    allSlow();
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    b.recorder.later = answer;
    Pending pending = a.twoPhase.submit(submission("t", Duration.ofSeconds(1)));
    stage.play(Duration.ofSeconds(2));
    assertThat(pending.outcome().resultNow())
        .isInstanceOfSatisfying(Aborted.class, end -> assertThat(end.node()).isEqualTo("b"));
    assertThat(b.twoPhase.undecided()).as("aborted there").isZero();
    answer.complete(Answer.YES);
    assertThat(stage.letters()).isEmpty();
  }

  @Test
  void joining_aNodeThatIsNotReadyForWhatWasCommitted_staysOutsideUntilItIs() {
    allSlow();
    submit("before");
    stage.settle();
    Peer d = new Peer(stage, "d");
    d.recorder.slow = true;
    d.session.enterThrough(d.twoPhase);
    CompletableFuture<Void> ready = new CompletableFuture<>();
    d.recorder.ready = ready;
    stage.on(d.actor, d.session::open);
    stage.play(Duration.ofSeconds(2));
    assertThat(d.recorder.told).contains("commit before", "ready?");
    assertThat(a.view().has(d.incarnation())).isFalse();
    Pending between = submit("between");
    stage.settle();
    assertThat(between.outcome().resultNow()).isInstanceOf(Committed.class);
    CompletableFuture<Void> next = new CompletableFuture<>();
    d.recorder.ready = next;
    ready.complete(null);
    stage.play(Duration.ofSeconds(2));
    assertThat(a.view().has(d.incarnation()))
        .as("it was ready for what came before, not for what was committed since")
        .isFalse();
    next.complete(null);
    stage.play(Duration.ofSeconds(1));
    assertThat(a.view().has(d.incarnation())).isTrue();
  }
}
