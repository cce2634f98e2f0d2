package io.quire.lockserver;

import static io.quire.lockserver.LockMode.BESIDE_READ;
import static io.quire.lockserver.LockMode.BESIDE_WRITE;
import static io.quire.lockserver.LockMode.EXCLUSIVE;
import static io.quire.lockserver.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Rules;
import io.quire.lockserver.LockAnswer.Code;
import io.quire.lockserver.LockAnswer.Limit;
import io.quire.lockserver.LockOperation.Cancel;
import io.quire.lockserver.LockOperation.Close;
import io.quire.lockserver.LockOperation.Convert;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The modes of locks, and how a holder changes them, as the log makes it. */
@Timeout(30)
class LockModeTest {
  private final TreeDriver driver = new TreeDriver();
  private final Tenure a = driver.join("a", 1);
  private final Tenure b = driver.join("b", 2);
  private final long s = driver.open(a);
  private final long t = driver.open(a);
  private final long u = driver.open(b);

  @ParameterizedTest
  @CsvSource({
    "SHARED, SHARED, true",
    "SHARED, EXCLUSIVE, false",
    "SHARED, BESIDE_READ, false",
    "SHARED, BESIDE_WRITE, false",
    "EXCLUSIVE, SHARED, false",
    "EXCLUSIVE, EXCLUSIVE, false",
    "EXCLUSIVE, BESIDE_READ, false",
    "EXCLUSIVE, BESIDE_WRITE, false",
    "BESIDE_READ, SHARED, false",
    "BESIDE_READ, EXCLUSIVE, false",
    "BESIDE_READ, BESIDE_READ, true",
    "BESIDE_READ, BESIDE_WRITE, true",
    "BESIDE_WRITE, SHARED, false",
    "BESIDE_WRITE, EXCLUSIVE, false",
    "BESIDE_WRITE, BESIDE_READ, true",
    "BESIDE_WRITE, BESIDE_WRITE, false"
  })
  void eachPair_isHeldTogetherOrOneAfterTheOther(LockMode held, LockMode wanted, boolean together) {
    LockAnswer first = driver.acquire(a, s, "/l", held);
    assertThat(driver.acquire(b, u, "/l", wanted, false, 0).code())
        .isEqualTo(together ? Code.GRANTED : Code.BUSY);
    assertThat(driver.acquire(a, t, "/l", wanted).code())
        .isEqualTo(together && wanted != BESIDE_WRITE ? Code.GRANTED : Code.QUEUED);
    driver.release(a, s, first.number());
    if (!together) {
      assertThat(driver.granted.getLast().asker().session()).isEqualTo(t);
      assertThat(driver.granted.getLast().mode()).isEqualTo(wanted);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SHARED, SHARED",
    "EXCLUSIVE, SHARED EXCLUSIVE BESIDE_READ BESIDE_WRITE",
    "BESIDE_READ, BESIDE_READ",
    "BESIDE_WRITE, BESIDE_READ BESIDE_WRITE"
  })
  void mode_coversWhatKeepsOutNobodyElse(LockMode mode, String others) {
    for (LockMode other : LockMode.values()) {
      assertThat(mode.covers(other))
          .as("%s covers %s", mode, other)
          .isEqualTo(List.of(others.split(" ")).contains(other.name()));
    }
  }

  @Test
  void readerBeside_goesPastAWaitingWriterBeside_andNobodyElseDoes() {
    driver.acquire(a, s, "/l", BESIDE_WRITE);
    assertThat(driver.acquire(a, t, "/l", BESIDE_WRITE).code()).isEqualTo(Code.QUEUED);
    assertThat(driver.acquire(b, u, "/l", BESIDE_READ).code()).isEqualTo(Code.GRANTED);
    assertThat(driver.acquire(b, driver.open(b), "/l", EXCLUSIVE).code()).isEqualTo(Code.QUEUED);
    assertThat(driver.acquire(b, driver.open(b), "/l", BESIDE_READ).code())
        .as("behind who waits for it to be free")
        .isEqualTo(Code.QUEUED);
    driver.release(a, s, 1);
    assertThat(driver.granted.getLast().asker().session()).isEqualTo(t);
    assertThat(driver.granted).hasSize(3);
  }

  @Test
  void conversion_whenAlone_isGrantedAtOnceUnderANewGeneration() {
    long generation = driver.acquire(a, s, "/l", SHARED).number();
    for (LockMode from : LockMode.values()) {
      for (LockMode to : LockMode.values()) {
        generation = driver.convert(a, s, generation, from).number();
        LockAnswer answer = driver.convert(a, s, generation, to);
        assertThat(answer.code()).isEqualTo(Code.GRANTED);
        assertThat(answer.number() == generation).as("%s to %s", from, to).isEqualTo(from == to);
        assertThat(driver.tree.holds(generation)).isEqualTo(from == to);
        assertThat(driver.tree.holds(answer.number())).isTrue();
        generation = answer.number();
      }
    }
    driver.release(a, s, generation);
    assertThat(driver.tree.locks().count()).as("nothing is left of it").isZero();
  }

