package io.quire.ager;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The handle of a sealed, immutable block of bytes. It stands for the extent in this process only,
 * may be shared between threads, and holds no memory by itself: {@link Ager#pin} does. Two handles
 * are equal only if they are the same.
 */
public final class Extent extends Frame {
  Extent(Memory memory, long id, int bytes) {
    super(memory, id, bytes);
  }

  /** What is written of it, or read, while it is pinned or on its way in. */
  Body body() {
    return new Body(id(), run(), bytes(), crc());
  }

  /** As {@link #body}, for messages, wherever the bytes are. */
  Body described() {
    return new Body(id(), MemorySegment.NULL, bytes(), crc());
  }

  /** Sooner told than where an object lies. */
  @Override
  public int hashCode() {
    return Long.hashCode(id());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other;
  }

  @Override
  public String toString() {
    return "extent %d (%d bytes, crc %08x)".formatted(id(), bytes(), crc());
  }
}
