package io.quire.base;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A {@link Loop} with a thread of its own. After a task that threw it runs no other: what the tasks
 * share may be half changed.
 */
public final class EventLoop implements Loop, AutoCloseable {
  private final ScheduledThreadPoolExecutor executor;
  private final Consumer<Throwable> fatal;
  private volatile Thread thread;
  private boolean failed;

  /**
   * Starts the loop.
   *
   * @param name of the thread
   * @param fatal told, on the loop, of the task that threw; expected to stop the node
   */
  public EventLoop(String name, Consumer<Throwable> fatal) {
    this.fatal = fatal;
    thread = Thread.currentThread();
    executor =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread made = new Thread(task, name);
              made.setDaemon(true);
              thread = made;
              return made;
            });
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    executor.prestartCoreThread();
  }

  /** Runs the task; after {@link #close}, or a task that threw, it is dropped. */
  @Override
  public void execute(Runnable task) {
    try {
      executor.execute(() -> run(task));
    } catch (RejectedExecutionException closed) {
      // Nobody is left to see what the task would have done.
    }
  }

  @Override
  public Timer after(Duration delay, Runnable task) {
    try {
      ScheduledFuture<?> pending =
          executor.schedule(() -> run(task), delay.toNanos(), TimeUnit.NANOSECONDS);
      return () -> pending.cancel(false);
    } catch (RejectedExecutionException closed) {
      return () -> {};
    }
  }

  @Override
  public boolean here() {
    return Thread.currentThread() == thread;
  }

  /** Lets the task that runs end, drops those that wait, and ends the thread within a second. */
  @Override
  public void close() {
    executor.shutdownNow();
    if (here()) {
      return;
    }
    try {
      if (!executor.awaitTermination(1, TimeUnit.SECONDS)) {
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run(Runnable task) {
    if (failed) {
      return;
    }
    try {
      task.run();
    } catch (Throwable e) {
      failed = true;
      fatal.accept(e);
    }
  }
}
