package io.quire.lockserver;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The blocking forms of what completes on the loop, for any other thread. */
final class Await {
  /** For a loop that is busy; the answer itself comes at the deadline. */
  private static final Duration GRACE = Duration.ofSeconds(1);

  private Await() {}

  /**
   * Waits for an answer that comes by the deadline.
   *
   * @throws LockException.Indeterminate if it does not, or the caller is interrupted; the future is
   *     cancelled then
   */
  static <T extends @Nullable Object> T answer(CompletableFuture<T> future, Duration deadline) {
    try {
      return future.get(deadline.plus(GRACE).toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      future.cancel(false);
      throw new LockException.Indeterminate("the node does not answer: waited=" + deadline);
    } catch (InterruptedException e) {
      future.cancel(false);
      Thread.currentThread().interrupt();
      throw new LockException.Indeterminate("interrupted while waiting for the lock server");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof LockException known) {
        throw known;
      }
      throw new IllegalStateException("a request to the lock server failed", e.getCause());
    }
  }
}
