package io.quire.worlds;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Rules;
import io.quire.worlds.WorldShape.Theme;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The simulation is only worth something if it sees what it is there for. */
final class PlantedBugsTest {
  private static final int SEEDS_MAX = 6_000;

  /** What a check says that found something; anything else is a fault of the simulation. */
  private static final String[] FOUND = {
    "not linearizable",
    "half a transaction",
    "older than what was known",
    "one transaction at two versions",
    "value from nowhere",
    "name from nowhere",
    "name missing in a list",
    "deleted name in a list",
    "created twice",
    "nodes disagree",
    "saved states differ",
    "somebody is stuck",
    "marked for nothing",
    "it answers and is out"
  };

  @ParameterizedTest
  @EnumSource(
      value = Rules.Rule.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {
        "SEQUENCER_CHECK",
        "REQUEST_ONCE",
        "LOCK_QUEUE_SAVED",
        "LOCK_DELAY",
        "LOCK_MODES",
        "CONVERT_IN_PLACE",
        "FREE_CHECK",
        "HOLDERS_ASKED"
      })
  void each_isCaught(Rules.Rule rule) {
    Theme theme =
        switch (rule) {
          case LEASE_MARGIN, EXPIRING_IS_REFUSED, EXPIRE_IN_TERM, LEASES_ANEW -> Theme.LEASES;
          default -> Theme.ANY;
        };
    assertThat(caught(Rules.without(rule), theme)).as("without %s", rule).containsAnyOf(FOUND);
  }

  /** No rule is broken: what the rules stand on is. */
  @ParameterizedTest
  @EnumSource(
      value = Theme.class,
      names = {"CLOCKS_BEYOND", "CLOCKS_STOPPED"})
  void clocksThatNobodyMayHave_areCaught(Theme theme) {
    assertThat(caught(Rules.ALL, theme)).contains("it answers and is out");
  }

  private static String caught(Rules rules, Theme theme) {
    for (long seed = 1; seed <= SEEDS_MAX; seed++) {
      try {
        ProtocolSimulation.run(seed, rules, theme);
      } catch (RuntimeException | AssertionError e) {
        return String.valueOf(e.getMessage());
      }
    }
    return "nothing in " + SEEDS_MAX + " seeds";
  }
}
