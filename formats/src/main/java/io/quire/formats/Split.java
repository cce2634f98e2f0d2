package io.quire.formats;

import io.quire.base.WireReader.MalformedException;
import java.util.ArrayList;
import java.util.List;

/**
 * What one part of a load reads. The splits of a file, whatever its cuts, have each record once: a
 * record belongs to the split in which it begins, a row group of Parquet to the one in which its
 * middle lies.
 */
public sealed interface Split {
  /** The usual size to cut by. */
  long TARGET_BYTES = 64L << 20;

  /** How many splits a load may have. */
  int SPLITS_MAX = 1_000_000;

  /**
   * A range of a file.
   *
   * @param offset of its first byte
   * @param bytes in it
   */
  record OfFile(InputFile file, long offset, long bytes, Format format) implements Split {
    public OfFile {
      if (offset < 0 || bytes < 0 || offset > file.bytes() || bytes > file.bytes() - offset) {
        throw new IllegalArgumentException(
            "not in the file: file=%s offset=%d bytes=%d".formatted(file, offset, bytes));
      }
      if (format instanceof Format.Csv csv && csv.multiline() && bytes != file.bytes()) {
        throw new IllegalArgumentException("multiline is one split a file: file=" + file.uri());
      }
    }

    long end() {
      return offset + bytes;
    }

    @Override
    public String toString() {
      return file.uri() + "[" + offset + "+" + bytes + "]";
    }
  }

  /**
   * A part of a table that is made, not read.
   *
   * @param part 0 to {@code parts - 1}
   */
  record OfTpch(Tpch tpch, int part, int parts) implements Split {
    public OfTpch {
      if (part < 0 || part >= parts || parts > SPLITS_MAX) {
        throw new IllegalArgumentException("not a part: part=" + part + " parts=" + parts);
      }
    }

    @Override
    public String toString() {
      return tpch + "[" + part + "/" + parts + "]";
    }
  }

  /** How many bytes there are to read; 0 if that is not known before. */
  default long size() {
    return this instanceof OfFile split ? split.bytes : 0;
  }

  /**
   * Cuts files, in their order, into splits of at most so many bytes and about the same size. Gives
   * the same for the same arguments. Empty files give none, except of formats of which an empty
   * file is none.
   *
   * @throws FormatsException.BadRequest if there would be more than {@link #SPLITS_MAX}
   */
  static List<Split> cut(List<InputFile> files, Format format, long targetBytes) {
    if (targetBytes < 1) {
      throw new IllegalArgumentException("not a size: targetBytes=" + targetBytes);
    }
    boolean whole = format instanceof Format.Csv csv && csv.multiline();
    List<Split> splits = new ArrayList<>();
    for (InputFile file : files) {
      long bytes = file.bytes();
      long count = whole ? Math.min(1, bytes) : Math.ceilDiv(bytes, targetBytes);
      if (bytes == 0 && format instanceof Format.Parquet) {
        count = 1;
      }
      if (count > SPLITS_MAX - splits.size()) {
        throw new FormatsException.BadRequest(
            "too many splits: max=%d targetBytes=%d".formatted(SPLITS_MAX, targetBytes));
      }
      long size = count == 0 ? 0 : bytes / count;
      long larger = count == 0 ? 0 : bytes % count;
      long offset = 0;
      for (long i = 0; i < count; i++) {
        long next = offset + size + (i < larger ? 1 : 0);
        splits.add(new OfFile(file, offset, next - offset, format));
        offset = next;
      }
    }
    return List.copyOf(splits);
  }

  /** Encodes; see docs/formats/split.md. */
  default byte[] toBytes() {
    return SplitCodec.write(this);
  }

  /**
   * Decodes.
   *
   * @throws MalformedException if the bytes are not a split, whatever they are
   */
  static Split read(byte[] bytes) {
    return SplitCodec.read(bytes);
  }
}
