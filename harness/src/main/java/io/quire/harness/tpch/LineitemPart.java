package io.quire.harness.tpch;

import io.trino.tpch.Distributions;
import io.trino.tpch.LineItem;
import io.trino.tpch.LineItemGenerator;
import io.trino.tpch.TextPool;
import java.io.IOException;
import java.util.function.Supplier;

/**
 * Part {@code part} (from 1) of {@code parts} of lineitem at a scale. The parts of one table hold
 * its rows in order, each once, whatever their number; so nodes generate without talking to each
 * other. One core makes some 2 million rows a second.
 *
 * @param rowsPerGroup rows of each group; the last of a part may have fewer
 * @param commentPoolBytes how much text the comments are cut from. Only {@link #COMMENT_POOL_BYTES}
 *     gives the comments of TPC-H; it takes a second or two to make, once for all parts of a
 *     process, and as much heap in one array, which the generator lets go when heap runs short
 *     after it. With less, the comments are others of the same lengths, and no other column
 *     changes.
 */
public record LineitemPart(
    double scale, int part, int parts, int rowsPerGroup, int commentPoolBytes) {
  public static final int ROWS_PER_GROUP = 32_768;
  public static final int COMMENT_POOL_BYTES = 300 << 20;

  private static final int LEAST_COMMENT_POOL_BYTES = 64 << 10;
  // Below it, some tables have no row at all and keys are drawn from nothing.
  private static final double LEAST_SCALE = 0.001;

  public LineitemPart {
    if (!(scale >= LEAST_SCALE) || Double.isInfinite(scale)) {
      throw new IllegalArgumentException("scale: found=" + scale + " least=" + LEAST_SCALE);
    }
    if (part < 1 || part > parts) {
      throw new IllegalArgumentException("no such part: part=" + part + " parts=" + parts);
    }
    if (rowsPerGroup < 1 || rowsPerGroup > ColumnLayout.MAX_ROWS) {
      throw new IllegalArgumentException(
          "rows per group: found=" + rowsPerGroup + " most=" + ColumnLayout.MAX_ROWS);
    }
    if (commentPoolBytes < LEAST_COMMENT_POOL_BYTES || commentPoolBytes > COMMENT_POOL_BYTES) {
      throw new IllegalArgumentException(
          "comment pool: bytes=%d least=%d most=%d"
              .formatted(commentPoolBytes, LEAST_COMMENT_POOL_BYTES, COMMENT_POOL_BYTES));
    }
  }

  /** A part in groups of {@link #ROWS_PER_GROUP}, with the comments of TPC-H. */
  public static LineitemPart of(double scale, int part, int parts) {
    return new LineitemPart(scale, part, parts, ROWS_PER_GROUP, COMMENT_POOL_BYTES);
  }

  public LineitemPart withRowsPerGroup(int rows) {
    return new LineitemPart(scale, part, parts, rows, commentPoolBytes);
  }

  public LineitemPart withCommentPool(int bytes) {
    return new LineitemPart(scale, part, parts, rowsPerGroup, bytes);
  }

  /**
   * Generates the part and hands every column of every row group to the sink. An interrupt is
   * noticed between two groups.
   *
   * @return the rows of the part
   */
  public long load(ColumnSink sink) throws IOException, InterruptedException {
    RowGroup buffer = new RowGroup(rowsPerGroup);
    long rows = 0;
    int group = 0;
    for (LineItem row : rows()) {
      buffer.add(row);
      if (buffer.rows() == rowsPerGroup) {
        rows += drain(buffer, group++, sink);
      }
    }
    if (buffer.rows() > 0) {
      rows += drain(buffer, group, sink);
    }
    return rows;
  }

  LineItemGenerator rows() {
    return new LineItemGenerator(
        scale, part, parts, Distributions.getDefaultDistributions(), commentPool());
  }

  private Supplier<TextPool> commentPool() {
    if (commentPoolBytes == COMMENT_POOL_BYTES) {
      return TextPool.getDefaultTextPool();
    }
    TextPool pool = new TextPool(commentPoolBytes, Distributions.getDefaultDistributions());
    return () -> pool;
  }

  private static int drain(RowGroup buffer, int group, ColumnSink sink)
      throws IOException, InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("interrupted while loading: group=" + group);
    }
    int rows = buffer.rows();
    for (Lineitem column : Lineitem.values()) {
      sink.column(
          group, rows, column.ordinal(), buffer.bytes(column), block -> buffer.fill(column, block));
    }
    buffer.clear();
    return rows;
  }
}
