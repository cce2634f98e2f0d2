package io.quire.lockserver;

import static io.quire.lockserver.LockMode.EXCLUSIVE;
import static io.quire.lockserver.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Log;
import io.quire.base.Rules;
import io.quire.base.WireWriter;
import io.quire.lockserver.LockAnswer.Code;
import io.quire.lockserver.LockAnswer.Limit;
import io.quire.lockserver.LockOperation.Add;
import io.quire.lockserver.LockOperation.Cancel;
import io.quire.lockserver.LockOperation.Close;
import io.quire.lockserver.LockOperation.Create;
import io.quire.lockserver.LockOperation.Open;
import io.quire.lockserver.LockOperation.Release;
import io.quire.lockserver.LockOperation.Remove;
import io.quire.lockserver.LockOperation.Write;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The lock server, as the log makes it. */
@Timeout(30)
class LockTreeTest {
  private final TreeDriver driver = new TreeDriver();
  private final Tenure a = driver.join("a", 1);
  private final Tenure b = driver.join("b", 2);
  private final long s = driver.open(a);
  private final long t = driver.open(a);
  private final long u = driver.open(b);

  private LockAnswer create(Tenure tenure, long session, String path, int bytes) {
    return driver.ask(tenure, new Create(session, path, new byte[bytes], false));
  }

  @Test
  void sessions_areNumberedAndSeveralPerNode() {
    assertThat(List.of(s, t, u)).containsExactly(1L, 2L, 3L);
    assertThat(driver.tree.sessionCount()).isEqualTo(3);
    assertThat(create(b, s, "/x", 1).code()).as("another node's session").isEqualTo(Code.ENDED);
  }

  @Test
  void file_isMadeWrittenAndRemovedByVersion() {
    long made = create(a, s, "/x", 1).number();
    assertThat(made).isEqualTo(driver.position);
    assertThat(create(b, u, "/x", 1)).isEqualTo(LockAnswer.of(Code.EXISTS, made));
    assertThat(driver.ask(a, new Write(s, "/x", made + 1, new byte[2])))
        .isEqualTo(LockAnswer.of(Code.OTHER_VERSION, made));
    long written = driver.ask(b, new Write(u, "/x", made, new byte[2])).number();
    assertThat(written).isEqualTo(driver.position);
    assertThat(driver.ask(a, new Remove(s, "/x", made)).code()).isEqualTo(Code.OTHER_VERSION);
    assertThat(driver.ask(a, new Remove(s, "/x", LockOperation.ANY_VERSION)).code())
        .isEqualTo(Code.OK);
    assertThat(driver.ask(a, new Write(s, "/x", LockOperation.ANY_VERSION, new byte[2])).code())
        .isEqualTo(Code.NOT_FOUND);
    assertThat(driver.happened()).containsExactly("CREATED /x", "CHANGED /x", "REMOVED /x");
    assertThat(driver.tree.files().contentsBytes()).isZero();
  }

  @Test
  void counter_addsAndRefusesWhatItCannot() {
    assertThat(driver.ask(a, new Add(s, "/n", 5)).number()).isEqualTo(5);
    assertThat(driver.ask(b, new Add(u, "/n", -7)).number()).isEqualTo(-2);
    assertThat(driver.ask(b, new Add(u, "/n", Long.MIN_VALUE)))
        .isEqualTo(LockAnswer.of(Code.OVERFLOW, -2));
    create(a, s, "/text", 3);
    assertThat(driver.ask(a, new Add(s, "/text", 1)))
        .isEqualTo(LockAnswer.of(Code.NOT_A_COUNTER, 3));
  }

  @Test
  void ephemeral_goesWithItsSessionAndNotBefore() {
    driver.ask(a, new Create(s, "/e1", new byte[4], true));
    driver.ask(a, new Create(t, "/e2", new byte[4], true));
    create(a, s, "/stays", 1);
    driver.ask(a, new Close(s));
    assertThat(driver.tree.files().file("/e1")).isNull();
    assertThat(driver.tree.files().file("/e2")).isNotNull();
    driver.expire(a);
    assertThat(driver.tree.files().file("/e2")).isNull();
    assertThat(driver.tree.files().file("/stays")).isNotNull();
    assertThat(driver.tree.sessionCount()).isOne();
    assertThat(driver.ended).containsExactly(a);
  }

