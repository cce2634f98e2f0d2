package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DeadlineTest {
  private final CountDownLatch never = new CountDownLatch(1);
  private final Thread stuck = Thread.ofPlatform().daemon().name("stuck").start(this::stand);

  private void stand() {
    try {
      never.await();
    } catch (InterruptedException e) {
      // The test is over.
    }
  }

  @AfterEach
  void end() throws InterruptedException {
    stuck.interrupt();
    stuck.join(Duration.ofSeconds(10));
  }

  @Test
  void join_ofAThreadThatDoesNotEnd_saysWhatWasWaitedForAndWhereItStands() throws Exception {
    Thread ended = Thread.ofPlatform().start(() -> {});
    Deadline.in(Duration.ofSeconds(30)).join(List.of(ended), "it ends");

    assertThatThrownBy(() -> Deadline.in(Duration.ZERO).join(List.of(ended, stuck), "clients end"))
        .isInstanceOf(CheckFailed.class)
        .hasMessageContaining("clients end: did not end in time: waited=PT")
        .hasMessageContaining("thread='stuck' at=")
        .satisfies(e -> assertThat(((CheckFailed) e).check()).isEqualTo("clients end"));
  }
}
