package io.quire.bench;

import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Publishes a thousand objects a second while something else is measured. Beside that one object is
 * updated again and again, and looked up: a lookup that shows less than what had been updated when
 * it began is stale, and fails the measurement.
 */
final class Publisher implements AutoCloseable {
  private static final long EVERY_NANOS = 1_000_000;
  private static final int UNDER_WAY_MAX = 512;

  private final Namespaces namespaces;
  private final String prefix;
  private final byte[] value;
  private final Semaphore free = new Semaphore(UNDER_WAY_MAX);
  private final AtomicLong published = new AtomicLong();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final long begun = System.nanoTime();
  private volatile long updated;
  private volatile boolean closed;

  private Publisher(Namespaces namespaces, String prefix, int bytes) {
    this.namespaces = namespaces;
    this.prefix = prefix;
    value = new byte[bytes];
  }

  static Publisher start(Namespaces namespaces, String prefix, int bytes) {
    Publisher made = new Publisher(namespaces, prefix, bytes);
    NsObject first = made.create(prefix + "watched", new byte[Long.BYTES]);
    Thread.ofPlatform().daemon().name("publisher").start(made::publish);
    Thread.ofVirtual().start(() -> made.guarded(() -> made.update(first)));
    Thread.ofVirtual().start(() -> made.guarded(() -> made.check(first.xid())));
    return made;
  }

  private NsObject create(String name, byte[] bytes) {
    return namespaces.create(NsHandle.ROOT, name, "bench", Lifetime.DURABLE, bytes);
  }

  private void publish() {
    long next = System.nanoTime();
    for (long number = 0; !closed; number++) {
      String name = prefix + "p" + number;
      next += EVERY_NANOS;
      LockSupport.parkNanos(next - System.nanoTime());
      if (free.tryAcquire()) {
        Thread.ofVirtual()
            .start(
                () -> {
                  guarded(() -> create(name, value));
                  published.incrementAndGet();
                  free.release();
                });
      }
    }
  }

  private void update(NsObject first) {
    NsObject seen = first;
    for (long number = 1; !closed; number++) {
      seen = namespaces.update(seen, ByteBuffer.allocate(Long.BYTES).putLong(number).array());
      updated = number;
    }
  }

  private void check(long xid) {
    while (!closed) {
      long least = updated;
      NsObject found = namespaces.lookup(xid).orElse(null);
      if (found == null || ByteBuffer.wrap(found.value()).getLong() < least) {
        throw new IllegalStateException("stale: found=" + found + " wantedAtLeast=" + least);
      }
      LockSupport.parkNanos(EVERY_NANOS);
    }
  }

  private void guarded(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      failure.compareAndSet(null, e);
    }
  }

  /** Publishes a second, so far. */
  double rate() {
    return published.get() * (double) TimeUnit.SECONDS.toNanos(1) / (System.nanoTime() - begun);
  }

  /** Ends it, and fails if something failed. */
  @Override
  public void close() throws InterruptedException {
    closed = true;
    free.acquire(UNDER_WAY_MAX);
    Throwable failed = failure.get();
    if (failed != null) {
      throw new IllegalStateException("while publishing: " + failed, failed);
    }
  }
}
