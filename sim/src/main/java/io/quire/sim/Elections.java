package io.quire.sim;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who leads the log: heartbeats, patience and votes, each exchange taken as one moment. */
final class Elections {
  private static final long LOOK_NANOS_MIN = 40_000_000;
  private static final long LOOK_NANOS_MAX = 120_000_000;

  private final SimLog log;
  private final World world;
  private final Dice dice;
  private long elected;

  Elections(SimLog log) {
    this.log = log;
    world = log.world();
    dice = world.dice("elections");
  }

  /** The newest term that has or had a leader. */
  long elected() {
    return elected;
  }

  /** Lets every voter and leader see whom it hears, from now on, again and again. */
  void look() {
    for (Disk disk : log.disks()) {
      SimReplica each = disk.running();
      if (each != null) {
        try {
          look(each);
        } catch (Point.Crashed e) {
          // Only this one: the others look all the same.
          world.probes().reached("crashed-as-a-leader");
        }
      }
    }
    world.schedule(dice.between(LOOK_NANOS_MIN, LOOK_NANOS_MAX), 1, this::look);
  }

  private void look(SimReplica replica) {
    Leadership leads = replica.leadership();
    Disk heard = heard(replica);
    if (leads != null) {
      leads.look();
    } else if (heard != null) {
      replica.follow(heard, heard.term);
    } else {
      replica.heardNobody();
      if (replica.disk().voter && replica.silence() > dice.between(2, 4)) {
        campaign(replica, false);
      }
    }
    if (replica.disk().voter && leads == null && dice.chance(log.faults().elections())) {
      world.probes().reached("election-for-no-reason");
      campaign(replica, true);
    }
  }

  private @Nullable Disk heard(SimReplica replica) {
    Disk best = null;
    for (Disk other : log.disks()) {
      SimReplica each = other.running();
      Leadership leads = each == null ? null : each.leadership();
      if (each != null
          && leads != null
          && leads.term() >= replica.disk().term
          && (best == null || leads.term() > best.term)
          && each.passes(replica.disk())) {
        best = other;
      }
    }
    return best;
  }

  /** One round of an election, at once. Voters that hear a leader refuse unless it is forced. */
  void campaign(SimReplica candidate, boolean forced) {
    long term = candidate.disk().term;
    List<SimReplica> asked = new ArrayList<>();
    for (Disk disk : log.disks()) {
      SimReplica each = disk.running();
      if (each != null
          && disk.voter
          && candidate.passes(disk)
          && candidate.passesBack(disk)
          && willing(each, candidate, forced)) {
        asked.add(each);
        term = Math.max(term, disk.term);
      }
    }
    if (!log.majority(asked.size())) {
      return;
    }
    long next = term + 1;
    int votes = 0;
    for (SimReplica each : asked) {
      votes += candidate.disk().atLeastAsNewAs(each.disk()) ? 1 : 0;
      each.newer(next);
    }
    world.probes().reached(log.majority(votes) ? "election-won" : "election-lost");
    if (log.majority(votes)) {
      elected = next;
      candidate.lead(next);
    }
  }

  private boolean willing(SimReplica voter, SimReplica candidate, boolean forced) {
    if (voter == candidate) {
      return true;
    }
    // A leader in office may answer late, and so learn of its end from others.
    return voter.leadership() != null ? dice.nextBoolean() : forced || !voter.hearsLeader();
  }
}
