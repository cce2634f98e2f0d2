package io.quire.worlds;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Rules;
import io.quire.sim.Seeds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SimulationTest {
  private static final System.Logger LOGGER = System.getLogger(SimulationTest.class.getName());

  /** Worlds in a build; {@code .ci/run} asks for 10,000. */
  private static final int FRESH = 1_000;

  private static final String WORLDS = "quire.sim.worlds";
  private static final int MANY = 10_000;
  private static final int SAME = 100;

  /** What every thousand worlds reach. */
  private static final List<String> RARE =
      List.of(
          "aborted-DEADLINE",
          "aborted-NOT_IN_VIEW",
          "append-cut",
          "append-lost",
          "append-of-a-leader-strayed",
          "append-strayed",
          "entry-duplicated",
          "entry-fenced-by-EPOCH",
          "entry-fenced-by-TERM",
          "harm-CRASH_ALL",
          "harm-CUT_ONE_WAY",
          "harm-FLAP",
          "harm-LAPSE",
          "harm-PAUSE",
          "harm-STALL",
          "indeterminate",
          "leader-gives-up",
          "leader-learns-of-newer-term",
          "message-duplicated",
          "message-strayed",
          "read-over-rejoin",
          "read-refused",
          "snapshot-installed",
          "started-from-snapshot",
          "watch-opened");

  /** What ten thousand reach. */
  private static final List<String> RARER =
      List.of("aborted-REFUSED", "snapshot-installed-within-frame");

  @Test
  void freshSeeds_keepAllPromises() throws InterruptedException {
    Long named = Long.getLong(Seeds.SEED);
    long from = named != null ? named : ThreadLocalRandom.current().nextLong(1L << 48);
    int count = Integer.getInteger(WORLDS, named != null ? 1 : FRESH);
    LOGGER.log(
        System.Logger.Level.INFO, "worlds: ./quire sim --seeds " + count + " --seed " + from);
    SimulationRun run = SimulationRun.of(from, count, (_, _, _) -> {});
    assertThat(run.replays()).as("worlds from seed %d", from).isEmpty();
    if (count >= FRESH) {
      assertThat(run.probes().keySet()).as("rare places reached").containsAll(RARE);
    }
    if (count >= MANY) {
      assertThat(run.probes().keySet()).as("rarer places reached").containsAll(RARER);
    }
  }

  /** Every fault at every point of a script, or, if fewer worlds are wanted, some of all kinds. */
  @Test
  void sweep_keepsAllPromises() throws InterruptedException {
    Long named = Long.getLong(Seeds.SEED);
    long seed = named != null ? named : ThreadLocalRandom.current().nextLong(1L << 48);
    List<SimulatedSweep.Case> all = new SimulatedSweep(seed).cases();
    int stride = Math.max(1, all.size() / Integer.getInteger(WORLDS, FRESH));
    LOGGER.log(System.Logger.Level.INFO, "sweep: seed=" + seed + " cases=" + all.size());
    // One more than a multiple of what befalls one point, so that all kinds have their turn.
    SimulationRun run = SimulationRun.sweep(every(stride, all), Rules.ALL, (_, _, _) -> {});
    assertThat(run.replays()).as("sweep of seed %d", seed).isEmpty();
    assertThat(run.probes().keySet())
        .contains(
            "sweep-CRASH",
            "sweep-PAUSE",
            "sweep-SILENCE",
            "sweep-ELECT",
            "sweep-INSTALL",
            "sweep-LOSE",
            "sweep-REPEAT",
            "snapshot-installed");
  }

  @Test
  void sweep_withoutResolve_isCaught() throws InterruptedException {
    List<SimulatedSweep.Case> lost =
        new SimulatedSweep(1)
            .cases().stream().filter(each -> each.fault() == SimulatedSweep.Fault.LOSE).toList();
    SimulationRun run =
        SimulationRun.sweep(lost, Rules.without(Rules.Rule.RESOLVE), (_, _, _) -> {});
    assertThat(run.violations()).isNotEmpty();
    assertThat(run.violations().values()).allMatch(each -> each.contains("somebody is stuck"));
  }

  @Test
  void sameSeed_runsTheSameWay() {
    for (long seed = 1; seed <= SAME; seed++) {
      ProtocolSimulation.Result once = ProtocolSimulation.run(seed, Rules.ALL);
      ProtocolSimulation.Result again = ProtocolSimulation.run(seed, Rules.ALL);
      assertThat(again.traceHash()).as("seed %d", seed).isEqualTo(once.traceHash());
      assertThat(again.events()).as("seed %d", seed).isEqualTo(once.events());
    }
  }

  /** Another process with another collector, heap, and order of work. */
  @ParameterizedTest
  @ValueSource(strings = {"-XX:+UseSerialGC -Xmx96m -Xshare:off", "-XX:+UseParallelGC -Xmx400m"})
  void sameSeed_inAnotherProcess_runsTheSameWay(String options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options.split(" ")));
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            TraceHashes.class.getName(),
            String.valueOf(SAME)));
    Process other =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    List<String> theirs = other.inputReader().readAllLines();
    assertThat(other.waitFor()).isZero();
    assertThat(theirs).isEqualTo(TraceHashes.of(SAME));
  }

  private static List<SimulatedSweep.Case> every(int stride, List<SimulatedSweep.Case> all) {
    List<SimulatedSweep.Case> some = new ArrayList<>();
    for (int i = ThreadLocalRandom.current().nextInt(stride); i < all.size(); i += stride) {
      some.add(all.get(i));
    }
    return some;
  }
}
