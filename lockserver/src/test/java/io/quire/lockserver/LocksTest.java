package io.quire.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.sim.Proposal;
import io.quire.sim.Stage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The client's side of the lock server, step by step. */
@Timeout(60)
class LocksTest {
  private static final Duration SOON = LockActor.SOON;
  private static final byte[] DATA = "data".getBytes(StandardCharsets.UTF_8);

  private final Stage stage = new Stage();
  private final List<LockActor> actors = LockActor.inView(stage, "a", "b", "c");
  private final LockActor a = actors.get(0);
  private final LockActor b = actors.get(1);
  private final LockActor c = actors.get(2);

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  private static HeldLock lock(LockActor at, LockSession session, LockTerms terms) {
    return at.settled(session.lockAsync("/l", terms, SOON));
  }

  /** The requests that wait to be put into the log. */
  private List<Proposal> requests() {
    return stage.proposals().stream()
        .filter(each -> each.entry().stream().equals(Log.Stream.LOCKS))
        .toList();
  }

  private static FileContents found(LockActor at, CompletableFuture<@Nullable FileContents> read) {
    at.stage.settle();
    return Objects.requireNonNull(read.join());
  }

  private static long counter(LockActor at) {
    return found(at, at.locks.readAsync("/n", SOON)).counter();
  }

  private static long version(LockActor at, String path) {
    return found(at, at.locks.peek(path)).version();
  }

  /** Time passes in which a node's messages are lost, and all else goes its way. */
  private void silence(LockActor node, Duration time) {
    for (int i = 0; i < time.toMillis() / 10; i++) {
      stage.pass(ms(10));
      stage.loseAll(letter -> letter.from() == node.actor);
      stage.settle();
    }
  }

  @Test
  void lock_isHeldByOneAndThenByTheNext() {
    HeldLock first = lock(b, b.open(), LockTerms.EXCLUSIVE);
    assertThat(first.isHeld()).isTrue();
    LockSession other = c.open();
    CompletableFuture<HeldLock> second = other.lockAsync("/l", LockTerms.EXCLUSIVE, SOON);
    stage.play(ms(500));
    assertThat(second).isNotDone();
    CompletableFuture<Void> released = first.releaseAsync();
    assertThat(first.isHeld()).as("before anybody else can have it").isFalse();
    b.settled(released.thenApply(_ -> true));
    assertThat(c.settled(second).isHeld()).isTrue();
    assertThat(second.join().sequencer().generation())
        .isGreaterThan(first.sequencer().generation());
    assertThat(first.over()).isDone();
  }

  @Test
  void blockingForms_answerTheSame() {
    stage.whenEntered(stage::settle);
    try (LockSession session = b.locks.openSession("x", SOON)) {
      HeldLock held = session.lock("/l", LockTerms.EXCLUSIVE, SOON);
      assertThat(c.locks.openSession("y", SOON).tryLock("/l", LockTerms.SHARED, SOON)).isNull();
      assertThat(c.locks.check(held.sequencer(), SOON)).isTrue();
      long made = session.files().create("/f", DATA, SOON);
      assertThat(c.locks.read("/f", SOON)).extracting(FileContents::version).isEqualTo(made);
      assertThatThrownBy(() -> session.files().create("/f", DATA, SOON))
          .isInstanceOf(LockException.FileExists.class)
          .hasMessageContaining("path=/f");
      assertThat(session.files().add("/n", 4, SOON)).isEqualTo(4);
      session.files().remove("/f", made, SOON);
      assertThat(c.locks.stat("/f", SOON)).isNull();
      held.release(SOON);
      assertThat(c.locks.check(held.sequencer(), SOON)).isFalse();
    }
  }

  @Test
  void arguments_thatCannotBe_areRefusedBeforeTheLog() {
    LockSession session = b.open();
    int before = stage.proposals().size();
    for (String path : List.of("", "x", "/x/", "//x", "/x//y", "/.", "/../x", "/a\nb")) {
      assertThatThrownBy(() -> session.files().createAsync(path, DATA, SOON))
          .as(path)
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> session.lockAsync("/servers/a", LockTerms.SHARED, SOON))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> session.files().createAsync("/big", new byte[65_537], SOON))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("max=65536");
    assertThatThrownBy(() -> LockTerms.SHARED.withDelay(ms(60_001)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> LockTerms.SHARED.withNote("n".repeat(257)))
        .isInstanceOf(IllegalArgumentException.class);
    stage.settle();
    assertThat(stage.proposals()).hasSize(before);
  }

