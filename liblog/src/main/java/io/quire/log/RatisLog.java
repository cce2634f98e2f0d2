package io.quire.log;

import io.quire.base.Address;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.fabric.Fabric;
import io.quire.fabric.Service;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.server.DivisionInfo;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log as one Apache Ratis group.
 *
 * <p>{@link #open} takes the directory, then projections are registered, then {@link #start} makes
 * the node part of the group. If an entry does not verify, a projection throws or the disk fails, a
 * task on the loop throws, which by the loop's contract stops the node.
 *
 * <p>The methods of {@link Log} belong to the loop; the others may be called from any thread but
 * the loop's.
 */
public final class RatisLog implements Log, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RatisLog.class);
  private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(5);

  private final LogConfig config;
  private final Fabric fabric;
  private final Loop loop;
  private final Peers peers;
  private final Storage storage;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final AtomicBoolean started = new AtomicBoolean();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final ClientId self = ClientId.randomId();
  private final Applier applier = new Applier();
  private final Durability durability = new Durability(this::diskFailed);
  private final FabricLink link;
  private final Leadership leadership;
  private final Appends appends;
  private final Membership membership;
  private final LogService service;
  private final FrameStateMachine machine;
  private volatile LongConsumer leading = term -> {};

  private RatisLog(LogConfig config, Fabric fabric, Loop loop, Peers peers, Storage storage) {
    this.config = config;
    this.fabric = fabric;
    this.loop = loop;
    this.peers = peers;
    this.storage = storage;
    AddressBook book = new AddressBook(peers);
    // Longer than an election: a peer that is slow to answer is not helped by asking again.
    link = new FabricLink(fabric, book, durability, config.electionTimeout().multipliedBy(3));
    leadership = new Leadership(loop, fabric, book);
    appends = new Appends(loop, fabric, leadership, applier, config);
    membership = new Membership(fabric, leadership, storage, applier, peers, closed);
    service = new LogService(config, storage, leadership, appends, membership, link);
    machine =
        new FrameStateMachine(
            config, loop, applier, new Happenings(), self, storage.snapshots(), durability);
  }

  /**
   * Takes the directory of the log, having checked whose it is. The fabric, the loop and the peers
   * remain the caller's; a fabric serves one log in its life.
   *
   * @throws LogException if the directory is another cluster's or node's, was written by a newer
   *     Quire, is held by somebody, or has no good snapshot; then nothing in it was changed
   */
  public static RatisLog open(LogConfig config, Fabric fabric, Loop loop, Peers peers) {
    return new RatisLog(config, fabric, loop, peers, Storage.open(config));
  }

  /**
   * Forms the group, or comes back to it, or comes to it as a newcomer. Returns when the local
   * server runs and, if this node is new to the group, it is a member. Blocks; the loop must run.
   *
   * @throws LogException if that fails, or took longer than the deadline; close the log then
   */
  public void start(Duration deadline) {
    if (!started.compareAndSet(false, true)) {
      throw new IllegalStateException("log was started before: node=" + config.node());
    }
    long deadlineNanos = System.nanoTime() + deadline.toNanos();
    try {
      fabric.serve(Service.LOG, service);
      link.open();
      new Formation(config, storage, fabric, peers, closed).run(deadlineNanos);
      reachOut();
      mend();
      RaftMember member = RaftMember.open(config, storage, self, machine, link);
      durability.attach(member::log, () -> member.info().getCurrentTerm());
      leadership.attach(member);
      member.start();
      LOG.info("log started: peer={} group={}", member.peer(), storage.identity().group());
      if (storage.identity().joined()) {
        CompletableFuture<Void> listening = membership.begin();
        if (!member.settled()) {
          await(listening, deadlineNanos);
        }
      }
    } catch (IOException | CompletionException e) {
      throw new LogException.StartException(
          "cannot start the log: path=" + config.directory() + " cause=" + why(e), e);
    }
  }

  /* From here on all that is read of the log is on disk. */
  private void mend() throws IOException {
    Doctor doctor =
        Doctor.examine(storage.log(), storage.aside(), storage.snapshotIndex(), storage.mark());
    if (!doctor.damages().isEmpty()) {
      throw new LogException.DamagedException(config.directory(), doctor.damages(), "nobody asked");
    }
    doctor.mend();
    Damage vote = storage.mendVote(doctor.lastTerm());
    if (vote != null) {
      throw new LogException.DamagedException(config.directory(), List.of(vote), "nobody asked");
    }
    Watermark.Mark mark = new Watermark.Mark(doctor.last(), doctor.lastTerm(), true);
    durability.begin(
        storage.raftDirectory(),
        Watermark.open(storage.watermark(), Watermark.boot(), mark, this::diskFailed));
  }

  private void diskFailed(IOException cause) {
    machine.failed(cause);
  }

  /** All causes, for Ratis names the file in one and the damage in another. */
  private static String why(Throwable e) {
    Set<String> causes = new LinkedHashSet<>();
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (!(cause instanceof CompletionException) || cause.getCause() == null) {
        causes.add(cause.toString());
      }
    }
    return String.join(" because=", causes);
  }

  /* The first votes would otherwise wait for handshakes, on a busy machine until it is too late. */
  private void reachOut() {
    Set<Address> others = new LinkedHashSet<>(peers.all());
    for (GroupMember member : storage.identity().members()) {
      Address seen = peers.addressOf(member.peer().node());
      others.add(seen == null ? member.address() : seen);
    }
    others.remove(fabric.address());
    others.forEach(other -> fabric.connect(other, Service.RAFT.lane()));
  }

  private void await(CompletableFuture<Void> member, long deadlineNanos) {
    try {
      member.get(Math.max(1, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LogException.StartException("interrupted while joining the group", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new LogException.StartException(
          "no leader took this node in: peer=" + storage.identity().peer() + " cause=" + e, e);
    }
  }

  /**
   * Names who is told, on the loop, each time this node has become leader and applied the first
   * entry of its own term. Called before the start.
   */
  public void onLeading(LongConsumer termListener) {
    leading = termListener;
  }

  @Override
  public List<CompletableFuture<Applied>> append(List<Entry> entries) {
    loop.confine();
    return appends.append(entries);
  }

  @Override
  public long applied() {
    return applier.applied();
  }

  @Override
  public @Nullable Address leader() {
    return leadership.leader();
  }

  @Override
  public long leadingTerm() {
    loop.confine();
    return leadership.term();
  }

  @Override
  public CompletableFuture<Long> confirmLeadership() {
    loop.confine();
    return leadership.confirm();
  }

  @Override
  public void register(Projection projection) {
    refuseAfterStart();
    applier.register(projection);
  }

  @Override
  public void register(Fence.Kind kind, FenceCheck check) {
    refuseAfterStart();
    applier.register(kind, check);
  }

  private void refuseAfterStart() {
    if (started.get()) {
      throw new IllegalStateException("log was started before: node=" + config.node());
    }
  }

  /** What this node knows of the log now. */
  public LogStatus status() {
    RaftMember member = leadership.member();
    String peer = storage.identity().peer().toString();
    if (member == null) {
      return new LogStatus(peer, "NONE", 0, null, null, applied(), -1, List.of(), List.of(), 0, 0);
    }
    DivisionInfo info = member.info();
    List<GroupMember> members = member.members();
    return new LogStatus(
        peer,
        info.getCurrentRole().name(),
        info.getCurrentTerm(),
        member.leaderNode(),
        leadership.leader(),
        applied(),
        member.committed(),
        names(members, true),
        names(members, false),
        appends.entries(),
        appends.frames());
  }

  private static List<String> names(List<GroupMember> members, boolean voters) {
    return members.stream()
        .filter(member -> member.voter() == voters)
        .map(member -> member.peer().toString())
        .sorted()
        .toList();
  }

  /**
   * Leaves the group's calls unanswered from here on and releases the directory, in ten seconds at
   * the most. Appends that wait fail as not appended, those in flight as indeterminate, on the loop
   * if it still runs. Idempotent.
   */
  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    closed.countDown();
    service.close();
    machine.closing();
    loop.execute(appends::close);
    RaftMember member = leadership.member();
    boolean ended = member != null && close(member);
    link.close();
    closeDurability(ended);
    storage.snapshots().close();
    storage.close();
  }

  private void closeDurability(boolean ended) {
    try {
      durability.close(ended);
    } catch (IOException e) {
      LOG.warn("cannot close the watermark: path={} cause={}", storage.watermark(), e.toString());
    }
  }

  /** Whether it has ended, so that nothing is acknowledged any more. */
  private boolean close(RaftMember member) {
    Thread closer =
        Thread.ofPlatform()
            .daemon()
            .name(config.node() + "-log-close")
            .start(
                () -> {
                  try {
                    member.close();
                  } catch (IOException e) {
                    LOG.warn("cannot close the log: peer={} cause={}", member.peer(), e.toString());
                  }
                });
    try {
      if (!closer.join(CLOSE_DEADLINE)) {
        // The loop is gone, or busy for too long: what it was handed stays unapplied.
        machine.abandon();
        if (!closer.join(CLOSE_DEADLINE)) {
          LOG.warn("log does not close in time: peer={}", member.peer());
          return false;
        }
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Where the state machine meets the rest. */
  private final class Happenings implements FrameStateMachine.Events {
    @Override
    public boolean mayAppend(long call) {
      return appends.mayAppend(call);
    }

    @Override
    public void applied(boolean own, long call, List<Applied> outcomes) {
      if (own) {
        appends.applied(call, outcomes);
      }
    }

    @Override
    public void advanced(long term) {
      if (leadership.advanced(term)) {
        leading.accept(term);
      }
      appends.pump();
    }

    @Override
    public void leaderChanged() {
      appends.pump();
    }
  }
}
