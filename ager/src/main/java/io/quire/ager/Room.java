package io.quire.ager;

import java.util.concurrent.atomic.AtomicLong;

/** What a store may still hold, shared by its shelves. */
final class Room {
  private final long capacityBytes;
  private final AtomicLong usedBytes = new AtomicLong();

  Room(long capacityBytes) {
    this.capacityBytes = capacityBytes;
  }

  void take(long bytes) throws StoreFull {
    long used = usedBytes.get();
    while (used + bytes <= capacityBytes) {
      if (usedBytes.compareAndSet(used, used + bytes)) {
        return;
      }
      used = usedBytes.get();
    }
    throw new StoreFull(bytes, capacityBytes - used);
  }

  long freeBytes() {
    return Math.max(0, capacityBytes - usedBytes.get());
  }

  /** Counts what lies there already, whether it fits or not. */
  void found(long bytes) {
    usedBytes.addAndGet(bytes);
  }

  void giveBack(long bytes) {
    usedBytes.addAndGet(-bytes);
  }

  long usedBytes() {
    return usedBytes.get();
  }
}
