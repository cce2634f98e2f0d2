package io.quire.formats;

import java.io.IOException;
import java.io.InputStream;

/** Blocks of bytes, cut at multiples of their size from the begin of the file. */
final class RawRows implements Rows {
  static final String COLUMN = "data";

  private final Split.OfFile split;
  private final InputStream in;
  private final byte[] block;
  private long at;

  /**
   * Reads blocks.
   *
   * @param in at the first block that begins in the split
   */
  RawRows(Split.OfFile split, Format.Raw format, InputStream in) {
    this.split = split;
    this.in = in;
    this.block = new byte[format.blockBytes()];
    at = firstAt(split, format);
  }

  static long firstAt(Split.OfFile split, Format.Raw format) {
    return Math.ceilDiv(split.offset(), format.blockBytes()) * format.blockBytes();
  }

  @Override
  public boolean next(Batch batch) throws IOException, BadRecord {
    if (at >= split.end()) {
      return false;
    }
    int read = in.readNBytes(block, 0, block.length);
    int wanted = (int) Math.min(block.length, split.file().bytes() - at);
    if (read < wanted) {
      throw new FormatsException.FileChanged(split.file(), "bytes=" + (at + read));
    }
    batch.set(0, block, 0, wanted);
    at += wanted;
    return true;
  }

  @Override
  public BadRow bad(String reason) {
    return new BadRow(split.file().uri(), BadRow.Place.BYTE, at, reason, "");
  }

  @Override
  public long bytesRead() {
    return at - split.offset();
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
