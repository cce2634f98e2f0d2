package io.quire.ager;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory that lies apart, and side by side in a file: large pieces where they are, small ones in a
 * buffer. A disk takes one of the first without a copy, which spares the processor; of the second
 * it takes many together faster than each (measured: decision 45). Confined to one thread.
 */
final class Pieces {
  /** From here on a piece is large. */
  static final long LARGE_BYTES = 64 << 10;

  private final List<MemorySegment> all = new ArrayList<>();
  private MemorySegment buffer = MemorySegment.NULL;
  private long filled;
  private long bytes;

  /** Whether the last piece is the end of what is filled. */
  private boolean growing;

  boolean hasBuffer() {
    return buffer.byteSize() > 0;
  }

  /** Where small ones lie from now on; it has room for all of them. */
  void useBuffer(MemorySegment free) {
    buffer = free;
  }

  MemorySegment buffer() {
    return buffer;
  }

  /** The next bytes, in the buffer. */
  MemorySegment space(long length) {
    MemorySegment space = buffer.asSlice(filled, length);
    long before = growing ? all.removeLast().byteSize() : 0;
    all.add(buffer.asSlice(filled - before, before + length));
    filled += length;
    bytes += length;
    growing = true;
    return space;
  }

  /** The next bytes, where they are. */
  void add(MemorySegment large) {
    all.add(large);
    bytes += large.byteSize();
    growing = false;
  }

  /** In the order of the file. */
  List<MemorySegment> all() {
    return all;
  }

  long bytes() {
    return bytes;
  }
}
