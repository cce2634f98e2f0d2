package io.quire.worlds;

import io.quire.lockserver.LeaseTerms;
import io.quire.sim.Dice;
import io.quire.sim.LogFaults;
import io.quire.sim.Nemesis;
import io.quire.sim.Nemesis.Harm;
import io.quire.sim.NetworkFaults;
import io.quire.sim.SimNode;
import io.quire.worlds.SimulatedClient.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What one simulated world is like.
 *
 * @param nodes how many; the first three vote
 * @param terms of leases
 * @param driftPpm how far a clock's rate is off at most, in millionths
 * @param clients on each node
 * @param harms what the nemesis does
 * @param every how often it does, on the average
 * @param storm for how long
 */
record WorldShape(
    int nodes,
    LeaseTerms terms,
    long driftPpm,
    List<Kind> clients,
    LogFaults log,
    NetworkFaults network,
    Set<Harm> harms,
    Duration every,
    Duration storm) {
  /** What a world is about. */
  enum Theme {
    /** All there is; a quarter of these worlds are about leases. */
    ANY,
    /** Leases that just run out, on clocks that drift by all that is allowed for. */
    LEASES,
    /** The same, with clocks that drift by more: nothing is promised there. */
    CLOCKS_BEYOND,
    /** Nodes that are suspended with their clocks, and do not know: nothing is promised there. */
    CLOCKS_STOPPED
  }

  private static final Duration STORM = Duration.ofSeconds(15);
  private static final Duration HARM_EVERY = Duration.ofMillis(1_500);

  static final LeaseTerms TERMS =
      new LeaseTerms(Duration.ofMillis(1_000), 0.001, Duration.ofMillis(50));

  /** For clocks that are 9 % from one another. */
  private static final LeaseTerms WILD =
      new LeaseTerms(Duration.ofMillis(1_000), 0.09, Duration.ofMillis(50));

  private static final long WILD_PPM = 43_000;
  private static final long BEYOND_PPM = 300_000;
  private static final double LEASE_WORLDS = 0.25;
  private static final Set<Harm> LEASE_HARMS = Set.of(Harm.LAPSE, Harm.FLAP, Harm.STALL);
  private static final LogFaults LEASE_FAULTS =
      new LogFaults(0.01, 0.1, 0.01, 0.001, 0.01, 0.02, 0.1);

  private static final Duration SCRIPT = Duration.ofMillis(1_600);

  static WorldShape draw(Dice dice, Theme theme) {
    int nodes = dice.chance(0.8) ? 3 : (int) dice.between(4, 5);
    boolean leases = dice.chance(LEASE_WORLDS) || theme != Theme.ANY;
    long drift = leases ? WILD_PPM : SimNode.DRIFT_PPM_MAX;
    List<Kind> clients = new ArrayList<>(List.of(Kind.MIXED));
    if (dice.nextBoolean()) {
      clients.add(Kind.MIXED);
    }
    if (dice.nextBoolean()) {
      clients.addAll(List.of(Kind.SLOW, Kind.SLOW));
    }
    if (leases) {
      clients.add(Kind.EAGER);
    }
    return new WorldShape(
        nodes,
        leases ? WILD : TERMS,
        theme == Theme.CLOCKS_BEYOND ? BEYOND_PPM : drift,
        clients,
        leases ? LEASE_FAULTS : LogFaults.draw(dice),
        NetworkFaults.draw(dice),
        theme == Theme.CLOCKS_STOPPED
            ? Set.of(Harm.SUSPEND)
            : leases ? LEASE_HARMS : Nemesis.draw(dice),
        HARM_EVERY,
        STORM);
  }

  /** Three nodes that do everything there is for a moment, without a fault. */
  static WorldShape script() {
    return new WorldShape(
        3,
        TERMS,
        SimNode.DRIFT_PPM_MAX,
        List.of(Kind.SCRIPTED),
        LogFaults.NONE,
        NetworkFaults.NONE,
        Set.of(Harm.CRASH),
        Duration.ofDays(1),
        SCRIPT);
  }
}
