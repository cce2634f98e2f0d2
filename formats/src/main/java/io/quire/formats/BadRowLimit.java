package io.quire.formats;

/**
 * How many bad rows a source bears. It is judged for each split by itself, so a load may have more.
 *
 * @param count most of them
 * @param share most of them as a share of all rows of a split, 0 to 1; judged at the end of the
 *     split, and before as soon as the split has {@link #ROWS_JUDGED} rows
 */
public record BadRowLimit(long count, double share) {
  /** Fewer rows tell nothing about a share. */
  public static final long ROWS_JUDGED = 1_000;

  /** None at all. */
  public static final BadRowLimit NONE = new BadRowLimit(0, 1);

  /** Any number. */
  public static final BadRowLimit ANY = new BadRowLimit(Long.MAX_VALUE, 1);

  public BadRowLimit {
    if (count < 0 || !(share >= 0 && share <= 1)) {
      throw new FormatsException.BadRequest(
          "not a limit of bad rows: count=" + count + " share=" + share);
    }
  }

  /** At most so many. */
  public static BadRowLimit ofCount(long count) {
    return new BadRowLimit(count, 1);
  }

  /** At most so large a share. */
  public static BadRowLimit ofShare(double share) {
    return new BadRowLimit(Long.MAX_VALUE, share);
  }

  boolean passed(long bad, long rows, boolean ended) {
    return bad > count || (bad > 0 && (ended || rows >= ROWS_JUDGED) && bad > share * rows);
  }
}
