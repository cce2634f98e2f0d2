package io.quire.base;

/**
 * A log position: the only order there is. It names a record by the index of its Raft entry and its
 * slot in that entry's frame, and is packed into one {@code long} so that positions compare as
 * numbers. {@link #NONE} lies before every record. Versions of cells and epochs' birthdays are
 * positions.
 */
public final class Position {
  /** Before every record. */
  public static final long NONE = 0;

  /** A frame holds at most this many records. */
  public static final int SLOTS_MAX = 1 << 16;

  private static final int SLOT_BITS = 16;

  private Position() {}

  /**
   * The position of a slot of the frame at a Raft index.
   *
   * @param index 0 to 2<sup>47</sup> - 1
   * @param slot 0 to {@link #SLOTS_MAX} - 1
   * @throws IllegalArgumentException for any other
   */
  public static long of(long index, int slot) {
    if (index < 0 || index >= 1L << (63 - SLOT_BITS) || slot < 0 || slot >= SLOTS_MAX) {
      throw new IllegalArgumentException("not a position: index=" + index + " slot=" + slot);
    }
    return index << SLOT_BITS | slot;
  }

  /** The Raft index of the frame in which it stands. */
  public static long index(long position) {
    return position >>> SLOT_BITS;
  }

  /** Where in its frame it stands; 0 is the first. */
  public static int slot(long position) {
    return (int) (position & (SLOTS_MAX - 1));
  }

  /**
   * Reads {@code index.slot}, or an index alone, which stands for its first slot.
   *
   * @throws IllegalArgumentException for any other text
   */
  public static long parse(String text) {
    int dot = text.indexOf('.');
    try {
      return dot < 0
          ? of(Long.parseLong(text), 0)
          : of(Long.parseLong(text.substring(0, dot)), Integer.parseInt(text.substring(dot + 1)));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not a position: found=" + text + " wanted=INDEX or INDEX.SLOT", e);
    }
  }

  /** For people: {@code index.slot}. */
  public static String text(long position) {
    return index(position) + "." + slot(position);
  }
}
