package io.quire.ager;

/**
 * Where a spilled copy lies, in one word that only its shelf can read: 44 bits of the shelf's own,
 * and how many pages the copy takes there, header and padding included.
 */
final class Place {
  static final long NOWHERE = -1;

  private static final int PAGES_BITS = 19;
  private static final long PAGES_MAX = (1L << PAGES_BITS) - 1;
  private static final long WHERE_MAX = (1L << (Long.SIZE - 1 - PAGES_BITS)) - 1;

  private Place() {}

  static long of(long where, long pages) {
    if (where < 0 || where > WHERE_MAX || pages < 1 || pages > PAGES_MAX) {
      throw new IllegalArgumentException(
          "no such place: where=%d pages=%d".formatted(where, pages));
    }
    return where << PAGES_BITS | pages;
  }

  static long where(long place) {
    return place >> PAGES_BITS;
  }

  static long pages(long place) {
    return place & PAGES_MAX;
  }
}
