package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** The real disk, with faults that a test switches on, on paths that contain a text. */
final class FaultyDisk implements Disk {
  private final Disk real = Disk.direct();
  private final String where;

  volatile boolean writesFail;
  volatile boolean readsFail;
  volatile boolean syncsFail;
  volatile boolean readsFlipABit;
  volatile boolean writesFlipABit;
  volatile boolean writesAreShort;
  volatile long bytesLeft = Long.MAX_VALUE;

  /** One in so many writes fails; 0 for none. */
  volatile int writesFailEach;

  /** One in so many reads fails; 0 for none. */
  volatile int readsFailEach;

  volatile boolean readsAreShort;

  /** No read that touches this position of a file succeeds. */
  volatile long badPosition = -1;

  /** The file system is full, and has no block for this position of a file. */
  volatile long noBlockAt = -1;

  /** Reads and writes begin, and then wait for these. */
  volatile CountDownLatch readsHang = new CountDownLatch(0);

  volatile CountDownLatch writesHang = new CountDownLatch(0);

  final AtomicInteger reads = new AtomicInteger();
  final AtomicInteger writes = new AtomicInteger();

  FaultyDisk(String where) {
    this.where = where;
  }

  @Override
  public File open(Path path, Access access) throws IOException {
    File file = real.open(path, access);
    return path.toString().contains(where) ? new FaultyFile(file) : file;
  }

  private final class FaultyFile implements File {
    private final File file;

    FaultyFile(File file) {
      this.file = file;
    }

    @Override
    public int read(ByteBuffer into, long position) throws IOException {
      int count = reads.incrementAndGet();
      await(readsHang);
      boolean bad = position <= badPosition && badPosition < position + into.remaining();
      if (readsFail || bad || readsFailEach > 0 && count % readsFailEach == 0) {
        throw new IOException("Input/output error");
      }
      int start = into.position();
      if (readsAreShort && into.remaining() > StoreHeader.BYTES) {
        into.limit(start + StoreHeader.BYTES);
      }
      int read = file.read(into, position);
      if (readsFlipABit && read > 0) {
        int at = start + read / 2;
        into.put(at, (byte) (into.get(at) ^ 4));
      }
      return read;
    }

    @Override
    public int write(ByteBuffer from, long position) throws IOException {
      int count = writes.incrementAndGet();
      await(writesHang);
      if (writesFailEach > 0 && count % writesFailEach == 0) {
        throw new IOException("Input/output error");
      }
      if (writesFail) {
        throw new IOException("Input/output error");
      }
      boolean noBlock = position <= noBlockAt && noBlockAt < position + from.remaining();
      if (noBlock || position + from.remaining() > bytesLeft) {
        throw new IOException("No space left on device");
      }
      if (writesFlipABit) {
        from = flipped(from);
      }
      if (writesAreShort && from.remaining() > StoreHeader.BYTES) {
        int half = from.remaining() / 2 / StoreHeader.BYTES * StoreHeader.BYTES;
        from = from.slice(from.position(), Math.max(StoreHeader.BYTES, half));
      }
      return file.write(from, position);
    }

    /** One read, whatever it is divided into. */
    @Override
    public long read(ByteBuffer[] into, long position) throws IOException {
      ByteBuffer whole = whole(into);
      int read = read(whole, position);
      whole.flip();
      for (ByteBuffer piece : into) {
        int length = Math.min(piece.remaining(), whole.remaining());
        piece.put(whole.slice(whole.position(), length));
        whole.position(whole.position() + length);
      }
      return read;
    }

    /** One write, whatever it is divided into. */
    @Override
    public long write(ByteBuffer[] from, long position) throws IOException {
      ByteBuffer whole = whole(from);
      for (ByteBuffer piece : from) {
        whole.put(piece);
      }
      return write(whole.flip(), position);
    }

    private static ByteBuffer whole(ByteBuffer[] pieces) {
      long bytes = Stream.of(pieces).mapToLong(ByteBuffer::remaining).sum();
      return Arena.ofAuto().allocate(bytes, StoreHeader.BYTES).asByteBuffer();
    }

    /** As a device would: whatever interrupts the caller. */
    private static void await(CountDownLatch latch) {
      boolean interrupted = false;
      while (true) {
        try {
          latch.await();
          break;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    private static ByteBuffer flipped(ByteBuffer from) {
      var segment = Arena.ofAuto().allocate(from.remaining(), StoreHeader.BYTES);
      ByteBuffer copy = segment.asByteBuffer().put(from.duplicate()).flip();
      int at = copy.remaining() / 2;
      return copy.put(at, (byte) (copy.get(at) ^ 1));
    }

    @Override
    public void force() throws IOException {
      if (syncsFail) {
        throw new IOException("Input/output error");
      }
      file.force();
    }

    @Override
    public long bytes() throws IOException {
      return file.bytes();
    }

    @Override
    public long spaceLeft() throws IOException {
      if (noBlockAt >= 0) {
        return 0;
      }
      return bytesLeft == Long.MAX_VALUE ? file.spaceLeft() : Math.max(0, bytesLeft - file.bytes());
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
