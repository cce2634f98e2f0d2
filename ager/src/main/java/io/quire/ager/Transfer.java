package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.InterruptibleChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bytes on their way between the memory of an extent and a channel, in pieces, through direct
 * buffers that are that memory: the heap has no part in it.
 *
 * <p>A read of a socket or of a pipe may wait for ever, and nothing ends it but closing the
 * channel. So that is done at the deadline. A file does not make anybody wait like that and may be
 * shared, so it stays open, and the deadline is looked at between pieces.
 */
final class Transfer {
  private static final Logger log = LoggerFactory.getLogger(Transfer.class);
  private static final int PIECE_BYTES = 4 << 20;

  /** For so long a channel is left alone that neither gave nor took anything. */
  private static final long NOTHING_NANOS = 100_000;

  private static final int END = -1;

  private interface Step {
    /** What was moved, or END. */
    int move(ByteBuffer piece, long done) throws IOException;
  }

  private final Memory memory;
  private final MemorySegment segment;
  private final Channel channel;
  private final Deadline deadline;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private long done;

  private Transfer(Memory memory, MemorySegment segment, Channel channel, Deadline deadline) {
    if (channel instanceof SelectableChannel selectable && !selectable.isBlocking()) {
      throw new IllegalBlockingModeException();
    }
    this.memory = memory;
    this.segment = segment;
    this.channel = channel;
    this.deadline = deadline;
  }

  static void read(
      Memory memory, ReadableByteChannel from, MemorySegment segment, Deadline deadline)
      throws IOException {
    new Transfer(memory, segment, from, deadline).run((piece, _) -> from.read(piece));
  }

  static void read(
      Memory memory, FileChannel from, long position, MemorySegment segment, Deadline deadline)
      throws IOException {
    new Transfer(memory, segment, from, deadline)
        .run((piece, done) -> from.read(piece, position + done));
  }

  static void write(Memory memory, MemorySegment segment, WritableByteChannel to, Deadline deadline)
      throws IOException {
    new Transfer(memory, segment, to, deadline).run((piece, _) -> to.write(piece));
  }

  static void write(
      Memory memory, MemorySegment segment, FileChannel to, long position, Deadline deadline)
      throws IOException {
    new Transfer(memory, segment, to, deadline)
        .run((piece, done) -> to.write(piece, position + done));
  }

  private void run(Step step) throws IOException {
    if (channel instanceof InterruptibleChannel && !(channel instanceof FileChannel)) {
      closeAtTheDeadline();
    }
    try {
      while (done < segment.byteSize()) {
        check();
        next(step);
      }
    } catch (ClosedByInterruptException e) {
      throw interrupted();
    } catch (AsynchronousCloseException e) {
      if (ended.isDone()) {
        throw tooSlow();
      }
      throw e;
    } finally {
      ended.complete(null);
    }
    if (ended.isCompletedExceptionally()) {
      throw tooSlow();
    }
  }

  private void closeAtTheDeadline() {
    var unused =
        ended
            .orTimeout(deadline.remainingNanos(), TimeUnit.NANOSECONDS)
            .whenComplete(
                (_, late) -> {
                  if (late != null) {
                    Thread.startVirtualThread(this::close);
                  }
                });
  }

  private void close() {
    try {
      channel.close();
    } catch (IOException e) {
      log.warn("channel not closed at the deadline of a transfer", e);
    }
  }

  private void check() {
    memory.checkOpen();
    if (Thread.currentThread().isInterrupted()) {
      throw interrupted();
    }
    if (done > 0 && deadline.passed()) {
      throw tooSlow();
    }
  }

  private void next(Step step) throws IOException {
    long bytes = Math.min(PIECE_BYTES, segment.byteSize() - done);
    int moved = step.move(segment.asSlice(done, bytes).asByteBuffer(), done);
    if (moved == END) {
      throw new AgerException.InputTooShort(segment.byteSize(), done);
    }
    if (moved == 0) {
      if (deadline.passed()) {
        throw tooSlow();
      }
      LockSupport.parkNanos(NOTHING_NANOS);
    }
    done += moved;
  }

  private AgerException interrupted() {
    return new AgerException.Interrupted(
        "transfer: bytesWanted=%d bytesDone=%d".formatted(segment.byteSize(), done));
  }

  private AgerException tooSlow() {
    return new AgerException.TransferTooSlow(segment.byteSize(), done);
  }
}
