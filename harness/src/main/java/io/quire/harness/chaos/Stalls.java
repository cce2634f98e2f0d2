package io.quire.harness.chaos;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * For how long this machine kept a thread waiting that had nothing to wait for: what a promise in
 * seconds cannot be held to.
 */
final class Stalls implements AutoCloseable {
  private static final long EVERY_MILLIS = 20;

  private final AtomicLong longest = new AtomicLong();
  private final Thread watcher = Thread.ofPlatform().daemon().name("stalls").start(this::watch);

  private void watch() {
    try {
      while (true) {
        long before = System.nanoTime();
        TimeUnit.MILLISECONDS.sleep(EVERY_MILLIS);
        long late = (System.nanoTime() - before) / 1_000_000 - EVERY_MILLIS;
        longest.accumulateAndGet(late, Math::max);
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  /** The longest since it was opened. */
  long longestMillis() {
    return longest.get();
  }

  @Override
  public void close() {
    watcher.interrupt();
  }
}
