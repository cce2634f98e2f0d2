package io.quire.base;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC32C (Castagnoli), by the processor's instruction where there is one. */
public final class Checksum {
  private Checksum() {}

  /** Of the whole array. */
  public static int of(byte[] bytes) {
    return of(bytes, 0, bytes.length);
  }

  /**
   * Of {@code length} bytes from {@code offset} on.
   *
   * @throws ArrayIndexOutOfBoundsException if the array does not have them
   */
  public static int of(byte[] bytes, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, offset, length);
    return (int) crc.getValue();
  }

  /** Of the remaining bytes; the buffer's position stays. */
  public static int of(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }
}
