package io.quire.ager;

import java.util.List;

/**
 * What a search found in the durable containers of an ager's stores.
 *
 * @param files those that were looked at, store by store, in the order of their names
 * @param complete whether it came to an end before its deadline, and could read all that there is
 */
public record Orphans(List<Found> files, boolean complete) {
  public Orphans {
    files = List.copyOf(files);
  }

  /** What becomes of a container. */
  public enum Verdict {
    /** Nobody needs anything in it: it may go, and is gone if that was asked for. */
    ORPHAN,
    /** Somebody needs a copy in it. */
    NEEDED,
    /** A copy in it was made by others than the one who asks, or it is not known for whom. */
    OF_OTHERS,
    /** Its writer lives, and gives up copies itself. */
    LIVING,
    /** Something in it does not verify: it is for a person to look at. */
    DAMAGED,
    /** It could not be read, or not in time. */
    UNREADABLE
  }

  /**
   * One container.
   *
   * @param bytes length of the file
   * @param unneededBytes of copies in it that nobody needs, headers and padding included, as far as
   *     it was looked at
   * @param why in words, where the verdict does not say all
   */
  public record Found(
      String store, String file, long bytes, Verdict verdict, long unneededBytes, String why) {}

  /** How many files there are of a verdict. */
  public long count(Verdict verdict) {
    return files.stream().filter(found -> found.verdict == verdict).count();
  }

  /** How long all files of a verdict are together. */
  public long bytes(Verdict verdict) {
    return files.stream().filter(found -> found.verdict == verdict).mapToLong(Found::bytes).sum();
  }
}
