package io.quire.formats;

/**
 * How much of the input is looked at to find a schema.
 *
 * @param files most files, spread evenly over all; 1 at least
 * @param rows most rows of each; 1 at least
 * @param decimals whether numbers with a point become decimals, of as many digits as were seen, and
 *     not doubles
 */
public record Sampling(int files, int rows, boolean decimals) {
  /** 8 files, 10,000 rows of each, doubles. */
  public static final Sampling DEFAULTS = new Sampling(8, 10_000, false);

  public Sampling {
    if (files < 1 || rows < 1) {
      throw new FormatsException.BadRequest("not a sample: files=" + files + " rows=" + rows);
    }
  }

  /** As this one, with numbers with a point as decimals, or as doubles. */
  public Sampling withDecimals(boolean wanted) {
    return new Sampling(files, rows, wanted);
  }
}
