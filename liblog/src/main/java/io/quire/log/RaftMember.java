package io.quire.log;

import io.quire.base.NodeId;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.proto.RaftProtos.CommitInfoProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.RaftStorage.StartupOption;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This node's member of the Raft group. Safe from any thread. */
final class RaftMember implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RaftMember.class);

  private final Identity identity;
  private final ClientId client;
  private final RaftGroupId group;
  private final RaftServer server;
  private final RaftServer.Division division;
  private final AtomicLong calls = new AtomicLong();

  private RaftMember(Identity identity, ClientId client, RaftGroupId group, RaftServer server)
      throws IOException {
    this.identity = identity;
    this.client = client;
    this.group = group;
    this.server = server;
    this.division = server.getDivision(group);
  }

  /** Makes the member; it does nothing until it is started. */
  static RaftMember open(
      LogConfig config,
      Storage storage,
      ClientId client,
      FrameStateMachine machine,
      FabricLink link)
      throws IOException {
    Identity identity = storage.identity();
    RaftGroupId group = RaftGroupId.valueOf(identity.group());
    Parameters parameters = new Parameters();
    parameters.put(FabricRpcType.LINK, link, FabricLink.class);
    List<RaftPeer> peers = identity.members().stream().map(GroupMember::raft).toList();
    RaftServer server =
        RaftServer.newBuilder()
            .setServerId(identity.peer().raft())
            .setGroup(RaftGroup.valueOf(group, peers))
            .setOption(StartupOption.RECOVER)
            .setProperties(RaftSettings.of(config, storage.raft(), identity.alone()))
            .setParameters(parameters)
            .setStateMachine(machine)
            .build();
    try {
      return new RaftMember(identity, client, group, server);
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  void start() throws IOException {
    server.start();
  }

  PeerId peer() {
    return identity.peer();
  }

  DivisionInfo info() {
    return division.getInfo();
  }

  /** Whether the log itself, not just the plan to join, says that this is a member. */
  boolean settled() {
    RaftConfiguration now = configuration();
    return now.getLogEntryIndex() >= 0
        && members().stream().anyMatch(member -> member.peer().equals(peer()));
  }

  boolean running() {
    return info().getLifeCycleState() == LifeCycle.State.RUNNING;
  }

  RaftConfiguration configuration() {
    return division.getRaftConf();
  }

  /** The log, or null while Ratis has not read it yet. */
  @Nullable RaftLog log() {
    try {
      return division.getRaftLog();
    } catch (IllegalStateException e) {
      return null;
    }
  }

  long committed() {
    return division.getRaftLog().getLastCommittedIndex();
  }

  /** Index of the last entry on this node's disk. */
  long flushed() {
    return division.getRaftLog().getFlushIndex();
  }

  /** What the member that is furthest behind has committed, as far as this one knows. */
  long committedByAll() {
    return division.getCommitInfos().stream()
        .mapToLong(CommitInfoProto::getCommitIndex)
        .min()
        .orElse(committed());
  }

  /** Drops whole segments that end at or before an index. */
  CompletableFuture<Long> purge(long index) {
    return division.getRaftLog().purge(index);
  }

  /** Who leads, as far as this member knows. */
  @Nullable PeerId leader() {
    RaftPeerId leader = info().getLeaderId();
    return leader == null ? null : PeerId.of(leader);
  }

  List<GroupMember> members() {
    RaftConfiguration now = configuration();
    Stream<GroupMember> voters =
        peers(now, RaftPeerRole.FOLLOWER).stream().map(peer -> GroupMember.of(peer, true));
    return Stream.concat(
            voters,
            peers(now, RaftPeerRole.LISTENER).stream().map(peer -> GroupMember.of(peer, false)))
        .toList();
  }

  static Collection<RaftPeer> peers(RaftConfiguration configuration, RaftPeerRole role) {
    return configuration.getCurrentPeers(role);
  }

  long nextCall() {
    return calls.incrementAndGet();
  }

  /**
   * Puts a frame at the end of the log, if this member leads. May block. Asked is the member
   * itself: the server before it would hand the call to another thread, and wait.
   */
  CompletableFuture<RaftClientReply> submit(long call, byte[] frame) throws IOException {
    return ((RaftClientAsynchronousProtocol) division)
        .submitClientRequestAsync(
            RaftClientRequest.newBuilder()
                .setClientId(client)
                .setServerId(server.getId())
                .setGroupId(group)
                .setCallId(call)
                .setMessage(Message.valueOf(UnsafeByteOperations.unsafeWrap(frame)))
                .setType(RaftClientRequest.writeRequestType())
                .build());
  }

  /** Changes the configuration, if this member leads. Blocks until it is done. */
  RaftClientReply configure(Collection<RaftPeer> voters, Collection<RaftPeer> listeners)
      throws IOException {
    return server.setConfiguration(
        new SetConfigurationRequest(
            client,
            server.getId(),
            group,
            nextCall(),
            SetConfigurationRequest.Arguments.newBuilder()
                .setServersInNewConf(List.copyOf(voters))
                .setListenersInNewConf(List.copyOf(listeners))
                .build()));
  }

  /**
   * As the other, and only if the members still are those that it starts from. Blocks until it is
   * done.
   */
  RaftClientReply configure(List<GroupMember> from, List<GroupMember> to) throws IOException {
    return server.setConfiguration(
        new SetConfigurationRequest(
            client,
            server.getId(),
            group,
            nextCall(),
            SetConfigurationRequest.Arguments.newBuilder()
                .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
                .setServersInCurrentConf(raft(from, true))
                .setListenersInCurrentConf(raft(from, false))
                .setServersInNewConf(raft(to, true))
                .setListenersInNewConf(raft(to, false))
                .build()));
  }

  private static List<RaftPeer> raft(List<GroupMember> members, boolean voters) {
    return members.stream()
        .filter(member -> member.voter() == voters)
        .map(GroupMember::raft)
        .toList();
  }

  /** Has another voter lead, if this member leads. Blocks until it does. */
  RaftClientReply transferLeadership(PeerId to, Duration deadline) throws IOException {
    return server.transferLeadership(
        new TransferLeadershipRequest(
            client, server.getId(), group, nextCall(), to.raft(), deadline.toMillis()));
  }

  @Nullable NodeId leaderNode() {
    PeerId leader = leader();
    return leader == null ? null : leader.node();
  }

  /**
   * Closes, on a thread of its own, for twice a time at the most.
   *
   * @param abandon called after the first half, to leave unapplied what is not applied yet
   * @return whether it has ended, so that nothing is acknowledged any more
   */
  boolean close(Duration within, Runnable abandon) {
    Thread closer =
        Thread.ofPlatform().daemon().name(identity.node() + "-log-close").start(this::closeOrWarn);
    try {
      if (!closer.join(within)) {
        // The loop is gone, or busy for too long.
        abandon.run();
        if (!closer.join(within)) {
          LOG.warn("log does not close in time: peer={}", peer());
          return false;
        }
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void closeOrWarn() {
    try {
      close();
    } catch (IOException e) {
      LOG.warn("cannot close the log: peer={} cause={}", peer(), e.toString());
    }
  }

  /** Blocks until all that was committed is applied. */
  @Override
  public void close() throws IOException {
    server.close();
  }
}
