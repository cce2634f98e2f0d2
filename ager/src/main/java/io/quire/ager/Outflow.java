package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Writes what lies side by side in a file: headers and small bodies are gathered in large buffers,
 * large bodies go out from where they are, in pieces, and several writes are in flight. All lengths
 * are multiples of 4 KiB. Confined to one thread; {@link #end} must be called.
 */
final class Outflow {
  private final Lanes lanes;
  private final FlashFile file;
  private final List<Future<?>> writes = new ArrayList<>();
  private MemorySegment buffer = MemorySegment.NULL;
  private long filled;
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
    long at = 0;
    while (run.byteSize() - at >= Lanes.BUFFER_BYTES) {
      flush();
      MemorySegment piece = run.asSlice(at, Lanes.BUFFER_BYTES);
      long to = position;
      writes.add(lanes.write(() -> file.write(to, piece)));
      position += Lanes.BUFFER_BYTES;
      at += Lanes.BUFFER_BYTES;
    }
    gather(run.asSlice(at));
  }

  /** The bytes are copied before this returns. */
  void gather(MemorySegment bytes) throws IOException {
    for (long at = 0; at < bytes.byteSize(); ) {
      long room = Lanes.BUFFER_BYTES - filled;
      long length = Math.min(bytes.byteSize() - at, room == 0 ? Lanes.BUFFER_BYTES : room);
      MemorySegment.copy(bytes, at, space(length), 0, length);
      at += length;
    }
  }

  /** The next bytes of a buffer; one that has no room for them is sent off before. */
  private MemorySegment space(long bytes) throws IOException {
    if (filled + bytes > Lanes.BUFFER_BYTES) {
      flush();
    }
    if (filled == 0) {
      buffer = lanes.take();
    }
    MemorySegment space = buffer.asSlice(filled, bytes);
    filled += bytes;
    return space;
  }

  /** Starts the write of what was gathered. */
  void flush() throws IOException {
    if (filled == 0) {
      return;
    }
    MemorySegment full = buffer;
    long bytes = filled;
    long to = position;
    position += filled;
    filled = 0;
    boolean submitted = false;
    try {
      writes.add(
          lanes.write(
              () -> {
                try {
                  file.write(to, full.asSlice(0, bytes));
                } finally {
                  lanes.giveBack(full);
                }
              }));
      submitted = true;
    } finally {
      if (!submitted) {
        lanes.giveBack(full);
      }
    }
  }

  /** Something else went wrong, and {@link #end} has to say so. */
  void failed(IOException why) {
    failure = why;
  }

  /**
   * Waits for all that is in flight; what was gathered has been sent off before.
   *
   * @throws IOException that of the first write that failed
   */
  void end() throws IOException {
    if (filled > 0) {
      filled = 0;
      lanes.giveBack(buffer);
    }
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