  @Test
  void lock_isGrantedInTheOrderOfRequests() {
    LockAnswer first = driver.acquire(a, s, "/l", EXCLUSIVE);
    assertThat(first.code()).isEqualTo(Code.GRANTED);
    assertThat(driver.acquire(a, t, "/l", EXCLUSIVE).code()).isEqualTo(Code.QUEUED);
    assertThat(driver.acquire(b, u, "/l", EXCLUSIVE).code()).isEqualTo(Code.QUEUED);
    assertThat(driver.release(a, s, first.number()).code()).isEqualTo(Code.OK);
    long second = driver.granted.getLast().generation();
    assertThat(driver.granted.getLast().asker().session()).isEqualTo(t);
    assertThat(second).isGreaterThan(first.number());
    driver.release(a, t, second);
    assertThat(driver.granted.getLast().asker().session()).isEqualTo(u);
    driver.release(b, u, driver.granted.getLast().generation());
    assertThat(driver.tree.locks().count()).as("nothing is left of it").isZero();
    assertThat(driver.happened())
        .containsExactly(
            "ACQUIRED /l",
            "QUEUED /l",
            "QUEUED /l",
            "RELEASED /l",
            "ACQUIRED /l",
            "RELEASED /l",
            "ACQUIRED /l",
            "RELEASED /l");
  }

  @Test
  void sharedBehindAWaitingExclusive_waits_andSharedThatStandTogetherGoTogether() {
    LockAnswer reader = driver.acquire(a, s, "/l", SHARED);
    driver.acquire(a, t, "/l", EXCLUSIVE);
    assertThat(driver.acquire(b, u, "/l", SHARED).code())
        .as("no overtaking")
        .isEqualTo(Code.QUEUED);
    long v = driver.open(b);
    driver.acquire(b, v, "/l", SHARED);
    driver.release(a, s, reader.number());
    assertThat(driver.granted).hasSize(2);
    driver.release(a, t, driver.granted.getLast().generation());
    assertThat(driver.granted).hasSize(4);
    assertThat(driver.tree.locks().waiters()).isZero();
  }

  @Test
  void acquire_twiceByOneSession_isRefusedAtOnce() {
    LockAnswer held = driver.acquire(a, s, "/l", SHARED);
    assertThat(driver.acquire(a, s, "/l", SHARED))
        .isEqualTo(LockAnswer.of(Code.ALREADY_HELD, held.number()));
    driver.acquire(b, u, "/l", EXCLUSIVE);
    assertThat(driver.acquire(b, u, "/l", SHARED).code()).isEqualTo(Code.ALREADY_WAITING);
  }

  @Test
  void tryLock_heldOrWaitedFor_isBusyAndLeavesNothing() {
    LockAnswer held = driver.acquire(a, s, "/l", SHARED);
    assertThat(driver.acquire(b, u, "/l", EXCLUSIVE, false, 0))
        .isEqualTo(LockAnswer.of(Code.BUSY, held.number()));
    assertThat(driver.acquire(b, u, "/l", SHARED, false, 0).code()).isEqualTo(Code.GRANTED);
    driver.acquire(a, t, "/l", EXCLUSIVE);
    long v = driver.open(b);
    assertThat(driver.acquire(b, v, "/l", SHARED, false, 0).code())
        .as("it does not overtake who waits")
        .isEqualTo(Code.BUSY);
    assertThat(driver.tree.locks().waiters()).isOne();
  }

