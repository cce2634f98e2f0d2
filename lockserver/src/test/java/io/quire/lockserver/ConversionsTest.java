package io.quire.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.sim.Proposal;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Changing the mode of a lock that is held, on the client's side, step by step. */
@Timeout(60)
class ConversionsTest {
  private static final Duration SOON = LockActor.SOON;

  private final Stage stage = new Stage();
  private final List<LockActor> actors = LockActor.inView(stage, "a", "b", "c");
  private final LockActor a = actors.get(0);
  private final LockActor b = actors.get(1);
  private final LockActor c = actors.get(2);

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  private static HeldLock lock(LockActor at, LockTerms terms) {
    return at.settled(at.open().lockAsync("/l", terms, SOON));
  }

  private static boolean check(LockActor at, Sequencer sequencer) {
    return at.settled(at.locks.checkAsync(sequencer, SOON));
  }

  /** The requests that wait to be put into the log. */
  private List<Proposal> requests() {
    return stage.proposals().stream()
        .filter(each -> each.entry().stream().equals(Log.Stream.LOCKS))
        .toList();
  }

  @Test
  void demotion_isReliedOnFromTheCallOn_andLetsOthersIn() {
    HeldLock held = lock(b, LockTerms.EXCLUSIVE);
    Sequencer before = held.sequencer();
    CompletableFuture<HeldLock> waits = c.open().lockAsync("/l", LockTerms.SHARED, SOON);
    stage.settle();
    CompletableFuture<Sequencer> shared = held.convertAsync(LockMode.SHARED, SOON);
    assertThat(held.mode()).as("before anybody else can have it").isEqualTo(LockMode.SHARED);
    assertThat(held.isHeld()).as("all the while").isTrue();
    assertThat(held.sequencer()).isEqualTo(before);
    Sequencer after = b.settled(shared);
    assertThat(after.mode()).isEqualTo(LockMode.SHARED);
    assertThat(held.sequencer()).isEqualTo(after);
    assertThat(after.generation()).isGreaterThan(before.generation());
    assertThat(c.settled(waits).isHeld()).isTrue();
    assertThat(check(c, before)).isFalse();
    assertThat(check(c, after)).isTrue();
    b.settled(held.releaseAsync().thenApply(_ -> true));
    assertThat(check(c, after)).isFalse();
  }

  @Test
  void promotion_isGrantedWhenTheOthersLeave_aheadOfWhoDoesNotHoldIt() {
    HeldLock held = lock(b, LockTerms.BESIDE_READ);
    Sequencer before = held.sequencer();
    HeldLock other = lock(c, LockTerms.BESIDE_WRITE);
    CompletableFuture<HeldLock> behind = a.open().lockAsync("/l", LockTerms.BESIDE_WRITE, SOON);
    stage.settle();
    CompletableFuture<Sequencer> writes = held.convertAsync(LockMode.BESIDE_WRITE, SOON);
    stage.play(ms(100));
    assertThat(writes).isNotDone();
    assertThat(held.mode()).isEqualTo(LockMode.BESIDE_READ);
    assertThat(held.isHeld()).isTrue();
    other.close();
    assertThat(b.settled(writes)).isEqualTo(held.sequencer());
    assertThat(held.mode()).isEqualTo(LockMode.BESIDE_WRITE);
    assertThat(check(a, before)).as("taken in the weaker mode").isFalse();
    assertThat(behind).isNotDone();
    held.close();
    assertThat(a.settled(behind).isHeld()).isTrue();
  }

  @Test
  void conversion_toAnotherFamily_isHeldOnlyWhenItIsKnown() {
    HeldLock held = lock(b, LockTerms.SHARED);
    CompletableFuture<Sequencer> beside = held.convertAsync(LockMode.BESIDE_READ, SOON);
    assertThat(held.isHeld()).as("others may be let in that it does not see yet").isFalse();
    b.settled(beside);
    assertThat(held.isHeld()).isTrue();
    assertThat(held.mode()).isEqualTo(LockMode.BESIDE_READ);
  }

  @Test
  void blockingForm_answersTheSame() {
    stage.whenEntered(stage::settle);
    try (LockSession session = b.locks.openSession("x", SOON)) {
      HeldLock held = session.lock("/l", LockTerms.SHARED, SOON);
      assertThat(held.convert(LockMode.EXCLUSIVE, SOON)).isEqualTo(held.sequencer());
      assertThat(held.convert(LockMode.EXCLUSIVE, SOON))
          .as("the same again")
          .isEqualTo(held.sequencer());
      held.release(SOON);
      assertThatThrownBy(() -> held.convert(LockMode.SHARED, SOON))
          .isInstanceOf(LockException.NotHeld.class)
          .hasMessageContaining("the lock was given back");
    }
  }

