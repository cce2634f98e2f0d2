package io.quire.ns;

/**
 * How much a namespace may hold. What does not make it more always passes, so that a quota may be
 * set below what there is.
 *
 * @param objects that have a name; those that were deleted and wait for their last reference do not
 *     count
 * @param bytes of their values; the extents of datasets do not count
 */
public record Quota(long objects, long bytes) {
  /** As much as the cluster allows. */
  public static final Quota NONE = new Quota(Long.MAX_VALUE, Long.MAX_VALUE);

  /** Refuses less than nothing. */
  public Quota {
    if (objects < 0 || bytes < 0) {
      throw new IllegalArgumentException(
          "quota out of range: objects=%d bytes=%d allowed=0..%d"
              .formatted(objects, bytes, Long.MAX_VALUE));
    }
  }
}
