package io.quire.columns;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.apache.arrow.memory.ArrowBuf;

/** Arrow's buffers as segments, and numbers in them. */
final class Memory {
  static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Memory() {}

  /**
   * The first bytes of a buffer. They must not be used after the buffer is released.
   *
   * @throws IllegalArgumentException if the buffer is shorter
   */
  static MemorySegment of(ArrowBuf buffer, long bytes) {
    if (bytes > buffer.capacity()) {
      throw new IllegalArgumentException(
          "buffer is too short: bytes=" + buffer.capacity() + " wanted=" + bytes);
    }
    return MemorySegment.ofAddress(buffer.memoryAddress()).reinterpret(bytes);
  }

  static long bitmapBytes(long bits) {
    return (bits + 7) >>> 3;
  }

  /** Sixty-four bits of a bitmap, of which those from {@code bits} on are zero. */
  static long word(MemorySegment bitmap, long index, long bits) {
    long at = index << 3;
    long left = bits - (index << 6);
    if (left >= 64) {
      return bitmap.get(LONG, at);
    }
    long word = 0;
    for (long i = 0; i < bitmapBytes(left); i++) {
      word |= (bitmap.get(BYTE, at + i) & 0xffL) << (i << 3);
    }
    return word & ((1L << left) - 1);
  }

  static int words(int bits) {
    return (int) ((bits + 63L) >>> 6);
  }

  /** How many of the first bits are set. */
  static long count(MemorySegment bitmap, long bits) {
    long count = 0;
    for (long i = 0; i << 6 < bits; i++) {
      count += Long.bitCount(word(bitmap, i, bits));
    }
    return count;
  }
}
