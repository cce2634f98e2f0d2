package io.quire.ager;

import java.util.Arrays;

/**
 * Arrays indexed by slot grow by an eighth, so that an eighth at most is spare: to copy each number
 * some eight times costs nothing beside what was done to get there.
 */
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

  static double[] grown(double[] array, int wanted) {
    return Arrays.copyOf(array, length(array.length, wanted));
  }

  /** How long an array of so many is to be, when it has to be longer. */
  static int length(int now, int wanted) {
    return Math.max(Math.max(FIRST, wanted), Math.addExact(now, now / 8));
  }
}
