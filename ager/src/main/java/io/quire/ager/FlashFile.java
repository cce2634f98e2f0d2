package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Reads and writes a file on flash in large aligned pieces. Any thread. */
final class FlashFile implements AutoCloseable {
  private static final long PIECE_BYTES = 4 << 20;

  private final Disk.File file;

  /** Takes ownership of the file. */
  FlashFile(Disk.File file) {
    this.file = file;
  }

  void write(long position, MemorySegment from) throws IOException {
    for (long at = 0; at < from.byteSize(); ) {
      int written = file.write(piece(from, at), position + at);
      at += wholeBlocks("write", written, position + at);
    }
  }

  /**
   * Fills the segment.
   *
   * @throws CorruptCopy if the file ends before that
   */
  void read(long position, MemorySegment into) throws IOException {
    for (long at = 0; at < into.byteSize(); ) {
      int read = file.read(piece(into, at), position + at);
      if (read < 0) {
        throw new CorruptCopy("file ends early: offset=" + (position + at));
      }
      at += wholeBlocks("read", read, position + at);
    }
  }

  /** Bytes that the file system has left. */
  long spaceLeft() throws IOException {
    return file.spaceLeft();
  }

  void force() throws IOException {
    file.force();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  private static ByteBuffer piece(MemorySegment segment, long at) {
    return segment.asSlice(at, Math.min(PIECE_BYTES, segment.byteSize() - at)).asByteBuffer();
  }

  /** Direct I/O can only go on at a block; what was done of a block more is done again. */
  private static long wholeBlocks(String what, int bytes, long position) throws IOException {
    int whole = bytes - bytes % StoreHeader.BYTES;
    if (whole == 0) {
      throw new IOException("short %s: offset=%d bytes=%d".formatted(what, position, bytes));
    }
    return whole;
  }
}
