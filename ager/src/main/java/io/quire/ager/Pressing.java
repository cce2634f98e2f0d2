package io.quire.ager;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks listeners to release memory while somebody waits for room. Each is asked on a thread made
 * for that, so that one that hangs or throws keeps neither the ager nor another listener from going
 * on; it is not asked again before it has returned, nor sooner than a tenth of a second later.
 */
final class Pressing {
  private static final Logger log = LoggerFactory.getLogger(Pressing.class);
  private static final long AGAIN_NANOS = 100_000_000L;

  /** Who takes longer than this is interrupted. */
  private static final long CALL_NANOS = 1_000_000_000L;

  /**
   * What is short.
   *
   * @param client that may not hold more; null if it is memory as a whole
   */
  record Shortage(@Nullable Account client, long bytesWanted) {
    Pressure told() {
      return new Pressure(
          Optional.ofNullable(client).map(account -> account.config.name()), bytesWanted);
    }
  }

  /** One listener. Guarded by its lock. */
  private final class Asked {
    private final Account client;
    private final Consumer<Pressure> listener;
    private @Nullable Thread call;
    private boolean complained;
    private long askedNanos = System.nanoTime() - AGAIN_NANOS;

    Asked(Account client, Consumer<Pressure> listener) {
      this.client = client;
      this.listener = listener;
    }

    synchronized void ask(Pressure pressure) {
      long now = System.nanoTime();
      if (call == null && now - askedNanos >= AGAIN_NANOS) {
        askedNanos = now;
        call =
            Thread.ofPlatform()
                .daemon()
                .name(prefix + "pressure-" + calls.incrementAndGet())
                .start(() -> run(pressure));
      }
    }

    synchronized void watch() {
      if (System.nanoTime() - askedNanos > CALL_NANOS) {
        interrupt();
      }
    }

    private void run(Pressure pressure) {
      try {
        listener.accept(pressure);
      } catch (RuntimeException e) {
        complain("threw", e);
      } finally {
        ended();
      }
    }

    private synchronized void ended() {
      call = null;
    }

    private synchronized void interrupt() {
      if (call != null) {
        complain("does not return", null);
        call.interrupt();
      }
    }

    /** The first time only. */
    private synchronized void complain(String what, @Nullable RuntimeException e) {
      if (!complained) {
        complained = true;
        log.warn(
            "listener to pressure {}: client={} listener={}",
            what,
            client.config.name(),
            listener.getClass().getName(),
            e);
      }
    }
  }

  private final String prefix;
  private final Memory memory;
  private final List<Asked> listeners = new CopyOnWriteArrayList<>();
  private final AtomicInteger calls = new AtomicInteger();
  private @Nullable Worker worker;

  Pressing(String prefix, Memory memory) {
    this.prefix = prefix;
    this.memory = memory;
  }

  /** It is asked when this client is at its limit, and when memory as a whole is short. */
  synchronized Registration add(Account client, Consumer<Pressure> listener) {
    memory.checkOpen();
    if (worker == null) {
      worker = new Worker(prefix + "pressure", this::step);
    }
    Asked asked = new Asked(client, listener);
    listeners.add(asked);
    return new Registration(() -> listeners.remove(asked));
  }

  private void step() throws InterruptedException {
    listeners.forEach(Asked::watch);
    for (Shortage shortage : memory.shortages()) {
      Pressure pressure = shortage.told();
      for (Asked each : listeners) {
        if (shortage.client == null || shortage.client == each.client) {
          each.ask(pressure);
        }
      }
    }
  }

  /** Asks nobody any more, and interrupts those that have not returned; whether it has ended. */
  synchronized boolean close(Deadline deadline) {
    listeners.forEach(Asked::interrupt);
    listeners.clear();
    return worker == null || worker.awaitEnd(deadline);
  }
}
