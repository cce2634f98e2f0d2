package io.quire.sim;

import io.quire.base.NodeId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a node's log keeps over a crash, and who uses it now. */
final class Disk {
  final NodeId id;
  final int ordinal;
  final boolean voter;

  /** The newest term this node knows. */
  long term;

  /** Frame with index i is at i - 1. */
  final ArrayList<Frame> frames = new ArrayList<>();

  /** How many frames this node knew to be committed; of a running node, while it runs. */
  int committed;

  @Nullable Snapshot snapshot;
  @Nullable SimReplica replica;

  Disk(NodeId id, int ordinal, boolean voter) {
    this.id = id;
    this.ordinal = ordinal;
    this.voter = voter;
  }

  /** The incarnation that runs on this disk and can do something now. */
  @Nullable SimReplica running() {
    SimReplica now = replica;
    return now != null && now.started() && now.node().running() ? now : null;
  }

  long lastTerm() {
    return frames.isEmpty() ? 0 : frames.getLast().term;
  }

  /** Raft's rule of who may lead whom. */
  boolean atLeastAsNewAs(Disk other) {
    return lastTerm() != other.lastTerm()
        ? lastTerm() > other.lastTerm()
        : frames.size() >= other.frames.size();
  }

  /** How many frames both have alike. */
  int common(Disk other) {
    int count = Math.min(frames.size(), other.frames.size());
    while (count > 0 && frames.get(count - 1) != other.frames.get(count - 1)) {
      count--;
    }
    return count;
  }

  /** Makes what stands from {@code from} on be these, keeping more of the same. */
  void put(int from, List<Frame> more) {
    for (int i = 0; i < more.size(); i++) {
      int at = from + i;
      if (at < frames.size() && frames.get(at) == more.get(i)) {
        continue;
      }
      if (at < committed) {
        throw new IllegalStateException(
            "committed frame overwritten: node=" + id + " frame=" + frames.get(at));
      }
      frames.subList(at, frames.size()).clear();
      frames.addAll(more.subList(i, more.size()));
      return;
    }
  }
}