  @Test
  void demotion_letsInWhoeverWaitsAndIsAdmitted() {
    long held = driver.acquire(a, s, "/l", EXCLUSIVE).number();
    driver.acquire(a, t, "/l", SHARED);
    driver.acquire(b, u, "/l", EXCLUSIVE);
    driver.acquire(b, driver.open(b), "/l", SHARED);
    LockAnswer shared = driver.convert(a, s, held, SHARED);
    assertThat(shared.code()).isEqualTo(Code.GRANTED);
    assertThat(driver.granted).extracting(hold -> hold.asker().session()).containsExactly(s, t);
    assertThat(driver.tree.holds(held)).as("what the stronger one guarded").isFalse();
    assertThat(driver.happened())
        .containsExactly(
            "ACQUIRED /l", "QUEUED /l", "QUEUED /l", "QUEUED /l", "CONVERTED /l", "ACQUIRED /l");
  }

  @Test
  void promotion_waitsAheadOfTheQueue_andIsHeldAllTheWhile() {
    long first = driver.acquire(a, s, "/l", SHARED).number();
    long second = driver.acquire(a, t, "/l", SHARED).number();
    driver.acquire(b, u, "/l", EXCLUSIVE);
    assertThat(driver.convert(a, s, first, EXCLUSIVE).code()).isEqualTo(Code.QUEUED);
    assertThat(driver.tree.holds(first)).as("until it has the other").isTrue();
    assertThat(driver.convert(a, s, first, EXCLUSIVE).code()).isEqualTo(Code.ALREADY_WAITING);
    assertThat(driver.acquire(b, driver.open(b), "/l", SHARED, false, 0).code())
        .isEqualTo(Code.BUSY);
    driver.release(a, t, second);
    assertThat(driver.converted)
        .singleElement()
        .extracting(LockTable.Hold::mode)
        .isEqualTo(EXCLUSIVE);
    assertThat(driver.granted).hasSize(2);
    assertThat(driver.tree.holds(first)).as("the weaker one proves nothing more").isFalse();
    driver.release(a, s, driver.converted.getLast().generation());
    assertThat(driver.granted.getLast().asker().session()).isEqualTo(u);
    assertThat(driver.tree.locks().waiters()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "SHARED, EXCLUSIVE, SHARED, EXCLUSIVE",
    "SHARED, BESIDE_READ, SHARED, BESIDE_WRITE",
    "BESIDE_READ, EXCLUSIVE, BESIDE_READ, SHARED",
    "BESIDE_READ, BESIDE_WRITE, BESIDE_WRITE, EXCLUSIVE"
  })
  void conversions_thatWaitForEachOther_theSecondIsRefused(
      LockMode held, LockMode to, LockMode otherHeld, LockMode otherTo) {
    long first = driver.acquire(a, s, "/l", held).number();
    long second = driver.acquire(b, u, "/l", otherHeld).number();
    assertThat(driver.convert(a, s, first, to).code()).isEqualTo(Code.QUEUED);
    assertThat(driver.convert(b, u, second, otherTo))
        .isEqualTo(LockAnswer.of(Code.DEADLOCK, first));
    assertThat(driver.tree.holds(second)).as("held as before").isTrue();
    driver.release(b, u, second);
    assertThat(driver.converted.getLast().mode()).isEqualTo(to);
  }

  @Test
  void conversions_ofWhichOneWaitsForTheOther_areBothGranted() {
    long writer = driver.acquire(b, u, "/l", BESIDE_WRITE).number();
    long first = driver.acquire(a, s, "/l", BESIDE_READ).number();
    long second = driver.acquire(a, t, "/l", BESIDE_READ).number();
    assertThat(driver.convert(a, s, first, BESIDE_WRITE).code()).isEqualTo(Code.QUEUED);
    assertThat(driver.convert(a, t, second, EXCLUSIVE).code()).isEqualTo(Code.QUEUED);
    driver.convert(b, u, writer, BESIDE_READ);
    assertThat(driver.converted.getLast().mode()).isEqualTo(BESIDE_WRITE);
    driver.release(b, u, driver.converted.getFirst().generation());
    driver.release(a, s, driver.converted.getLast().generation());
    assertThat(driver.converted.getLast().mode()).isEqualTo(EXCLUSIVE);
  }

