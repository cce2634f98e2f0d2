package io.quire.sim;

import io.quire.base.NodeId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Breaks a cluster now and then, and mends it; each harm ends by itself after a while. */
public final class Nemesis {
  /** Ways to break things. */
  public enum Harm {
    /** One node dies and starts again. */
    CRASH,
    /** All die at once and start again. */
    CRASH_ALL,
    /** One node stands still. */
    PAUSE,
    /** One node stands still and its clock too: no lease is safe from that. */
    SUSPEND,
    /** One link is lost, one way. */
    CUT_ONE_WAY,
    /** One link is lost. */
    CUT,
    /** One node is cut off. */
    ISOLATE,
    /** The nodes fall into two parts. */
    SPLIT,
    /** One node applies nothing for a while, and does all else. */
    STALL,
    /**
     * One node is not heard for about as long as a lease; it, and perhaps the leader, apply late.
     */
    LAPSE,
    /** One leader after the other. */
    FLAP
  }

  private static final long HARM_NANOS_MAX = 200_000_000;
  private static final long LONG_HARM_NANOS_MAX = 5_000_000_000L;
  private static final long FLAP_NANOS_MIN = 20_000_000;
  private static final long FLAP_NANOS_MAX = 600_000_000;
  private static final int FLAPS_MAX = 8;
  private static final double LEADERS = 0.3;

  private final SimCluster cluster;
  private final World world;
  private final Dice dice;
  private final List<Harm> harms;
  private final long everyNanos;
  private final long leaseNanos;
  private boolean stopped;

  /**
   * Begins to do harm.
   *
   * @param every how often, on the average
   * @param lease for how long nodes may go on without being heard: what happens then is wanted
   */
  public Nemesis(SimCluster cluster, Set<Harm> harms, Duration every, Duration lease) {
    this.cluster = cluster;
    this.harms = List.copyOf(EnumSet.copyOf(harms));
    world = cluster.world();
    dice = world.dice("nemesis");
    everyNanos = every.toNanos();
    leaseNanos = lease.toNanos();
    next();
  }

  /** A mix for one world, of what a protocol must survive; never empty. */
  public static Set<Harm> draw(Dice dice) {
    EnumSet<Harm> harms = EnumSet.noneOf(Harm.class);
    for (Harm harm : Harm.values()) {
      if (dice.nextBoolean() && harm != Harm.SUSPEND) {
        harms.add(harm);
      }
    }
    if (harms.isEmpty()) {
      harms.add(Harm.CRASH);
    }
    return harms;
  }

  /** Does no more harm and mends all: faults off, links whole, every node up and running. */
  public void stop() {
    stopped = true;
    cluster.network().calm();
    cluster.log().calm();
    for (NodeId id : cluster.ids()) {
      revive(id);
    }
  }

  private void next() {
    world.schedule(
        dice.between(everyNanos / 4, everyNanos * 7 / 4),
        2,
        () -> {
          if (!stopped) {
            harm(dice.pick(harms));
            next();
          }
        });
  }

  private void harm(Harm harm) {
    world.probes().reached("harm-" + harm);
    NodeId victim = victim();
    NodeId other = dice.pick(cluster.ids());
    switch (harm) {
      case CRASH -> crash(List.of(victim));
      case CRASH_ALL -> crash(cluster.ids());
      case PAUSE -> {
        if (cluster.alive(victim)) {
          SimNode node = cluster.node(victim);
          node.pause();
          later(node::resume);
        }
      }
      case SUSPEND -> {
        if (cluster.alive(victim)) {
          SimNode node = cluster.node(victim);
          node.suspend();
          later(node::wake);
        }
      }
      case CUT_ONE_WAY -> {
        cluster.network().cut(victim, other);
        later(() -> cluster.network().heal(victim, other));
      }
      case CUT -> split(List.of(victim), List.of(other));
      case ISOLATE -> split(List.of(victim), without(List.of(victim)));
      case SPLIT -> {
        List<NodeId> side = new ArrayList<>(cluster.ids());
        side.removeIf(_ -> dice.nextBoolean());
        split(side, without(side));
      }
      case STALL -> cluster.log().stall(victim, Duration.ofNanos(nanos()));
      case LAPSE -> lapse(victim);
      case FLAP -> flap((int) dice.between(2, FLAPS_MAX));
    }
  }

  /** Who leads is hit more often than others: more hangs on it. */
  private NodeId victim() {
    SimNode leader = cluster.log().leader();
    boolean wanted = dice.chance(LEADERS);
    NodeId any = dice.pick(cluster.ids());
    return wanted && leader != null ? leader.id() : any;
  }

  private void lapse(NodeId victim) {
    Duration late = Duration.ofNanos(dice.between(leaseNanos, 5 * leaseNanos));
    cluster.log().stall(victim, late);
    SimNode leader = cluster.log().leader();
    if (leader != null && dice.nextBoolean()) {
      cluster.log().stall(leader.id(), late);
    }
    long silent = dice.between(leaseNanos * 9 / 10, leaseNanos * 3 / 2);
    split(List.of(victim), without(List.of(victim)), silent);
    if (dice.nextBoolean()) {
      later(silent, () -> flap(2));
    }
  }

  private void flap(int left) {
    if (left > 0) {
      cluster.log().elect(dice.pick(cluster.ids()));
      later(dice.between(FLAP_NANOS_MIN, FLAP_NANOS_MAX), () -> flap(left - 1));
    }
  }

  private void crash(List<NodeId> victims) {
    for (NodeId id : victims) {
      if (cluster.alive(id)) {
        cluster.crash(id);
        later(() -> cluster.start(id));
      }
    }
  }

  private void split(List<NodeId> side, List<NodeId> other) {
    split(side, other, nanos());
  }

  private void split(List<NodeId> side, List<NodeId> other, long until) {
    cluster.network().partition(side, other);
    later(
        until,
        () -> {
          for (NodeId a : side) {
            for (NodeId b : other) {
              cluster.network().heal(a, b);
              cluster.network().heal(b, a);
            }
          }
        });
  }

  private List<NodeId> without(List<NodeId> side) {
    return cluster.ids().stream().filter(id -> !side.contains(id)).toList();
  }

  private void revive(NodeId id) {
    if (!cluster.alive(id)) {
      cluster.start(id);
      return;
    }
    SimNode node = cluster.node(id);
    if (node.clock().stopped()) {
      node.wake();
    } else {
      node.resume();
    }
  }

  private long nanos() {
    return dice.between(1_000_000, dice.nextBoolean() ? HARM_NANOS_MAX : LONG_HARM_NANOS_MAX);
  }

  private void later(Runnable mend) {
    later(nanos(), mend);
  }

  private void later(long nanos, Runnable mend) {
    world.schedule(
        nanos,
        3,
        () -> {
          if (!stopped) {
            mend.run();
          }
        });
  }
}
