package io.quire.log;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Work on files that an interrupt of its thread must not break off. A channel closes when the
 * thread that uses it is interrupted, and then nobody knows what is on disk; so the work is done by
 * a thread that nobody knows, and the caller's interrupt is there again when it is over.
 */
final class Uninterrupted {
  private Uninterrupted() {}

  /** Work that gives something, or null. */
  @FunctionalInterface
  interface Work<T> {
    @Nullable T run() throws IOException;
  }

  /** Does the work and returns what it gave, however often the caller is interrupted meanwhile. */
  static <T> @Nullable T run(Work<T> work) throws IOException {
    FutureTask<@Nullable T> task = new FutureTask<>(work::run);
    Thread.ofVirtual().name("uninterrupted").start(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failed -> throw failed;
        case RuntimeException failed -> throw failed;
        case Error failed -> throw failed;
        case null, default -> throw new IllegalStateException(e);
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
