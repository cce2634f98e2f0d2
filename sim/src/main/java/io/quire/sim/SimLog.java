package io.quire.sim;

import io.quire.base.Log;
import io.quire.base.NodeId;
import io.quire.base.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A Raft log under simulated nodes: terms, elections, frames on disks, a commit rule, as in Raft,
 * with exchanges between nodes made simple enough to run thousands of times a second.
 *
 * <p>So what can happen to an append is what can happen to it there. It may be lost; cut off with a
 * leader; committed by a later leader, long after its caller gave up; or stand in the log twice. A
 * leader that is paused or cut off goes on believing that it leads. All nodes apply the same
 * records in the same order, each at its own pace, and the run fails if two nodes' outcomes of one
 * record, or saved states at one place, are not equal byte by byte.
 */
public final class SimLog {
  private static final long DELAY_NANOS_MIN = 50_000;
  private static final long DELAY_NANOS_MAX = 800_000;
  private static final long SLOW_NANOS_MAX = 15_000_000;
  private static final double SLOW = 1 / 32.0;
  private static final long LATE_NANOS_MAX = 2_000_000_000L;
  private static final long STRAY_NANOS_MAX = 6_000_000_000L;

  private final World world;
  private final SimNetwork network;
  private final Dice dice;
  private final int voters;
  private final Elections elections;
  private final List<Disk> disks = new ArrayList<>();
  private final List<Frame> committed = new ArrayList<>();
  private final Map<Long, Snapshot> snapshots = new HashMap<>();
  private @Nullable Snapshot newest;
  private LogFaults faults = LogFaults.NONE;
  private boolean judgesFrames;

  /**
   * Makes an empty log.
   *
   * @param voters whose majority commits; other nodes may read and append
   */
  public SimLog(World world, SimNetwork network, Collection<NodeId> voters) {
    this.world = world;
    this.network = network;
    this.voters = voters.size();
    dice = world.dice("log");
    for (NodeId voter : voters) {
      disks.add(new Disk(voter, world.ordinal(voter), true));
    }
    elections = new Elections(this);
    elections.look();
  }

  /**
   * Gives an incarnation its view of the log, on the disk that its predecessor left.
   *
   * @throws IllegalStateException if the predecessor is still alive: a disk has one process
   */
  public SimReplica attach(SimNode node) {
    Disk disk = disk(node.id());
    SimReplica before = disk.replica;
    if (before != null && before.node().alive()) {
      throw new IllegalStateException("disk in use: by=" + before.node() + " wanted=" + node);
    }
    SimReplica replica = new SimReplica(this, node, disk);
    disk.replica = replica;
    return replica;
  }

  public void faults(LogFaults now) {
    faults = now;
  }

  /** No faults from now on; a leader that is gone is still replaced. */
  public void calm() {
    faults = LogFaults.NONE;
  }

  /** Who leads in the newest term and can serve, if anybody does. */
  public @Nullable SimNode leader() {
    SimReplica best = null;
    for (Disk disk : disks) {
      SimReplica each = disk.running();
      if (each != null && each.leadingTerm() > (best == null ? 0 : best.leadingTerm())) {
        best = each;
      }
    }
    return best == null ? null : best.node();
  }

  /** The position of the last record that a majority has, applied or not. */
  public long committed() {
    for (int i = committed.size() - 1; i >= 0; i--) {
      Frame frame = committed.get(i);
      if (!frame.records.isEmpty()) {
        return Position.of(frame.index, frame.records.size() - 1);
      }
    }
    return Position.NONE;
  }

  /** Whether every running node has applied all that is committed. */
  public boolean level() {
    for (Disk disk : disks) {
      SimReplica each = disk.running();
      if (each != null && each.applier().index() < committed.size()) {
        return false;
      }
    }
    return true;
  }

  /** Lets the node, if it is a voter, call an election now, as if it had heard no leader. */
  public void elect(NodeId node) {
    SimReplica candidate = disk(node).running();
    if (candidate != null && candidate.disk().voter) {
      elections.campaign(candidate, true);
    }
  }

  /** Lets the node save a snapshot now, which others may be given. */
  public void capture(NodeId node) {
    SimReplica from = disk(node).running();
    if (from != null) {
      from.node()
          .loop()
          .execute(
              () -> {
                Snapshot saved = from.applier().save();
                if (saved != null) {
                  from.disk().snapshot = saved;
                  saved(from, saved);
                }
              });
    }
  }

  /** Gives the node the newest snapshot there is, which it takes if it lags behind it. */
  public void install(NodeId node) {
    SimReplica to = disk(node).running();
    Snapshot snapshot = newest;
    if (to != null && snapshot != null) {
      to.applier().install(snapshot);
    }
  }

  /** From now on judges all fences of a frame before its first record: a bug, planted. */
  public void judgeFramesAtOnce() {
    judgesFrames = true;
  }

  boolean judgesFrames() {
    return judgesFrames;
  }

  /** Lets the node apply nothing for this long, as if it were slow, while it does all else. */
  public void stall(NodeId node, Duration time) {
    SimReplica slow = disk(node).running();
    if (slow != null) {
      slow.applier().stall(time.toNanos());
    }
  }

  World world() {
    return world;
  }

  SimNetwork network() {
    return network;
  }

  LogFaults faults() {
    return faults;
  }

  long elected() {
    return elections.elected();
  }

