package io.quire.harness.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Rules;
import io.quire.harness.Screen;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * Real processes, real harm. A run with other seeds than those of CI, or a longer one: {@code quire
 * chaos}. It takes longest, so it is begun first; what needs networks, too, comes behind it.
 */
@Order(1)
@ResourceLock("networks of this process")
class ChaosIT {
  private static final Duration LENGTH =
      Duration.ofMinutes(Integer.getInteger("quire.chaos.minutes", 4));
  private static final Duration OF_A_PLANTED_BUG = Duration.ofSeconds(45);
  private static final int PLANTED_RUNS = 4;
  private static final int KILLS = 6;

  private static ChaosReport run(ChaosOptions options) throws IOException, InterruptedException {
    try (Chaos chaos = new Chaos(options, new Screen(System.out, false))) {
      return chaos.run();
    }
  }

  private static void assertGood(ChaosReport report) {
    assertThat(report.problems()).as("replay: %s", report.replay()).isEmpty();
    assertThat(report.operations()).as("operations").isGreaterThan(500);
    assertThat(report.holds()).as("locks held").isGreaterThan(50);
  }

  @Test
  @Timeout(60 * 60)
  void freshSeed_withAllFaults_keepsAllPromises() throws Exception {
    long seed = Long.getLong("quire.chaos.seed", ThreadLocalRandom.current().nextLong(1L << 48));
    ChaosReport report = run(ChaosOptions.of(LENGTH, seed));
    System.out.println(report.json());
    assertGood(report);
    assertThat(report.faults()).containsKey(FaultKind.KILL).containsKey(FaultKind.PAUSE);
  }

  @Test
  @Timeout(30 * 60)
  void kills_ofLeaderAndCoordinator_costNothing() throws Exception {
    ChaosReport report =
        run(
            ChaosOptions.of(Duration.ofMinutes(20), 5)
                .withKills(KILLS, ChaosOptions.Killed.EITHER));
    System.out.println(report.json());
    assertGood(report);
    assertThat(report.recoveries()).hasSize(KILLS);
  }

  @Test
  @Timeout(30 * 60)
  void readsWithoutTheLeaseCheck_areCaught() throws Exception {
    FaultKind harm = Network.missing() == null ? FaultKind.PARTITION : FaultKind.PAUSE;
    for (int seed = 1; seed <= PLANTED_RUNS; seed++) {
      ChaosOptions broken =
          ChaosOptions.of(OF_A_PLANTED_BUG, seed)
              .with(EnumSet.of(harm))
              .breaking(Rules.Rule.LEASE_CHECK);
      try (Chaos chaos = new Chaos(broken, new Screen(System.out, false))) {
        ChaosReport report = chaos.run();
        chaos.discard();
        if (report.violations().stream().anyMatch(each -> each.startsWith("not linearizable"))) {
          return;
        }
      }
    }
    assertThat(PLANTED_RUNS).as("runs in which nobody noticed").isZero();
  }
}