  @Test
  void release_ofWhatAnotherHolds_isRefused() {
    LockAnswer held = driver.acquire(a, s, "/l", EXCLUSIVE);
    assertThat(driver.release(a, t, held.number()).code()).isEqualTo(Code.NOT_HELD);
    assertThat(driver.release(a, s, held.number() + 1).code()).isEqualTo(Code.NOT_HELD);
    driver.release(a, s, held.number());
    assertThat(driver.release(a, s, held.number()).code()).isEqualTo(Code.NOT_HELD);
  }

  @Test
  void lost_isDelayed_evenForTryLock_andGivenBackIsNot() {
    LockAnswer held = driver.acquire(a, s, "/l", EXCLUSIVE, true, 500);
    driver.acquire(b, u, "/l", EXCLUSIVE);
    driver.expire(a);
    assertThat(driver.tree.locks().held(held.number())).as("its sequencer is stale").isFalse();
    assertThat(driver.granted).hasSize(1);
    long v = driver.open(b);
    assertThat(driver.acquire(b, v, "/l", EXCLUSIVE, false, 0))
        .isEqualTo(LockAnswer.of(Code.DELAYED, held.number()));
    driver.apply(new LockEntry.DelayOver("/other", held.number()));
    driver.apply(new LockEntry.DelayOver("/l", held.number() + 1));
    assertThat(driver.granted).hasSize(1);
    driver.apply(new LockEntry.DelayOver("/l", held.number()));
    assertThat(driver.granted.getLast().asker().session()).isEqualTo(u);
    driver.apply(new LockEntry.DelayOver("/l", held.number()));
    driver.apply(new LockEntry.DelayOver("/l", driver.granted.getLast().generation()));
    assertThat(driver.tree.locks().held(driver.granted.getLast().generation())).isTrue();
    assertThat(driver.happened())
        .containsExactly("ACQUIRED /l", "QUEUED /l", "LOST /l", "DELAY_OVER /l", "ACQUIRED /l");
  }

  @Test
  void lostShared_holdsUpExclusiveOnly() {
    driver.acquire(a, s, "/l", SHARED, true, 500);
    driver.expire(a);
    assertThat(driver.acquire(b, u, "/l", SHARED, false, 0).code()).isEqualTo(Code.GRANTED);
    long v = driver.open(b);
    assertThat(driver.acquire(b, v, "/l", EXCLUSIVE, false, 0).code()).isEqualTo(Code.BUSY);
  }

  @Test
  void closedSession_losesNothingUncleanly() {
    driver.acquire(a, s, "/l", EXCLUSIVE, true, 500);
    driver.acquire(b, u, "/l", EXCLUSIVE);
    driver.ask(a, new Close(s));
    assertThat(driver.granted).hasSize(2);
    assertThat(driver.ask(a, new Close(s)).code()).isEqualTo(Code.ENDED);
  }

  @Test
  void nodeThatEnds_isGrantedNothingByItsOwnEnd() {
    driver.acquire(a, s, "/l", EXCLUSIVE);
    driver.acquire(a, t, "/l", EXCLUSIVE, true, 60_000);
    driver.acquire(b, u, "/l", EXCLUSIVE);
    driver.expire(a);
    assertThat(driver.granted).hasSize(2);
    assertThat(driver.granted.getLast().asker().session()).isEqualTo(u);
  }

  @Test
  void cancel_takesTheRequestWhereverItIs() {
    LockAnswer held = driver.acquire(a, s, "/l", EXCLUSIVE);
    driver.acquire(b, u, "/l", EXCLUSIVE);
    driver.ask(b, new Cancel(u, "/l", driver.lastSequence(b)));
    assertThat(driver.tree.locks().waiters()).isZero();
    driver.ask(a, new Cancel(s, "/l", 3));
    assertThat(driver.tree.locks().held(held.number())).as("granted already: given back").isFalse();
    long next = driver.lastSequence(b) + 5;
    driver.ask(b, new Cancel(u, "/l", next));
    assertThat(
            driver
                .request(
                    b, next, 0, new LockOperation.Acquire(u, "/l", EXCLUSIVE, true, 0, new byte[0]))
                .code())
        .as("given up before it came")
        .isEqualTo(Code.CANCELLED);
    assertThat(driver.tree.locks().count()).isZero();
  }

