package io.quire.ager;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events on their way to listeners. They are put in under the lock of {@link Memory}, which gives
 * them their order; each listener has a queue and a thread of its own, so that a slow one misses
 * events and nobody waits for it.
 */
final class PageEvents {
  /** Of one queue. */
  static final int QUEUE_MAX = 65_536;

  private static final Logger log = LoggerFactory.getLogger(PageEvents.class);
  private static final long IDLE_MILLIS = 200;

  /** One listener. Guarded by its lock. */
  private static final class Told {
    private final Consumer<PageEvent> listener;
    private final ArrayDeque<PageEvent> queue = new ArrayDeque<>();
    private long missed;
    private boolean complained;

    Told(Consumer<PageEvent> listener) {
      this.listener = listener;
    }

    synchronized void add(PageEvent event) {
      if (queue.size() >= QUEUE_MAX) {
        missed++;
        return;
      }
      tellMissed();
      queue.add(event);
      notifyAll();
    }

    private void tellMissed() {
      if (missed > 0) {
        queue.add(new PageEvent.Missed(missed));
        missed = 0;
      }
    }

    private synchronized @Nullable PageEvent next() throws InterruptedException {
      if (queue.isEmpty()) {
        tellMissed();
      }
      if (queue.isEmpty()) {
        wait(IDLE_MILLIS);
      }
      return queue.poll();
    }

    void step() throws InterruptedException {
      PageEvent event = next();
      if (event == null) {
        return;
      }
      try {
        listener.accept(event);
      } catch (RuntimeException e) {
        if (!complained) {
          complained = true;
          log.warn("listener to page events threw: listener={}", listener.getClass().getName(), e);
        }
      }
    }
  }

  private final String prefix;
  private final List<Told> listeners = new CopyOnWriteArrayList<>();
  private final List<Worker> workers = new CopyOnWriteArrayList<>();
  private final AtomicInteger numbers = new AtomicInteger();

  PageEvents(String prefix) {
    this.prefix = prefix;
  }

  Registration add(Consumer<PageEvent> listener) {
    Told told = new Told(listener);
    Worker worker = new Worker(prefix + "events-" + numbers.incrementAndGet(), told::step);
    listeners.add(told);
    workers.add(worker);
    return new Registration(
        () -> {
          listeners.remove(told);
          workers.remove(worker);
          worker.stop();
        });
  }

  /** Whether events are to be made at all. */
  boolean heard() {
    return !listeners.isEmpty();
  }

  void add(PageEvent event) {
    listeners.forEach(told -> told.add(event));
  }

  /** What is in queues is not told any more; whether all calls have ended. */
  boolean close(Deadline deadline) {
    listeners.clear();
    workers.forEach(Worker::stop);
    boolean ended = true;
    for (Worker worker : workers) {
      ended &= worker.awaitEnd(deadline);
    }
    return ended;
  }
}
