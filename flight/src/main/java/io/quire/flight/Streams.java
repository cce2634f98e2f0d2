package io.quire.flight;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/** The streams that are under way: at most so many. One counts until its last byte was taken. */
final class Streams {
  static final int OPEN_MAX = 64;

  private final Semaphore free = new Semaphore(OPEN_MAX);
  private final Set<RowStream> running = ConcurrentHashMap.newKeySet();
  private final Counters counters;
  private volatile boolean stopping;

  Streams(Counters counters) {
    this.counters = counters;
  }

  /**
   * Takes a place for a call, until that is over.
   *
   * @throws Failure.Busy if there is none
   */
  void admit(Calls.Call call) {
    if (!free.tryAcquire()) {
      counters.refused.increment();
      throw new Failure.Busy("too many streams: open=%d max=%d".formatted(OPEN_MAX, OPEN_MAX));
    }
    counters.streams.increment();
    call.whenOver(free::release);
  }

  /** Runs it on a thread of its own. */
  void start(RowStream stream) {
    running.add(stream);
    Thread.ofVirtual()
        .name("quire-flight-stream")
        .start(
            () -> {
              try {
                stream.run();
              } finally {
                running.remove(stream);
              }
            });
    if (stopping) {
      stream.stop();
    }
  }

  int open() {
    return OPEN_MAX - free.availablePermits();
  }

  /** Ends all, soon, also those to come. */
  void stop() {
    stopping = true;
    running.forEach(RowStream::stop);
  }
}
