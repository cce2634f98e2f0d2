package io.quire.datasets;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;

/** Numbers from 0 in as few bytes as they need: seven bits each, the lowest first. */
final class Varint {
  private static final int BITS = 7;
  private static final int MORE = 0x80;
  private static final int SHIFT_MAX = 56;

  private Varint() {}

  static void write(WireWriter out, long value) {
    if (value < 0) {
      throw new IllegalArgumentException("a negative number: value=" + value);
    }
    long left = value;
    while (left >= MORE) {
      out.int8((int) left | MORE);
      left >>>= BITS;
    }
    out.int8((int) left);
  }

  static long read(WireReader in) {
    long value = 0;
    for (int shift = 0; shift <= SHIFT_MAX; shift += BITS) {
      int next = in.int8();
      value |= (long) (next & (MORE - 1)) << shift;
      if ((next & MORE) == 0) {
        return value;
      }
    }
    throw new MalformedException("a number of more than nine bytes");
  }

  static int readInt(WireReader in) {
    return readInt(in, Integer.MAX_VALUE);
  }

  /** Reads a number that is at most {@code max}. */
  static int readInt(WireReader in, int max) {
    long value = read(in);
    if (value > max) {
      throw new MalformedException("number out of range: found=" + value + " max=" + max);
    }
    return (int) value;
  }
}
