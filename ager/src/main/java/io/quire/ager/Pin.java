package io.quire.ager;

import java.lang.foreign.MemorySegment;

/**
 * Holds an extent in memory, at one place, until closed. Any thread may use it, one at a time.
 * After {@link #close} the segment must not be touched: it would show another extent's bytes.
 */
public final class Pin implements AutoCloseable {
  private final Extent extent;
  private boolean closed;

  /** Takes over one pin that was counted on the extent. */
  Pin(Extent extent) {
    this.extent = extent;
  }

  /** The bytes, read-only, aligned to 4 KiB. */
  public MemorySegment segment() {
    if (closed) {
      throw new IllegalStateException("pin is closed: extent=" + extent.id());
    }
    return extent.view();
  }

  public Extent extent() {
    return extent;
  }

  /** Lets go of the extent. Further calls do nothing. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      extent.unpin();
    }
  }
}
