package io.quire.log;

import io.quire.base.NodeId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How a node keeps its part of the log. A value outside its limits is an {@link
 * IllegalArgumentException} that names it.
 *
 * @param cluster name of the cluster, 1 to 128 characters; a directory of another one is refused
 * @param node name of this node
 * @param directory where identity, log and snapshots are; nothing else may be in it
 * @param voters who forms the group: the same on every node, each name once. A node that is not
 *     among them becomes a listener; alone in the list it is a group of one
 * @param snapshotEntries Raft entries between two snapshots, 1 at least; fewer make a start faster,
 *     and more often write the whole state
 * @param segmentBytes 4 KiB to 1 GiB, after which a file of the log is closed and the next begun:
 *     what is archived and trimmed is always a whole one
 * @param electionTimeout 50 ms to 60 s, after which a silent leader is replaced, and after which a
 *     leader without majority steps down at the latest twice over; too short a time lets a busy
 *     machine flap
 * @param appendDeadline how long a forwarded append may take before it is indeterminate, 50 ms to
 *     10 minutes
 */
public record LogConfig(
    String cluster,
    NodeId node,
    Path directory,
    List<NodeId> voters,
    int snapshotEntries,
    int segmentBytes,
    Duration electionTimeout,
    Duration appendDeadline) {
  public LogConfig {
    voters = voters.stream().sorted().toList();
    if (voters.isEmpty() || voters.stream().distinct().count() != voters.size()) {
      throw new IllegalArgumentException("voters must be named, each once: voters=" + voters);
    }
    if (cluster.isBlank() || cluster.length() > 128) {
      throw new IllegalArgumentException("not a cluster name: cluster=" + cluster);
    }
    within("snapshotEntries", snapshotEntries, 1, Integer.MAX_VALUE);
    within("segmentBytes", segmentBytes, 4 << 10, 1 << 30);
    within("electionTimeout millis", electionTimeout.toMillis(), 50, 60_000);
    within("appendDeadline millis", appendDeadline.toMillis(), 50, 600_000);
  }

  /**
   * The defaults: a snapshot every 50,000 entries, files of 32 MiB, elections after half a second
   * to a second.
   */
  public static LogConfig of(String cluster, NodeId node, Path directory, List<NodeId> voters) {
    return new LogConfig(
        cluster,
        node,
        directory,
        voters,
        50_000,
        32 << 20,
        Duration.ofMillis(500),
        Duration.ofSeconds(5));
  }

  /** As this one, with a snapshot after so many Raft entries: 1 at least. */
  public LogConfig withSnapshotEntries(int entries) {
    return new LogConfig(
        cluster, node, directory, voters, entries, segmentBytes, electionTimeout, appendDeadline);
  }

  /** As this one, with files of so many bytes: 4 KiB to 1 GiB. */
  public LogConfig withSegmentBytes(int bytes) {
    return new LogConfig(
        cluster, node, directory, voters, snapshotEntries, bytes, electionTimeout, appendDeadline);
  }

  /** As this one, with an election after such a silence of the leader: 50 ms to 60 s. */
  public LogConfig withElectionTimeout(Duration timeout) {
    return new LogConfig(
        cluster, node, directory, voters, snapshotEntries, segmentBytes, timeout, appendDeadline);
  }

  /** Whether this node is meant to vote. */
  boolean votes() {
    return voters.contains(node);
  }

  boolean alone() {
    return voters.equals(List.of(node));
  }

  private static void within(String name, long found, long min, long max) {
    if (found < min || found > max) {
      throw new IllegalArgumentException(
          "out of range: name=" + name + " found=" + found + " min=" + min + " max=" + max);
    }
  }
}