  @Test
  void isHeld_afterAPauseBeyondTheLease_isFalseBeforeAnythingElseHappens() {
    LockSession session = b.open();
    HeldLock held = lock(b, session, LockTerms.EXCLUSIVE);
    b.actor.pause();
    stage.play(ms(990));
    assertThat(held.isHeld()).as("its last keep-alive may be that old").isFalse();
    assertThat(session.state()).isEqualTo(LockSession.State.JEOPARDY);
    stage.play(ms(1_000));
    assertThat(c.sessions.view().members()).hasSize(2);
    b.actor.resume();
    stage.play(ms(500));
    assertThat(b.sessions.view().members()).as("it is back").hasSize(3);
    assertThat(held.isHeld()).as("under another session").isFalse();
    assertThat(session.state()).isEqualTo(LockSession.State.EXPIRED);
    assertThat(held.over()).isDone();
    assertThat(LockActor.failure(refused(session))).isInstanceOf(LockException.SessionEnded.class);
  }

  private CompletableFuture<Long> refused(LockSession session) {
    CompletableFuture<Long> done = session.files().addAsync("/n", 1, SOON);
    stage.settle();
    return done;
  }

  @Test
  void states_areToldInOrder() {
    LockSession session = b.open();
    List<LockSession.State> told = new ArrayList<>();
    session.listen(Runnable::run, told::add);
    stage.settle();
    while (session.state() == LockSession.State.SAFE) {
      stage.pass(ms(10));
      stage.deliverAll(letter -> letter.from() != b.actor);
      stage.confirmLeaders();
    }
    assertThat(session.state()).isEqualTo(LockSession.State.JEOPARDY);
    stage.settle();
    assertThat(session.state()).as("in time").isEqualTo(LockSession.State.SAFE);
    silence(b, ms(1_500));
    stage.play(ms(500));
    assertThat(told.getLast()).isEqualTo(LockSession.State.EXPIRED);
    assertThat(told).contains(LockSession.State.JEOPARDY);
  }

  @Test
  void leaderChanges_loseNobodysLock() {
    LockSession session = b.open();
    HeldLock held = lock(b, session, LockTerms.EXCLUSIVE.withDelay(ms(100)));
    CompletableFuture<HeldLock> other =
        c.open().lockAsync("/l", LockTerms.EXCLUSIVE, Duration.ofMinutes(5));
    stage.settle();
    LockWatch watch = c.locks.watch("/l");
    for (int i = 0; i < 6; i++) {
      stage.lead(actors.get((i + 1) % 3).actor);
      for (int j = 0; j < 90; j++) {
        stage.play(ms(10));
        assertThat(held.isHeld()).isTrue();
      }
    }
    assertThat(other).isNotDone();
    assertThat(b.settled(b.locks.checkAsync(held.sequencer(), SOON))).isTrue();
    LockEvent told = c.settled(watch.nextAsync());
    assertThat(told.kind()).isEqualTo(LockEvent.Kind.LEADER);
    held.close();
    assertThat(c.settled(other).isHeld()).isTrue();
  }

  @Test
  void leaderDies_othersKeepTheirLocks() {
    HeldLock held = lock(b, b.open(), LockTerms.EXCLUSIVE);
    HeldLock gone = a.settled(a.open().lockAsync("/of-a", LockTerms.EXCLUSIVE, SOON));
    a.actor.exit();
    stage.lead(c.actor);
    for (int j = 0; j < 200; j++) {
      stage.play(ms(10));
      assertThat(held.isHeld()).isTrue();
    }
    assertThat(c.settled(c.locks.checkAsync(gone.sequencer(), SOON))).isFalse();
    assertThat(c.settled(c.locks.checkAsync(held.sequencer(), SOON))).isTrue();
  }

  @Test
  void request_whoseReplyIsLost_isKnownFromTheLogAndRunsOnce() {
    LockSession session = b.open();
    CompletableFuture<Long> added = session.files().addAsync("/n", 1, SOON);
    Proposal first = requests().getFirst();
    stage.leaveInDoubt(first);
    stage.pass(ms(30));
    assertThat(requests()).as("repeated").hasSize(2);
    stage.commit(first);
    stage.commit(requests().getLast());
    b.actor.applyAll();
    assertThat(added).isCompletedWithValue(1L);
    assertThat(counter(c)).isEqualTo(1);
  }

