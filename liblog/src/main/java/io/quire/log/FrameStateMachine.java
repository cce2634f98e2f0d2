package io.quire.log;

import io.quire.base.Log.Applied;
import io.quire.base.Loop;
import io.quire.base.Position;
import io.quire.base.WireReader.MalformedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.StateMachineException;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where Ratis and the loop meet. Ratis' updater thread verifies a frame and hands it to the loop,
 * in order and never further ahead than {@link #AHEAD_BYTES_MAX}; the loop applies it. What the
 * loop says of records goes straight to {@link Events}, for they are all on the loop; Ratis is told
 * only that the entry is done.
 */
final class FrameStateMachine extends BaseStateMachine {
  /** What the loop hears of the log. */
  interface Events {
    /** Asked by Ratis' thread just before an own frame goes into the log. */
    boolean mayAppend(long callId);

    /** A frame was applied; {@code own} if this incarnation submitted it. */
    void applied(boolean own, long callId, List<Applied> outcomes);

    /** An entry of Ratis' own was applied. */
    void advanced(long term);

    /** Another snapshot is on disk. Any thread. */
    void saved();

    /** Ratis is about to give up what it has of the log, for a snapshot of the leader. */
    void giveUp() throws IOException;

    /** A snapshot replaced the state. */
    void restored();

    /** The leader may be another one. */
    void leaderChanged();
  }

  static final int AHEAD_BYTES_MAX = 16 << 20;
  private static final Logger LOG = LoggerFactory.getLogger(FrameStateMachine.class);
  private static final Duration RESTORE_DEADLINE = Duration.ofMinutes(5);

  private final Loop loop;
  private final Applier applier;
  private final Events events;
  private final ClientId self;
  private final Snapshots snapshots;
  private final Durability durability;
  private final SnapshotStaging staging = new SnapshotStaging();
  private final int snapshotEntries;
  private final Semaphore ahead = new Semaphore(AHEAD_BYTES_MAX);
  private final Map<Long, CompletableFuture<Message>> unapplied = new ConcurrentHashMap<>();
  private final ExecutorService replies = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicBoolean saving = new AtomicBoolean();
  private volatile boolean closing;
  private volatile TermIndex handed = TermIndex.INITIAL_VALUE;
  private volatile long savedIndex = -1;

  FrameStateMachine(
      LogConfig config,
      Loop loop,
      Applier applier,
      Events events,
      ClientId self,
      Snapshots snapshots,
      Durability durability) {
    this.loop = loop;
    this.applier = applier;
    this.events = events;
    this.self = self;
    this.snapshots = snapshots;
    this.durability = durability;
    this.snapshotEntries = config.snapshotEntries();
  }

  @Override
  public void initialize(RaftServer server, RaftGroupId group, RaftStorage storage)
      throws IOException {
    super.initialize(server, group, storage);
    staging.init(storage);
    getLifeCycle()
        .startAndTransition(
            () -> {
              Snapshot newest = snapshots.take();
              Path installed = staging.installed();
              restore(installed == null ? newest : snapshots.adoptNewer(installed, newest));
            },
            IOException.class);
  }

  @Override
  public StateMachineStorage getStateMachineStorage() {
    return staging;
  }

  @Override
  public void pause() {
    LifeCycle life = getLifeCycle();
    life.transition(LifeCycle.State.PAUSING);
    try {
      events.giveUp();
    } catch (IOException e) {
      LOG.warn("cannot archive what a snapshot replaces: cause={}", e.toString());
    }
    life.transition(LifeCycle.State.PAUSED);
  }

  /** Takes over the snapshot that the leader sent and Ratis put into place. */
  @Override
  public void reinitialize() throws IOException {
    getLifeCycle()
        .startAndTransition(
            () -> {
              Path installed = staging.installed();
              if (installed == null) {
                throw new IOException("snapshot is missing after its installation");
              }
              restore(snapshots.adopt(installed));
            },
            IOException.class);
  }

  private void restore(@Nullable Snapshot snapshot) throws IOException {
    Path file = snapshots.newest();
    if (snapshot == null || file == null) {
      return;
    }
    staging.offer(file, snapshot.term(), snapshot.index());
    CompletableFuture<Void> restored = new CompletableFuture<>();
    loop.execute(
        () -> {
          try {
            applier.restore(snapshot);
            events.restored();
            restored.complete(null);
          } catch (RuntimeException e) {
            restored.completeExceptionally(e);
          }
        });
    await(restored);
    savedIndex = snapshot.index();
    handed = TermIndex.valueOf(snapshot.term(), snapshot.index());
    LOG.info("restored from snapshot: index={} path={}", snapshot.index(), file);
  }

  private static void await(CompletableFuture<Void> restored) throws IOException {
    try {
      restored.get(RESTORE_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while restoring a snapshot", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("cannot restore the snapshot: cause=" + e, e);
    }
  }

  /**
   * The last chance to keep a frame out of the log. Its chain value holds only in the term in which
   * it was made; Ratis calls this under the lock under which the term changes.
   */
  @Override
  public TransactionContext preAppendTransaction(TransactionContext context)
      throws StateMachineException {
    if (!events.mayAppend(context.getClientRequest().getCallId())) {
      throw new StateMachineException("frame is of another term", null, false);
    }
    return context;
  }

  /** Called by Ratis' thread that writes the log, just before it syncs. */
  @Override
  public CompletableFuture<Void> flush(long index) {
    return durability.flushing();
  }

  /** Called under the lock of the log, before entries are taken back. */
  @Override
  public CompletableFuture<Void> truncate(long index) {
    return durability.truncating(index);
  }

  /* What is applied may have been acknowledged here; from the loop word of it goes anywhere. */
  private void noteAcknowledged() {
    try {
      durability.acknowledging();
    } catch (IOException e) {
      throw new LogException.StoppedException("log cannot be written: cause=" + e, e);
    }
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext context) {
    noteAcknowledged();
    LogEntryProto entry = context.getLogEntry();
    StateMachineLogEntryProto content = entry.getStateMachineLogEntry();
    long term = entry.getTerm();
    long index = entry.getIndex();
    int bytes = Math.min(content.getLogData().size(), AHEAD_BYTES_MAX);
    Frame frame = decode(index, content);
    boolean own = content.getClientId().equals(self.toByteString());
    acquire(bytes);
    handed = TermIndex.valueOf(term, index);
    CompletableFuture<Message> done = new CompletableFuture<>();
    unapplied.put(index, done);
    loop.execute(
        () -> {
          List<Applied> outcomes;
          try {
            outcomes = applier.apply(term, index, frame);
            done.complete(Message.EMPTY);
          } catch (RuntimeException e) {
            // The node stops by it; Ratis must not wait for an outcome that never comes.
            replies.execute(() -> done.completeExceptionally(e));
            throw e;
          } finally {
            unapplied.remove(index);
            ahead.release(bytes);
          }
          events.applied(own, content.getCallId(), outcomes);
          saveWhenDue();
        });
    return done;
  }

  private Frame decode(long index, StateMachineLogEntryProto content) {
    try {
      return Frame.decode(content.getLogData().asReadOnlyByteBuffer());
    } catch (MalformedException e) {
      LogException.CorruptEntryException corrupt =
          new LogException.CorruptEntryException(Position.of(index, 0), e.toString());
      stopNode(corrupt);
      throw corrupt;
    }
  }

  private void acquire(int bytes) {
    try {
      while (!ahead.tryAcquire(bytes, 1, TimeUnit.SECONDS)) {
        if (closing) {
          throw new LogException.StoppedException("log is closing", null);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LogException.StoppedException("log is closing", e);
    }
  }

  @Override
  public void notifyTermIndexUpdated(long term, long index) {
    noteAcknowledged();
    handed = TermIndex.valueOf(term, index);
    loop.execute(
        () -> {
          applier.advance(term, index);
          events.advanced(term);
          saveWhenDue();
        });
  }

  /** Called when Ratis has written the members of the group to its file. */
  @Override
  public void notifyConfigurationChanged(long term, long index, RaftConfigurationProto now) {
    try {
      durability.promising();
    } catch (IOException e) {
      LOG.warn("members are not copied: index={} cause={}", index, e.toString());
    }
  }

  @Override
  public TermIndex getLastAppliedTermIndex() {
    return handed;
  }

  @Override
  public void notifyLeaderChanged(RaftGroupMemberId member, RaftPeerId leader) {
    loop.execute(events::leaderChanged);
  }

  @Override
  public void notifyLogFailed(Throwable cause, @Nullable LogEntryProto failed) {
    stopNode(new LogException.StoppedException("log cannot be written: cause=" + cause, cause));
  }

  /** The disk failed us: what is on it is not known any more, so the node stops. */
  void failed(IOException cause) {
    stopNode(new LogException.StoppedException("log cannot be written: cause=" + cause, cause));
  }

  @Override
  public void notifyServerShutdown(RoleInfoProto role, boolean allServer) {
    if (!closing) {
      stopNode(
          new LogException.StoppedException("log stopped by itself: role=" + role.getRole(), null));
    }
  }

  /** From here on nothing is an accident. */
  void closing() {
    closing = true;
  }

  /** Lets Ratis go although the loop has not applied what it was handed. */
  void abandon() {
    LogException cause = new LogException.StoppedException("log is closed", null);
    unapplied.values().forEach(done -> done.completeExceptionally(cause));
    replies.shutdown();
  }

  private void stopNode(LogException cause) {
    if (closing) {
      return;
    }
    loop.execute(
        () -> {
          throw cause;
        });
  }

  /* The state is captured on the loop, and encoded and written elsewhere. Ratis is not asked: it
  would stop applying meanwhile, and purge the log afterwards. */
  private void saveWhenDue() {
    if (applier.index() - savedIndex < snapshotEntries || !saving.compareAndSet(false, true)) {
      return;
    }
    long begun = System.nanoTime();
    Capture capture = applier.capture();
    savedIndex = capture.index();
    long stalled = System.nanoTime() - begun;
    Thread.ofVirtual().name("log-snapshot").start(() -> write(capture, stalled));
  }

  /** Saves the state though it is not due, because a snapshot was lost. On the loop. */
  void save() {
    savedIndex = Math.min(savedIndex, applier.index() - snapshotEntries);
    saveWhenDue();
  }

  private void write(Capture capture, long stalledNanos) {
    long begun = System.nanoTime();
    try {
      Path file = snapshots.keep(capture);
      staging.offer(file, capture.term(), capture.index());
      LOG.info(
          "snapshot: index={} bytes={} stalledMicros={} millis={}",
          capture.index(),
          Files.size(file),
          stalledNanos / 1_000,
          (System.nanoTime() - begun) / 1_000_000);
      events.saved();
    } catch (IOException | IllegalStateException e) {
      // An installed snapshot may have replaced the state meanwhile; the next one is taken in time.
      LOG.warn("cannot write a snapshot: index={} cause={}", capture.index(), e.toString());
    } finally {
      saving.set(false);
    }
  }
}
