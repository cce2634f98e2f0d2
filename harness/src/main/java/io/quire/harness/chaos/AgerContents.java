package io.quire.harness.chaos;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What an extent holds: bytes that follow from its key alone, so that nobody has to remember them,
 * and no two extents, nor two places of one, look alike.
 */
final class AgerContents {
  private static final long STEP = 0x9E3779B97F4A7C15L;

  private AgerContents() {}

  private static long word(long key, long index) {
    long mixed = key + index * STEP;
    mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }

  private static byte tail(long key, long at) {
    return (byte) word(key, at);
  }

  static void fill(MemorySegment segment, long key) {
    long words = segment.byteSize() / Long.BYTES;
    for (long i = 0; i < words; i++) {
      segment.set(ValueLayout.JAVA_LONG_UNALIGNED, i * Long.BYTES, word(key, i));
    }
    for (long at = words * Long.BYTES; at < segment.byteSize(); at++) {
      segment.set(ValueLayout.JAVA_BYTE, at, tail(key, at));
    }
  }

  /** Where the first wrong bytes are; -1 if there are none. */
  static long firstWrong(MemorySegment segment, long key) {
    long words = segment.byteSize() / Long.BYTES;
    for (long i = 0; i < words; i++) {
      if (segment.get(ValueLayout.JAVA_LONG_UNALIGNED, i * Long.BYTES) != word(key, i)) {
        return i * Long.BYTES;
      }
    }
    for (long at = words * Long.BYTES; at < segment.byteSize(); at++) {
      if (segment.get(ValueLayout.JAVA_BYTE, at) != tail(key, at)) {
        return at;
      }
    }
    return -1;
  }
}
