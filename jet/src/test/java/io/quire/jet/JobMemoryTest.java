package io.quire.jet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.memory.ArrowBuf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class JobMemoryTest {
  @Test
  void close_waitsForWhatAConnectionLetsGoOfLater() throws Exception {
    JobMemory memory = new JobMemory(Duration.ofSeconds(30));
    ArrowBuf buffer = memory.allocator().buffer(100);
    Thread closer = Thread.ofPlatform().daemon().unstarted(memory::close);
    Throwable[] failure = new Throwable[1];
    closer.setUncaughtExceptionHandler((_, e) -> failure[0] = e);
    closer.start();
    while (closer.isAlive() && closer.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    buffer.close();
    closer.join(TimeUnit.SECONDS.toMillis(30));
    assertThat(closer.isAlive()).isFalse();
    assertThat(failure[0]).isNull();
  }

  @Test
  void close_ofWhatIsNeverLetGoOf_saysSo() {
    JobMemory memory = new JobMemory(Duration.ofMillis(1));
    ArrowBuf never = memory.allocator().buffer(100);
    assertThatThrownBy(memory::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Memory was leaked");
    assertThat(never.refCnt()).isEqualTo(1);
  }
}