  @Test
  void cancelOfAWaitingExclusive_letsTheSharedBehindItGo() {
    driver.acquire(a, s, "/l", SHARED);
    driver.acquire(a, t, "/l", EXCLUSIVE);
    long exclusive = driver.lastSequence(a);
    driver.acquire(b, u, "/l", SHARED);
    driver.ask(a, new Cancel(t, "/l", exclusive));
    assertThat(driver.granted).hasSize(2);
  }

  @Test
  void requestThatComesAgain_isAnsweredAlikeAndRunsOnce() {
    LockAnswer first = driver.request(a, 10, 9, new Add(s, "/n", 1));
    assertThat(driver.request(a, 10, 9, new Add(s, "/n", 1))).isEqualTo(first);
    TreeDriver restarted = driver.copy();
    assertThat(restarted.request(a, 10, 9, new Add(s, "/n", 1))).isEqualTo(first);
    assertThat(restarted.request(a, 11, 11, new Add(s, "/n", 1)).number()).isEqualTo(2);
    assertThat(restarted.request(a, 10, 10, new Add(s, "/n", 1)).code()).isEqualTo(Code.FORGOTTEN);
    assertThat(restarted.request(a, 12, 11, new Add(s, "/n", 0)).number()).isEqualTo(2);
  }

  @Test
  void requestOfAnEndedSession_doesNotRun() {
    driver.expire(a);
    assertThat(create(a, s, "/x", 1).code()).isEqualTo(Code.ENDED);
    assertThat(driver.ask(a, new Open("again")).code()).isEqualTo(Code.ENDED);
    Tenure again = driver.join("a", 1);
    assertThat(driver.ask(again, new Create(s, "/x", new byte[1], false)).code())
        .as("a session of the one before")
        .isEqualTo(Code.ENDED);
  }

  @Test
  void guardedRequest_whoseLockIsNotHeld_isStaleAndStaysSo() {
    var request = new LockEntry.Request(a, 20, 20, new Create(s, "/guarded", new byte[1], false));
    driver.tree.fenced(driver.next(), request.entry(Log.Fence.lock(77)).payload());
    assertThat(driver.tree.answer(a, 20)).isEqualTo(LockAnswer.of(Code.STALE));
    assertThat(driver.tree.files().file("/guarded")).isNull();
    assertThat(driver.apply(request).code()).as("a copy of it").isEqualTo(Code.STALE);
    LockAnswer made = driver.request(a, 21, 20, new Create(s, "/y", new byte[1], false));
    driver.tree.fenced(
        driver.next(),
        new LockEntry.Request(a, 21, 20, new Create(s, "/y", new byte[1], false))
            .entry(Log.Fence.lock(77))
            .payload());
    assertThat(driver.tree.answer(a, 21)).as("the first counts").isEqualTo(made);
  }

