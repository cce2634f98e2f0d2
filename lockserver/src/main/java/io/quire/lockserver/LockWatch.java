package io.quire.lockserver;

import io.quire.base.Loop;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Events at a path and below it, in order, each at least once: an event is given after this node
 * has applied the change, and who goes on from an id that it has seen is given everything behind
 * it. The cluster keeps the newest 4,096 events; a watch that falls behind is given {@link
 * LockEvent.Kind#MISSED} once, and goes on with what is kept. Leader changes, reconnects and
 * restarts of other nodes do not touch a watch; that of another node can go on where this one
 * ended. Any thread may call, one at a time.
 */
public final class LockWatch implements AutoCloseable {
  private final LockWatches watches;
  private final Loop loop;
  private final LockWatches.Cursor cursor;
  private @Nullable CompletableFuture<LockEvent> asked;
  private boolean closed;

  LockWatch(LockWatches watches, Loop loop, LockWatches.Cursor cursor) {
    this.watches = watches;
    this.loop = loop;
    this.cursor = cursor;
  }

  /**
   * The next event. Until it is there, every call answers the same future. It completes on the
   * loop; it is cancelled when the watch is closed.
   */
  public synchronized CompletableFuture<LockEvent> nextAsync() {
    if (closed) {
      return CompletableFuture.failedFuture(new CancellationException("the watch is closed"));
    }
    CompletableFuture<LockEvent> last = asked;
    if (last == null || last.isDone()) {
      CompletableFuture<LockEvent> next = new CompletableFuture<>();
      asked = next;
      loop.execute(() -> watches.ask(cursor, next));
      return next;
    }
    return last;
  }

  /**
   * The next event; null if there is none within the time.
   *
   * @throws CancellationException if the watch is closed
   */
  public @Nullable LockEvent next(Duration within) throws InterruptedException {
    try {
      return take(nextAsync(), within);
    } catch (TimeoutException e) {
      return null;
    } catch (ExecutionException e) {
      throw new IllegalStateException("a watch failed: path=" + cursor.path, e.getCause());
    }
  }

  private static LockEvent take(CompletableFuture<LockEvent> next, Duration within)
      throws InterruptedException, TimeoutException, ExecutionException {
    return next.get(within.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public synchronized void close() {
    closed = true;
    CompletableFuture<LockEvent> last = asked;
    if (last != null) {
      last.cancel(false);
    }
    loop.execute(() -> watches.stop(cursor));
  }
}
