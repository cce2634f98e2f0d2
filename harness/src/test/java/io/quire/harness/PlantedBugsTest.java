package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Rules;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The simulation is only worth something if it sees what it is there for. */
final class PlantedBugsTest {
  private static final int SEEDS_MAX = 3_000;

  @ParameterizedTest
  @EnumSource(
      value = Rules.Rule.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"SEQUENCER_CHECK", "REQUEST_ONCE", "LOCK_QUEUE_SAVED", "LOCK_DELAY"})
  void each_isCaught(Rules.Rule rule) {
    long seed = 1;
    String caught = "";
    while (caught.isEmpty() && seed <= SEEDS_MAX) {
      try {
        ProtocolSimulation.run(seed++, Rules.without(rule));
      } catch (RuntimeException | AssertionError e) {
        caught = String.valueOf(e.getMessage());
      }
    }
    assertThat(caught)
        .as("what %d seeds without %s showed", seed, rule)
        .containsAnyOf(
            "not linearizable",
            "half a transaction",
            "older than what was known",
            "one transaction at two versions",
            "value from nowhere");
  }
}
