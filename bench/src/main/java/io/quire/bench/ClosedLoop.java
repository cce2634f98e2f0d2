package io.quire.bench;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Makes calls, a fixed number at a time: the next one begins when one has ended. What ends before
 * the measurement begins, or after it, does not count. A call that fails fails the whole.
 */
final class ClosedLoop {
  private static final long RETRY_NANOS = 1_000_000;
  private static final Duration DRAIN = Duration.ofSeconds(60);

  /** One caller makes so few calls that hardly anything is compiled; so many make enough. */
  private static final int CROWD = 64;

  private static final long CROWD_MILLIS_MIN = 2_000;

  /** A call that answers later. */
  interface Async {
    CompletionStage<?> start(long number);
  }

  /** A call that blocks. */
  interface Blocking {
    void call(long number) throws Exception;
  }

  private final Job job;
  private final Samples samples = new Samples();
  private final AtomicLong number = new AtomicLong();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final long begin;
  private final long end;

  private ClosedLoop(Job job) {
    this.job = job;
    begin = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(job.warmUpMillis());
    end = begin + TimeUnit.MILLISECONDS.toNanos(job.millis());
  }

  /** Calls a second and the 99th percentile of their times in milliseconds. */
  static Map<String, Double> rate(Job job, Async call) throws Exception {
    ClosedLoop loop = new ClosedLoop(job);
    loop.drive(call);
    return loop.rates();
  }

  /** As above, each caller on a thread of its own. */
  static Map<String, Double> rate(Job job, ThreadFactory threads, Blocking call) throws Exception {
    ClosedLoop loop = new ClosedLoop(job);
    loop.drive(job.outstanding(), threads, call, loop.end);
    loop.check();
    return loop.rates();
  }

  /**
   * The median time of a call, one at a time, in microseconds. Most of a long warm-up is {@value
   * #CROWD} callers at a time.
   */
  static Map<String, Double> latency(Job job, Blocking call) throws Exception {
    ClosedLoop loop = new ClosedLoop(job);
    if (job.warmUpMillis() >= CROWD_MILLIS_MIN) {
      long last = TimeUnit.MILLISECONDS.toNanos(job.warmUpMillis() / 4);
      loop.drive(CROWD, Thread.ofVirtual().factory(), call, loop.begin - last);
    }
    loop.calls(call, loop.end);
    loop.check();
    return Map.of(job.row(), loop.samples.micros(0.5));
  }

  /**
   * The longest time between two calls that succeeded, in milliseconds, one caller who begins again
   * after each failure.
   */
  static Map<String, Double> gap(Job job, Blocking call) {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(job.millis());
    long last = System.nanoTime();
    long longest = 0;
    long successes = 0;
    for (long number = 0; System.nanoTime() - end < 0; number++) {
      try {
        call.call(number);
      } catch (Exception e) {
        LockSupport.parkNanos(RETRY_NANOS);
        continue;
      }
      long now = System.nanoTime();
      if (successes++ > 0) {
        longest = Math.max(longest, now - last);
      }
      last = now;
    }
    longest = Math.max(longest, System.nanoTime() - last);
    return Map.of(job.row(), longest / 1e6, "successes", (double) successes);
  }

  private Map<String, Double> rates() {
    double seconds = job.millis() / 1e3;
    return Map.of(
        job.row(), samples.count() / seconds, job.row() + "-p99", samples.micros(0.99) / 1e3);
  }

  private void drive(Async call) throws Exception {
    Semaphore free = new Semaphore(job.outstanding());
    while (failure.get() == null && System.nanoTime() - end < 0) {
      free.acquire();
      long begun = System.nanoTime();
      call.start(number.getAndIncrement())
          .whenComplete(
              (_, failed) -> {
                ended(begun, failed);
                free.release();
              });
    }
    if (!free.tryAcquire(job.outstanding(), DRAIN.toSeconds(), TimeUnit.SECONDS)) {
      throw new TimeoutException("calls do not end: waitedSeconds=" + DRAIN.toSeconds());
    }
    check();
  }

  private void drive(int callers, ThreadFactory threads, Blocking call, long until)
      throws Exception {
    CountDownLatch done = new CountDownLatch(callers);
    for (int i = 0; i < callers; i++) {
      threads
          .newThread(
              () -> {
                calls(call, until);
                done.countDown();
              })
          .start();
    }
    if (!done.await(job.warmUpMillis() + job.millis() + DRAIN.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new TimeoutException("calls do not end: waitedSeconds=" + DRAIN.toSeconds());
    }
  }

  private void calls(Blocking call, long until) {
    while (failure.get() == null && System.nanoTime() - until < 0) {
      long begun = System.nanoTime();
      try {
        call.call(number.getAndIncrement());
        ended(begun, null);
      } catch (Exception e) {
        ended(begun, e);
      }
    }
  }

  private void ended(long begun, @Nullable Throwable failed) {
    long now = System.nanoTime();
    if (failed != null) {
      failure.compareAndSet(null, failed);
    } else if (now - begin >= 0 && now - end < 0) {
      samples.add(now - begun);
    }
  }

  private void check() throws Exception {
    Throwable failed = failure.get();
    if (failed instanceof CompletionException && failed.getCause() != null) {
      failed = failed.getCause();
    }
    if (failed != null) {
      throw new IllegalStateException("a call failed: " + failed, failed);
    }
  }
}
