package io.quire.lockserver;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Who leads: the holder of an exclusive lock. What a leader says of itself is the lock's note, so
 * that who looks sees leader and note together. Any thread may call.
 *
 * <p>A leader acts only while {@link HeldLock#isHeld} of what {@link #elect} gave it, and sends its
 * sequencer along.
 */
public final class Election implements AutoCloseable {
  private final Locks locks;
  private final LockSession session;
  private final String path;
  private final LockTerms terms;
  private @Nullable CompletableFuture<HeldLock> campaign;

  /**
   * Who leads, and the proof of it.
   *
   * @param note what it says of itself
   */
  public record Leader(byte[] note, Sequencer sequencer, long session) {}

  /**
   * A candidate; it does nothing before {@link #elect}.
   *
   * @param path the lock
   * @param terms with the note that the others see; exclusive
   */
  public Election(Locks locks, LockSession session, String path, LockTerms terms) {
    if (terms.mode() != LockMode.EXCLUSIVE) {
      throw new IllegalArgumentException("a leader leads alone: mode=" + terms.mode());
    }
    this.locks = locks;
    this.session = session;
    this.path = LockPath.checkChange(path);
    this.terms = terms;
  }

  /** Waits until this candidate leads; see {@link LockSession#lock}. */
  public HeldLock elect(Duration deadline) {
    return Await.answer(electAsync(deadline), deadline);
  }

  /** As {@link #elect}. */
  public synchronized CompletableFuture<HeldLock> electAsync(Duration deadline) {
    CompletableFuture<HeldLock> begun = session.lockAsync(path, terms, deadline);
    campaign = begun;
    return begun;
  }

  /** Leads no more, and stands no more; nothing if it does neither. */
  public synchronized CompletableFuture<Void> resign() {
    CompletableFuture<HeldLock> begun = campaign;
    campaign = null;
    if (begun == null) {
      return CompletableFuture.completedFuture(null);
    }
    if (begun.cancel(false) || begun.isCompletedExceptionally()) {
      return CompletableFuture.completedFuture(null);
    }
    return begun.join().releaseAsync();
  }

  /** Who leads at some moment during the call; null if nobody does. */
  public @Nullable Leader leader(Duration deadline) {
    return leader(locks, path, deadline);
  }

  /** As {@link #leader(Duration)}, for who is no candidate. */
  public static @Nullable Leader leader(Locks locks, String path, Duration deadline) {
    PathStat stat = locks.stat(path, deadline);
    if (stat == null) {
      return null;
    }
    for (PathStat.Holder holder : stat.holders()) {
      if (!holder.lost() && holder.sequencer().mode() == LockMode.EXCLUSIVE) {
        return new Leader(holder.note(), holder.sequencer(), holder.session());
      }
    }
    return null;
  }

  /** Tells when leaders come and go: {@code ACQUIRED}, {@code RELEASED}, {@code LOST}. */
  public LockWatch watch() {
    return locks.watch(path);
  }

  /** As {@link #resign}; does not wait. */
  @Override
  public void close() {
    var _ = resign();
  }
}