  @Test
  void conversion_cancelled_leavesWhatWasHeld_orWhatItGranted() {
    long first = driver.acquire(a, s, "/l", SHARED).number();
    long second = driver.acquire(b, u, "/l", SHARED).number();
    driver.convert(a, s, first, EXCLUSIVE);
    long request = driver.lastSequence(a);
    driver.acquire(a, t, "/l", SHARED);
    driver.ask(a, new Cancel(s, "/l", request));
    assertThat(driver.tree.holds(first)).isTrue();
    assertThat(driver.granted.getLast().asker().session()).as("it was in the way").isEqualTo(t);
    driver.release(a, t, driver.granted.getLast().generation());
    driver.convert(a, s, first, EXCLUSIVE);
    request = driver.lastSequence(a);
    driver.release(b, u, second);
    driver.ask(a, new Cancel(s, "/l", request));
    assertThat(driver.tree.holds(driver.converted.getLast().generation())).isTrue();
    driver.request(a, request + 7, request, new Cancel(s, "/l", request + 8));
    assertThat(
            driver
                .request(
                    a,
                    request + 8,
                    request,
                    new Convert(s, driver.converted.getLast().generation(), SHARED))
                .code())
        .as("given up before it came")
        .isEqualTo(Code.CANCELLED);
  }

  @Test
  void conversion_ofWhatIsNotHeld_isRefused() {
    long held = driver.acquire(a, s, "/l", SHARED, true, 500).number();
    assertThat(driver.convert(a, t, held, SHARED).code()).isEqualTo(Code.NOT_HELD);
    assertThat(driver.convert(a, s, held + 1, SHARED).code()).isEqualTo(Code.NOT_HELD);
    assertThat(driver.convert(b, s, held, SHARED).code()).isEqualTo(Code.ENDED);
    driver.expire(a);
    Tenure again = driver.join("a", 1);
    assertThat(driver.convert(again, driver.open(again), held, SHARED).code())
        .as("it is lost")
        .isEqualTo(Code.NOT_HELD);
  }

  @Test
  void sessionEnds_whileItConverts_losesWhatItHeld_withItsDelay() {
    long first = driver.acquire(a, s, "/l", SHARED, true, 500).number();
    long second = driver.acquire(b, u, "/l", SHARED).number();
    driver.convert(a, s, first, EXCLUSIVE);
    driver.expire(a);
    driver.release(b, u, second);
    assertThat(driver.converted).isEmpty();
    assertThat(driver.acquire(b, u, "/l", EXCLUSIVE).code()).isEqualTo(Code.QUEUED);
    driver.apply(new LockEntry.DelayOver("/l", first));
    assertThat(driver.granted.getLast().mode()).isEqualTo(EXCLUSIVE);
  }

  @Test
  void convertedHold_keepsItsDelay_andWhoConvertsWaitsForTheDelayOfOthers() {
    long first = driver.acquire(a, s, "/l", BESIDE_WRITE, true, 500).number();
    long second = driver.acquire(b, u, "/l", BESIDE_READ).number();
    long lost = driver.convert(a, s, first, BESIDE_READ).number();
    assertThat(driver.convert(b, u, second, EXCLUSIVE).code()).isEqualTo(Code.QUEUED);
    driver.expire(a);
    assertThat(driver.converted).as("it is delayed").hasSize(1);
    driver.apply(new LockEntry.DelayOver("/l", lost));
    assertThat(driver.converted.getLast().mode()).isEqualTo(EXCLUSIVE);
  }

  @Test
  void conversions_countAsWaiters() {
    TreeDriver small = new TreeDriver(TreeDriver.SMALL, Rules.ALL);
    Tenure x = small.join("x", 9);
    long[] sessions = new long[6];
    for (int i = 0; i < 6; i++) {
      sessions[i] = small.open(x);
    }
    small.acquire(x, sessions[0], "/l", SHARED);
    small.acquire(x, sessions[1], "/l", SHARED);
    for (int i = 2; i < 5; i++) {
      small.acquire(x, sessions[i], "/l", EXCLUSIVE);
    }
    assertThat(small.convert(x, sessions[0], 1, EXCLUSIVE).code()).isEqualTo(Code.QUEUED);
    assertThat(small.tree.locks().waiters()).isEqualTo(4);
    assertThat(small.acquire(x, sessions[5], "/l", EXCLUSIVE))
        .isEqualTo(LockAnswer.limit(Limit.WAITERS, 4));
    small.ask(x, new Close(sessions[0]));
    assertThat(small.tree.locks().waiters()).isEqualTo(3);
  }

  @Test
  void free_isWhatNobodyHoldsWaitsForOrHasLost() {
    assertThat(driver.tree.free("/l")).isTrue();
    long held = driver.acquire(a, s, "/l", BESIDE_READ, true, 500).number();
    assertThat(driver.tree.free("/l")).isFalse();
    assertThat(driver.tree.free("/l/below")).isTrue();
    driver.expire(a);
    assertThat(driver.tree.free("/l")).as("delayed").isFalse();
    driver.acquire(b, u, "/l", EXCLUSIVE);
    driver.apply(new LockEntry.DelayOver("/l", held));
    assertThat(driver.tree.free("/l")).isFalse();
    driver.release(b, u, driver.granted.getLast().generation());
    assertThat(driver.tree.free("/l")).isTrue();
  }
}
