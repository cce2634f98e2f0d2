package io.quire.ager;

import java.util.Arrays;

/** Arrays indexed by slot grow by half, so that no call copies more than it has added. */
final class SlotArrays {
  private static final int FIRST = 64;

  private SlotArrays() {}

  static int[] grown(int[] array, int wanted) {
    return Arrays.copyOf(array, length(array.length, wanted));
  }

  static short[] grown(short[] array, int wanted) {
    return Arrays.copyOf(array, length(array.length, wanted));
  }

  static byte[] grown(byte[] array, int wanted) {
    return Arrays.copyOf(array, length(array.length, wanted));
  }

  private static int length(int now, int wanted) {
    return Math.max(Math.max(FIRST, wanted), now + now / 2);
  }
}
