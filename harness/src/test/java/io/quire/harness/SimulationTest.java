package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Rules;
import io.quire.sim.Seeds;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

final class SimulationTest {
  private static final int FRESH = 2_000;
  private static final List<String> RARE =
      List.of(
          "aborted-DEADLINE",
          "aborted-NOT_IN_VIEW",
          "append-cut",
          "append-lost",
          "append-strayed",
          "entry-duplicated",
          "entry-fenced-by-EPOCH",
          "entry-fenced-by-TERM",
          "harm-CRASH_ALL",
          "harm-CUT_ONE_WAY",
          "harm-PAUSE",
          "indeterminate",
          "read-over-rejoin",
          "read-refused",
          "snapshot-installed",
          "started-from-snapshot");

  @Test
  void freshSeeds_keepAllPromises() throws InterruptedException {
    Long named = Long.getLong(Seeds.SEED);
    long from = named != null ? named : ThreadLocalRandom.current().nextLong(1L << 48);
    int count = named != null ? 1 : FRESH;
    SimulationRun run = SimulationRun.of(from, count, (_, _) -> {});
    StringBuilder failures = new StringBuilder();
    run.violations()
        .forEach(
            (seed, what) ->
                failures
                    .append("replay: ./quire sim --seeds 1 --seed ")
                    .append(seed)
                    .append("\n")
                    .append(what)
                    .append("\n"));
    assertThat(failures.toString()).as("worlds from seed %d", from).isEmpty();
    if (named == null) {
      assertThat(run.probes().keySet()).as("rare places reached").containsAll(RARE);
    }
  }

  @Test
  void sameSeed_runsTheSameWay() {
    for (long seed = 1; seed <= 20; seed++) {
      ProtocolSimulation.Result once = ProtocolSimulation.run(seed, Rules.ALL);
      ProtocolSimulation.Result again = ProtocolSimulation.run(seed, Rules.ALL);
      assertThat(again.traceHash()).as("seed %d", seed).isEqualTo(once.traceHash());
      assertThat(again.events()).as("seed %d", seed).isEqualTo(once.events());
    }
  }
}