  @Test
  void request_thatNoLeaderTakes_isUnavailableAndNeverHappens() {
    LockSession session = b.open();
    CompletableFuture<Long> added = session.files().addAsync("/n", 1, ms(300));
    for (int i = 0; i < 40; i++) {
      requests().forEach(stage::refuse);
      stage.pass(ms(10));
    }
    assertThat(LockActor.failure(added)).isInstanceOf(LockException.Unavailable.class);
    assertThat(requests()).isEmpty();
  }

  @Test
  void request_inDoubtAtItsDeadline_isIndeterminateAndDoesNotRunAfterANewerOne() {
    LockSession session = b.open();
    CompletableFuture<Long> added = session.files().addAsync("/n", 1, ms(300));
    Proposal first = requests().getFirst();
    stage.lose(first);
    stage.pass(ms(310));
    assertThat(LockActor.failure(added)).isInstanceOf(LockException.Indeterminate.class);
    assertThat(((LockException) LockActor.failure(added)).mayHaveHappened()).isTrue();
    assertThat(b.settled(session.files().addAsync("/n", 10, SOON))).isEqualTo(10);
    stage.commit(first);
    stage.settle();
    assertThat(counter(c)).isEqualTo(10);
  }

  @Test
  void lock_thatDoesNotComeInTime_givesUpItsPlace() {
    HeldLock held = lock(b, b.open(), LockTerms.SHARED);
    CompletableFuture<HeldLock> late = c.open().lockAsync("/l", LockTerms.EXCLUSIVE, ms(400));
    stage.play(ms(100));
    CompletableFuture<HeldLock> shared = a.open().lockAsync("/l", LockTerms.SHARED, SOON);
    stage.play(ms(100));
    assertThat(shared).isNotDone();
    stage.play(ms(300));
    assertThat(LockActor.failure(late)).isInstanceOf(LockException.TimedOut.class);
    assertThat(a.settled(shared).isHeld()).isTrue();
    assertThat(held.isHeld()).isTrue();
  }

  @Test
  void lock_inDoubtAtItsDeadlineAndGrantedLater_isNotLeftHeld() {
    LockSession session = b.open();
    CompletableFuture<HeldLock> lock = session.lockAsync("/l", LockTerms.EXCLUSIVE, ms(300));
    Proposal acquire = requests().getFirst();
    stage.lose(acquire);
    stage.pass(ms(310));
    assertThat(LockActor.failure(lock)).isInstanceOf(LockException.Indeterminate.class);
    stage.commit(acquire);
    stage.settle();
    assertThat(c.settled(c.open().lockAsync("/l", LockTerms.EXCLUSIVE, SOON)).isHeld()).isTrue();
  }

  @Test
  void lockFuture_cancelled_givesUpItsPlace() {
    HeldLock held = lock(b, b.open(), LockTerms.EXCLUSIVE);
    CompletableFuture<HeldLock> waits = c.open().lockAsync("/l", LockTerms.EXCLUSIVE, SOON);
    stage.settle();
    waits.cancel(false);
    stage.settle();
    held.close();
    stage.settle();
    assertThat(a.locks.stats().locks()).isZero();
  }

  @Test
  void sessionOpenedAfterItWasGivenUp_isClosed() {
    CompletableFuture<LockSession> open = b.locks.openSessionAsync("late", ms(300));
    Proposal first = requests().getFirst();
    stage.lose(first);
    stage.pass(ms(310));
    assertThat(LockActor.failure(open)).isInstanceOf(LockException.Indeterminate.class);
    requests().forEach(stage::lose);
    stage.commit(first);
    stage.settle();
    assertThat(b.locks.stats().sessions()).isZero();
  }

