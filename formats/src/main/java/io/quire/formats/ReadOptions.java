package io.quire.formats;

import java.util.List;

/**
 * How splits are read. {@link #DEFAULTS} has the usual values, the {@code with} methods change one.
 * What is out of range is a {@link FormatsException.BadRequest}.
 *
 * @param columns those that are wanted, in that order, each once; none are all
 * @param batchRows most rows of a batch, 1 to 2^24
 * @param batchBytes most bytes of values in a batch, 1 KiB to 1 GiB; one row that is larger makes a
 *     batch by itself
 * @param recordBytes of the largest record of a format of lines, 1 KiB to 256 MiB; a longer line is
 *     a bad row
 * @param badRows how many are borne
 */
public record ReadOptions(
    List<String> columns, int batchRows, long batchBytes, int recordBytes, BadRowLimit badRows) {
  /** All columns; 65,536 rows and 16 MiB a batch, 16 MiB a record, no bad rows. */
  public static final ReadOptions DEFAULTS =
      new ReadOptions(List.of(), 1 << 16, 16 << 20, 16 << 20, BadRowLimit.NONE);

  public ReadOptions {
    columns = List.copyOf(columns);
    within("batchRows", batchRows, 1, 1 << 24);
    within("batchBytes", batchBytes, 1 << 10, 1 << 30);
    within("recordBytes", recordBytes, 1 << 10, 256 << 20);
    if (columns.stream().distinct().count() < columns.size()) {
      throw new FormatsException.BadRequest("column twice: columns=" + columns);
    }
  }

  /** As these, of these columns in this order; of all, if there are none. */
  public ReadOptions withColumns(List<String> wanted) {
    return new ReadOptions(wanted, batchRows, batchBytes, recordBytes, badRows);
  }

  /**
   * As these, with batches of at most so many rows, 1 to 2<sup>24</sup>, and bytes, 1 KiB to 1 GiB.
   */
  public ReadOptions withBatch(int rows, long bytes) {
    return new ReadOptions(columns, rows, bytes, recordBytes, badRows);
  }

  /** As these, with records of at most so many bytes: 1 KiB to 256 MiB. */
  public ReadOptions withRecordBytes(int bytes) {
    return new ReadOptions(columns, batchRows, batchBytes, bytes, badRows);
  }

  /** As these, with so many bad rows in each split. */
  public ReadOptions withBadRows(BadRowLimit limit) {
    return new ReadOptions(columns, batchRows, batchBytes, recordBytes, limit);
  }

  private static void within(String name, long found, long min, long max) {
    if (found < min || found > max) {
      throw new FormatsException.BadRequest(
          "out of range: name=%s found=%d min=%d max=%d".formatted(name, found, min, max));
    }
  }
}
