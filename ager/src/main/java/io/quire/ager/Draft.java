package io.quire.ager;

import io.quire.base.Checksum;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * An extent in the making: private, pinned and writable. {@link #seal} makes it immutable; {@link
 * #close} lets go of it, sealed or not, so a draft belongs in a try-with-resources statement.
 * Confined to one thread at a time.
 */
public final class Draft implements AutoCloseable {
  private final Memory memory;
  private final Frame frame;
  private @Nullable Extent sealed;
  private boolean closed;

  Draft(Memory memory, Frame frame) {
    this.memory = memory;
    this.frame = frame;
  }

  /**
   * The bytes, aligned to 4 KiB: writable and of unspecified content at first, read-only once
   * sealed. A segment that was taken before the seal must not be written afterwards; the ager
   * notices, and refuses to copy or loses the extent.
   */
  public MemorySegment segment() {
    checkOpen();
    return sealed == null ? memory.bytesOf(frame) : frame.view();
  }

  /** Makes the bytes immutable. The draft still holds them in memory until it is closed. */
  public Extent seal() {
    checkOpen();
    if (sealed != null) {
      throw new IllegalStateException("draft is sealed: extent=" + frame.id());
    }
    MemorySegment run = memory.runOf(frame);
    run.asSlice(frame.bytes()).fill((byte) 0);
    int crc = Checksum.of(memory.bytesOf(frame).asByteBuffer());
    sealed = memory.seal(frame, crc);
    return sealed;
  }

  /** Unpins the extent, or abandons the draft if it was not sealed. Further calls do nothing. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (sealed == null) {
      memory.drop(frame);
    }
    frame.unpin();
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("draft is closed: extent=" + frame.id());
    }
  }
}
