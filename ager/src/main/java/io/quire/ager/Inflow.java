package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;

/**
 * Reads what lies side by side in a file into places that lie apart, in large reads of several
 * pieces, of which several are in flight: large ones straight to where they belong, small ones by
 * way of a buffer. All lengths are multiples of 4 KiB. Confined to one thread.
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
    for (long at = 0; at < target.byteSize(); ) {
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
      long from = position;
      position += partsBytes;
      parts = new ArrayList<>();
      partsBytes = 0;
      reads.add(lanes.scatter(own -> scatter(from, own, targets)));
    }
  }

  private void scatter(long from, MemorySegment own, List<MemorySegment> targets)
      throws IOException {
    Pieces pieces = new Pieces();
    pieces.useBuffer(own);
    List<MemorySegment> small = new ArrayList<>();
    for (MemorySegment target : targets) {
      if (target.byteSize() < Pieces.LARGE_BYTES) {
        pieces.space(target.byteSize());
        small.add(target);
      } else {
        pieces.add(target);
      }
    }
    file.read(from, pieces.all());
    long at = 0;
    for (MemorySegment target : small) {
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