  @Test
  void conversion_thatDoesNotComeInTime_leavesTheLockAsItWas() {
    HeldLock held = lock(b, LockTerms.SHARED);
    Sequencer before = held.sequencer();
    HeldLock other = lock(c, LockTerms.SHARED);
    CompletableFuture<Sequencer> late = held.convertAsync(LockMode.EXCLUSIVE, ms(400));
    stage.play(ms(450));
    assertThat(LockActor.failure(late)).isInstanceOf(LockException.TimedOut.class);
    other.close();
    stage.settle();
    assertThat(held.isHeld()).isTrue();
    assertThat(held.sequencer()).isEqualTo(before);
    assertThat(check(c, before)).isTrue();
    assertThat(a.locks.stats().waiters()).isZero();
    assertThat(b.settled(held.convertAsync(LockMode.EXCLUSIVE, SOON)).mode())
        .as("another time")
        .isEqualTo(LockMode.EXCLUSIVE);
  }

  @Test
  void conversions_thatWaitForEachOther_theSecondIsTold() {
    HeldLock one = lock(b, LockTerms.SHARED);
    HeldLock other = lock(c, LockTerms.SHARED);
    CompletableFuture<Sequencer> first = one.convertAsync(LockMode.EXCLUSIVE, SOON);
    stage.settle();
    CompletableFuture<Sequencer> second = other.convertAsync(LockMode.EXCLUSIVE, SOON);
    stage.settle();
    assertThat(LockActor.failure(second))
        .isInstanceOfSatisfying(
            LockException.Deadlock.class,
            refused -> {
              assertThat(refused.other()).isEqualTo(one.sequencer().generation());
              assertThat(refused.mayHaveHappened()).isFalse();
            });
    assertThat(other.isHeld()).isTrue();
    other.close();
    assertThat(b.settled(first).mode()).isEqualTo(LockMode.EXCLUSIVE);
  }

  @Test
  void conversion_whileAnotherIsUnderWay_isRefused() {
    HeldLock held = lock(b, LockTerms.SHARED);
    lock(c, LockTerms.SHARED);
    CompletableFuture<Sequencer> first = held.convertAsync(LockMode.EXCLUSIVE, SOON);
    assertThat(LockActor.failure(held.convertAsync(LockMode.SHARED, SOON)))
        .isInstanceOf(LockException.AlreadyHeld.class);
    stage.settle();
    first.cancel(false);
    stage.settle();
    assertThat(a.locks.stats().waiters()).isZero();
    assertThat(b.settled(held.convertAsync(LockMode.SHARED, SOON))).isEqualTo(held.sequencer());
  }

  @Test
  void conversion_whoseReplyIsLost_runsOnce() {
    HeldLock held = lock(b, LockTerms.EXCLUSIVE);
    CompletableFuture<Sequencer> shared = held.convertAsync(LockMode.SHARED, SOON);
    Proposal first = requests().getFirst();
    stage.leaveInDoubt(first);
    stage.pass(ms(30));
    assertThat(requests()).as("repeated").hasSize(2);
    stage.commit(first);
    stage.commit(requests().getLast());
    b.actor.applyAll();
    assertThat(b.settled(shared)).isEqualTo(held.sequencer());
    assertThat(check(c, held.sequencer())).isTrue();
    assertThat(held.sequencer().generation()).isEqualTo(2);
  }

  @Test
  void conversion_inDoubtAtItsDeadline_isIndeterminateAndDoesNotRunAfterItWasGivenUp() {
    HeldLock held = lock(b, LockTerms.SHARED);
    Sequencer before = held.sequencer();
    CompletableFuture<Sequencer> lost = held.convertAsync(LockMode.BESIDE_READ, ms(300));
    Proposal convert = requests().getFirst();
    stage.lose(convert);
    stage.pass(ms(310));
    assertThat(LockActor.failure(lost)).isInstanceOf(LockException.Indeterminate.class);
    assertThat(held.isHeld()).as("nobody knows").isFalse();
    stage.settle();
    assertThat(held.isHeld()).as("it was given up").isTrue();
    stage.commit(convert);
    stage.settle();
    assertThat(held.sequencer()).isEqualTo(before);
    assertThat(check(c, before)).isTrue();
  }

