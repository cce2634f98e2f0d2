package io.quire.base;

import java.time.Duration;
import java.util.Comparator;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * A {@link Loop} with a thread of its own. After a task that threw it runs no other: what the tasks
 * share may be half changed.
 *
 * <p>A queue that any thread adds to, timers that only the loop touches, and a thread that is woken
 * only if it sleeps: a task that comes while others run costs neither a lock nor a system call.
 */
public final class EventLoop implements Loop, AutoCloseable {
  /** Tasks between two looks at the timers. */
  private static final int TURN = 64;

  private static final long CLOSE_MILLIS = 1_000;

  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean asleep = new AtomicBoolean();
  private final AtomicLong alarms = new AtomicLong();
  private final Consumer<Throwable> fatal;
  private final long begun = System.nanoTime();
  private final Thread thread;
  private volatile boolean ended;

  // Confined to the loop.
  private final TreeSet<Alarm> timers =
      new TreeSet<>(
          Comparator.comparingLong((Alarm alarm) -> alarm.at)
              .thenComparingLong(alarm -> alarm.number));

  /** A task that waits for its time. */
  private final class Alarm implements Timer {
    final long at;
    final long number;
    final Runnable task;
    volatile boolean cancelled;

    Alarm(long at, Runnable task) {
      this.at = at;
      this.number = alarms.incrementAndGet();
      this.task = task;
    }

    void set() {
      if (!cancelled) {
        timers.add(this);
      }
    }

    @Override
    public void cancel() {
      cancelled = true;
      if (here()) {
        timers.remove(this);
      } else {
        execute(() -> timers.remove(this));
      }
    }
  }

  /**
   * Starts the loop.
   *
   * @param name of the thread
   * @param fatal told, on the loop, of the task that threw; expected to stop the node
   */
  public EventLoop(String name, Consumer<Throwable> fatal) {
    this.fatal = fatal;
    thread = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
    thread.start();
  }

  /** Runs the task; after {@link #close}, or a task that threw, it is dropped. */
  @Override
  public void execute(Runnable task) {
    if (ended) {
      return;
    }
    tasks.add(task);
    // It says so before it looks at the queue a last time, and we look after we added.
    if (asleep.get() && asleep.compareAndSet(true, false)) {
      LockSupport.unpark(thread);
    }
  }

  @Override
  public Timer after(Duration delay, Runnable task) {
    Alarm alarm = new Alarm(now() + Math.min(delay.toNanos(), Long.MAX_VALUE / 2), task);
    if (here()) {
      alarm.set();
    } else {
      execute(alarm::set);
    }
    return alarm;
  }

  private long now() {
    return System.nanoTime() - begun;
  }

  @Override
  public boolean here() {
    return Thread.currentThread() == thread;
  }

  /** Lets the task that runs end, drops those that wait, and ends the thread within a second. */
  @Override
  public void close() {
    ended = true;
    tasks.clear();
    LockSupport.unpark(thread);
    if (here()) {
      return;
    }
    try {
      thread.join(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (thread.isAlive()) {
      thread.interrupt();
    }
  }

  private void run() {
    try {
      while (!ended) {
        boolean idle = !turn();
        // Meant for a task, if for anybody: the loop waits for nothing that could be interrupted.
        Thread.interrupted();
        long wait = ring();
        if (idle && wait > 0) {
          sleep(wait);
        }
      }
    } catch (Throwable e) {
      ended = true;
      tasks.clear();
      fatal.accept(e);
    }
  }

  /* Runs what waits, up to a number, and says whether there was anything. */
  private boolean turn() {
    for (int i = 0; i < TURN && !ended; i++) {
      Runnable task = tasks.poll();
      if (task == null) {
        return i > 0;
      }
      task.run();
    }
    return true;
  }

  /* Runs the timers that are due; returns how long it is to the next one. */
  private long ring() {
    while (!timers.isEmpty() && !ended) {
      Alarm first = timers.first();
      long wait = first.at - now();
      if (wait > 0) {
        return wait;
      }
      timers.pollFirst();
      if (!first.cancelled) {
        first.task.run();
      }
    }
    return Long.MAX_VALUE;
  }

  private void sleep(long nanos) {
    asleep.set(true);
    if (tasks.isEmpty() && !ended) {
      LockSupport.parkNanos(this, nanos);
    }
    asleep.set(false);
  }
}
