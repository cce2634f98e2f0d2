package io.quire.datasets;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/** Takes the extents of one part, in any order. Confined to the thread of the load function. */
public interface ExtentSink {
  /**
   * Groups from this number on are kept aside: no scan sees them, and their rows do not count. For
   * what a load leaves out; {@link Datasets#readAside} gives it back.
   */
  int ASIDE = 1 << 30;

  /**
   * Makes an extent. May wait for memory.
   *
   * @param group row group, counted within the part, at least 0
   * @param column at least 0; each column of a group once
   * @param rows how many rows the extent has; the columns of a group should agree
   * @param bytes its size, 1 to the ager's largest extent
   * @param fill writes all bytes of the segment, whose content is unspecified before; it is only
   *     valid during the call
   */
  void extent(int group, int column, long rows, long bytes, Consumer<MemorySegment> fill);
}
