package io.quire.log;

import io.quire.base.Address;
import io.quire.fabric.Fabric;
import io.quire.fabric.Service;
import io.quire.log.LogMessages.Join;
import io.quire.log.LogMessages.Joined;
import io.quire.log.LogMessages.Standing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.server.RaftConfiguration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a newcomer becomes a member: it asks the leader until it is a listener, and, if it is to
 * vote, until it has caught up and is a voter. What the leader is asked is the same each time, and
 * it does what is still to be done.
 */
final class Membership {
  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);

  /** How many Raft entries a listener may be behind when it becomes a voter. */
  static final long CAUGHT_UP_ENTRIES = 1_000;

  /** The leader changes the configuration while the newcomer waits. */
  private static final Duration JOIN_DEADLINE = Duration.ofSeconds(15);

  private static final Duration PAUSE = Duration.ofMillis(100);

  private final Fabric fabric;
  private final Leadership leadership;
  private final Storage storage;
  private final Applier applier;
  private final Peers peers;
  private final CountDownLatch closed;
  private final Semaphore changing;
  private final CompletableFuture<Void> listening = new CompletableFuture<>();

  Membership(
      Fabric fabric,
      Leadership leadership,
      Storage storage,
      Applier applier,
      Peers peers,
      Semaphore changing,
      CountDownLatch closed) {
    this.changing = changing;
    this.fabric = fabric;
    this.leadership = leadership;
    this.storage = storage;
    this.applier = applier;
    this.peers = peers;
    this.closed = closed;
  }

  /** Begins to ask. The future completes when this node is a member. */
  CompletableFuture<Void> begin() {
    Thread.ofVirtual().name("log-join").start(this::askUntilDone);
    return listening;
  }

  private void askUntilDone() {
    try {
      for (int round = 0; !done(round); round++) {
        if (closed.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | RuntimeException e) {
      LOG.warn("cannot become a member: peer={}", storage.identity().peer(), e);
      listening.completeExceptionally(e);
    }
  }

  private boolean done(int round) throws IOException, InterruptedException {
    Identity identity = storage.identity();
    Address target = target(round);
    if (target == null) {
      return false;
    }
    Join join = new Join(identity.peer(), fabric.address(), identity.votes(), applier.index());
    Joined joined = ask(target, join);
    if (joined != null && joined.standing() == Standing.NOT_LEADER && joined.leader() != null) {
      joined = ask(joined.leader(), join);
    }
    if (joined == null) {
      return false;
    }
    if (joined.replacesVoter() && !identity.votes()) {
      storage.become(identity.voting());
    }
    return switch (joined.standing()) {
      case NOT_LEADER, BUSY -> false;
      case LISTENER -> {
        listening.complete(null);
        yield !storage.identity().votes();
      }
      case VOTER -> {
        listening.complete(null);
        LOG.info("is a voter: peer={}", identity.peer());
        yield true;
      }
    };
  }

  private @Nullable Address target(int round) {
    Address leader = leadership.leader();
    if (leader != null && round % 2 == 0) {
      return leader;
    }
    List<Address> others =
        peers.all().stream().filter(address -> !address.equals(fabric.address())).toList();
    return others.isEmpty() ? leader : others.get(round % others.size());
  }

  private @Nullable Joined ask(Address target, Join join) throws InterruptedException {
    try {
      return fabric
          .request(
              target, Service.LOG, ByteBuffer.wrap(join.encode()), JOIN_DEADLINE, Joined::decode)
          .get(JOIN_DEADLINE.toMillis() * 2, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("no answer to join: target={} cause={}", target, e.toString());
      return null;
    }
  }

  /** The leader's side. Blocks while the configuration changes. */
  Joined serve(Join join) throws IOException {
    RaftMember member = leadership.member();
    if (member == null || !member.info().isLeader() || !member.info().isLeaderReady()) {
      return new Joined(Standing.NOT_LEADER, false, leadership.leader());
    }
    if (!changing.tryAcquire()) {
      return new Joined(Standing.BUSY, false, null);
    }
    try {
      return serve(member, join);
    } finally {
      changing.release();
    }
  }

  private static Joined serve(RaftMember member, Join join) throws IOException {
    RaftConfiguration configuration = member.configuration();
    List<RaftPeer> voters = new ArrayList<>(configuration.getCurrentPeers(RaftPeerRole.FOLLOWER));
    List<RaftPeer> listeners =
        new ArrayList<>(configuration.getCurrentPeers(RaftPeerRole.LISTENER));
    if (contains(voters, join.peer())) {
      return new Joined(Standing.VOTER, false, null);
    }
    if (!contains(listeners, join.peer())) {
      boolean replacesVoter = voters.removeIf(peer -> predecessor(peer, join.peer()));
      listeners.removeIf(peer -> predecessor(peer, join.peer()));
      listeners.add(new GroupMember(join.peer(), join.address(), false).raft());
      return change(member, voters, listeners)
          ? new Joined(Standing.LISTENER, replacesVoter, null)
          : new Joined(Standing.BUSY, replacesVoter, null);
    }
    if (join.votes() && member.committed() - join.applied() <= CAUGHT_UP_ENTRIES) {
      listeners.removeIf(peer -> PeerId.of(peer.getId()).equals(join.peer()));
      voters.add(new GroupMember(join.peer(), join.address(), true).raft());
      return new Joined(
          change(member, voters, listeners) ? Standing.VOTER : Standing.LISTENER, false, null);
    }
    return new Joined(Standing.LISTENER, false, null);
  }

  private static boolean change(
      RaftMember member, List<RaftPeer> voters, List<RaftPeer> listeners) {
    try {
      RaftClientReply reply = member.configure(voters, listeners);
      LOG.info("members changed: voters={} listeners={} reply={}", voters, listeners, reply);
      return reply.isSuccess();
    } catch (IOException e) {
      // A change is under way, or the newcomer was too slow: it asks again.
      LOG.info("members not changed: voters={} listeners={} cause={}", voters, listeners, e);
      return false;
    }
  }

  private static boolean contains(List<RaftPeer> peers, PeerId wanted) {
    return peers.stream().anyMatch(peer -> PeerId.of(peer.getId()).equals(wanted));
  }

  /* The leader is none: it is another node than the newcomer. */
  private static boolean predecessor(RaftPeer peer, PeerId newcomer) {
    return PeerId.of(peer.getId()).node().equals(newcomer.node());
  }
}
