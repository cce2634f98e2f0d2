package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quire.bench.FanoutModel.Cost;
import io.quire.bench.FanoutModel.Costs;
import org.junit.jupiter.api.Test;

final class FanoutModelTest {
  private static final Costs SIMPLE = new Costs(1, 1, 0, 10, 0, 100);

  @Test
  void star_ofThree_isTwoRoundsAndASync() {
    // PREPARE to the second: 2 sends, way, taken; VOTE: sent, way, taken. The entry to the first
    // voter: sent, way, taken, synced; its answer: sent, way, taken, and the other's besides.
    int marked = 2 + 10 + 1 + 1 + 10 + 1;
    int appended = 1 + 10 + 1 + 100 + 1 + 10 + 1 + 1;
    Cost cost = FanoutModel.star(SIMPLE, 3, 1);
    assertThat(cost.micros()).isEqualTo(marked + appended, within(1e-9));
    // PREPARE, entry and HINT to two, VOTE and acknowledgement of two.
    assertThat(cost.busiestMicros()).isEqualTo(10, within(1e-9));
  }

  @Test
  void star_growsWithTheNodes() {
    double ten = FanoutModel.star(Costs.DEFAULT, 10, 256).busiestMicros();
    double hundred = FanoutModel.star(Costs.DEFAULT, 100, 256).busiestMicros();
    assertThat(hundred / ten).isGreaterThan(9);
  }

  @Test
  void tree_doesNot() {
    double ten = FanoutModel.tree(Costs.DEFAULT, 10, 4, 256).busiestMicros();
    double hundred = FanoutModel.tree(Costs.DEFAULT, 100, 4, 256).busiestMicros();
    assertThat(hundred / ten).isLessThan(1.5);
    assertThat(FanoutModel.tree(Costs.DEFAULT, 100, 4, 256).micros())
        .isLessThan(FanoutModel.star(Costs.DEFAULT, 100, 256).micros() / 3);
  }

  @Test
  void tree_withRoomForAll_isAStar() {
    assertThat(FanoutModel.tree(Costs.DEFAULT, 9, 8, 7))
        .isEqualTo(FanoutModel.star(Costs.DEFAULT, 9, 7));
  }
}