  @Test
  void guardedChange_ofADeposedHolder_isVoid() {
    LockSession session = b.open();
    HeldLock held = lock(b, session, LockTerms.EXCLUSIVE);
    assertThat(b.settled(held.files().createAsync("/by-b", DATA, SOON))).isPositive();
    CompletableFuture<Long> late = held.files().createAsync("/late", DATA, SOON);
    Proposal underWay = requests().getFirst();
    stage.lose(underWay);
    b.actor.pause();
    stage.play(ms(2_000));
    HeldLock next = lock(c, c.open(), LockTerms.EXCLUSIVE);
    stage.commit(underWay);
    stage.settle();
    assertThat(underWay.entry().fence()).isEqualTo(held.sequencer().fence());
    b.actor.resume();
    stage.play(ms(100));
    assertThat(LockActor.failure(late)).isInstanceOf(LockException.SessionEnded.class);
    assertThat(c.settled(c.locks.listAsync("/", null, 10, SOON)).stream().map(PathStat::path))
        .doesNotContain("/late")
        .contains("/by-b");
    assertThat(next.isHeld()).isTrue();
  }

  @Test
  void guardedChange_afterTheRelease_isStale() {
    HeldLock held = lock(b, b.open(), LockTerms.EXCLUSIVE);
    LockFiles guarded = held.files();
    b.settled(held.releaseAsync().thenApply(_ -> true));
    CompletableFuture<Long> late = guarded.createAsync("/late", DATA, SOON);
    stage.settle();
    assertThat(LockActor.failure(late)).isInstanceOf(LockException.StaleSequencer.class);
  }

  @Test
  void lostLock_isGrantedOnlyAfterItsDelay_whichANewLeaderBeginsAnew() {
    HeldLock held = lock(b, b.open(), LockTerms.EXCLUSIVE.withDelay(ms(2_000)));
    CompletableFuture<HeldLock> next =
        c.open().lockAsync("/l", LockTerms.EXCLUSIVE, Duration.ofMinutes(1));
    stage.settle();
    b.actor.exit();
    stage.play(ms(1_500));
    assertThat(c.settled(c.locks.checkAsync(held.sequencer(), SOON))).isFalse();
    stage.play(ms(1_200));
    assertThat(next).isNotDone();
    stage.lead(c.actor);
    stage.play(ms(1_900));
    assertThat(next).as("counted anew").isNotDone();
    stage.play(ms(500));
    assertThat(next).isDone();
  }

  @Test
  void watch_tellsInOrder_andAnotherNodeGoesOnWhereItEnded() {
    LockSession session = b.open();
    LockWatch watch = c.locks.watch("/d");
    stage.settle();
    for (int i = 0; i < 5; i++) {
      b.settled(session.files().createAsync("/d/" + i, DATA, SOON));
      b.settled(session.files().addAsync("/elsewhere", 1, SOON));
    }
    List<String> seen = new ArrayList<>();
    long last = 0;
    for (int i = 0; i < 3; i++) {
      LockEvent event = c.settled(watch.nextAsync());
      seen.add(event.path());
      last = event.id();
    }
    watch.close();
    LockWatch goesOn = a.locks.watch("/d", last);
    for (int i = 0; i < 2; i++) {
      LockEvent event = a.settled(goesOn.nextAsync());
      assertThat(version(a, event.path()))
          .as("the change is to be seen there")
          .isEqualTo(event.position());
      seen.add(event.path());
    }
    assertThat(seen).containsExactly("/d/0", "/d/1", "/d/2", "/d/3", "/d/4");
    CompletableFuture<LockEvent> more = goesOn.nextAsync();
    stage.settle();
    assertThat(more).isNotDone();
    b.settled(session.files().removeAsync("/d/0", LockFiles.ANY_VERSION, SOON));
    assertThat(more.join().kind()).isEqualTo(LockEvent.Kind.REMOVED);
  }

  @Test
  void watch_thatFellBehind_isToldSoOnce() {
    LockWatch watch = c.locks.watch("/n", 0);
    LockSession session = b.open();
    for (int i = 0; i < 4_200; i++) {
      var _ = session.files().addAsync("/n", 1, SOON);
      if (i % 100 == 0) {
        stage.settle();
      }
    }
    stage.settle();
    assertThat(c.settled(watch.nextAsync()).kind()).isEqualTo(LockEvent.Kind.MISSED);
    long id = c.settled(watch.nextAsync()).id();
    assertThat(c.settled(watch.nextAsync()).id()).isEqualTo(id + 1);
  }

