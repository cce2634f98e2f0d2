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
    SPLIT
  }

  private static final long HARM_NANOS_MAX = 200_000_000;
  private static final long LONG_HARM_NANOS_MAX = 5_000_000_000L;

  private final SimCluster cluster;
  private final World world;
  private final Dice dice;
  private final List<Harm> harms;
  private final long everyNanos;
  private boolean stopped;

  /**
   * Begins to do harm.
   *
   * @param every how often, on the average
   */
  public Nemesis(SimCluster cluster, Set<Harm> harms, Duration every) {
    this.cluster = cluster;
    this.harms = List.copyOf(EnumSet.copyOf(harms));
    world = cluster.world();
    dice = world.dice("nemesis");
    everyNanos = every.toNanos();
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
    NodeId victim = dice.pick(cluster.ids());
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
    cluster.network().partition(side, other);
    later(
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

  private void later(Runnable mend) {
    long most = dice.nextBoolean() ? HARM_NANOS_MAX : LONG_HARM_NANOS_MAX;
    world.schedule(
        dice.between(1_000_000, most),
        3,
        () -> {
          if (!stopped) {
            mend.run();
          }
        });
  }
}
