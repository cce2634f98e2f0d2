package io.quire.ager;

/**
 * How often each extent was used of late, up to 15. All counts are halved whenever ten times as
 * many uses were counted as there are extents to choose from. 2 bytes for each slot.
 */
final class Frequencies {
  /*
   * Each count carries the number of halvings that it has seen, in 12 bits, and catches up when it is
   * looked at: there is no walk over all of them. One that nobody looked at for 4,096 halvings may be
   * taken for a newer one.
   */
  private static final int COUNT_BITS = 4;
  private static final int MAX = (1 << COUNT_BITS) - 1;
  private static final int USES_BETWEEN = 10;
  private static final int USES_AT_LEAST = 256;

  private short[] counts = {};
  private int halvings;
  private long uses;

  /**
   * @param choice how many extents there are to choose from
   */
  void increment(int slot, int choice) {
    if (slot >= counts.length) {
      counts = SlotArrays.grown(counts, slot + 1);
    }
    int count = of(slot);
    if (count < MAX) {
      uses++;
      count++;
    }
    counts[slot] = (short) (halvings << COUNT_BITS | count);
    if (uses >= Math.max(USES_AT_LEAST, (long) USES_BETWEEN * choice)) {
      uses /= 2;
      halvings++;
    }
  }

  int of(int slot) {
    int word = Short.toUnsignedInt(counts[slot]);
    int missed = (halvings - (word >> COUNT_BITS)) & (0xffff >> COUNT_BITS);
    return missed > COUNT_BITS ? 0 : (word & MAX) >> missed;
  }

  void remove(int slot) {
    if (slot < counts.length) {
      counts[slot] = 0;
    }
  }
}
