package io.quire.twopc;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Log;
import io.quire.base.RequestId;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.sim.Proposal;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome.Aborted;
import io.quire.twopc.Outcome.Committed;
import io.quire.twopc.Outcome.Indeterminate;
import io.quire.twopc.Outcome.Rejected;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that have a name: they happen once, and what became of them can be asked. */
@Timeout(30)
class RequestTest {
  private static final RequestId ID = new RequestId(77, 1);

  private final Stage stage = new Stage();
  private final List<Peer> peers = Peer.inView(stage, "a", "b", "c");
  private final Peer a = peers.get(0);
  private final Peer b = peers.get(1);
  private final Peer c = peers.get(2);

  private CompletableFuture<Outcome> submit(Peer peer, String payload, RequestId id) {
    byte[] bytes = payload.getBytes(StandardCharsets.UTF_8);
    Submission submission = Submission.of(Recorder.NUMBER, bytes, Duration.ofSeconds(2));
    return peer.twoPhase.submit(submission.as(id)).outcome();
  }

  private Finding found(Peer peer, RequestId id) {
    return peer.twoPhase.outcome(id).resultNow();
  }

  private static long position(Outcome outcome) {
    return ((Committed) outcome).position();
  }

  @Test
  void submit_again_isToldItsFirstSuccess() {
    CompletableFuture<Outcome> first = submit(a, "t", ID);
    stage.settle();
    CompletableFuture<Outcome> again = submit(a, "t", ID);
    CompletableFuture<Outcome> elsewhere = submit(b, "t", ID);
    stage.settle();
    assertThat(position(again.resultNow())).isEqualTo(position(first.resultNow()));
    assertThat(position(elsewhere.resultNow())).isEqualTo(position(first.resultNow()));
    assertThat(c.recorder.committed).containsExactly("t");
  }

  @Test
  void submit_atOnceOnTwoNodes_happensOnceAndBothAreToldTheSame() {
    CompletableFuture<Outcome> one = submit(a, "t", ID);
    CompletableFuture<Outcome> other = submit(b, "t", ID);
    stage.settle();
    assertThat(position(one.resultNow())).isEqualTo(position(other.resultNow()));
    assertThat(peers)
        .allSatisfy(
            peer -> {
              assertThat(peer.recorder.committed).containsExactly("t");
              assertThat(peer.recorder.held).isEmpty();
            });
  }

  @Test
  void submit_againAfterARejection_isRejectedAlike() {
    CompletableFuture<Outcome> first = submit(a, "xyz", ID);
    stage.settle();
    CompletableFuture<Outcome> again = submit(b, "xyz", ID);
    stage.settle();
    Rejected before = (Rejected) first.resultNow();
    assertThat(again.resultNow())
        .isInstanceOfSatisfying(
            Rejected.class,
            told -> {
              assertThat(told.position()).isEqualTo(before.position());
              assertThat(told.result()).isEqualTo(before.result());
            });
  }

  @Test
  void outcome_isKnownOnEveryNodeThatAppliedIt_alsoAfterItsCoordinatorLeft() {
    CompletableFuture<Outcome> outcome = submit(a, "t", ID);
    stage.deliverAll(_ -> true);
    Proposal txn = stage.proposals().getFirst();
    stage.commit(txn);
    b.actor.applyAll();
    a.actor.exit();
    stage.lead(b.actor);
    assertThat(outcome).isNotDone();
    assertThat(found(b, ID))
        .isInstanceOfSatisfying(
            Finding.Settled.class, known -> assertThat(position(known.outcome())).isPositive());
    assertThat(found(c, ID)).as("c has not applied it").isInstanceOf(Finding.Unknown.class);
    c.actor.applyAll();
    assertThat(found(c, ID)).isInstanceOf(Finding.Settled.class);
  }

  @Test
  void outcome_ofNoSuchRequest_isUnknown() {
    assertThat(found(a, new RequestId(1, 1))).isInstanceOf(Finding.Unknown.class);
  }

  @Test
  void outcome_comesAlongWithASnapshot() {
    submit(a, "t", ID);
    stage.deliverAll(_ -> true);
    stage.commitAll();
    a.actor.applyAll();
    c.actor.install(a.actor);
    assertThat(found(c, ID)).isInstanceOf(Finding.Settled.class);
  }

