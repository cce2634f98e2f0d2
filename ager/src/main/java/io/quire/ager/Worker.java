package io.quire.ager;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A named platform thread that does one step after another until it is stopped. */
final class Worker {
  private static final Logger log = LoggerFactory.getLogger(Worker.class);
  private static final long INTERRUPT_WAIT_MILLIS = 2000;

  /** Must come back within a second or so when there is nothing to do. */
  interface Step {
    void run() throws InterruptedException;
  }

  private final Thread thread;
  private volatile boolean stopping;

  Worker(String name, Step step) {
    thread = Thread.ofPlatform().daemon().name(name).unstarted(() -> loop(step));
    thread.start();
  }

  private void loop(Step step) {
    while (!stopping) {
      try {
        step.run();
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        log.error("step failed: thread={}", Thread.currentThread().getName(), e);
      }
    }
  }

  /** Asks the thread to end after its present step. */
  void stop() {
    stopping = true;
  }

  /** Waits for the end and interrupts a step that takes too long; whether it has ended. */
  boolean awaitEnd(Deadline deadline) {
    stop();
    try {
      if (!thread.join(Duration.ofNanos(deadline.remainingNanos()))) {
        thread.interrupt();
        return thread.join(Duration.ofMillis(INTERRUPT_WAIT_MILLIS));
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return !thread.isAlive();
    }
  }
}
