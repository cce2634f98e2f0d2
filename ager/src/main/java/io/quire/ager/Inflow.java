package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;

/**
 * Reads what lies side by side in a file into places that lie apart: small parts in one read, large
 * ones straight to where they belong, with several reads in flight. All lengths are multiples of 4
 * KiB. Confined to one thread.
 */
final class Inflow {
  private final Lanes lanes;
  private final FlashFile file;
  private final List<Future<?>> reads = new ArrayList<>();
  private List<MemorySegment> parts = new ArrayList<>();
  private long partsBytes;
  private long position;

  /** Begins to read at the position. */
  Inflow(Lanes lanes, FlashFile file, long position) {
    this.lanes = lanes;
    this.file = file;
    this.position = position;
  }

  /** The next bytes of the file go there. */
  void into(MemorySegment target) throws IOException {
    long at = 0;
    while (target.byteSize() - at >= Lanes.BUFFER_BYTES) {
      flush();
      MemorySegment piece = target.asSlice(at, Lanes.BUFFER_BYTES);
      long from = position;
      reads.add(lanes.read(() -> file.read(from, piece)));
      position += Lanes.BUFFER_BYTES;
      at += Lanes.BUFFER_BYTES;
    }
    while (at < target.byteSize()) {
      if (partsBytes == Lanes.BUFFER_BYTES) {
        flush();
      }
      long length = Math.min(target.byteSize() - at, Lanes.BUFFER_BYTES - partsBytes);
      parts.add(target.asSlice(at, length));
      partsBytes += length;
      at += length;
    }
  }

  /** Number of the read that gets what is asked for next, counted from 0. */
  int next() {
    return reads.size();
  }

  /** Starts the read of what has been asked for so far. */
  void flush() throws IOException {
    if (partsBytes > 0) {
      List<MemorySegment> targets = parts;
      long bytes = partsBytes;
      long from = position;
      position += bytes;
      parts = new ArrayList<>();
      partsBytes = 0;
      reads.add(lanes.scatter(own -> scatter(from, own.asSlice(0, bytes), targets)));
    }
  }

  private void scatter(long from, MemorySegment own, List<MemorySegment> targets)
      throws IOException {
    file.read(from, own);
    long at = 0;
    for (MemorySegment target : targets) {
      MemorySegment.copy(own, at, target, 0, target.byteSize());
      at += target.byteSize();
    }
  }

  /**
   * Waits for these reads, as far as they were started.
   *
   * @throws IOException that of the first that failed
   */
  void await(int first, int last) throws IOException {
    for (int i = first; i <= Math.min(last, reads.size() - 1); i++) {
      Lanes.await(reads.get(i));
    }
  }

  /** Waits for all that was started, however it ends. */
  void settle() {
    for (Future<?> read : reads) {
      try {
        Lanes.await(read);
      } catch (IOException e) {
        // Whoever wanted these bytes has been told by await.
      }
    }
  }
}
