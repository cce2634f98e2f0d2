package io.quire.log;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.jspecify.annotations.Nullable;

/**
 * What must be on disk before word of it leaves this node, beyond what Ratis syncs by itself. Any
 * thread.
 *
 * <p>If any of it fails, the node stops: what is on disk is not known any more.
 */
final class Durability {
  private final Consumer<IOException> failed;
  private volatile @Nullable RaftDirectory directory;
  private volatile @Nullable Watermark watermark;
  private volatile Supplier<@Nullable RaftLog> log = () -> null;
  private final Object order = new Object();

  /** Nothing counts behind it: Ratis' index of what is flushed still counts what is taken back. */
  private long ceiling = Long.MAX_VALUE;

  private int truncations;
  private int truncated;

  /** Of the ceiling. */
  private int changes;

  Durability(Consumer<IOException> failed) {
    this.failed = failed;
  }

  void begin(RaftDirectory known, Watermark mark) {
    directory = known;
    watermark = mark;
  }

  /** Names where the running log is found, null until it runs. */
  void attach(Supplier<@Nullable RaftLog> running) {
    log = running;
  }

  /**
   * Before entries are synced, on the thread that writes the log: the names of their segments are,
   * when it returns.
   */
  CompletableFuture<Void> flushing() {
    synchronized (order) {
      if (truncated == truncations && ceiling != Long.MAX_VALUE) {
        ceiling = Long.MAX_VALUE;
        changes++;
      }
    }
    try {
      promising();
      return CompletableFuture.completedFuture(null);
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Before a vote is asked for or given: term and vote are on disk when it returns. */
  void promising() throws IOException {
    RaftDirectory known = directory;
    if (known == null) {
      return;
    }
    try {
      known.settle();
    } catch (IOException e) {
      failed.accept(e);
      throw e;
    }
  }

  /** Before anybody hears that entries are on disk here: it is noted when it returns. */
  void acknowledging() throws IOException {
    RaftLog entries = log.get();
    Watermark mark = watermark;
    if (entries == null || mark == null) {
      return;
    }
    try {
      while (entries.getFlushIndex() > mark.index() && !noted(entries, mark)) {
        // Entries were taken back between the looks at their log and at what that allows.
      }
    } catch (IOException e) {
      failed.accept(e);
      throw e;
    }
  }

  private boolean noted(RaftLog entries, Watermark mark) throws IOException {
    int seen;
    synchronized (order) {
      seen = changes;
    }
    // Not under our lock: who takes entries back holds Ratis' and waits for ours.
    long flushed = entries.getFlushIndex();
    TermIndex last = termOf(entries, flushed);
    synchronized (order) {
      if (seen != changes) {
        return false;
      }
      if (last != null && flushed <= ceiling && flushed > mark.index()) {
        mark.note(flushed, last.getTerm());
      }
      return true;
    }
  }

  /** Null if it is part of a snapshot, which verifies by itself. */
  private static @Nullable TermIndex termOf(RaftLog entries, long index) throws IOException {
    try {
      return entries.getTermIndex(index);
    } catch (IllegalStateException e) {
      throw new IOException("log is closed", e);
    }
  }

  /**
   * Before entries from the index on are taken back: they are no longer counted when it returns.
   * Ratis' index of what is flushed counts them until its thread that writes the log has taken them
   * back, and by then others may stand in their place that are not flushed. So nothing counts from
   * there on until that thread has done so and is about to sync again.
   *
   * @return what that thread asks for when it has taken them back
   */
  CompletableFuture<Void> truncating(long index) {
    RaftLog entries = log.get();
    Watermark mark = watermark;
    if (entries == null || mark == null) {
      return CompletableFuture.completedFuture(null);
    }
    synchronized (order) {
      truncations++;
      changes++;
      ceiling = Math.min(ceiling, index - 1);
    }
    try {
      TermIndex before = termOf(entries, index - 1);
      synchronized (order) {
        mark.lower(index - 1, before == null ? 0 : before.getTerm());
      }
    } catch (IOException e) {
      failed.accept(e);
    }
    return new Truncation();
  }

  /** Is asked for when the entries have been taken back; by which of these is Ratis' business. */
  private final class Truncation extends CompletableFuture<Void> {
    private boolean asked;

    Truncation() {
      complete(null);
    }

    private void done() {
      synchronized (order) {
        truncated += asked ? 0 : 1;
        asked = true;
      }
    }

    @Override
    public Void get() throws InterruptedException, ExecutionException {
      done();
      return super.get();
    }

    @Override
    public Void get(long time, TimeUnit unit)
        throws InterruptedException, ExecutionException, TimeoutException {
      done();
      return super.get(time, unit);
    }

    @Override
    public Void join() {
      done();
      return super.join();
    }
  }

  /** What is known to be on disk now. */
  Watermark.Mark mark() {
    Watermark mark = watermark;
    return mark == null ? Watermark.Mark.UNKNOWN : mark.mark();
  }

  /** Lets go of the files; {@code clean} if the log has closed, and all of it is on disk. */
  void close(boolean clean) throws IOException {
    Watermark mark = watermark;
    if (mark != null) {
      mark.close(clean);
    }
  }
}
