package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class RefTableTest {
  private final RefTable table = new RefTable();

  @Test
  void take_draining_isRefusedAndWhatIsHeldStillCounts() {
    RefTable.Word word = table.word(1);
    assertThat(word.take()).isTrue();
    assertThat(word.take()).isTrue();
    word.drain();
    assertThat(word.take()).isFalse();
    assertThat(table.count(1)).isEqualTo(2);
    word.put();
    word.put();
    assertThat(table.count(1)).isZero();
    assertThat(word.take()).as("it drains for ever").isFalse();
  }

  @Test
  void put_moreThanTaken_throws() {
    assertThatThrownBy(() -> table.word(1).put())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("more references put than taken");
  }

  @Test
  void forget_heldWord_isStillPut() {
    RefTable.Word word = table.word(1);
    assertThat(word.take()).isTrue();
    table.forget(1);
    assertThat(table.count(1)).isZero();
    assertThat(table.word(1)).isNotSameAs(word);
    word.put();
    assertThat(word.count()).isZero();
  }

  @Test
  void forget_anotherWordInItsPlace_staysThere() {
    RefTable.Word old = table.word(1);
    table.forget(1);
    RefTable.Word next = table.word(1);
    table.forget(1, old);
    assertThat(table.word(1)).isSameAs(next);
    table.forget(1, next);
    assertThat(table.word(1)).isNotSameAs(next);
  }

  @Test
  void takeAndDrain_atOnce_countExactlyTheReferencesTaken() throws InterruptedException {
    for (int round = 0; round < 200; round++) {
      RefTable.Word word = table.word(round);
      AtomicInteger taken = new AtomicInteger();
      CountDownLatch begin = new CountDownLatch(1);
      Thread[] threads = new Thread[3];
      for (int i = 0; i < threads.length; i++) {
        threads[i] =
            Thread.startVirtualThread(
                () -> {
                  try {
                    begin.await();
                  } catch (InterruptedException e) {
                    return;
                  }
                  for (int n = 0; n < 50 && word.take(); n++) {
                    taken.incrementAndGet();
                  }
                });
      }
      begin.countDown();
      word.drain();
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(word.count()).isEqualTo(taken.get());
      assertThat(word.take()).isFalse();
    }
  }
}
