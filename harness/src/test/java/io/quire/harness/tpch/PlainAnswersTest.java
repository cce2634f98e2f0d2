package io.quire.harness.tpch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PlainAnswersTest {
  @Test
  void at_scaleOne_isWhatTpchPublishes() throws Exception {
    assertThat(PlainAnswers.at(1, Duration.ofSeconds(60)))
        .isEqualTo(PlainAnswers.PUBLISHED_AT_SCALE_ONE);
  }

  @Test
  void at_limitTooShort_timesOut() {
    assertThatThrownBy(() -> PlainAnswers.at(100, Duration.ofMillis(1)))
        .isInstanceOf(TimeoutException.class)
        .hasMessage("plain answers take too long: scale=100.0 limit=PT0.001S");
  }
}
