package io.quire.harness.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir private Path directory;

  @Test
  void ask_returnsWhatWasAnswered() throws IOException {
    try (Control _ = Control.serve(socket(), request -> Map.of("request", request))) {
      assertThat(Control.ask(socket(), "status 7", LIMIT).path("request").asText())
          .isEqualTo("status 7");
    }
  }

  @Test
  void ask_whereTheRequestFails_tellsWhy() throws IOException {
    try (Control _ =
        Control.serve(
            socket(),
            request -> {
              throw new IllegalStateException("not open: request=" + request);
            })) {
      assertThatThrownBy(() -> Control.ask(socket(), "leave", LIMIT))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("request=leave")
          .hasMessageContaining("not open: request=leave");
    }
  }

  @Test
  void ask_withoutAnAnswerInTime_tellsTheLimit() throws IOException {
    CountDownLatch asked = new CountDownLatch(1);
    try (Control _ =
        Control.serve(
            socket(),
            request -> {
              try {
                asked.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return Map.of();
            })) {
      assertThatThrownBy(() -> Control.ask(socket(), "check", Duration.ofMillis(50)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("request=check")
          .hasMessageContaining("PT0.05S");
      asked.countDown();
    }
  }

  @Test
  void ask_whereNobodyServes_tellsTheSocket() {
    assertThatThrownBy(() -> Control.ask(socket(), "status", LIMIT))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(socket().toString());
  }

  private Path socket() {
    return directory.resolve("control");
  }
}