  @Test
  void conversion_inDoubtAtItsDeadlineAndDoneAllTheSame_isFollowed() {
    HeldLock held = lock(b, LockTerms.SHARED);
    CompletableFuture<Sequencer> lost = held.convertAsync(LockMode.EXCLUSIVE, ms(300));
    Proposal convert = requests().getFirst();
    stage.lose(convert);
    stage.pass(ms(310));
    assertThat(LockActor.failure(lost)).isInstanceOf(LockException.Indeterminate.class);
    requests().forEach(stage::lose);
    stage.commit(convert);
    stage.settle();
    assertThat(held.mode()).isEqualTo(LockMode.EXCLUSIVE);
    assertThat(held.isHeld()).isTrue();
    assertThat(check(c, held.sequencer())).isTrue();
    held.close();
    stage.settle();
    assertThat(a.locks.stats().locks()).isZero();
  }

  @Test
  void lock_givenBackWhileItIsConverted_isGivenBackInWhateverMode() {
    HeldLock held = lock(b, LockTerms.EXCLUSIVE);
    CompletableFuture<Sequencer> shared = held.convertAsync(LockMode.SHARED, SOON);
    held.close();
    assertThat(held.isHeld()).isFalse();
    stage.settle();
    assertThat(LockActor.failure(shared)).isInstanceOf(LockException.NotHeld.class);
    assertThat(a.locks.stats().locks()).isZero();
  }

  @Test
  void session_closedWhileALockIsConverted_endsIt() {
    HeldLock held = lock(b, LockTerms.SHARED);
    lock(c, LockTerms.SHARED);
    CompletableFuture<Sequencer> waits = held.convertAsync(LockMode.EXCLUSIVE, SOON);
    stage.settle();
    b.settled(held.session().closeAsync().thenApply(_ -> true));
    assertThat(LockActor.failure(waits)).isInstanceOf(LockException.SessionEnded.class);
    assertThat(a.locks.stats().waiters()).isZero();
    assertThat(LockActor.failure(await(held.convertAsync(LockMode.SHARED, SOON))))
        .isInstanceOf(LockException.SessionEnded.class);
  }

  private CompletableFuture<Sequencer> await(CompletableFuture<Sequencer> future) {
    stage.settle();
    return future;
  }

  @Test
  void snapshot_installedWhileAConversionIsWaitedFor_theGrantIsFoundInIt() {
    HeldLock other = lock(b, LockTerms.SHARED);
    HeldLock held = lock(c, LockTerms.SHARED);
    CompletableFuture<Sequencer> waits = held.convertAsync(LockMode.EXCLUSIVE, SOON);
    stage.settle();
    other.close();
    stage.commitAll();
    a.actor.applyAll();
    assertThat(waits).isNotDone();
    c.actor.install(a.actor);
    assertThat(waits).isCompletedWithValueMatching(held.sequencer()::equals);
    assertThat(held.mode()).isEqualTo(LockMode.EXCLUSIVE);
  }

  @Test
  void snapshot_withTheGrantAndTheEndOfTheWait_isFollowed() {
    HeldLock held = lock(c, LockTerms.SHARED);
    CompletableFuture<Sequencer> lost = held.convertAsync(LockMode.BESIDE_READ, ms(300));
    stage.commitAll();
    stage.pass(ms(310));
    assertThat(LockActor.failure(lost)).isInstanceOf(LockException.Indeterminate.class);
    assertThat(held.isHeld()).isFalse();
    stage.commitAll();
    a.actor.applyAll();
    c.actor.install(a.actor);
    assertThat(held.mode()).isEqualTo(LockMode.BESIDE_READ);
    assertThat(held.isHeld()).isTrue();
    assertThat(check(b, held.sequencer())).isTrue();
  }

  @Test
  void guardedChange_ofTheStrongerMode_isStaleAfterTheDemotion() {
    HeldLock held = lock(b, LockTerms.EXCLUSIVE);
    LockFiles exclusive = held.files();
    b.settled(held.convertAsync(LockMode.SHARED, SOON));
    CompletableFuture<Long> late = exclusive.createAsync("/late", new byte[0], SOON);
    stage.settle();
    assertThat(LockActor.failure(late)).isInstanceOf(LockException.StaleSequencer.class);
    assertThat(b.settled(held.files().createAsync("/f", new byte[0], SOON))).isPositive();
  }
}