  @Test
  void capture_writtenLater_isWhatWasSavedAtThatMoment() {
    submit(a, "t", ID);
    stage.settle();
    a.propose(new TxnEntry.Chunk(a.incarnation(), 9, 0, 2, new byte[] {1, 2}).entry());
    stage.settle();
    byte[] wanted = saved(a);
    Log.Capture capture = a.twoPhase.decisions().capture();
    submit(a, "u", new RequestId(77, 2));
    a.propose(new TxnEntry.Chunk(a.incarnation(), 9, 1, 2, new byte[] {3}).entry());
    stage.settle();
    assertThat(saved(a)).isNotEqualTo(wanted);
    assertThat(written(capture)).isEqualTo(wanted);
    assertThat(written(a.twoPhase.decisions().capture())).isEqualTo(saved(a));
  }

  private static byte[] saved(Peer peer) {
    WireWriter out = new WireWriter();
    peer.twoPhase.decisions().save(out);
    return out.toBytes();
  }

  private static byte[] written(Log.Capture capture) {
    WireWriter out = new WireWriter();
    capture.write(out);
    capture.close();
    return out.toBytes();
  }

  @Test
  void outcome_ofTheOldest_isForgottenAndThenUnknown() {
    Requests requests = new Requests();
    for (int i = 0; i <= Requests.KNOWN_MAX; i++) {
      requests.add(new RequestId(1, i), i, new byte[] {2});
    }
    assertThat(requests.end(new RequestId(1, 0))).isNull();
    assertThat(requests.end(new RequestId(1, 1))).isNotNull();
    WireWriter out = new WireWriter();
    requests.save(out);
    Requests restored = new Requests();
    restored.restore(new WireReader(out.toBytes()));
    restored.add(new RequestId(2, 1), 1, new byte[] {2});
    assertThat(restored.end(new RequestId(1, 1))).as("in the order of the log").isNull();
    assertThat(restored.end(new RequestId(1, 2))).isNotNull();
  }

  @Test
  void giveUp_ofWhatWasNotDecided_killsItForEver() {
    CompletableFuture<Outcome> outcome = submit(a, "t", ID);
    stage.deliverAll(_ -> true);
    Proposal txn = stage.proposals().getFirst();
    stage.lose(txn);
    stage.pass(Duration.ofMillis(2_400));
    assertThat(outcome.resultNow()).isInstanceOf(Indeterminate.class);
    CompletableFuture<Outcome> end = b.twoPhase.giveUp(ID, Duration.ofSeconds(2));
    stage.commit(
        stage.proposals().stream()
            .filter(each -> each.origin() == b.actor)
            .filter(each -> TxnEntry.read(each.entry().payload()) instanceof TxnEntry.GiveUp)
            .findFirst()
            .orElseThrow());
    stage.commit(txn);
    stage.settle();
    assertThat(end.resultNow()).isInstanceOf(Aborted.class);
    assertThat(peers).allSatisfy(peer -> assertThat(peer.recorder.committed).isEmpty());
    CompletableFuture<Outcome> again = submit(c, "t", ID);
    stage.settle();
    assertThat(again.resultNow()).isInstanceOf(Aborted.class);
  }

  @Test
  void giveUp_ofWhatHappened_saysSo() {
    CompletableFuture<Outcome> outcome = submit(a, "t", ID);
    stage.settle();
    CompletableFuture<Outcome> end = b.twoPhase.giveUp(ID, Duration.ofSeconds(2));
    stage.settle();
    assertThat(position(end.resultNow())).isEqualTo(position(outcome.resultNow()));
  }

  @Test
  void giveUp_whileTheLogDoesNotAnswer_isIndeterminateAtItsDeadline() {
    CompletableFuture<Outcome> end = b.twoPhase.giveUp(ID, Duration.ofMillis(700));
    stage.pass(Duration.ofMillis(699));
    assertThat(end).isNotDone();
    stage.pass(Duration.ofMillis(1));
    assertThat(end.resultNow()).isInstanceOf(Indeterminate.class);
    assertThat(found(c, ID)).isInstanceOf(Finding.Unknown.class);
    stage.settle();
    assertThat(found(c, ID)).as("and in this case it was").isInstanceOf(Finding.Settled.class);
  }

  @Test
  void giveUp_withoutALog_isIndeterminate() {
    a.actor.exit();
    CompletableFuture<Outcome> end = b.twoPhase.giveUp(ID, Duration.ofMillis(700));
    stage.play(Duration.ofSeconds(2));
    assertThat(end.resultNow()).isInstanceOf(Indeterminate.class);
  }
}
