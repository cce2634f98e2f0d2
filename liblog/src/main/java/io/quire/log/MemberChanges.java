package io.quire.log;

import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.fabric.Fabric;
import io.quire.fabric.Service;
import io.quire.log.MemberChange.Answer;
import io.quire.log.MemberChange.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.apache.ratis.protocol.RaftClientReply;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes who votes, at the leader. One change at a time: here by a semaphore that newcomers share,
 * over all leaders because each change names the members that it starts from, and Ratis refuses it
 * if these are others by then. Ratis goes through a configuration in which both the old and the new
 * majority must agree, so that no two leaders can be elected meanwhile.
 */
final class MemberChanges {
  private static final Logger LOG = LoggerFactory.getLogger(MemberChanges.class);
  private static final Duration ASK_DEADLINE = Duration.ofSeconds(2);
  private static final Duration CHANGE_DEADLINE = Duration.ofSeconds(15);
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final Fabric fabric;
  private final Leadership leadership;
  private final AddressBook book;
  private final Semaphore changing;

  MemberChanges(Fabric fabric, Leadership leadership, AddressBook book, Semaphore changing) {
    this.fabric = fabric;
    this.leadership = leadership;
    this.book = book;
    this.changing = changing;
  }

  /**
   * Has a change done by whoever leads. Blocks.
   *
   * @throws LogException.MembersException if it was refused, or was not done in time
   */
  void request(MemberChange change, Duration within) {
    long deadline = System.nanoTime() + within.toNanos();
    String last = "no leader is known";
    while (System.nanoTime() - deadline < 0) {
      Answer answer = ask(change);
      switch (answer.verdict()) {
        case DONE -> {
          return;
        }
        case REFUSED -> throw new LogException.MembersException(change, answer.detail(), false);
        case NOT_LEADER, BUSY -> {
          last = answer.verdict() + " " + answer.detail();
          LockSupport.parkNanos(PAUSE.toNanos());
        }
      }
    }
    throw new LogException.MembersException(change, "not done in time: last answer=" + last, true);
  }

