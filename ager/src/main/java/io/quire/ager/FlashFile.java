package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Reads and writes a file on flash in large aligned pieces. Any thread. */
final class FlashFile implements AutoCloseable {
  private static final long CALL_BYTES = 4 << 20;

  private final Disk.File file;

  /** Takes ownership of the file. */
  FlashFile(Disk.File file) {
    this.file = file;
  }

  /** Writes the pieces one after the other. */
  void write(long position, List<MemorySegment> pieces) throws IOException {
    long bytes = bytes(pieces);
    for (long at = 0; at < bytes; ) {
      long written = file.write(rest(pieces, at), position + at);
      at += wholeBlocks("write", written, position + at);
    }
  }

  void write(long position, MemorySegment from) throws IOException {
    write(position, List.of(from));
  }

  /**
   * Fills the pieces one after the other.
   *
   * @throws CorruptCopy if the file ends before that
   */
  void read(long position, List<MemorySegment> pieces) throws IOException {
    long bytes = bytes(pieces);
    for (long at = 0; at < bytes; ) {
      long read = file.read(rest(pieces, at), position + at);
      if (read < 0) {
        throw new CorruptCopy("file ends early: offset=" + (position + at));
      }
      at += wholeBlocks("read", read, position + at);
    }
  }

  /** Fills the segment, as {@link #read(long, List)} does. */
  void read(long position, MemorySegment into) throws IOException {
    read(position, List.of(into));
  }

  private static long bytes(List<MemorySegment> pieces) {
    return pieces.stream().mapToLong(MemorySegment::byteSize).sum();
  }

  /** What comes after so many bytes, as far as it fits into one call. */
  private static ByteBuffer[] rest(List<MemorySegment> pieces, long done) {
    List<ByteBuffer> rest = new ArrayList<>();
    long skip = done;
    long room = CALL_BYTES;
    for (MemorySegment piece : pieces) {
      long from = Math.min(skip, piece.byteSize());
      skip -= from;
      long length = Math.min(piece.byteSize() - from, room);
      if (length > 0) {
        rest.add(piece.asSlice(from, length).asByteBuffer());
        room -= length;
      }
    }
    return rest.toArray(ByteBuffer[]::new);
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

  /** Direct I/O can only go on at a block; what was done of a block more is done again. */
  private static long wholeBlocks(String what, long bytes, long position) throws IOException {
    long whole = bytes - bytes % StoreHeader.BYTES;
    if (whole == 0) {
      throw new IOException("short %s: offset=%d bytes=%d".formatted(what, position, bytes));
    }
    return whole;
  }
}