  @Test
  void snapshot_installedWhileALockIsWaitedFor_theGrantIsFoundInIt() {
    HeldLock held = lock(b, b.open(), LockTerms.EXCLUSIVE);
    LockSession session = c.open();
    CompletableFuture<HeldLock> waits = session.lockAsync("/l", LockTerms.EXCLUSIVE, SOON);
    stage.settle();
    CompletableFuture<Long> added = session.files().addAsync("/n", 1, SOON);
    held.close();
    stage.commitAll();
    a.actor.applyAll();
    assertThat(waits).isNotDone();
    c.actor.install(a.actor);
    assertThat(waits).isCompleted();
    assertThat(waits.join().isHeld()).isTrue();
    assertThat(added).isCompletedWithValue(1L);
  }

  @Test
  void read_onANodeThatLags_isNotOlderThanItsCall() {
    LockSession session = b.open();
    CompletableFuture<Long> made = session.files().createAsync("/f", DATA, SOON);
    stage.commitAll();
    b.actor.applyAll();
    assertThat(made).isCompleted();
    CompletableFuture<@Nullable FileContents> relaxed = c.locks.peek("/f");
    CompletableFuture<@Nullable FileContents> read = c.locks.readAsync("/f", SOON);
    assertThat(relaxed).isCompletedWithValue(null);
    assertThat(read).isNotDone();
    assertThat(found(c, read).version()).isEqualTo(made.join());
  }

  @Test
  void reads_thatComeTogether_shareAnEntry() {
    long before = c.locks.stats().syncs();
    List<CompletableFuture<List<PathStat>>> lists = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      lists.add(c.locks.listAsync("/servers", null, 10, SOON));
    }
    stage.settle();
    assertThat(c.locks.stats().syncs() - before).isLessThanOrEqualTo(2);
    assertThat(lists.getLast().join().stream().map(PathStat::path))
        .containsExactly("/servers/a", "/servers/b", "/servers/c");
  }

  @Test
  void outsideTheView_everythingIsRefusedAtOnce() {
    stage.on(b.actor, b.session::leave);
    stage.settle();
    CompletableFuture<LockSession> open = b.locks.openSessionAsync("x", SOON);
    CompletableFuture<@Nullable FileContents> read = b.locks.readAsync("/f", SOON);
    assertThat(LockActor.failure(open)).isInstanceOf(LockException.NotInView.class);
    assertThat(LockActor.failure(read)).isInstanceOf(LockException.NotInView.class);
  }

  @Test
  void closedSession_givesBackItsLocksWithoutDelay() {
    LockSession session = b.open();
    HeldLock held = lock(b, session, LockTerms.EXCLUSIVE.withDelay(ms(60_000)));
    b.settled(session.files().createEphemeralAsync("/e", DATA, SOON));
    CompletableFuture<HeldLock> next = c.open().lockAsync("/l", LockTerms.EXCLUSIVE, SOON);
    stage.settle();
    CompletableFuture<Void> closed = session.closeAsync();
    assertThat(held.isHeld()).isFalse();
    stage.settle();
    assertThat(closed).isCompleted();
    assertThat(next).isCompleted();
    assertThat(session.state()).isEqualTo(LockSession.State.CLOSED);
    assertThat(c.locks.peek("/e")).isCompletedWithValue(null);
  }

  @Test
  void election_leadsResignsAndIsObserved() {
    Election ofB = election(b, "b:1");
    Election ofC = election(c, "c:1");
    HeldLock leads = b.settled(ofB.electAsync(SOON));
    CompletableFuture<HeldLock> waits = ofC.electAsync(SOON);
    stage.settle();
    stage.whenEntered(stage::settle);
    Election.Leader leader = Objects.requireNonNull(Election.leader(a.locks, "/leader", SOON));
    assertThat(new String(leader.note(), StandardCharsets.UTF_8)).isEqualTo("b:1");
    assertThat(leader.sequencer()).isEqualTo(leads.sequencer());
    ofB.resign();
    assertThat(leads.isHeld()).isFalse();
    assertThat(waits).isCompleted();
    leader = Objects.requireNonNull(ofC.leader(SOON));
    assertThat(new String(leader.note(), StandardCharsets.UTF_8)).isEqualTo("c:1");
    ofC.close();
    assertThat(ofC.leader(SOON)).isNull();
  }

  private static Election election(LockActor at, String note) {
    return new Election(at.locks, at.open(), "/leader", LockTerms.EXCLUSIVE.withNote(note));
  }
}
