package io.quire.ager;

import io.quire.base.Checksum;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An extent in the making: private, pinned and writable. {@link #seal} makes it immutable; {@link
 * #close} lets go of it, sealed or not, so a draft belongs in a try-with-resources statement.
 * Confined to one thread at a time.
 */
public final class Draft implements AutoCloseable {
  private final Memory memory;
  private final Extent extent;
  private final PinTrace.@Nullable Taken taken;
  private boolean sealed;
  private boolean closed;

  Draft(Memory memory, Extent extent) {
    this.memory = memory;
    this.extent = extent;
    taken = memory.pinTrace().taken(this, PinTrace.Kind.DRAFT, extent, null);
  }

  /**
   * The bytes, aligned to 4 KiB: writable and of unspecified content at first, read-only once
   * sealed. A segment that was taken before the seal must not be written afterwards; the ager
   * notices, and refuses to copy or loses the extent.
   */
  public MemorySegment segment() {
    checkOpen();
    return sealed ? extent.view() : extent.run().asSlice(0, extent.bytes());
  }

  /**
   * Reads the whole of it from a channel, as many bytes as it has, straight into its memory; in
   * small portions if that is how they come. What the channel has behind them stays there. When
   * this fails the draft is as open as before, its content is unspecified, and it may be filled
   * again.
   *
   * <p>An interrupt ends it. If it comes while the channel waits, the channel is closed by that, as
   * channels are; before, the channel is left alone. At the deadline a channel that may wait for
   * ever (a socket, a pipe: each {@link java.nio.channels.InterruptibleChannel} but files) is
   * closed, because nothing else ends that; others are asked for at most 4 MiB at a time, and not
   * any more after the deadline.
   *
   * @throws IllegalStateException if it was sealed or closed, or the ager is closed meanwhile
   * @throws java.nio.channels.IllegalBlockingModeException if the channel does not block
   * @throws AgerException.InputTooShort if the channel ends before
   * @throws AgerException.TransferTooSlow at the deadline
   * @throws AgerException.Interrupted if the thread is interrupted, whose flag stays set
   * @throws IOException if the channel says so
   */
  public void fill(ReadableByteChannel from, Duration deadline) throws IOException {
    Transfer.read(memory, from, unsealed(), Deadline.in(deadline));
  }

  /**
   * As {@link #fill(ReadableByteChannel, Duration)}, from a place in a file, whose position stays.
   *
   * @throws IllegalArgumentException if the position is negative
   */
  public void fill(FileChannel from, long position, Duration deadline) throws IOException {
    Transfer.read(memory, from, position, unsealed(), Deadline.in(deadline));
  }

  private MemorySegment unsealed() {
    checkUnsealed();
    return segment();
  }

  /** Makes the bytes immutable. The draft still holds them in memory until it is closed. */
  public Extent seal() {
    checkUnsealed();
    MemorySegment run = extent.run();
    run.asSlice(extent.bytes()).fill((byte) 0);
    int crc = Checksum.of(run.asSlice(0, extent.bytes()).asByteBuffer());
    memory.seal(extent, crc);
    sealed = true;
    return extent;
  }

  /** Unpins the extent, or abandons the draft if it was not sealed. Further calls do nothing. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (taken != null) {
      taken.closed();
      Reference.reachabilityFence(this);
    }
    if (!sealed) {
      memory.drop(extent);
    }
    extent.unpin();
  }

  private void checkUnsealed() {
    checkOpen();
    if (sealed) {
      throw new IllegalStateException("draft is sealed: extent=" + extent.id());
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("draft is closed: extent=" + extent.id());
    }
  }
}
