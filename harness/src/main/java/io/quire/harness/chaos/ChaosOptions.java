package io.quire.harness.chaos;

import io.quire.base.Rules;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What a run is to do.
 *
 * @param area what clients do
 * @param length for how long faults hit; in a run of kills, the most it may take
 * @param seed of faults and workloads; when what happens in real processes is not repeatable
 * @param nodes 3 or 5, which all vote
 * @param faults that may happen; in a run of kills, these only
 * @param kills if not 0, the run is that many kills, each as soon as the cluster has recovered
 * @param killed whom those kills hit
 * @param broken rules of the protocol that all nodes break, to see that the checks notice
 */
public record ChaosOptions(
    Area area,
    Duration length,
    long seed,
    int nodes,
    Set<FaultKind> faults,
    int kills,
    Killed killed,
    Set<Rules.Rule> broken) {
  public static final int NODES_DEFAULT = 3;
  private static final List<Integer> NODES = List.of(3, 5);
  private static final Duration LENGTH_MAX = Duration.ofDays(7);

  /** Whom a run of kills hits. */
  public enum Killed {
    /** Who leads the log. */
    LEADER,
    /** Who has most changes of its clients under way. */
    COORDINATOR,
    /** One of these, as the seed says. */
    EITHER
  }

  public ChaosOptions {
    faults = kills > 0 ? Set.of(FaultKind.KILL) : Set.copyOf(faults);
    broken = Set.copyOf(broken);
    if (!NODES.contains(nodes)) {
      throw new IllegalArgumentException("nodes out of range: nodes=" + nodes + " allowed=3,5");
    }
    if (!length.isPositive() || length.compareTo(LENGTH_MAX) > 0) {
      throw new IllegalArgumentException(
          "length out of range: minutes="
              + length.toMinutes()
              + " allowed=1.."
              + LENGTH_MAX.toMinutes());
    }
    if (faults.isEmpty() || kills < 0) {
      throw new IllegalArgumentException("no faults: faults=" + faults + " kills=" + kills);
    }
  }

  /** A run of that length with all faults, on three nodes. */
  public static ChaosOptions of(Duration length, long seed) {
    return of(Area.PROTOCOL, length, seed);
  }

  /** As above, with the faults of an area. */
  public static ChaosOptions of(Area area, Duration length, long seed) {
    return new ChaosOptions(
        area, length, seed, NODES_DEFAULT, area.faults(), 0, Killed.EITHER, Set.of());
  }

  public ChaosOptions with(Set<FaultKind> only) {
    return new ChaosOptions(area, length, seed, nodes, only, kills, killed, broken);
  }

  public ChaosOptions breaking(Rules.Rule rule) {
    return new ChaosOptions(area, length, seed, nodes, faults, kills, killed, Set.of(rule));
  }

  public ChaosOptions withKills(int count, Killed whom) {
    return new ChaosOptions(
        area, length, seed, nodes, EnumSet.of(FaultKind.KILL), count, whom, broken);
  }
}
