package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SeedsTest {
  @Test
  void forEach_someFail_runsAllAndNamesThem() {
    List<Long> ran = new ArrayList<>();
    assertThatThrownBy(
            () ->
                Seeds.forEach(
                    5,
                    6,
                    seed -> {
                      ran.add(seed);
                      assertThat(seed % 3).isNotZero();
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("2 of 6 seeds failed")
        .hasMessageContaining("replay: -Dquire.sim.seed=6 ")
        .hasMessageContaining("replay: -Dquire.sim.seed=9 ")
        .hasCauseInstanceOf(AssertionError.class);
    assertThat(ran).containsExactly(5L, 6L, 7L, 8L, 9L, 10L);
  }

  @Test
  void forEach_allFail_stopsAfterTen() {
    List<Long> ran = new ArrayList<>();
    assertThatThrownBy(
            () ->
                Seeds.forEach(
                    0,
                    1_000,
                    seed -> {
                      ran.add(seed);
                      throw new IllegalStateException("always");
                    }))
        .hasMessageContaining("10 of 10 seeds failed");
    assertThat(ran).hasSize(10);
  }
}