  List<Disk> disks() {
    return disks;
  }

  @Nullable Snapshot newestSnapshot() {
    return newest;
  }

  List<Frame> committedFrames(long upTo) {
    return committed.subList(0, (int) upTo);
  }

  boolean majority(int count) {
    return count > voters / 2;
  }

  /** How many frames a majority of the voters has. */
  int majorityHas(int[] matched) {
    int[] counts =
        disks.stream().filter(disk -> disk.voter).mapToInt(disk -> matched[disk.ordinal]).toArray();
    Arrays.sort(counts);
    return counts[(counts.length - 1) / 2];
  }

  long delay() {
    return dice.between(DELAY_NANOS_MIN, dice.chance(SLOW) ? SLOW_NANOS_MAX : DELAY_NANOS_MAX);
  }

  long strayDelay() {
    return dice.between(DELAY_NANOS_MAX, dice.nextBoolean() ? STRAY_NANOS_MAX : LATE_NANOS_MAX);
  }

  /** Sends to whatever incarnation runs on the disk on arrival. */
  void request(SimReplica from, Disk to, long tag, Consumer<SimReplica> action) {
    if (!sent(from) || !from.passes(to)) {
      return;
    }
    world.schedule(
        delay(),
        tag,
        () -> {
          SimReplica there = to.replica;
          if (there != null && there.started() && from.passes(to)) {
            there
                .node()
                .take(
                    () -> {
                      Point.Fate _ = world.pass(Point.Kind.TAKE, there.node());
                      action.accept(there);
                    });
          }
        });
  }

  /** Sends to this very incarnation. */
  void reply(SimReplica from, SimReplica to, long tag, Runnable action) {
    if (sent(from) && from.passes(to.disk())) {
      world.schedule(
          delay(),
          tag,
          () -> {
            if (from.passes(to.disk())) {
              to.node().take(action);
            }
          });
    }
  }

  private boolean sent(SimReplica from) {
    return from.node().alive() && world.pass(Point.Kind.SEND, from.node()) != Point.Fate.LOSE;
  }

  /** Answers whoever waits for an entry, unless the answer is lost. */
  void answer(SimReplica from, Submission entry, Runnable answer) {
    if (from != entry.origin && dice.chance(faults.lost())) {
      world.probes().reached("append-reply-lost");
      return;
    }
    reply(from, entry.origin, entry.content, answer);
  }

  /** Lets an entry reach whoever leads then. */
  void appendLater(Submission entry, long delayNanos) {
    world.schedule(
        delayNanos,
        entry.content,
        () -> {
          SimNode leads = leader();
          SimReplica there = leads == null ? null : disk(leads.id()).replica;
          if (there != null) {
            there.take(List.of(entry));
          }
        });
  }

  /** A leader found that a majority has these. */
  void commit(Disk leader, int upTo) {
    for (int i = leader.committed; i < upTo; i++) {
      Frame frame = leader.frames.get(i);
      if (i >= committed.size()) {
        committed.add(frame);
      } else if (committed.get(i) != frame) {
        throw world.failure(
            "two frames committed at one index: " + committed.get(i) + " and " + frame);
      }
    }
  }

  /** Holds the outcome of a record against that of others. */
  void agree(SimReplica replica, Frame frame, int slot, Log.Applied outcome) {
    world.fold(outcome.position() ^ World.hashOf(outcome.result()));
    Log.Applied first = frame.outcomes[slot];
    if (first == null) {
      frame.outcomes[slot] =
          new Log.Applied(outcome.position(), outcome.fenced(), outcome.result().clone());
    } else if (first.fenced() != outcome.fenced()
        || !Arrays.equals(first.result(), outcome.result())) {
      throw world.failure(
          "nodes disagree: node="
              + replica.node()
              + " position="
              + Position.text(outcome.position())
              + " found="
              + text(outcome)
              + " others="
              + text(first));
    }
  }

  /** Holds a saved state against that of others at the same place. */
  void saved(SimReplica replica, Snapshot snapshot) {
    world.probes().reached("snapshot-saved");
    Snapshot before = snapshots.putIfAbsent(snapshot.index(), snapshot);
    if (before != null && !before.sameStates(snapshot)) {
      throw world.failure(
          "saved states differ: node="
              + replica.node()
              + " position="
              + Position.text(snapshot.position()));
    }
    Snapshot last = newest;
    if (last == null || snapshot.index() > last.index()) {
      newest = snapshot;
    }
  }

  /** Gives a laggard a snapshot in place of frames, if chance says so. */
  boolean installsInstead(SimReplica to) {
    Snapshot snapshot = newest;
    if (snapshot == null
        || to.believesToLead()
        || !to.started()
        || snapshot.index() <= to.applier().index()
        || !dice.chance(faults.installs())) {
      return false;
    }
    world.schedule(
        delay(), snapshot.index(), () -> to.node().take(() -> to.applier().install(snapshot)));
    return true;
  }

  private static String text(Log.Applied outcome) {
    return (outcome.fenced() ? "fenced " : "") + Arrays.toString(outcome.result());
  }

  private Disk disk(NodeId id) {
    for (Disk disk : disks) {
      if (disk.id.equals(id)) {
        return disk;
      }
    }
    Disk made = new Disk(id, world.ordinal(id), false);
    disks.add(made);
    return made;
  }
}
