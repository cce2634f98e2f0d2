package io.quire.ager;

import io.airlift.compress.v3.Compressor;
import io.airlift.compress.v3.Decompressor;
import io.airlift.compress.v3.MalformedInputException;
import io.airlift.compress.v3.lz4.Lz4JavaCompressor;
import io.airlift.compress.v3.lz4.Lz4JavaDecompressor;
import io.airlift.compress.v3.zstd.ZstdJavaCompressor;
import io.airlift.compress.v3.zstd.ZstdJavaDecompressor;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Ways to make what is stored smaller. */
public enum Codec {
  /** Stored as it is. */
  NONE(0, Lz4JavaCompressor::new, Lz4JavaDecompressor::new),
  /** Fast; halves what has repetitions. */
  LZ4(1, Lz4JavaCompressor::new, Lz4JavaDecompressor::new),
  /** Slower, and smaller. */
  ZSTD(2, ZstdJavaCompressor::new, ZstdJavaDecompressor::new);

  private final int code;
  private final Supplier<Compressor> compressor;
  private final Supplier<Decompressor> decompressor;

  Codec(int code, Supplier<Compressor> compressor, Supplier<Decompressor> decompressor) {
    this.code = code;
    this.compressor = compressor;
    this.decompressor = decompressor;
  }

  int code() {
    return code;
  }

  /** By the number that headers have for it. */
  static Codec of(int code) {
    return values()[code];
  }

  /** Compresses; returns null if that does not make it smaller. */
  byte @Nullable [] compress(byte[] frame, int length) {
    if (this == NONE) {
      return null;
    }
    Compressor with = compressor.get();
    byte[] out = new byte[with.maxCompressedLength(length)];
    int bytes = with.compress(frame, 0, length, out, 0, out.length);
    return bytes < length ? Arrays.copyOf(out, bytes) : null;
  }

  /**
   * Decompresses a whole frame.
   *
   * @throws CorruptCopy if it is none, or of another length
   */
  byte[] decompress(byte[] from, int length) throws CorruptCopy {
    byte[] out = new byte[length];
    try {
      int bytes = decompressor.get().decompress(from, 0, from.length, out, 0, length);
      if (bytes == length) {
        return out;
      }
      throw new CorruptCopy(
          "frame is too short: bytesWanted=%d bytesFound=%d".formatted(length, bytes));
    } catch (MalformedInputException | IndexOutOfBoundsException e) {
      throw new CorruptCopy("frame does not decompress: reason=" + e.getMessage());
    }
  }
}
