package io.quire.ager;

import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;

/**
 * Spilled copies, which need not survive the process. A copy is known by its {@link Place}; the
 * shelf remembers nothing of it. {@link #write} and {@link #tidy} are called by {@link #writers}
 * threads at a time, {@link #tidy} by one of them; the others by any.
 */
interface SpillShelf extends AutoCloseable {
  /** How many threads may write or tidy at a time. */
  int writers();

  /**
   * Writes those of the batch that lie nowhere, small ones together, and gives each that was
   * written its place. What is left has a failure; nothing refers to what was written of it.
   */
  void write(SpillBatch batch);

  /** Reads and verifies all; each that could not be read says why. */
  void read(List<SpillRead> reads);

  /**
   * Reads a copy piece by piece, and verifies it. Any thread.
   *
   * @throws CorruptCopy if it is not what was written
   * @throws IOException if that cannot be told
   */
  void verify(long place, Body wanted) throws IOException;

  /** Bytes of free space in files, which can be had besides what the capacity still allows. */
  long freeBytes();

  /** Whether more space than that in files can be had, as far as is known. */
  boolean mayGrow();

  /**
   * Whether what {@link #free} gives back can be written at once. If not, it is given back a file
   * at a time, when nothing of the file is needed any more.
   */
  boolean freesAtOnce();

  /**
   * The file that is best given back by writing elsewhere what is needed of it; empty if there is
   * none. Any thread.
   *
   * @param sparse only one of which less than half is needed
   */
  OptionalLong toEmpty(boolean sparse);

  /** Whether a copy lies in that file. Any thread. */
  boolean isIn(long place, long file);

  /** As {@link #free}, and the place is used again only after it was tried. Does no I/O. */
  void quarantine(long place);

  /** Bytes in quarantine. */
  long badBytes();

  /** The copy is not needed any more. Does no I/O. */
  void free(long place);

  /** Does the I/O that {@link #free} has put off. */
  void tidy();

  /** A name for what lies there, for messages. */
  Copy describe(long place, Body body);

  /** What is failing of this shelf while the rest of it works; empty if nothing is. */
  String ailing();

  @Override
  void close();
}
