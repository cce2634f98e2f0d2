package io.quire.gvm;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The changes of all keys with a prefix, in log order and without gaps, after a position. They come
 * from the applied log, never from hints.
 *
 * <p>A watch holds nothing but its place: a reader that takes its time costs no memory, and {@link
 * #bookmark} is all that must be kept to go on later, also on another node. Each node remembers the
 * last 16,384 changes; a reader that is further behind is told {@link GvmException.TooOld}, and
 * must read all cells anew.
 *
 * <p>One thread at a time.
 */
public final class Watch implements AutoCloseable {
  private static final int BATCH = 1_000;
  private static final Batch NONE = new Batch(List.of(), 0);

  /**
   * Changes from the loop.
   *
   * @param through every change up to there is among them or came before
   */
  record Batch(List<Change> changes, long through) {}

  private final Cells cells;
  private final String prefix;
  private final long from;
  private final ArrayDeque<Change> ready = new ArrayDeque<>();

  /** Moved on by whoever takes changes and, while he waits for some, by the loop. */
  private volatile long through;

  private volatile long bookmark;
  private volatile boolean closed;
  private volatile @Nullable CompletableFuture<Batch> awaited;

  Watch(Cells cells, String prefix, long from) {
    this.cells = cells;
    this.prefix = prefix;
    this.from = from;
    through = from;
    bookmark = from;
  }

  /** Every change after this position comes. */
  public long from() {
    return from;
  }

  /**
   * Every change up to this position was handed out, or there is none. A watch that is opened here
   * goes on without a gap; it repeats changes only if the last transaction was not handed out to
   * its end. Any thread.
   */
  public long bookmark() {
    return bookmark;
  }

  /**
   * The next change, or null if none came in time or the watch is closed.
   *
   * @throws GvmException.TooOld if this node no longer knows the changes that come next
   */
  public @Nullable Change next(Duration deadline) throws InterruptedException {
    if (ready.isEmpty() && !fetch(deadline)) {
      return null;
    }
    return take();
  }

  /**
   * As {@link #next}, without a thread that waits: completes on the loop, or at once if a change is
   * at hand; with null once the watch is closed. Not to be called again before that. Fails with
   * {@link GvmException.TooOld} as above.
   */
  public CompletableFuture<@Nullable Change> nextAsync() {
    if (!ready.isEmpty()) {
      return CompletableFuture.completedFuture(take());
    }
    CompletableFuture<Batch> more = cells.changes(prefix, through, BATCH, this::passed);
    awaited = more;
    if (closed) {
      more.complete(NONE);
    }
    return more.thenApply(
        batch -> {
          if (batch == NONE) {
            return null;
          }
          ready.addAll(batch.changes());
          through = batch.through();
          return take();
        });
  }

  /** There is no change up to there that was not handed out. */
  private void passed(long position) {
    through = position;
    bookmark = position;
  }

  private Change take() {
    Change change = ready.removeFirst();
    Change next = ready.peekFirst();
    if (next == null) {
      bookmark = through;
    } else if (next.position() != change.position()) {
      bookmark = change.position();
    }
    return change;
  }

  private boolean fetch(Duration deadline) throws InterruptedException {
    if (closed) {
      return false;
    }
    CompletableFuture<Batch> more = cells.changes(prefix, through, BATCH, this::passed);
    try {
      Batch batch = more.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
      ready.addAll(batch.changes());
      through = batch.through();
    } catch (TimeoutException e) {
      more.cancel(false);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GvmException known) {
        throw known;
      }
      throw new IllegalStateException("watching failed: prefix=" + prefix, e);
    }
    return !ready.isEmpty();
  }

  @Override
  public void close() {
    closed = true;
    CompletableFuture<Batch> more = awaited;
    if (more != null) {
      more.complete(NONE);
    }
  }
}
