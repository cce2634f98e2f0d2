package io.quire.log;

import io.quire.base.Address;
import io.quire.base.NodeId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node knows of the log, for people.
 *
 * @param peerId this node's name in the Raft group: node and storage incarnation
 * @param role LEADER, FOLLOWER, CANDIDATE or LISTENER; NONE before the start
 * @param term the newest term this node knows
 * @param leader who leads, if known
 * @param leaderAddress where the leader's fabric listens, if known
 * @param applied position of the last entry applied here
 * @param committed index of the last Raft entry known to be committed
 * @param voters peer ids of the current configuration
 * @param listeners peer ids of the current configuration
 * @param appendedEntries entries this node put into the log as leader since it started
 * @param appendedFrames frames in which it did so
 */
public record LogStatus(
    String peerId,
    String role,
    long term,
    @Nullable NodeId leader,
    @Nullable Address leaderAddress,
    long applied,
    long committed,
    List<String> voters,
    List<String> listeners,
    long appendedEntries,
    long appendedFrames) {

  /** As a member tells it, if there is one by now. */
  static LogStatus of(
      PeerId peer,
      @Nullable RaftMember member,
      @Nullable Address leader,
      long applied,
      long entries,
      long frames) {
    if (member == null) {
      return new LogStatus(
          peer.toString(), "NONE", 0, null, null, applied, -1, List.of(), List.of(), 0, 0);
    }
    List<GroupMember> members = member.members();
    return new LogStatus(
        peer.toString(),
        member.info().getCurrentRole().name(),
        member.info().getCurrentTerm(),
        member.leaderNode(),
        leader,
        applied,
        member.committed(),
        names(members, true),
        names(members, false),
        entries,
        frames);
  }

  private static List<String> names(List<GroupMember> members, boolean voters) {
    return members.stream()
        .filter(member -> member.voter() == voters)
        .map(member -> member.peer().toString())
        .sorted()
        .toList();
  }
}
