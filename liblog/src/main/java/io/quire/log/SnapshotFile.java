package io.quire.log;

import io.quire.base.Log;
import io.quire.base.Log.Stream;
import io.quire.base.WireWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;

/**
 * Writes a snapshot piece by piece: little of it is in memory at a time, and the disk, which the
 * log needs more, is given a rest after each piece.
 *
 * <p>Each piece is synced by itself. Left to the end, one sync of it all would hold up the syncs of
 * the log beside it for as long as it takes.
 */
final class SnapshotFile implements AutoCloseable {
  private static final int PIECE_BYTES = 1 << 20;
  private static final long BYTES_A_SECOND_MAX = 48L << 20;

  private final FileChannel channel;
  private final BooleanSupplier brokenOff;
  private final CRC32C checksum = new CRC32C();
  private final ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);

  private SnapshotFile(FileChannel channel, BooleanSupplier brokenOff) {
    this.channel = channel;
    this.brokenOff = brokenOff;
  }

  /**
   * Writes all of it and puts it on disk, under a temporary name.
   *
   * @param brokenOff whether to give up; asked now and then
   * @throws IOException also if it was broken off
   */
  static void write(Path temporary, Capture capture, BooleanSupplier brokenOff) throws IOException {
    try (SnapshotFile file =
        new SnapshotFile(
            FileChannel.open(
                temporary,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE),
            brokenOff)) {
      file.put(
          Snapshot.head(
              capture.states().size(),
              capture.term(),
              capture.index(),
              capture.applied(),
              capture.chain()));
      for (Map.Entry<Stream, Log.Capture> state : capture.states().entrySet()) {
        file.state(state.getKey(), state.getValue());
      }
      file.end();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void state(Stream stream, Log.Capture state) throws IOException {
    put(new WireWriter(2).uint16(stream.number()).toBytes());
    WireWriter out =
        WireWriter.to(
            (bytes, length) -> {
              try {
                put(new WireWriter(4).int32(length).toBytes());
                put(bytes, length);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    state.write(out);
    out.drain();
    put(new WireWriter(4).int32(0).toBytes());
  }

  private void put(byte[] bytes) throws IOException {
    put(bytes, bytes.length);
  }

  private void put(byte[] bytes, int length) throws IOException {
    checksum.update(bytes, 0, length);
    for (int from = 0; from < length; ) {
      int count = Math.min(piece.remaining(), length - from);
      piece.put(bytes, from, count);
      from += count;
      if (!piece.hasRemaining()) {
        send();
      }
    }
  }

  private void send() throws IOException {
    if (brokenOff.getAsBoolean()) {
      throw new IOException("the snapshot was broken off: the log is closed");
    }
    long begun = System.nanoTime();
    int bytes = piece.flip().remaining();
    while (piece.hasRemaining()) {
      channel.write(piece);
    }
    piece.clear();
    channel.force(false);
    long wanted = bytes * 1_000_000_000L / BYTES_A_SECOND_MAX;
    LockSupport.parkNanos(wanted - (System.nanoTime() - begun));
  }

  private void end() throws IOException {
    put(new WireWriter(4).int32((int) checksum.getValue()).toBytes());
    send();
    channel.force(true);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
