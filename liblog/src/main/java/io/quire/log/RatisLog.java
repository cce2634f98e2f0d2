package io.quire.log;

import io.quire.base.Address;
import io.quire.base.Log;
import io.quire.base.LogBook;
import io.quire.base.Loop;
import io.quire.fabric.Fabric;
import io.quire.fabric.Service;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.apache.ratis.protocol.ClientId;
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
 * the loop's. At most {@value Appends#QUEUE_ENTRIES_MAX} entries, or 64 MiB of them, wait to be
 * appended; what comes on top fails at once as not appended.
 */
public final class RatisLog implements Log, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RatisLog.class);
  private static final int LAGGARD_SNAPSHOTS = 8;
  private static final Duration SWEEP_EVERY = Duration.ofMinutes(1);
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
  private final MemberChanges changes;
  private final Healer healer;
  private final Scrub scrub;
  private final LogService service;
  private final FrameStateMachine machine;
  private boolean lossAccepted;
  private final LogBook book = new LogBook();
  private final SegmentFiles files;
  private final Readers readers;
  private final Sweep sweep;
  private volatile LongConsumer leading = term -> {};

  private RatisLog(LogConfig config, Fabric fabric, Loop loop, Peers peers, Storage storage) {
    this.config = config;
    this.fabric = fabric;
    this.loop = loop;
    this.peers = peers;
    this.storage = storage;
    AddressBook addresses = new AddressBook(peers);
    // Longer than an election: a peer that is slow to answer is not helped by asking again.
    link = new FabricLink(fabric, addresses, durability, config.electionTimeout().multipliedBy(3));
    leadership = new Leadership(loop, fabric, addresses);
    appends = new Appends(loop, fabric, leadership, applier, config);
    Semaphore changing = new Semaphore(1);
    membership = new Membership(fabric, leadership, storage, applier, peers, changing, closed);
    changes = new MemberChanges(fabric, leadership, addresses, changing);
    service = new LogService(config, storage, leadership, appends, membership, changes, link);
    files = new SegmentFiles(storage::log, storage.archive(), () -> applier.whole() + 1);
    readers = new Readers(files, applier::whole, this::flushed);
    sweep =
        new Sweep(
            storage,
            book,
            applier::whole,
            leadership::member,
            (long) LAGGARD_SNAPSHOTS * config.snapshotEntries());
    healer = new Healer(storage, sweep, fabric, this::others);
    scrub =
        new Scrub(
            storage, sweep, healer, durability::mark, () -> loop.execute(this::saveAnew), closed);
    applier.register(book);
    LogEvents events =
        new LogEvents(leadership, appends, readers, sweep, book, term -> leading.accept(term));
    machine =
        new FrameStateMachine(config, loop, applier, events, self, storage.snapshots(), durability);
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
   * Says, before the start, that a log which is damaged, and which no other node has, is to go on
   * with what is left of it: the newest good snapshot and the entries that follow it without a gap,
   * or those before the damage. The damaged files are kept in {@code aside}. Without this the start
   * is refused, and says what is lost.
   */
  public void acceptLoss() {
    refuseAfterStart();
    lossAccepted = true;
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
      Formation formation = new Formation(config, storage, fabric, peers, closed);
      formation.run(deadlineNanos);
      sweep.archive();
      reachOut();
      LogRepair repair = new LogRepair(config, storage, healer, this::led, lossAccepted);
      Doctor sound = repair.run(deadlineNanos, scrub::noted);
      if (sound == null) {
        // Others go on without what was here, and have all that counts of it.
        storage.giveUp();
        formation.run(deadlineNanos);
        sweep.archive();
        sound = Objects.requireNonNull(repair.run(deadlineNanos, scrub::noted));
      }
      begin(sound);
      RaftMember member = RaftMember.open(config, storage, self, machine, link);
      durability.attach(member::log);
      leadership.attach(member);
      member.start();
      loop.execute(this::sweepNowAndThen);
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

  /* A leader has, by the votes of a majority to which this node does not belong, all that counts. */
  private boolean led() {
    return others().stream().anyMatch(other -> Formation.led(fabric, other));
  }

  private Collection<Address> others() {
    Set<Address> others = new LinkedHashSet<>(peers.all());
    for (GroupMember member : storage.identity().members()) {
      Address seen = peers.addressOf(member.peer().node());
      others.add(seen == null ? member.address() : seen);
    }
    others.remove(fabric.address());
    return others;
  }

  private void begin(Doctor sound) throws IOException {
    Watermark.Mark mark = new Watermark.Mark(sound.last(), sound.lastTerm(), true);
    durability.begin(
        storage.raftDirectory(),
        Watermark.open(storage.watermark(), Watermark.boot(), mark, this::diskFailed));
    scrub.start(config.node() + "-log-scrub");
  }

  /**
   * Reads all files of the log once and heals from other nodes what does not verify, as a thread
   * does all the time, slowly. Blocks for as long as it takes to read them, and first for the end
   * of a pass that is under way.
   *
   * @throws IOException if the directory cannot be read or written; what was healed by then stays
   *     so
   */
  public Scrub.Report scrub() throws IOException, InterruptedException {
    return scrub.pass(false);
  }

  /** What was found damaged since the start, the newest {@value Scrub#FOUND_MAX}. Any thread. */
  public List<Scrub.Found> damages() {
    return scrub.found();
  }

  /**
   * Snapshots that did not verify, at whatever start or scrub, and were set aside. They are shown
   * until somebody takes the files away. Any thread.
   */
  public List<Path> badSnapshots() {
    return files(() -> Snapshots.setAside(storage.aside()));
  }

  /** Saves the state now, though it is not due. On the loop. */
  void saveAnew() {
    machine.save();
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
    others().forEach(other -> fabric.connect(other, Service.RAFT.lane()));
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
    for (Entry entry : entries) {
      if (!applier.knows(entry.stream())) {
        throw new IllegalArgumentException(
            "stream has no projection on this node: stream=" + entry.stream());
      }
    }
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
  public LogBook book() {
    return book;
  }

  /** Who needed which part of the log when it was last looked after. */
  public List<LogHold> holds() {
    return sweep.holds();
  }

  /** Archives and trims what can be, in a moment, as happens after each snapshot anyway. */
  public void sweep() {
    sweep.soon();
  }

  /** Bookmarks expire and files grow old without anything being applied. */
  private void sweepNowAndThen() {
    sweep.soon();
    loop.after(SWEEP_EVERY, this::sweepNowAndThen);
  }

  /**
   * What files there are, and what is kept. Reads the directory, so it blocks.
   *
   * @throws UncheckedIOException if that cannot be read
   */
  public LogStat stat() {
    return files(
        () ->
            LogFacts.of(
                storage.identity(),
                storage.directory(),
                files,
                Math.min(applier.whole(), flushed()),
                book.state(),
                sweep.holds()));
  }

  /**
   * Reads and checks everything from one index to another, as far as it is applied. Appends go on
   * meanwhile. Blocks for as long as it takes to read that much, and changes nothing.
   *
   * @throws UncheckedIOException if a file cannot be read; one that is damaged is in the answer
   */
  public LogVerification verify(long from, long to, LogVerification.Progress progress) {
    return files(
        () ->
            LogVerification.of(
                files,
                from,
                Math.min(to, Math.min(applier.whole(), flushed())),
                LogFacts.snapshots(storage.directory().resolve("snapshots"), true),
                sweep.check(),
                progress));
  }

  private static <T> T files(Reading<T> reading) {
    try {
      return reading.run();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the log: cause=" + e, e);
    }
  }

  private interface Reading<T> {
    T run() throws IOException;
  }

  @Override
  public long oldest() {
    return readers.oldest();
  }

  @Override
  public Tail read(long from, long to) {
    return readers.read(from, to);
  }

  @Override
  public CompletableFuture<@Nullable Recorded> entryAt(long position) {
    return readers.entryAt(position);
  }

  private long flushed() {
    RaftMember member = leadership.member();
    return member == null ? -1 : member.flushed();
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

  /**
   * Changes who votes, at whatever node leads. Changes asked for at the same time are done one
   * after the other; appends go on. Blocks; beyond {@code within} only for the answer to what it
   * asked before, which a leader gives when it has its majority or does not lead any more.
   *
   * @throws LogException.MembersException if it was refused, or not known to be done in time
   */
  public void change(MemberChange change, Duration within) {
    changes.request(change, within);
  }

  /** What this node knows of the log now. */
  public LogStatus status() {
    return LogStatus.of(
        storage.identity().peer(),
        leadership.member(),
        leadership.leader(),
        applied(),
        appends.entries(),
        appends.frames());
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
    readers.close();
    sweep.close();
    machine.closing();
    loop.execute(appends::close);
    RaftMember member = leadership.member();
    boolean ended = member != null && member.close(CLOSE_DEADLINE, machine::abandon);
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
}
