package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * One kind of copies in a store. {@link #write}, {@link #sync}, {@link #finish} and {@link #tidy}
 * are called by one thread at a time; the others by any.
 */
interface Shelf extends AutoCloseable {
  /**
   * Writes a copy. It can be read after the next {@link #sync}.
   *
   * @throws StoreFull if the capacity does not allow it
   * @throws IOException if it was not written, or not wholly; nothing refers to what was
   */
  Copy write(Body body) throws IOException;

  /** All copies written so far can be read, by others too, and survive what this shelf survives. */
  void sync() throws IOException;

  /** No more is appended to the current file. */
  void finish() throws IOException;

  /**
   * Reads the body and its padding into the run.
   *
   * @throws CorruptCopy if something else lies there or the file ends before it
   * @throws IOException if the store cannot tell
   */
  void read(Copy copy, MemorySegment run) throws IOException;

  /** The copy is not needed any more. Does no I/O. */
  void free(Copy copy);

  /** Does the I/O that {@link #free} has put off. */
  void tidy();

  @Override
  void close();
}
