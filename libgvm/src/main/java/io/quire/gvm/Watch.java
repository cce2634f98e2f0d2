package io.quire.gvm;

import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The changes of all keys with a prefix, in log order and without gaps, from the position at which
 * it was opened. They come from the applied log, never from hints. If the reader falls more than
 * {@link #PENDING_MAX} changes behind, the watch is cut off there: what was queued can still be
 * read, then {@link #next} throws and names the position.
 */
public final class Watch implements AutoCloseable {
  /** How far a reader may fall behind. */
  public static final int PENDING_MAX = 10_000;

  final String prefix;
  private final Cells cells;
  private final LinkedBlockingQueue<Change> pending = new LinkedBlockingQueue<>(PENDING_MAX);
  private volatile long from;
  private volatile long cutOff;

  Watch(Cells cells, String prefix) {
    this.cells = cells;
    this.prefix = prefix;
  }

  /** Every change after this position comes. */
  public long from() {
    return from;
  }

  /**
   * The next change, or null if none came in time.
   *
   * @throws IllegalStateException if the watch was cut off and everything before was read
   */
  public @Nullable Change next(Duration deadline) throws InterruptedException {
    Change change = pending.poll();
    if (change == null && cutOff != 0) {
      throw new IllegalStateException(
          "watch cut off: prefix=" + prefix + " after=" + cutOff + " pendingMax=" + PENDING_MAX);
    }
    return change != null ? change : pending.poll(deadline.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void close() {
    cells.unwatch(this);
  }

  void opened(long position) {
    from = position;
  }

  void changed(Change change) {
    if (cutOff == 0 && !pending.offer(change)) {
      cutOff = change.position();
    }
  }

  /** A snapshot was installed: the changes up to there are not known. */
  void cut(long position) {
    if (cutOff == 0) {
      cutOff = position;
    }
  }
}
