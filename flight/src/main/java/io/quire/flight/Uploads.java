package io.quire.flight;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** The uploads that are under way: at most so many. One counts until nothing is done for it. */
final class Uploads {
  static final int OPEN_MAX = 4;

  private final Semaphore free = new Semaphore(OPEN_MAX);
  private final Set<Calls.Call> running = ConcurrentHashMap.newKeySet();
  private final Counters counters;
  private volatile boolean stopping;

  Uploads(Counters counters) {
    this.counters = counters;
  }

  /**
   * Takes a place, until {@link #end}.
   *
   * @throws Failure.Busy if there is none
   */
  void begin(Calls.Call call) {
    if (!free.tryAcquire()) {
      counters.refused.increment();
      throw new Failure.Busy("too many uploads: open=%d max=%d".formatted(OPEN_MAX, OPEN_MAX));
    }
    running.add(call);
    if (stopping) {
      call.reset("the node stops");
    }
  }

  void end(Calls.Call call) {
    running.remove(call);
    free.release();
  }

  int open() {
    return OPEN_MAX - free.availablePermits();
  }

  /** Ends all, soon, also those to come. */
  void stop() {
    stopping = true;
    running.forEach(call -> call.reset("the node stops"));
  }

  /** Whether all are over in time. */
  boolean awaitEnd(Duration patience) throws InterruptedException {
    boolean all = free.tryAcquire(OPEN_MAX, patience.toNanos(), TimeUnit.NANOSECONDS);
    if (all) {
      free.release(OPEN_MAX);
    }
    return all;
  }
}
