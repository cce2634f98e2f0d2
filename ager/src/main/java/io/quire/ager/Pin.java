package io.quire.ager;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;

/**
 * Holds an extent in memory, at one place, until closed. May be used and closed by any thread.
 * After {@link #close} the segment must not be touched: it would show another extent's bytes.
 */
public final class Pin implements AutoCloseable {
  private static final AtomicIntegerFieldUpdater<Pin> CLOSED =
      AtomicIntegerFieldUpdater.newUpdater(Pin.class, "closed");

  private final Extent extent;
  private final MemorySegment segment;
  private volatile int closed;

  /** Takes over one pin that was counted on the extent's frame. */
  Pin(Extent extent) {
    this.extent = extent;
    this.segment = extent.frame().view();
  }

  /** The bytes, read-only, aligned to 4 KiB. */
  public MemorySegment segment() {
    if (closed != 0) {
      throw new IllegalStateException("pin is closed: extent=" + extent.id());
    }
    return segment;
  }

  public Extent extent() {
    return extent;
  }

  /** Lets go of the extent. Further calls do nothing. */
  @Override
  public void close() {
    if (CLOSED.compareAndSet(this, 0, 1)) {
      extent.frame().unpin();
    }
  }
}
