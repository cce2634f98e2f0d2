package io.quire.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LeaseTermsTest {
  @Test
  void leader_waitsLongerThanTheNodeByDriftAndMargin() {
    LeaseTerms terms = new LeaseTerms(Duration.ofSeconds(10), 0.01, Duration.ofMillis(100));
    assertThat(terms.leaderNanos()).isEqualTo(10_300_000_000L);
    assertThat(terms.keepAliveEvery()).isEqualTo(Duration.ofSeconds(2));
    assertThat(LeaseTerms.DEFAULT.leaderNanos()).isEqualTo(3_106_000_000L);
  }

  @ParameterizedTest
  @CsvSource({"PT0.1S, 0, PT0S", "PT5M59S, 0.0999, PT1M"})
  void bounds_areAllowed(Duration lease, double drift, Duration margin) {
    assertThat(new LeaseTerms(lease, drift, margin).lease()).isEqualTo(lease);
  }

  @ParameterizedTest
  @CsvSource({
    "PT0.099S, PT0S, lease=PT0.099S margin=PT0S",
    "PT6M, PT0S, lease=PT6M margin=PT0S",
    "PT1S, PT-0.001S, lease=PT1S margin=PT-0.001S"
  })
  void leaseOutOfRange_isRefused(Duration lease, Duration margin, String text) {
    assertThatThrownBy(() -> new LeaseTerms(lease, 0, margin))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("lease out of range: " + text + " allowed=100ms..5m");
  }

  @ParameterizedTest
  @CsvSource({"-0.1", "0.1", "NaN"})
  void driftOutOfRange_isRefused(double drift) {
    assertThatThrownBy(() -> new LeaseTerms(Duration.ofSeconds(1), drift, Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("drift out of range: drift=" + drift + " allowed=0..0.1");
  }
}
