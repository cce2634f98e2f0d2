package io.quire.datasets;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Waiting for futures on threads that may wait. */
final class Await {
  private Await() {}

  /**
   * The future's value, or what it failed with.
   *
   * @throws DatasetsException.DeadlinePassed if it is not complete by the deadline
   */
  static <T> T value(String doing, Future<T> future, Deadline deadline) {
    try {
      return future.get(deadline.left().toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw unchecked(doing, e.getCause());
    } catch (TimeoutException e) {
      throw new DatasetsException.DeadlinePassed("deadline passed: during=" + doing);
    } catch (InterruptedException e) {
      throw interrupted(doing);
    }
  }

  /** Returns when the future is complete, whatever comes of it; an interrupt is kept for later. */
  static void end(Future<?> future) {
    boolean interrupted = false;
    while (!future.isDone()) {
      try {
        future.get();
      } catch (InterruptedException e) {
        interrupted = true;
      } catch (ExecutionException e) {
        break;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  static DatasetsException.Interrupted interrupted(String doing) {
    Thread.currentThread().interrupt();
    return new DatasetsException.Interrupted(doing);
  }

  /** What a future failed with, without its wrapping. */
  static RuntimeException unchecked(String doing, @Nullable Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause instanceof RuntimeException known
        ? known
        : new IllegalStateException("during " + doing, cause);
  }
}