  private Answer ask(MemberChange change) {
    Address leader = leadership.leader();
    if (leader == null) {
      return new Answer(Verdict.NOT_LEADER, "");
    }
    if (leader.equals(fabric.address())) {
      return serve(change);
    }
    try {
      return fabric
          .request(
              leader,
              Service.LOG,
              ByteBuffer.wrap(change.encode()),
              CHANGE_DEADLINE,
              Answer::decode)
          .get(CHANGE_DEADLINE.toMillis() * 2, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LogException.MembersException(change, "interrupted", true);
    } catch (ExecutionException | TimeoutException e) {
      return new Answer(Verdict.BUSY, "leader did not answer: cause=" + e);
    }
  }

  /** The leader's side. Blocks while the configuration changes. */
  Answer serve(MemberChange change) {
    RaftMember member = leadership.member();
    if (member == null || !member.info().isLeader() || !member.info().isLeaderReady()) {
      return new Answer(Verdict.NOT_LEADER, String.valueOf(leadership.leader()));
    }
    if (!changing.tryAcquire()) {
      return new Answer(Verdict.BUSY, "another change is under way");
    }
    try {
      return serve(member, change);
    } catch (IOException e) {
      return new Answer(Verdict.BUSY, "not changed: cause=" + e);
    } finally {
      changing.release();
    }
  }

  private Answer serve(RaftMember member, MemberChange change) throws IOException {
    List<GroupMember> members = member.members();
    List<GroupMember> next = new ArrayList<>(members);
    String refusal =
        switch (change) {
          case MemberChange.Promote(NodeId node) -> promote(member, next, node);
          case MemberChange.Remove(NodeId node) -> remove(next, node);
          case MemberChange.Replace(NodeId node, NodeId by) -> replace(member, next, node, by);
        };
    if (refusal == null && !next.equals(members)) {
      refusal = refuseManyNew(voters(members), voters(next));
      refusal = refusal == null ? refuseWithoutMajority(member, next) : refusal;
    }
    if (refusal != null) {
      return new Answer(Verdict.REFUSED, refusal);
    }
    if (next.equals(members)) {
      return new Answer(Verdict.DONE, "nothing to do");
    }
    if (next.stream().noneMatch(left -> left.peer().equals(member.peer()) && left.voter())) {
      // A leader that is taken out would go on leading.
      PeerId successor = successor(member, next);
      RaftClientReply moved = member.transferLeadership(successor, ASK_DEADLINE);
      return new Answer(Verdict.NOT_LEADER, "leader moves: to=" + successor + " reply=" + moved);
    }
    RaftClientReply reply = member.configure(members, next);
    LOG.info("members changed: was={} now={} reply={}", members, next, reply);
    return reply.isSuccess()
        ? new Answer(Verdict.DONE, "")
        : new Answer(Verdict.BUSY, "not changed: cause=" + reply.getException());
  }

  private @Nullable String promote(RaftMember member, List<GroupMember> next, NodeId node) {
    GroupMember listener = find(next, node);
    if (listener == null) {
      return "no such member: node=" + node + " members=" + names(next);
    }
    if (listener.voter()) {
      return null;
    }
    Long applied = progress(listener.peer());
    if (applied == null) {
      return "the listener does not answer: node=" + node;
    }
    long behind = member.committed() - applied;
    if (behind > Membership.CAUGHT_UP_ENTRIES) {
      return "the listener is too far behind: node=%s behind=%d max=%d"
          .formatted(node, behind, Membership.CAUGHT_UP_ENTRIES);
    }
    next.remove(listener);
    next.add(new GroupMember(listener.peer(), listener.address(), true));
    return null;
  }

  private static @Nullable String remove(List<GroupMember> next, NodeId node) {
    GroupMember gone = find(next, node);
    if (gone == null) {
      return "no such member: node=" + node + " members=" + names(next);
    }
    next.removeIf(member -> member.peer().node().equals(node));
    return next.stream().anyMatch(GroupMember::voter) ? null : "it is the last voter: node=" + node;
  }

  private @Nullable String replace(
      RaftMember member, List<GroupMember> next, NodeId node, NodeId by) {
    GroupMember gone = find(next, node);
    if (gone != null && !gone.voter()) {
      return "not a voter: node=" + node + " voters=" + names(voters(next));
    }
    if (node.equals(by)) {
      return "a node cannot take its own place: node=" + node;
    }
    String refusal = promote(member, next, by);
    if (refusal == null && gone != null) {
      refusal = remove(next, node);
    }
    return refusal;
  }

  /* Ratis would refuse it. Those that have just come have little of the log, and could not go on
  without those that have all of it. */
  private static @Nullable String refuseManyNew(List<GroupMember> now, List<GroupMember> next) {
    List<GroupMember> stay =
        next.stream().filter(voter -> find(now, voter.peer().node()) != null).toList();
    int come = next.size() - stay.size();
    boolean second = now.size() == 1 && stay.size() == 1 && come == 1;
    return come == 0 || come < stay.size() || second
        ? null
        : "half of the voters would be new, promote and remove one after the other: voters=%s next=%s"
            .formatted(names(now), names(next));
  }

  /* Nothing could be changed any more, not even this. */
  private @Nullable String refuseWithoutMajority(RaftMember member, List<GroupMember> next) {
    List<PeerId> voters = next.stream().filter(GroupMember::voter).map(GroupMember::peer).toList();
    long answering =
        voters.stream()
            .filter(voter -> voter.equals(member.peer()) || progress(voter) != null)
            .count();
    return answering > voters.size() / 2
        ? null
        : "no majority of the new voters answers: answering=%d of=%s".formatted(answering, voters);
  }

  private PeerId successor(RaftMember member, List<GroupMember> next) throws IOException {
    List<PeerId> voters =
        member.members().stream()
            .filter(GroupMember::voter)
            .map(GroupMember::peer)
            .filter(peer -> !peer.equals(member.peer()))
            .filter(peer -> next.stream().anyMatch(left -> left.peer().equals(peer)))
            .filter(peer -> progress(peer) != null)
            .toList();
    if (voters.isEmpty()) {
      throw new IOException("nobody is left to lead meanwhile");
    }
    return voters.getFirst();
  }

  private @Nullable Long progress(PeerId peer) {
    Address address = book.of(peer);
    if (address == null) {
      return null;
    }
    try {
      return fabric
          .request(
              address,
              Service.LOG,
              ByteBuffer.wrap(askProgress(peer)),
              ASK_DEADLINE,
              answer -> new WireReader(answer).int64())
          .get(ASK_DEADLINE.toMillis() * 2, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } catch (ExecutionException | TimeoutException e) {
      return null;
    }
  }

  static byte[] askProgress(PeerId peer) {
    return new WireWriter(64).int8(LogMessages.PROGRESS).string(peer.toString()).toBytes();
  }

  private static @Nullable GroupMember find(List<GroupMember> members, NodeId node) {
    return members.stream()
        .filter(member -> member.peer().node().equals(node))
        .findFirst()
        .orElse(null);
  }

  private static List<GroupMember> voters(List<GroupMember> members) {
    return members.stream().filter(GroupMember::voter).toList();
  }

  private static List<String> names(List<GroupMember> members) {
    return members.stream().map(member -> member.peer().node().name()).sorted().toList();
  }
}
