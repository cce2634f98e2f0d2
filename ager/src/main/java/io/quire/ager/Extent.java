package io.quire.ager;

/**
 * The handle of a sealed, immutable block of bytes. It stands for the extent in this process only,
 * may be shared between threads, and holds no memory by itself: {@link Ager#pin} does. Two handles
 * are equal only if they are the same.
 */
public final class Extent {
  private final long id;
  private final long bytes;
  private final int crc;
  private final Frame frame;

  Extent(Frame frame, int crc) {
    this.id = frame.id();
    this.bytes = frame.bytes();
    this.crc = crc;
    this.frame = frame;
  }

  /** Unique among the extents of this {@link Ager}. */
  public long id() {
    return id;
  }

  public long bytes() {
    return bytes;
  }

  /** CRC32C of the bytes. */
  public int crc() {
    return crc;
  }

  Frame frame() {
    return frame;
  }

  @Override
  public String toString() {
    return "extent %d (%d bytes, crc %08x)".formatted(id, bytes, crc);
  }
}