  @Test
  void limits_areRefusedWithTheirNumbers() {
    TreeDriver small = new TreeDriver(TreeDriver.SMALL, Rules.ALL);
    Tenure x = small.join("x", 9);
    long[] sessions = new long[8];
    for (int i = 0; i < 8; i++) {
      sessions[i] = small.open(x);
    }
    assertThat(small.ask(x, new Open("more"))).isEqualTo(LockAnswer.limit(Limit.SESSIONS, 8));
    long one = sessions[0];
    assertThat(small.ask(x, new Create(one, "/big", new byte[65], false)))
        .isEqualTo(LockAnswer.limit(Limit.CONTENTS_BYTES, 64));
    for (int i = 0; i < 6; i++) {
      small.ask(x, new Create(one, "/f" + i, new byte[8], false));
    }
    assertThat(small.ask(x, new Create(one, "/f6", new byte[1], false)))
        .isEqualTo(LockAnswer.limit(Limit.FILES, 6));
    assertThat(small.ask(x, new Add(one, "/n", 1))).isEqualTo(LockAnswer.limit(Limit.FILES, 6));
    assertThat(small.ask(x, new Write(one, "/f1", LockOperation.ANY_VERSION, new byte[25])))
        .isEqualTo(LockAnswer.limit(Limit.CONTENTS_BYTES, 64));
    for (int i = 0; i < 3; i++) {
      small.acquire(x, one, "/l" + i, EXCLUSIVE);
    }
    for (int i = 1; i <= 4; i++) {
      assertThat(small.acquire(x, sessions[i], "/l0", EXCLUSIVE).code()).isEqualTo(Code.QUEUED);
    }
    assertThat(small.acquire(x, sessions[5], "/l0", EXCLUSIVE))
        .isEqualTo(LockAnswer.limit(Limit.HOLDS, 7));
    small.ask(x, new Release(one, 3));
    assertThat(small.acquire(x, sessions[5], "/l0", EXCLUSIVE))
        .isEqualTo(LockAnswer.limit(Limit.WAITERS, 4));
    assertThat(small.request(x, small.lastSequence(x) + 8, small.lastSequence(x), new Open("far")))
        .isEqualTo(LockAnswer.limit(Limit.ANSWERS, 8));
  }

  @Test
  void nodesOwnFiles_areNewsToo() {
    driver.expire(b);
    assertThat(driver.events().stream().map(event -> event.kind() + " " + event.path()))
        .containsExactly("CREATED /servers/a", "CREATED /servers/b", "REMOVED /servers/b");
  }

  @Test
  void events_areNumberedOneByOneAndOldOnesGo() {
    TreeDriver small = new TreeDriver(TreeDriver.SMALL, Rules.ALL);
    Tenure x = small.join("x", 9);
    long one = small.open(x);
    for (int i = 0; i < 30; i++) {
      small.ask(x, new Add(one, "/n", 1));
    }
    assertThat(small.tree.events().last()).isEqualTo(31);
    assertThat(small.tree.events().forgotten()).isEqualTo(15);
    assertThat(small.events().stream().map(LockEvent::id).toList())
        .isEqualTo(java.util.stream.LongStream.rangeClosed(16, 31).boxed().toList());
    assertThat(small.copy().events()).isEqualTo(small.events());
  }

  @Test
  void capture_writtenLater_isWhatWasSavedAtThatMoment() {
    create(a, s, "/x", 3);
    driver.ask(a, new Create(s, "/e", new byte[1], true));
    driver.acquire(a, s, "/l", EXCLUSIVE, true, 700);
    driver.acquire(a, t, "/l", SHARED);
    driver.acquire(b, u, "/l", SHARED);
    byte[] wanted = driver.save();
    Log.Capture capture = driver.tree.capture();
    driver.acquire(b, u, "/m", SHARED, true, 5);
    driver.ask(a, new Write(s, "/x", LockOperation.ANY_VERSION, new byte[7]));
    driver.ask(a, new Close(s));
    driver.expire(b);
    assertThat(driver.save()).isNotEqualTo(wanted);
    WireWriter out = new WireWriter();
    capture.write(out);
    assertThat(out.toBytes()).isEqualTo(wanted);
  }

  @Test
  void saved_isTheSameAfterRestore() {
    create(a, s, "/x", 3);
    driver.ask(a, new Create(s, "/e", new byte[1], true));
    driver.acquire(a, s, "/l", EXCLUSIVE, true, 700);
    driver.acquire(a, t, "/l", SHARED);
    driver.acquire(b, u, "/l", SHARED);
    driver.acquire(b, u, "/m", SHARED, true, 5);
    driver.expire(b);
    TreeDriver other = driver.copy();
    assertThat(other.save()).isEqualTo(driver.save());
    for (TreeDriver each : List.of(driver, other)) {
      each.ask(a, new Close(s));
    }
    assertThat(other.save()).isEqualTo(driver.save());
    assertThat(other.tree.files().file("/e")).isNull();
    assertThat(other.granted.getLast().asker().session()).isEqualTo(t);
  }
}
