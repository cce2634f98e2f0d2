package io.quire.log;

import io.quire.base.Checksum;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How much of the log is on disk and may have been acknowledged: what lies behind it was never
 * acknowledged and may be cut, and what lies before it may not.
 *
 * <p>The mark is written, into the page cache, before word of what it covers leaves this node. So
 * it is exact for as long as the machine runs, whatever becomes of the process, and after the log
 * was closed. A thread syncs it {@value #SYNC_MILLIS} ms after a change at the latest: by that much
 * it may lag after a power cut, and then it says so ({@link Mark#exact}).
 *
 * <p>The file has two slots of 512 bytes that are written in turn, each, little-endian:
 *
 * <pre>
 *  0  magic     int32, "QWMK"
 *  4  version   uint16
 *  6  settled   int8, 1 if the log was closed, or entries were about to be taken back
 *  7  sequence  int64, of the write
 * 15  index     int64, of the last Raft entry that is on disk; -1 if none
 * 23  term      int64, of that entry
 * 31  boot      two int64, which run of the machine it was written in
 * 47  checksum  int32, CRC32C of all before
 * </pre>
 */
final class Watermark implements AutoCloseable {
  static final String FILE = "watermark";
  static final int SYNC_MILLIS = 100;
  static final int SLOT_BYTES = 512;
  static final int VERSION = 1;

  /** A disk that hangs does not keep the log from closing for longer. */
  private static final int CLOSE_MILLIS = 5_000;

  private static final int MAGIC = 0x4b4d5751;
  private static final int BODY_BYTES = 47;

  private final Path file;
  private volatile FileChannel channel;
  private final UUID boot;
  private final Consumer<IOException> failed;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Thread syncer;
  private volatile long index;
  private long term;
  private long sequence;
  private boolean dirty;
  private boolean closed;

  /**
   * What the file says.
   *
   * @param index of the last Raft entry that is on disk, or -1
   * @param term of that entry
   * @param exact whether nothing behind it was acknowledged; if not, a little may have been
   */
  record Mark(long index, long term, boolean exact) {
    /** Nothing is known. */
    static final Mark UNKNOWN = new Mark(-1, 0, false);
  }

  /** A slot of the file. */
  record Slot(long sequence, long index, long term, boolean settled, UUID boot) {
    byte[] encode() {
      WireWriter out =
          new WireWriter(SLOT_BYTES)
              .int32(MAGIC)
              .uint16(VERSION)
              .bool(settled)
              .int64(sequence)
              .int64(index)
              .int64(term)
              .int64(boot.getMostSignificantBits())
              .int64(boot.getLeastSignificantBits());
      return out.int32(Checksum.of(out.toBytes())).toBytes();
    }

    /** The slot at the offset, or null if there is none that verifies. */
    static @Nullable Slot decode(Path file, byte[] bytes, int offset) {
      if (bytes.length < offset + BODY_BYTES + Integer.BYTES) {
        return null;
      }
      WireReader in = new WireReader(ByteBuffer.wrap(bytes, offset, BODY_BYTES + Integer.BYTES));
      int magic = in.int32();
      int version = in.uint16();
      int settled = in.int8();
      long sequence = in.int64();
      long index = in.int64();
      long term = in.int64();
      UUID boot = new UUID(in.int64(), in.int64());
      if (magic != MAGIC || in.int32() != Checksum.of(bytes, offset, BODY_BYTES)) {
        return null;
      }
      if (version > VERSION) {
        throw new LogException.NewerFormatException(file, version, VERSION);
      }
      return new Slot(sequence, index, term, settled != 0, boot);
    }
  }

  private Watermark(
      Path file, FileChannel channel, UUID boot, Mark start, Consumer<IOException> failed) {
    this.file = file;
    this.channel = channel;
    this.boot = boot;
    this.failed = failed;
    this.index = start.index();
    this.term = start.term();
    syncer = Thread.ofPlatform().daemon().name("log-watermark").unstarted(this::syncChanges);
  }

  /** What the file says; {@link Mark#UNKNOWN} if there is none, or none that verifies. */
  static Mark read(Path file, UUID boot) throws IOException {
    if (!Files.exists(file)) {
      return Mark.UNKNOWN;
    }
    byte[] bytes = Files.readAllBytes(file);
    Slot first = Slot.decode(file, bytes, 0);
    Slot second = Slot.decode(file, bytes, SLOT_BYTES);
    if (first == null || second == null) {
      // The one that does not verify may have been the newer one.
      Slot rest = first == null ? second : first;
      return rest == null ? Mark.UNKNOWN : new Mark(rest.index(), rest.term(), false);
    }
    Slot newest = first.sequence() > second.sequence() ? first : second;
    return new Mark(newest.index(), newest.term(), newest.settled() || newest.boot().equals(boot));
  }

  /** Whether a part of the file that should verify does not. */
  static boolean damaged(Path file) throws IOException {
    if (!Files.exists(file)) {
      return false;
    }
    byte[] bytes = Files.readAllBytes(file);
    return Slot.decode(file, bytes, 0) == null || Slot.decode(file, bytes, SLOT_BYTES) == null;
  }

  /**
   * Begins the file anew from a mark that is known to be true; on disk when it returns.
   *
   * @param failed told, once, when the file can no longer be written
   */
  static Watermark open(Path file, UUID boot, Mark start, Consumer<IOException> failed)
      throws IOException {
    byte[] both = new byte[2 * SLOT_BYTES];
    for (int slot = 0; slot < 2; slot++) {
      byte[] one = new Slot(slot, start.index(), start.term(), false, boot).encode();
      System.arraycopy(one, 0, both, slot * SLOT_BYTES, one.length);
    }
    DurableFile.write(file, both);
    Watermark watermark =
        new Watermark(file, FileChannel.open(file, StandardOpenOption.WRITE), boot, start, failed);
    watermark.sequence = 1;
    watermark.syncer.start();
    return watermark;
  }

  /** The boot id of this machine; drawn afresh where there is none, so that no mark is exact. */
  static UUID boot() {
    try {
      return UUID.fromString(Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip());
    } catch (IOException | IllegalArgumentException e) {
      return UUID.randomUUID();
    }
  }

  /** The mark now. Any thread. */
  long index() {
    return index;
  }

  /** The mark now, with its term. Any thread. */
  Mark mark() {
    lock.lock();
    try {
      return new Mark(index, term, true);
    } finally {
      lock.unlock();
    }
  }

  /** Moves the mark, also back. Any thread; the last call wins. */
  void note(long newIndex, long newTerm) throws IOException {
    // In place, for there is nothing to miss: what an interrupt breaks off is written once more.
    boolean interrupted = Thread.interrupted();
    try {
      while (!noted(newIndex, newTerm)) {
        interrupted |= Thread.interrupted();
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private boolean noted(long newIndex, long newTerm) throws IOException {
    try {
      noteOnce(newIndex, newTerm);
      return true;
    } catch (ClosedByInterruptException e) {
      return false;
    }
  }

  private void noteOnce(long newIndex, long newTerm) throws IOException {
    lock.lock();
    try {
      if (closed || (newIndex == index && newTerm == term)) {
        return;
      }
      write(newIndex, newTerm, false);
      if (!dirty) {
        dirty = true;
        changed.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Moves the mark back, because what lies behind it is about to be taken back; on disk then. */
  void lower(long newIndex, long newTerm) throws IOException {
    Uninterrupted.run(
        () -> {
          lowerOnce(newIndex, newTerm);
          return null;
        });
  }

  private void lowerOnce(long newIndex, long newTerm) throws IOException {
    lock.lock();
    try {
      if (closed || newIndex > index) {
        return;
      }
      write(newIndex, newTerm, true);
      channel.force(false);
    } finally {
      lock.unlock();
    }
  }

  private void write(long newIndex, long newTerm, boolean settled) throws IOException {
    if (!channel.isOpen()) {
      // Closed under a thread that was interrupted.
      channel = FileChannel.open(file, StandardOpenOption.WRITE);
    }
    // Broken off, it is written again to the same slot: the other is whole.
    long next = sequence + 1;
    ByteBuffer rest = ByteBuffer.wrap(new Slot(next, newIndex, newTerm, settled, boot).encode());
    long offset = (next & 1) * SLOT_BYTES;
    while (rest.hasRemaining()) {
      offset += channel.write(rest, offset);
    }
    sequence = next;
    index = newIndex;
    term = newTerm;
  }

  private void syncChanges() {
    try {
      while (awaitChange()) {
        sync();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      failed.accept(e);
    }
  }

  private void sync() throws IOException {
    FileChannel used = channel;
    try {
      used.force(false);
    } catch (ClosedChannelException e) {
      // Closed under a thread that was interrupted, which writes to another and says so again.
      lock.lock();
      try {
        dirty = true;
      } finally {
        lock.unlock();
      }
    }
  }

  /* Waits a little even if there is something to do, so that a busy log is not slowed by it. */
  private boolean awaitChange() throws InterruptedException {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(SYNC_MILLIS);
      while (left > 0 && !closed) {
        left = changed.awaitNanos(left);
      }
      while (!dirty && !closed) {
        changed.await();
      }
      dirty = false;
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  /** Says that the log is closed and nothing was acknowledged behind the mark; on disk then. */
  void close(boolean clean) throws IOException {
    Uninterrupted.run(
        () -> {
          closeOnce(clean);
          return null;
        });
  }

  private void closeOnce(boolean clean) throws IOException {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      if (clean) {
        write(index, term, true);
        channel.force(false);
      }
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      syncer.join(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    channel.close();
  }

  @Override
  public void close() throws IOException {
    close(false);
  }
}
