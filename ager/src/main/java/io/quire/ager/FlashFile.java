package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Reads and writes headers and bodies of a file on flash, in large aligned pieces. */
final class FlashFile implements AutoCloseable {
  private static final long PIECE_BYTES = 4 << 20;

  /** Bodies up to this size travel with their header in one piece; larger ones are not copied. */
  private static final long STAGED_BYTES = 256 << 10;

  /** One for each of the few threads that do I/O. */
  private static final ThreadLocal<MemorySegment> STAGING =
      ThreadLocal.withInitial(
          () -> Arena.ofAuto().allocate(StoreHeader.BYTES + STAGED_BYTES, StoreHeader.BYTES));

  private final Disk.File file;

  FlashFile(Disk.File file) {
    this.file = file;
  }

  /** Writes the header at the position and the run behind it. */
  void write(long position, StoreHeader header, MemorySegment run) throws IOException {
    MemorySegment staging = STAGING.get();
    header.encodeTo(staging);
    if (run.byteSize() <= STAGED_BYTES) {
      MemorySegment.copy(run, 0, staging, StoreHeader.BYTES, run.byteSize());
      write(position, staging.asSlice(0, StoreHeader.BYTES + run.byteSize()));
    } else {
      write(position, staging.asSlice(0, StoreHeader.BYTES));
      write(position + StoreHeader.BYTES, run);
    }
  }

  /** Reads a copy's run, after its header has been checked. */
  void read(Copy copy, MemorySegment run) throws IOException {
    MemorySegment staging = STAGING.get();
    if (run.byteSize() <= STAGED_BYTES) {
      read(copy.offset(), staging.asSlice(0, StoreHeader.BYTES + run.byteSize()));
      StoreHeader.check(staging, copy);
      MemorySegment.copy(staging, StoreHeader.BYTES, run, 0, run.byteSize());
    } else {
      read(copy.offset(), staging.asSlice(0, StoreHeader.BYTES));
      StoreHeader.check(staging, copy);
      read(copy.offset() + StoreHeader.BYTES, run);
    }
  }

  void write(long position, MemorySegment from) throws IOException {
    for (long at = 0; at < from.byteSize(); ) {
      int written = file.write(piece(from, at), position + at);
      at += wholeBlocks("write", written, position + at);
    }
  }

  void read(long position, MemorySegment into) throws IOException {
    for (long at = 0; at < into.byteSize(); ) {
      int read = file.read(piece(into, at), position + at);
      if (read < 0) {
        throw new CorruptCopy("file ends early: offset=" + (position + at));
      }
      at += wholeBlocks("read", read, position + at);
    }
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
