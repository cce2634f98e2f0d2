package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Writes what lies side by side in a file, in large writes of several pieces, of which several are
 * in flight: headers and small bodies go by way of a buffer, large bodies out from where they are.
 * All lengths are multiples of 4 KiB. Confined to one thread; {@link #end} must be called.
 */
final class Outflow {
  private final Lanes lanes;
  private final FlashFile file;
  private final List<Future<?>> writes = new ArrayList<>();
  private Pieces next = new Pieces();
  private long position;
  private @Nullable IOException failure;

  /** Begins to write at the position. */
  Outflow(Lanes lanes, FlashFile file, long position) {
    this.lanes = lanes;
    this.file = file;
    this.position = position;
  }

  void header(StoreHeader header) throws IOException {
    header.encodeTo(space(StoreHeader.BYTES));
  }

  /** The run must stay as it is until {@link #end} has returned. */
  void run(MemorySegment run) throws IOException {
    if (run.byteSize() < Pieces.LARGE_BYTES) {
      gather(run);
      return;
    }
    for (long at = 0; at < run.byteSize(); ) {
      long length = Math.min(run.byteSize() - at, room());
      next.add(run.asSlice(at, length));
      at += length;
    }
  }

  /** The bytes are copied before this returns. */
  void gather(MemorySegment bytes) throws IOException {
    for (long at = 0; at < bytes.byteSize(); ) {
      long length = Math.min(bytes.byteSize() - at, room());
      MemorySegment.copy(bytes, at, space(length), 0, length);
      at += length;
    }
  }

  /** What the next write has room for; more than nothing. */
  private long room() throws IOException {
    if (next.bytes() == Lanes.BUFFER_BYTES) {
      flush();
    }
    return Lanes.BUFFER_BYTES - next.bytes();
  }

  private MemorySegment space(long bytes) throws IOException {
    if (next.bytes() + bytes > Lanes.BUFFER_BYTES) {
      flush();
    }
    if (!next.hasBuffer()) {
      next.useBuffer(lanes.take());
    }
    return next.space(bytes);
  }

  /** Starts the write of what came since the last. */
  void flush() throws IOException {
    if (next.bytes() == 0) {
      return;
    }
    Pieces pieces = next;
    long to = position;
    position += pieces.bytes();
    next = new Pieces();
    boolean submitted = false;
    try {
      writes.add(
          lanes.write(
              () -> {
                try {
                  file.write(to, pieces.all());
                } finally {
                  giveBack(pieces);
                }
              }));
      submitted = true;
    } finally {
      if (!submitted) {
        giveBack(pieces);
      }
    }
  }

  private void giveBack(Pieces pieces) {
    if (pieces.hasBuffer()) {
      lanes.giveBack(pieces.buffer());
    }
  }

  /** Something else went wrong, and {@link #end} has to say so. */
  void failed(IOException why) {
    failure = why;
  }

  /**
   * Waits for all that is in flight; what came has been sent off before.
   *
   * @throws IOException that of the first write that failed
   */
  void end() throws IOException {
    giveBack(next);
    next = new Pieces();
    for (Future<?> write : writes) {
      try {
        Lanes.await(write);
      } catch (IOException e) {
        failure = failure == null ? e : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
