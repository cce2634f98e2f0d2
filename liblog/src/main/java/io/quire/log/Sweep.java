package io.quire.log;

import io.quire.base.LogBook;
import io.quire.log.Archive.Kept;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the files of the log within bounds, in the background: archives closed segments, lets Ratis
 * purge what two snapshots and the archive make superfluous, and trims the archive by what the
 * cluster wants ({@link LogKeeping}). Any thread may ask for a sweep; one runs at a time.
 *
 * <p>Nothing is purged that is not in the archive, verified; so a segment that does not verify
 * holds everything behind it in Ratis' own directory.
 */
final class Sweep implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);
  private static final long PURGE_SECONDS = 30;

  private final Storage storage;
  private final LogBook book;
  private final LongSupplier applied;
  private final Supplier<@Nullable RaftMember> member;
  private final long laggardEntries;
  private final AtomicBoolean asked = new AtomicBoolean();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().name("log-sweep").factory());
  private @Nullable Archive archive;
  private volatile List<LogHold> holds = List.of();

  /**
   * Sweeps these files.
   *
   * @param applied index of the last Raft entry applied
   * @param laggardEntries how far the log is kept back for a member that lags, which else would be
   *     given a snapshot and could not read what it skips
   */
  Sweep(
      Storage storage,
      LogBook book,
      LongSupplier applied,
      Supplier<@Nullable RaftMember> member,
      long laggardEntries) {
    this.storage = storage;
    this.book = book;
    this.applied = applied;
    this.member = member;
    this.laggardEntries = laggardEntries;
  }

  /** Sweeps, in a moment. */
  void soon() {
    if (asked.compareAndSet(false, true)) {
      try {
        thread.execute(
            () -> {
              asked.set(false);
              try {
                run();
              } catch (IOException | RuntimeException e) {
                LOG.warn("cannot trim the log: cause={}", e.toString());
              }
            });
      } catch (RejectedExecutionException e) {
        // Closed; the next start sweeps.
      }
    }
  }

  /** What is not as the archive's manifest says. Blocks. */
  synchronized List<String> check() throws IOException {
    archive();
    Archive kept = archive;
    return kept == null ? List.of() : kept.check();
  }

  /** Who needed what when last looked. */
  List<LogHold> holds() {
    return holds;
  }

  /** Archives what is closed, before Ratis gives it up for a snapshot. Blocks. */
  synchronized void archive() throws IOException {
    Archive kept = archive;
    if (kept == null) {
      kept = Archive.openOrRebuild(storage.archive(), storage.identity().group(), storage.aside());
      kept.clean();
      archive = kept;
    }
    kept.add(closed());
  }

  /** What the archive has by now. Blocks. */
  synchronized List<Kept> kept() throws IOException {
    archive();
    Archive now = archive;
    return now == null ? List.of() : now.kept();
  }

  /** In what an archived segment is not as it was noted, in a sentence; "" if it is, or is gone. */
  String wrong(Kept segment) throws IOException {
    Archive now;
    synchronized (this) {
      now = archive;
    }
    String wrong = now == null ? "" : now.wrong(segment);
    synchronized (this) {
      return now == archive && now != null && now.kept().contains(segment) ? wrong : "";
    }
  }

  /** Notes an archived segment as it is, after it was healed; says whether it verifies. */
  synchronized boolean renew(Kept healed) throws IOException {
    Archive now = archive;
    return now != null && now.renew(healed);
  }

  private List<SegmentPath> closed() throws IOException {
    long limit = applied.getAsLong();
    return SegmentPath.in(storage.log()).stream()
        .filter(segment -> segment.last() <= limit)
        .toList();
  }

  private synchronized void run() throws IOException {
    archive();
    Archive kept = archive;
    if (kept == null) {
      return;
    }
    List<Long> snapshots = storage.snapshots().indexes();
    if (snapshots.size() > 1) {
      purge(kept, snapshots.getLast());
    }
    List<SegmentPath> live = SegmentPath.in(storage.log());
    long begin = live.isEmpty() ? applied.getAsLong() + 1 : live.getFirst().first();
    LogKeeping keeping =
        LogKeeping.of(kept.kept(), begin, snapshots, book.state(), System.currentTimeMillis());
    holds = keeping.holds();
    kept.remove(keeping.gone());
    if (!keeping.gone().isEmpty()) {
      Kept last = keeping.gone().getLast();
      LOG.info("log trimmed: segments={} through={}", keeping.gone().size(), last.last());
    }
  }

  /** Lets Ratis drop segments that the older snapshot covers and the archive has. */
  private void purge(Archive kept, long older) throws IOException {
    RaftMember running = member.get();
    if (running == null) {
      return;
    }
    long wanted = Math.max(running.committedByAll(), older - laggardEntries);
    long upTo = -1;
    for (SegmentPath segment : closed()) {
      if (segment.last() > Math.min(older, wanted) || !kept.knows(segment)) {
        break;
      }
      upTo = segment.last();
    }
    if (upTo < 0) {
      return;
    }
    try {
      running.purge(upTo).get(PURGE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("cannot purge the log: index=" + upTo, e);
    }
  }

  @Override
  public void close() {
    thread.shutdown();
  }
}
