package io.quire.datasets;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Which scans and streams of other nodes, and of this one, were said to have ended. The last
 * {@value #ENDED_MAX} are known, so that one whose requests change places on their way is not begun
 * after its end. Any thread.
 */
final class Runs {
  private static final int ENDED_MAX = 1_000;
  private static final AtomicLong NUMBERS = new AtomicLong();

  /**
   * A scan or a stream.
   *
   * @param caller which incarnation runs it
   * @param number as that calls it
   */
  record Key(long caller, long number) {}

  @GuardedBy("itself")
  private final Map<Key, Boolean> ended =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Boolean> eldest) {
          return size() > ENDED_MAX;
        }
      };

  /** A number that this process has not given before. */
  static long nextNumber() {
    return NUMBERS.incrementAndGet();
  }

  void end(Key key) {
    synchronized (ended) {
      ended.put(key, true);
    }
  }

  boolean hasEnded(Key key) {
    synchronized (ended) {
      return ended.containsKey(key);
    }
  }
}
