package io.quire.log;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
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
  private volatile LongSupplier terms = () -> Long.MAX_VALUE;
  private volatile Supplier<@Nullable RaftLog> log = () -> null;
  private final Object order = new Object();
  private long ceiling = Long.MAX_VALUE;
  private long ceilingTerm;

  Durability(Consumer<IOException> failed) {
    this.failed = failed;
  }

  void begin(RaftDirectory known, Watermark mark) {
    directory = known;
    watermark = mark;
  }

  /** Names where the running log is found, null until it runs, and the term that it is in. */
  void attach(Supplier<@Nullable RaftLog> running, LongSupplier term) {
    terms = term;
    log = running;
  }

  /** Before entries are synced: the names of their segments are, when it returns. */
  CompletableFuture<Void> flushing() {
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
    long flushed = entries == null ? -1 : entries.getFlushIndex();
    if (entries == null || mark == null || flushed <= mark.index()) {
      return;
    }
    // Not under our lock: who takes entries back holds Ratis' and waits for ours.
    TermIndex last = termOf(entries, flushed);
    try {
      synchronized (order) {
        if (last != null && last.getTerm() >= ceilingTerm) {
          ceiling = Long.MAX_VALUE;
        }
        if (last != null && flushed <= ceiling && flushed > mark.index()) {
          mark.note(flushed, last.getTerm());
        }
      }
    } catch (IOException e) {
      failed.accept(e);
      throw e;
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
   * Before entries from the index on are taken back, for the leader of this term: they are no
   * longer counted when it returns. Others may still be synced before it happens, so nothing counts
   * from there on until an entry of that leader is seen.
   */
  void truncating(long index) {
    RaftLog entries = log.get();
    Watermark mark = watermark;
    if (entries == null || mark == null) {
      return;
    }
    try {
      TermIndex before = termOf(entries, index - 1);
      synchronized (order) {
        ceiling = Math.min(ceiling, index - 1);
        ceilingTerm = terms.getAsLong();
        mark.lower(index - 1, before == null ? 0 : before.getTerm());
      }
    } catch (IOException e) {
      failed.accept(e);
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
