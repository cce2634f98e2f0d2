package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SnapshotOffersTest {
  private static final Duration STEP = Duration.ofMillis(1);

  // Clocks may begin anywhere.
  private long now = Long.MIN_VALUE + 5;
  private final SnapshotOffers offers = new SnapshotOffers(() -> now);

  @Test
  void due_afterRefusals_isLaterEachTimeUpToALimit() {
    assertThat(offers.due()).isTrue();
    List<Duration> pauses = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      offers.refused();
      pauses.add(untilDue());
    }
    assertThat(pauses)
        .extracting(Duration::toMillis)
        .containsExactly(100L, 200L, 400L, 800L, 1_600L, 2_000L, 2_000L);
  }

  @Test
  void due_afterOneWasTaken_isAtOnce() {
    offers.refused();
    offers.refused();
    assertThat(offers.due()).isFalse();
    offers.taken();
    assertThat(offers.due()).isTrue();
    offers.refused();
    assertThat(untilDue()).isEqualTo(SnapshotOffers.FIRST_PAUSE);
  }

  private Duration untilDue() {
    Duration waited = Duration.ZERO;
    while (!offers.due()) {
      now += STEP.toNanos();
      waited = waited.plus(STEP);
    }
    return waited;
  }
}
