package io.quire.harness.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.harness.Screen;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A real process, real files and a real HDFS, all harmed. Longer: {@code quire chaos --area ager}.
 */
class AgerChaosIT {
  private static final Duration LENGTH =
      Duration.ofSeconds(Integer.getInteger("quire.chaos.ager.seconds", 45));

  @Test
  @Timeout(30 * 60)
  void freshSeed_withAllFaults_keepsAllPromises() throws Exception {
    long seed =
        Long.getLong("quire.chaos.ager.seed", ThreadLocalRandom.current().nextLong(1L << 48));
    AgerChaosOptions options = new AgerChaosOptions(LENGTH, seed, AgerChaosOptions.POSSIBLE);
    AgerChaosReport report;
    try (AgerChaos chaos = new AgerChaos(options, new Screen(System.out, false))) {
      report = chaos.run();
    }
    System.out.println(report.json());
    assertThat(report.problems()).as("replay: %s", report.replay()).isEmpty();
    assertThat(report.operations()).as("operations").isGreaterThan(1_000);
    assertThat(report.faults()).isNotEmpty();
  }
}
