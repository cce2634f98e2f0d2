package io.quire.harness.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Clock;
import org.junit.jupiter.api.Test;

class SkewedClockTest {
  private static final double RIGHT = 1;

  private long now = 1_000;

  private final Clock real =
      new Clock() {
        @Override
        public long nanos() {
          return now;
        }

        @Override
        public long wallMillis() {
          return 50;
        }
      };

  private final SkewedClock clock = new SkewedClock(real);

  @Test
  void nanos_untilItIsSkewed_isRight() {
    assertThat(clock.nanos()).isEqualTo(1_000);
    now += 500;
    assertThat(clock.nanos()).isEqualTo(1_500);
  }

  @Test
  void nanos_afterAJump_staysAhead() {
    clock.skew(RIGHT, 300, 0);
    now += 100;
    assertThat(clock.nanos()).isEqualTo(1_400);
    clock.skew(RIGHT, 0, 0);
    now += 100;
    assertThat(clock.nanos()).isEqualTo(1_500);
  }

  @Test
  void nanos_whileItStandsStill_neitherGoesOnNorBack() {
    clock.skew(RIGHT, -300, 0);
    now += 100;
    assertThat(clock.nanos()).isEqualTo(1_000);
    now += 250;
    assertThat(clock.nanos()).isEqualTo(1_050);
  }

  @Test
  void nanos_ofAClockThatRunsTooFast_drifts() {
    clock.skew(1.5, 0, 0);
    now += 1_000;
    assertThat(clock.nanos()).isEqualTo(2_500);
  }

  @Test
  void wallMillis_mayBeAnything() {
    clock.skew(RIGHT, 0, -70);
    assertThat(clock.wallMillis()).isEqualTo(-20);
  }
}
