package io.quire.log;

import io.quire.base.Address;
import io.quire.base.Loop;
import io.quire.base.WireReader;
import io.quire.fabric.Fabric;
import io.quire.fabric.Service;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * What this node knows of who leads. Confined to the loop, but for {@link #answer}.
 *
 * <p>Why {@link #confirm} is sound: a leader of a newer term has the votes of a majority, and each
 * of its voters moved to that term before it voted, and never goes back. Two majorities share a
 * voter; so if a majority, asked after some moment, still says the old term, no newer leader was
 * elected before that moment. While the configuration changes, both majorities are needed, as for
 * an election.
 */
final class Leadership {
  private static final Duration CONFIRM_DEADLINE = Duration.ofMillis(500);

  private final Loop loop;
  private final Fabric fabric;
  private final AddressBook book;
  private volatile @Nullable RaftMember member;
  private long readyTerm;

  Leadership(Loop loop, Fabric fabric, AddressBook book) {
    this.loop = loop;
    this.fabric = fabric;
    this.book = book;
  }

  void attach(@Nullable RaftMember member) {
    this.member = member;
  }

  /** The member, or null while there is none. Safe from any thread. */
  @Nullable RaftMember member() {
    return member;
  }

  /** The term in which this node leads and has applied an entry of its own, or 0. */
  long term() {
    RaftMember current = member;
    if (current == null || readyTerm == 0) {
      return 0;
    }
    DivisionInfo info = current.info();
    boolean leads = info.isLeader() && info.isLeaderReady() && info.getCurrentTerm() == readyTerm;
    return leads ? readyTerm : 0;
  }

  /** Notes that an entry of Ratis' own was applied, and says whether this node leads anew by it. */
  boolean advanced(long term) {
    RaftMember current = member;
    if (current == null || term <= readyTerm) {
      return false;
    }
    DivisionInfo info = current.info();
    if (info.isLeader() && info.isLeaderReady() && info.getCurrentTerm() == term) {
      readyTerm = term;
      return true;
    }
    return false;
  }

  /** Where the leader listens, as far as this node knows. Safe from any thread. */
  @Nullable Address leader() {
    RaftMember current = member;
    PeerId leader = current == null ? null : current.leader();
    if (current == null || leader == null) {
      return null;
    }
    return leader.equals(current.peer()) ? fabric.address() : book.of(leader);
  }

  CompletableFuture<Long> confirm() {
    RaftMember current = member;
    long term = term();
    if (current == null || term == 0) {
      return CompletableFuture.failedFuture(
          new LogException.NotLeadingException("this node does not lead"));
    }
    RaftConfiguration configuration = current.configuration();
    List<PeerId> now = ids(configuration.getCurrentPeers(RaftPeerRole.FOLLOWER));
    List<PeerId> before = ids(configuration.getPreviousPeers(RaftPeerRole.FOLLOWER));
    List<PeerId> others =
        Stream.concat(now.stream(), before.stream())
            .distinct()
            .filter(peer -> !peer.equals(current.peer()))
            .toList();
    Set<PeerId> agreeing = ConcurrentHashMap.newKeySet();
    agreeing.add(current.peer());
    CompletableFuture<Long> confirmed = new CompletableFuture<>();
    for (PeerId peer : others) {
      ask(peer)
          .whenComplete(
              (answer, error) -> {
                if (error == null && answer == term && agreeing.add(peer)) {
                  if (majority(now, agreeing) && majority(before, agreeing)) {
                    loop.execute(() -> settle(confirmed, term));
                  }
                }
              });
    }
    if (majority(now, agreeing) && majority(before, agreeing)) {
      settle(confirmed, term);
    } else {
      loop.after(CONFIRM_DEADLINE, () -> fail(confirmed, term));
    }
    return confirmed;
  }

  private void settle(CompletableFuture<Long> confirmed, long term) {
    if (term() == term) {
      confirmed.complete(term);
    } else {
      fail(confirmed, term);
    }
  }

  private static void fail(CompletableFuture<Long> confirmed, long term) {
    if (!confirmed.isDone()) {
      confirmed.completeExceptionally(
          new LogException.NotLeadingException(
              "no majority says that this node still leads: term=" + term));
    }
  }

  private CompletableFuture<Long> ask(PeerId peer) {
    Address address = book.of(peer);
    if (address == null) {
      return CompletableFuture.failedFuture(
          new LogException.NotLeadingException("voter is not seen: peer=" + peer));
    }
    return fabric.request(
        address,
        Service.LOG,
        ByteBuffer.wrap(LogMessages.askTerm(peer)),
        CONFIRM_DEADLINE,
        answer -> new WireReader(answer).int64());
  }

  /** The term of this member, for a leader that asks this very peer. Safe from any thread. */
  long answer(PeerId asked) {
    RaftMember current = member;
    if (current == null || !current.running() || !current.peer().equals(asked)) {
      throw new LogException.NotLeadingException("not the peer that was asked: peer=" + asked);
    }
    return current.info().getCurrentTerm();
  }

  private static List<PeerId> ids(@Nullable Collection<RaftPeer> peers) {
    return peers == null
        ? List.of()
        : peers.stream().map(peer -> PeerId.of(peer.getId())).distinct().toList();
  }

  private static boolean majority(List<PeerId> voters, Set<PeerId> agreeing) {
    long agree = voters.stream().filter(agreeing::contains).count();
    return voters.isEmpty() || agree > voters.size() / 2;
  }
}
