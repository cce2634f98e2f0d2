package io.quire.worlds;

import io.quire.base.NodeId;
import io.quire.base.Rules;
import io.quire.sim.Point;
import io.quire.sim.SimCluster;
import io.quire.sim.SimNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Every fault at every point of a short script: at each message before it is sent and before it is
 * looked at, after each write of the log and each entry applied. One world for each; the seed
 * decides the script and its delays.
 *
 * @param seed of the script
 */
public record SimulatedSweep(long seed) {
  /** What happens at a point. */
  public enum Fault {
    /** A node is killed in the midst of it, and starts again in a moment or after a while. */
    CRASH(true),
    /** A node is stopped for longer than its lease. */
    PAUSE(true),
    /** A node is not heard for about as long as its lease, and applies late. */
    SILENCE(true),
    /** A node calls an election. */
    ELECT(true),
    /** A node is given a snapshot in place of entries that it has not applied. */
    INSTALL(true),
    /** The message is lost. */
    LOSE(false),
    /** The message comes twice, the second time late. */
    REPEAT(false);

    /** Whether it is about a node, any of them; otherwise about the message. */
    final boolean ofNode;

    Fault(boolean ofNode) {
      this.ofNode = ofNode;
    }
  }

  /**
   * One world.
   *
   * @param node whom it befalls: 0, 1 or 2
   */
  record Case(long seed, long point, Fault fault, int node) {
    @Override
    public String toString() {
      return seed + ":" + point + ":" + fault + ":" + node;
    }

    static Case parse(String text) {
      String[] parts = text.split(":");
      return new Case(
          Long.parseLong(parts[0]),
          Long.parseLong(parts[1]),
          Fault.valueOf(parts[2]),
          Integer.parseInt(parts[3]));
    }

    ProtocolSimulation.Result run(Rules rules) {
      return ProtocolSimulation.script(seed, rules, this::visitor);
    }

    Point.Visitor visitor(SimCluster cluster) {
      return passed -> passed.number() == point ? strike(cluster) : Point.Fate.PASS;
    }

    private Point.Fate strike(SimCluster cluster) {
      cluster.world().probes().reached("sweep-" + fault);
      NodeId id = cluster.ids().get(node);
      SimNode struck = cluster.node(id);
      Duration lease = Duration.ofSeconds(1);
      switch (fault) {
        case CRASH -> {
          cluster.crash(id);
          boolean soon = point % 2 == 0;
          after(
              cluster,
              soon ? lease.dividedBy(20) : lease.multipliedBy(3).dividedBy(2),
              () -> cluster.start(id));
        }
        case PAUSE -> {
          struck.pause();
          after(cluster, lease.multipliedBy(4).dividedBy(3), struck::resume);
        }
        case SILENCE -> {
          List<NodeId> others = cluster.ids().stream().filter(each -> !each.equals(id)).toList();
          cluster.log().stall(id, lease.multipliedBy(2));
          cluster.network().partition(List.of(id), others);
          after(cluster, lease.multipliedBy(7).dividedBy(6), cluster.network()::healAll);
        }
        case ELECT -> after(cluster, Duration.ZERO, () -> cluster.log().elect(id));
        case INSTALL -> {
          cluster.log().stall(id, lease.dividedBy(20));
          after(
              cluster,
              lease.dividedBy(50),
              () -> {
                cluster.ids().stream()
                    .filter(each -> !each.equals(id))
                    .forEach(cluster.log()::capture);
                after(cluster, lease.dividedBy(500), () -> cluster.log().install(id));
              });
        }
        case LOSE -> {
          return Point.Fate.LOSE;
        }
        case REPEAT -> {
          return Point.Fate.REPEAT;
        }
      }
      return Point.Fate.PASS;
    }

    private static void after(SimCluster cluster, Duration delay, Runnable action) {
      cluster.world().after(delay, "sweep", action);
    }
  }

  /** All of them, in the order of the points. */
  List<Case> cases() {
    List<Point> points = new ArrayList<>();
    ProtocolSimulation.Result _ =
        ProtocolSimulation.script(
            seed,
            Rules.ALL,
            _ ->
                point -> {
                  points.add(point);
                  return Point.Fate.PASS;
                });
    List<Case> cases = new ArrayList<>();
    for (Point point : points) {
      for (Fault fault : Fault.values()) {
        if (fault.ofNode) {
          for (int node = 0; node < 3; node++) {
            cases.add(new Case(seed, point.number(), fault, node));
          }
        } else if (point.kind() == Point.Kind.SEND) {
          cases.add(new Case(seed, point.number(), fault, 0));
        }
      }
    }
    return cases;
  }
}
