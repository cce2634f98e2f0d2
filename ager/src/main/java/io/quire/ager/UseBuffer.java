package io.quire.ager;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;

/**
 * Uses of resident extents on their way to the replacement policy, which is told under the lock. A
 * use that finds it full is lost: that costs the policy a little precision, and the user nothing.
 * {@link #add} from any thread, {@link #drain} by one at a time.
 */
final class UseBuffer {
  private static final int SIZE = 4096;

  private final AtomicReferenceArray<Extent> ring = new AtomicReferenceArray<>(SIZE);
  private final AtomicInteger added = new AtomicInteger();
  private int drained;

  void add(Extent extent) {
    int at = added.get();
    if (at - drained < SIZE && added.compareAndSet(at, at + 1)) {
      ring.setRelease(at & (SIZE - 1), extent);
    }
  }

  /** In the order in which they were added, about. */
  void drain(Consumer<Extent> to) {
    int end = added.get();
    while (drained != end) {
      Extent extent = ring.getAndSet(drained & (SIZE - 1), null);
      if (extent == null) {
        // Its thread has taken the place and not yet put it there.
        return;
      }
      drained++;
      to.accept(extent);
    }
  }
}
