package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class SamplesTest {
  @Test
  void shares_areOfTheSortedTimes() {
    Samples samples = new Samples();
    for (int i = 100; i >= 1; i--) {
      samples.add(i * 1_000L);
    }
    assertThat(samples.micros(0.5)).isEqualTo(50);
    assertThat(samples.micros(0.99)).isEqualTo(99);
    assertThat(samples.micros(1)).isEqualTo(100);
    assertThat(samples.count()).isEqualTo(100);
  }

  @Test
  void shares_staySoWhenThereAreTooManyToKeep() {
    Samples samples = new Samples();
    long many = 5L * Samples.MAX;
    for (long i = 0; i < many; i++) {
      samples.add(i * 1_000 % 997_000);
    }
    assertThat(samples.count()).isEqualTo(many);
    assertThat(samples.micros(0.5)).isCloseTo(498, within(2.0));
    assertThat(samples.micros(0.99)).isCloseTo(987, within(2.0));
  }

  @Test
  void nothing_hasNoMedian() {
    assertThatThrownBy(() -> new Samples().micros(0.5)).isInstanceOf(IllegalStateException.class);
  }
}
