package io.quire.ager;

import io.quire.base.Checksum;
import java.lang.foreign.MemorySegment;

/**
 * What a store is given to write: the bytes of a pinned extent; or what it has to read, and where
 * to.
 *
 * @param run the bytes and zeros up to a multiple of 4 KiB
 * @param bytes without the padding
 */
record Body(long extent, MemorySegment run, long bytes, int crc) {
  /**
   * Throws unless the bytes are still those that were sealed.
   *
   * @throws AgerException.CorruptExtent if not
   */
  void check() {
    int found = found();
    if (found != crc) {
      throw new AgerException.CorruptExtent(extent, crc, found);
    }
  }

  /** As {@link #check}, without an exception. */
  boolean isAsSealed() {
    return found() == crc;
  }

  private int found() {
    return Checksum.of(run.asSlice(0, bytes).asByteBuffer());
  }

  /**
   * Throws unless these bytes are what was wanted.
   *
   * @throws CorruptCopy if not
   */
  void verify() throws CorruptCopy {
    int found = found();
    if (found != crc) {
      throw new CorruptCopy(
          "body does not verify: crcWanted=%08x crcFound=%08x".formatted(crc, found));
    }
  }

  long footprint() {
    return StoreHeader.BYTES + run.byteSize();
  }

  Copy copy(String store, String file, long offset, String owner) {
    return new Copy(store, file, offset, bytes, crc, extent, owner);
  }

  StoreHeader header(String owner) {
    return StoreHeader.body(extent, bytes, crc, owner);
  }
}
