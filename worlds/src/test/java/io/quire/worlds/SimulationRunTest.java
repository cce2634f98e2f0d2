package io.quire.worlds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SimulationRunTest {
  @Test
  void await_ofWorldsThatNoLongerEnd_givesUp_butNotWhileSomeDo() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    Thread stuck =
        Thread.ofPlatform()
            .daemon()
            .name("stuck")
            .start(
                () -> {
                  try {
                    end.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });

    assertThatThrownBy(() -> SimulationRun.await(List.of(stuck), () -> 7, Duration.ofNanos(1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("simulated worlds do not end: done=7")
        .hasMessageContaining("thread='stuck' at=");

    AtomicInteger looks = new AtomicInteger();
    SimulationRun.await(
        List.of(stuck),
        () -> {
          if (looks.incrementAndGet() == 5) {
            end.countDown();
          }
          return looks.get();
        },
        Duration.ofMillis(1));
    assertThat(looks).hasValueGreaterThanOrEqualTo(5);
  }
}
