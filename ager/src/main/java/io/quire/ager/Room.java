package io.quire.ager;

import java.util.concurrent.atomic.AtomicLong;

/** What a store may still hold, shared by its shelves. */
final class Room {
  private final long capacityBytes;
  private final AtomicLong usedBytes = new AtomicLong();

  /** Of the used ones, what lay there before. */
  private final AtomicLong foundBytes = new AtomicLong();

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
    foundBytes.addAndGet(bytes);
  }

  /** What lay there already, or was written by others since, has gone: the former was counted. */
  void gone(long bytes) {
    long counted = Math.min(bytes, foundBytes.get());
    foundBytes.addAndGet(-counted);
    usedBytes.addAndGet(-counted);
  }

  void giveBack(long bytes) {
    usedBytes.addAndGet(-bytes);
  }

  long usedBytes() {
    return usedBytes.get();
  }
}
