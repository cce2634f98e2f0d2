package io.quire.datasets;

/**
 * Names a version of a dataset to whoever has that one or a later one: each version begins with all
 * that the one before has.
 *
 * @param extents how many it has
 * @param checksum of these, in their order
 */
public record DatasetVersion(int extents, int checksum) {
  public DatasetVersion {
    if (extents < 0) {
      throw new IllegalArgumentException("not a version: extents=" + extents);
    }
  }
}
