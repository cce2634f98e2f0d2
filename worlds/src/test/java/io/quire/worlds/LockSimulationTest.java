package io.quire.worlds;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Rules;
import io.quire.sim.Seeds;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Locks in simulated worlds, and whether the checks there see what they are there for. */
@Timeout(600)
final class LockSimulationTest {
  private static final System.Logger LOGGER = System.getLogger(LockSimulationTest.class.getName());

  private static final int FRESH = 300;
  private static final int ELECTIONS = 50;
  private static final int SEEDS_FEW = 100;
  private static final int SEEDS_MAX = 2_000;
  private static final List<String> RARE =
      List.of(
          "append-reply-lost",
          "convert-Deadlock",
          "convert-Indeterminate",
          "convert-SessionEnded",
          "convert-TimedOut",
          "convert-granted",
          "count-unknown",
          "entry-duplicated",
          "entry-fenced-by-LOCK",
          "free-committed",
          "free-rejected",
          "guarded-StaleSequencer",
          "guarded-cell-committed",
          "guarded-cell-rejected",
          "guarded-done",
          "lock-Indeterminate",
          "lock-SessionEnded",
          "lock-TimedOut",
          "lock-busy",
          "lock-held",
          "lock-lost",
          "snapshot-installed");

  @Test
  void freshSeeds_keepAllPromises() throws InterruptedException {
    Long named = Long.getLong(Seeds.SEED);
    long from = named != null ? named : ThreadLocalRandom.current().nextLong(1L << 48);
    int count = Integer.getInteger(Seeds.COUNT, named != null ? 1 : FRESH);
    LOGGER.log(
        System.Logger.Level.INFO,
        "worlds: ./quire sim --locks --seeds " + count + " --seed " + from);
    SimulationRun run = SimulationRun.locks(from, count, (_, _, _) -> {});
    assertThat(run.replays()).as("worlds from seed %d", from).isEmpty();
    if (count >= FRESH) {
      assertThat(run.probes().keySet()).as("rare places reached").containsAll(RARE);
    }
  }

  /** What a failure prints is what runs it again. */
  @Test
  void replay_ofAWorldThatBroke_isOfTheLocks() throws InterruptedException {
    Rules broken = Rules.without(Rules.Rule.LEASE_CHECK);
    SimulationRun run = SimulationRun.locks(1, SEEDS_FEW, broken, (_, _, _) -> {});
    assertThat(run.violations()).isNotEmpty();
    for (String line : run.violations().keySet()) {
      assertThat(line).matches("--locks --seeds 1 --seed [0-9]+");
      long seed = Long.parseLong(line.substring(line.lastIndexOf(' ') + 1));
      assertThat(SimulationRun.locks(seed, 1, broken, (_, _, _) -> {}).violations())
          .containsEntry(line, run.violations().get(line));
    }
    assertThat(run.replays()).startsWith("replay: ./quire sim --locks --seeds 1 --seed ");
  }

  @Test
  void leadersThatChange_loseNobodysLock() {
    Seeds.fresh(ELECTIONS, LockSimulation::runElections);
  }

  @Test
  void sameSeed_runsTheSameWay() {
    for (long seed = 1; seed <= 5; seed++) {
      ProtocolSimulation.Result once = LockSimulation.run(seed, Rules.ALL);
      ProtocolSimulation.Result again = LockSimulation.run(seed, Rules.ALL);
      assertThat(again.traceHash()).as("seed %d", seed).isEqualTo(once.traceHash());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SEQUENCER_CHECK, a guarded change took effect after the lock had gone on",
    "REQUEST_ONCE, not counted once each",
    "LOCK_QUEUE_SAVED, differ",
    "LEASE_CHECK, two hold one lock",
    "LOCK_MODES, two hold one lock",
    "CONVERT_IN_PLACE, two hold one lock",
    "FREE_CHECK, a lock was not free",
    "LOCK_DELAY, a message of an old holder came after one of a newer"
  })
  void brokenRule_isCaught(Rules.Rule rule, String how) {
    String caught = "";
    long seed = 1;
    for (; seed <= SEEDS_MAX && !caught.contains(how); seed++) {
      try {
        LockSimulation.run(seed, Rules.without(rule));
      } catch (RuntimeException | AssertionError e) {
        caught = String.valueOf(e.getMessage());
      }
    }
    assertThat(caught).as("what %d seeds without %s showed", seed, rule).contains(how);
  }
}
