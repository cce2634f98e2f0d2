package io.quire.log;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Comparator;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotReplyProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppenderBase;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.util.Timestamp;
import org.jspecify.annotations.Nullable;

/**
 * Sends a follower what it does not have yet. Entries are in flight in one request at a time;
 * beside it, as soon as something is committed that the follower has, it is told so. Ratis' own
 * appender for such an RPC waits for each answer in turn, and has followers learn what is committed
 * from one more entry that is written and synced for each.
 *
 * <p>{@link #run} has a thread of its own; answers are taken on the thread that brings them.
 */
final class FabricAppender extends LogAppenderBase {
  private final FabricRpc rpc;
  // Of the thread that runs.
  private final SnapshotOffers offers = new SnapshotOffers(System::nanoTime);
  private volatile @Nullable Thread thread;
  private volatile boolean signalled;

  /** Set by the thread that runs, cleared by the answer. */
  private volatile boolean inFlight;

  private volatile boolean failed;
  // Written by the thread that runs only.
  private volatile long calls;
  private volatile long toldCommitted = RaftLog.INVALID_LOG_INDEX;

  FabricAppender(
      RaftServer.Division server, LeaderState leader, FollowerInfo follower, FabricRpc rpc) {
    super(server, leader, follower);
    this.rpc = rpc;
  }

  @Override
  public long getCallId() {
    return calls;
  }

  @Override
  public Comparator<Long> getCallIdComparator() {
    return Long::compareTo;
  }

  @Override
  public boolean hasPendingDataRequests() {
    // A word of what is committed is sent with the entry before, which is there whatever is in
    // flight.
    return false;
  }

  /** Any thread. Never lost: whoever is about to wait looks again. */
  @Override
  public void notifyLogAppender() {
    signalled = true;
    LockSupport.unpark(thread);
  }

  @Override
  public void run() throws InterruptedException, IOException {
    thread = Thread.currentThread();
    while (isRunning()) {
      signalled = false;
      if (failed) {
        failed = false;
        getServer().properties().rpcSleepTime().sleep();
      }
      boolean sent = step();
      getLeaderState().checkHealth(getFollower());
      if (!sent && !signalled) {
        LockSupport.parkNanos(
            this, TimeUnit.MILLISECONDS.toNanos(Math.max(1, getHeartbeatWaitTimeMs())));
      }
      if (Thread.interrupted()) {
        throw new InterruptedException("appender is closed");
      }
    }
  }

  /* Says whether there may be more to do at once. */
  private boolean step() throws IOException {
    if (!inFlight) {
      SnapshotInfo snapshot = shouldSendAppendEntries() ? shouldInstallSnapshot() : null;
      if (snapshot != null && offers.due()) {
        install(snapshot);
        return true;
      }
      if (snapshot == null && hasAppendEntries() && getHeartbeatWaitTimeMs() > 0) {
        return send(newAppendEntriesRequest(++calls, false));
      }
    }
    if (getHeartbeatWaitTimeMs() <= 0 || committedThere() > toldCommitted) {
      return send(newAppendEntriesRequest(++calls, true));
    }
    return false;
  }

  /** The index up to which entries are committed and known to be at the follower. */
  private long committedThere() {
    return Math.min(getRaftLog().getLastCommittedIndex(), getFollower().getNextIndex() - 1);
  }

  private boolean send(@Nullable AppendEntriesRequestProto request) {
    if (request == null) {
      return false;
    }
    int count = request.getEntriesCount();
    long last =
        count > 0 ? request.getEntries(count - 1).getIndex() : getFollower().getNextIndex() - 1;
    toldCommitted = Math.max(toldCommitted, Math.min(request.getLeaderCommit(), last));
    if (count > 0) {
      inFlight = true;
    }
    resetHeartbeatTrigger();
    Timestamp sent = Timestamp.currentTime();
    getFollower().updateLastRpcSendTime(count == 0);
    rpc.appendEntriesAsync(request)
        .whenComplete((reply, failure) -> answered(request, sent, reply, failure));
    return true;
  }

  private void answered(
      AppendEntriesRequestProto request,
      Timestamp sent,
      @Nullable AppendEntriesReplyProto reply,
      @Nullable Throwable failure) {
    boolean entries = request.getEntriesCount() > 0;
    try {
      if (reply == null) {
        failed = true;
        LOG.trace("{} cannot append", this, failure);
      } else {
        getFollower().updateLastRpcResponseTime();
        getFollower().updateLastRespondedAppendEntriesSendTime(sent);
        accept(request, reply);
      }
    } finally {
      if (entries) {
        inFlight = false;
      }
      if (failed || (entries && (hasAppendEntries() || committedThere() > toldCommitted))) {
        notifyLogAppender();
      }
    }
  }

  private void accept(AppendEntriesRequestProto request, AppendEntriesReplyProto reply) {
    FollowerInfo follower = getFollower();
    switch (reply.getResult()) {
      case SUCCESS -> {
        getLeaderState().onFollowerCommitIndex(follower, reply.getFollowerCommit());
        if (follower.updateMatchIndex(reply.getMatchIndex())) {
          follower.updateNextIndex(reply.getMatchIndex() + 1);
          getLeaderState().onFollowerSuccessAppendEntries(follower);
        }
      }
      case NOT_LEADER -> onFollowerTerm(reply.getTerm());
      case INCONSISTENCY -> {
        long first =
            request.getEntriesCount() > 0
                ? request.getEntries(0).getIndex()
                : RaftLog.INVALID_LOG_INDEX;
        follower.setNextIndex(getNextIndexForInconsistency(first, reply.getNextIndex()));
        notifyLogAppender();
      }
      case UNRECOGNIZED -> LOG.warn("{}: answer is not known: reply={}", this, reply);
    }
    getLeaderState().onAppendEntriesReply(this, reply);
  }

  private void install(SnapshotInfo snapshot) throws InterruptedIOException {
    InstallSnapshotReplyProto reply = null;
    try {
      for (InstallSnapshotRequestProto request :
          newInstallSnapshotRequests(UUID.randomUUID().toString(), snapshot)) {
        getFollower().updateLastRpcSendTime(false);
        reply = rpc.installSnapshot(request);
        getFollower().updateLastRpcResponseTime();
        if (!reply.getServerReply().getSuccess()) {
          break;
        }
      }
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      LOG.warn("{}: snapshot is not sent: index={} cause={}", this, snapshot, e.toString());
      offers.refused();
      failed = true;
      return;
    }
    if (reply != null) {
      installed(snapshot, reply);
    }
  }

  private void installed(SnapshotInfo snapshot, InstallSnapshotReplyProto reply) {
    if (reply.getServerReply().getSuccess()) {
      getFollower().setSnapshotIndex(snapshot.getTermIndex().getIndex());
      LOG.info("{}: follower has the snapshot: index={}", this, snapshot.getTermIndex());
      offers.taken();
    } else {
      offers.refused();
    }
    switch (reply.getResult()) {
      case NOT_LEADER -> onFollowerTerm(reply.getTerm());
      case SUCCESS, SNAPSHOT_UNAVAILABLE, ALREADY_INSTALLED, SNAPSHOT_EXPIRED ->
          getFollower().setAttemptedToInstallSnapshot();
      default -> failed = true;
    }
  }
}
