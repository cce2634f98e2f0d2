package io.quire.ager;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;

/**
 * Where a copy of an extent lies. Enough to read it from another process or after a restart, and to
 * notice if something else lies there.
 *
 * @param store URI of the store, as it was configured
 * @param file path below the store's root, with forward slashes
 * @param offset of the copy's header in the file, a multiple of 4 KiB; the body follows 4 KiB later
 * @param bytes of the body, without padding
 * @param crc CRC32C of the body
 * @param extent id of the extent in the process that wrote it
 * @param owner who wrote it
 */
public record Copy(
    String store, String file, long offset, long bytes, int crc, long extent, String owner) {
  public Copy {
    if (file.isEmpty() || file.startsWith("/") || file.contains("..")) {
      throw new IllegalArgumentException("not a path below a store: file=" + file);
    }
    if (offset < 0 || offset % StoreHeader.BYTES != 0) {
      throw new IllegalArgumentException(
          "not an offset of a copy: offset=%d multipleOf=%d".formatted(offset, StoreHeader.BYTES));
    }
    if (bytes < 1 || bytes > Ager.MAX_EXTENT_BYTES) {
      throw new IllegalArgumentException(
          "not a size of an extent: bytes=%d max=%d".formatted(bytes, Ager.MAX_EXTENT_BYTES));
    }
  }

  /**
   * Whether every process that has the store configured can read it, wherever that runs. A flash
   * store is a directory of one node: what lies there is away as long as that node is.
   */
  public boolean shared() {
    return !store.startsWith(StoreConfig.FLASH + ":");
  }

  /** The layout: each part in the order of the record, by {@link WireWriter}'s rules. */
  public void write(WireWriter out) {
    out.string(store).string(file).int64(offset).int64(bytes).int32(crc).int64(extent);
    out.string(owner);
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws WireReader.MalformedException if the bytes are not a copy's
   */
  public static Copy read(WireReader in) {
    try {
      return new Copy(
          in.string(), in.string(), in.int64(), in.int64(), in.int32(), in.int64(), in.string());
    } catch (IllegalArgumentException e) {
      throw new WireReader.MalformedException("not a copy: reason=" + e.getMessage());
    }
  }

  /** Bytes that the copy takes in its file: header, body and padding. */
  long footprint() {
    return StoreHeader.BYTES + StoreHeader.padded(bytes);
  }
}
