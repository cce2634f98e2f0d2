package io.quire.log;

import io.quire.base.Checksum;
import io.quire.base.Log.Stream;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The state of all projections after a Raft entry. Layout of the file, little-endian:
 *
 * <pre>
 *  0  magic     int32, "QSNP"
 *  4  version   uint16
 *  6  streams   uint16, how many follow
 *  8  term      int64, of the last entry applied
 * 16  index     int64, of the last entry applied
 * 24  applied   int64, position of the last record applied
 * 32  chain     int32, checksum of the last frame applied
 * 36  streams   each uint16, and pieces: int32 length and so many bytes, the last one of length 0
 *     checksum  int32, CRC32C of all before
 * </pre>
 */
record Snapshot(long term, long index, long applied, int chain, Map<Stream, byte[]> states) {
  static final int VERSION = 2;

  private static final int MAGIC = 0x504e5351;

  byte[] encode() {
    int size = states.values().stream().mapToInt(state -> state.length + 10).sum();
    WireWriter out =
        new WireWriter(40 + size).raw(head(states.size(), term, index, applied, chain));
    states.forEach(
        (stream, state) -> {
          out.uint16(stream.number());
          if (state.length > 0) {
            out.bytes(state);
          }
          out.int32(0);
        });
    byte[] body = out.toBytes();
    return out.int32(Checksum.of(body)).toBytes();
  }

  /** The bytes before the streams. */
  static byte[] head(int streams, long term, long index, long applied, int chain) {
    return new WireWriter(40)
        .int32(MAGIC)
        .uint16(VERSION)
        .uint16(streams)
        .int64(term)
        .int64(index)
        .int64(applied)
        .int32(chain)
        .toBytes();
  }

  /**
   * Reads a whole file.
   *
   * @throws MalformedException if a single bit of it is different
   * @throws LogException.NewerFormatException if a newer Quire wrote it
   * @throws LogException.OlderFormatException if an older one wrote it, in a format not read any
   *     more
   */
  static Snapshot decode(Path file, byte[] bytes) {
    WireReader in = CheckedFile.body(file, bytes, MAGIC, VERSION);
    int streams = in.uint16();
    long term = in.int64();
    long index = in.int64();
    long applied = in.int64();
    int chain = in.int32();
    Map<Stream, byte[]> states = new TreeMap<>();
    for (int i = 0; i < streams; i++) {
      states.put(Stream.of(in.uint16()), pieces(in));
    }
    in.end();
    return new Snapshot(term, index, applied, chain, states);
  }

  private static byte[] pieces(WireReader in) {
    List<byte[]> pieces = new ArrayList<>();
    int length = 0;
    for (byte[] piece = in.bytes(); piece.length > 0; piece = in.bytes()) {
      pieces.add(piece);
      length = Math.addExact(length, piece.length);
    }
    if (pieces.size() == 1) {
      return pieces.getFirst();
    }
    ByteBuffer all = ByteBuffer.allocate(length);
    pieces.forEach(all::put);
    return all.array();
  }
}
