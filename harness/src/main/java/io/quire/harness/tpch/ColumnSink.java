package io.quire.harness.tpch;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/** Where the columns of a part go: whoever implements it finds memory for one block at a time. */
@FunctionalInterface
public interface ColumnSink {
  /**
   * Takes one column of one row group. Called on the loading thread, groups ascending from 0 and
   * within each the columns ascending. {@code fill} writes a segment of exactly {@code bytes}
   * bytes; it may be called until this method returns, not afterwards, for the values behind it are
   * then overwritten.
   *
   * @param group number of the row group within the part
   * @param rows rows of that group, at least 1
   * @param column ordinal of the {@link Lineitem} column
   */
  void column(int group, int rows, int column, long bytes, Consumer<MemorySegment> fill)
      throws IOException, InterruptedException;
}
