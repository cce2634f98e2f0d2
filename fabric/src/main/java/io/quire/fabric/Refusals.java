package io.quire.fabric;

import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts the connections that did not get as far as a greeting, and tells the log of one in ten
 * seconds: whoever can reach the port could otherwise fill the disk. Safe from any thread.
 */
final class Refusals {
  private static final Logger LOG = LoggerFactory.getLogger(Fabric.class);
  private static final int TEXT_MAX = 200;
  private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Counters counters;
  private final AtomicLong saidNanos = new AtomicLong(System.nanoTime() - QUIET_NANOS);

  Refusals(Counters counters) {
    this.counters = counters;
  }

  void refused(@Nullable SocketAddress from, @Nullable Throwable cause) {
    counters.refused.increment();
    long now = System.nanoTime();
    long said = saidNanos.get();
    if (now - said >= QUIET_NANOS && saidNanos.compareAndSet(said, now)) {
      LOG.warn(
          "refused a connection: from={} refusedSoFar={} cause={}",
          from,
          counters.refused.sum(),
          cause == null ? "closed before a greeting" : shortened(cause.toString()));
    }
  }

  /** The message of a TLS failure may hold all that was received. */
  private static String shortened(String message) {
    return message.length() <= TEXT_MAX ? message : message.substring(0, TEXT_MAX) + "...";
  }
}
