package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Holds an extent in memory, at one place, until closed. Any thread may use it, one at a time.
 * After {@link #close} the segment must not be touched: it would show another extent's bytes.
 */
public final class Pin implements AutoCloseable {
  private final Extent extent;
  private final PinTrace.@Nullable Taken taken;

  /** Where it is counted; null once it is closed. */
  private @Nullable Crowd crowd;

  /** Takes over one pin that was counted on the extent. */
  Pin(Extent extent) {
    this(extent, Crowd.NONE, null);
  }

  /**
   * As {@link #Pin(Extent)}.
   *
   * @param crowd that has counted it
   */
  Pin(Extent extent, Crowd crowd) {
    this(extent, crowd, null);
  }

  /** As {@link #Pin(Extent)}, asked for there. */
  Pin(Extent extent, PinTrace.@Nullable Origin at) {
    this(extent, Crowd.NONE, at);
  }

  private Pin(Extent extent, Crowd crowd, PinTrace.@Nullable Origin at) {
    this.extent = extent;
    this.crowd = crowd;
    taken = extent.memory().pinTrace().taken(this, PinTrace.Kind.PIN, extent, at);
  }

  /** The bytes, read-only, aligned to 4 KiB. */
  public MemorySegment segment() {
    if (crowd == null) {
      throw new IllegalStateException("pin is closed: extent=" + extent.id());
    }
    return extent.view();
  }

  /**
   * Writes all bytes to a channel, straight from memory; in small portions if that is how it takes
   * them. What was written before a failure stays written.
   *
   * <p>Interrupts and the deadline are as in {@link
   * Draft#fill(java.nio.channels.ReadableByteChannel, Duration)}: a file stays open at the
   * deadline, and what may wait for ever is closed.
   *
   * @throws IllegalStateException if it is closed, or the ager is closed meanwhile
   * @throws java.nio.channels.IllegalBlockingModeException if the channel does not block
   * @throws AgerException.TransferTooSlow at the deadline
   * @throws AgerException.Interrupted if the thread is interrupted, whose flag stays set
   * @throws IOException if the channel says so
   */
  public void writeTo(WritableByteChannel to, Duration deadline) throws IOException {
    Transfer.write(extent.memory(), segment(), to, Deadline.in(deadline));
  }

  /**
   * As {@link #writeTo(WritableByteChannel, Duration)}, to a place in a file, whose position stays.
   *
   * @throws IllegalArgumentException if the position is negative
   */
  public void writeTo(FileChannel to, long position, Duration deadline) throws IOException {
    Transfer.write(extent.memory(), segment(), to, position, Deadline.in(deadline));
  }

  /** What it holds, or held before it was closed. */
  public Extent extent() {
    return extent;
  }

  /** Lets go of the extent. Further calls do nothing. */
  @Override
  public void close() {
    Crowd counted = crowd;
    if (counted != null) {
      crowd = null;
      if (taken != null) {
        taken.closed();
        Reference.reachabilityFence(this);
      }
      if (counted == Crowd.NONE) {
        extent.unpin();
      } else {
        counted.leave(extent);
      }
    }
  }
}
