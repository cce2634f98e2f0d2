package io.quire.jet;

import io.quire.columns.ColumnMemory;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.arrow.memory.BufferAllocator;

/**
 * Arrow's memory for what a job does on one member. A connection that is closed lets go of what it
 * had not sent yet soon after, on a thread of its own, and gives no sign of it.
 */
final class JobMemory implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final BufferAllocator allocator = ColumnMemory.open(Long.MAX_VALUE);
  private final Duration patience;

  JobMemory() {
    this(PATIENCE);
  }

  JobMemory(Duration patience) {
    this.patience = patience;
  }

  BufferAllocator allocator() {
    return allocator;
  }

  /**
   * Waits until nothing of it is in use any more.
   *
   * @throws IllegalStateException if something still is after some seconds, or the caller is
   *     interrupted
   */
  @Override
  public void close() {
    long began = System.nanoTime();
    while (allocator.getAllocatedMemory() > 0
        && System.nanoTime() - began < patience.toNanos()
        && !Thread.currentThread().isInterrupted()) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
    allocator.close();
  }
}
