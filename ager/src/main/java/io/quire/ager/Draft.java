package io.quire.ager;

import io.quire.base.Checksum;
import java.lang.foreign.MemorySegment;

/**
 * An extent in the making: private, pinned and writable. {@link #seal} makes it immutable; {@link
 * #close} lets go of it, sealed or not, so a draft belongs in a try-with-resources statement.
 * Confined to one thread at a time.
 */
public final class Draft implements AutoCloseable {
  private final Memory memory;
  private final Extent extent;
  private boolean sealed;
  private boolean closed;

  Draft(Memory memory, Extent extent) {
    this.memory = memory;
    this.extent = extent;
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

  /** Makes the bytes immutable. The draft still holds them in memory until it is closed. */
  public Extent seal() {
    checkOpen();
    if (sealed) {
      throw new IllegalStateException("draft is sealed: extent=" + extent.id());
    }
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
    if (!sealed) {
      memory.drop(extent);
    }
    extent.unpin();
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("draft is closed: extent=" + extent.id());
    }
  }
}
