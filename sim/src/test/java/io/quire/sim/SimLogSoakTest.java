package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class SimLogSoakTest {
  private static final List<String> RARE =
      List.of(
          "append-lost",
          "append-strayed",
          "append-refused",
          "append-cut",
          "append-reply-lost",
          "append-to-follower",
          "applier-stalled",
          "captured-and-written-later",
          "confirmed",
          "election-for-no-reason",
          "election-lost",
          "entry-duplicated",
          "indeterminate-is-in",
          "indeterminate-is-not",
          "leader-gives-up",
          "most-appends-succeed",
          "not-confirmed",
          "leader-learns-of-newer-term",
          "snapshot-installed",
          "snapshot-installed-within-frame",
          "snapshot-saved",
          "stands-twice",
          "started-from-snapshot");

  @Test
  void log_underAllHarms_tellsTheTruthToAll() {
    Probes probes = new Probes();
    Seeds.forEach(1, 150, seed -> run(seed, probes));
    Seeds.fresh(50, seed -> run(seed, probes));
    assertThat(probes.missing(RARE)).as("reached: %s", probes).isEmpty();
  }

  private static void run(long seed, Probes probes) {
    LedgerCluster cluster = new LedgerCluster(seed, 4, 3);
    World world = cluster.world;
    Dice dice = world.dice("test");
    cluster.log().faults(LogFaults.draw(dice));
    Nemesis nemesis =
        new Nemesis(
            cluster.cluster,
            Nemesis.draw(dice),
            Duration.ofMillis(dice.between(500, 4000)),
            Duration.ofSeconds(1));
    cluster.chatter(Duration.ofMillis(150));
    world.runFor(Duration.ofSeconds(15));
    cluster.quiet();
    nemesis.stop();
    // Requests and copies that are still on their way arrive.
    world.runFor(Duration.ofSeconds(8));
    cluster.levelOut();
    cluster.check();
    if (cluster.acknowledged.size() > 100) {
      probes.reached("most-appends-succeed");
    }
    probes.addAll(world.probes());
  }
}
