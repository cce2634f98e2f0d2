package io.quire.fabric;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Frames that wait to be written to one connection, in order. Confined to its event loop, but for
 * the count of bytes.
 *
 * <p>Frames stay here, not in Netty's buffers, until the socket takes them, and a large body is
 * handed over in slices with a turn of the event loop between them. So a body of megabytes is never
 * encrypted as a whole ahead of the socket, and holds up the other connections of the loop for one
 * slice only.
 */
final class Outbox {
  /** A quarter of a millisecond of encryption. */
  private static final int SLICE_BYTES = 256 << 10;

  /** Up to here a copy is cheaper than a second buffer. */
  private static final int COPY_BYTES_MAX = 4 << 10;

  private final Counters counters;
  private final Runnable pumped;
  private final ArrayDeque<Frame> waiting = new ArrayDeque<>();
  private final AtomicLong bytes = new AtomicLong();
  private @Nullable Frame current;
  private int currentOffset;
  private @Nullable ChannelFuture currentSlice;
  private boolean resuming;
  private long slices;

  /**
   * @param pumped runs after each turn of writing, on the loop
   */
  Outbox(Counters counters, Runnable pumped) {
    this.counters = counters;
    this.pumped = pumped;
  }

  /** Counts a frame that is on its way here, if the queue is below its limit. On any thread. */
  boolean reserve(Frame frame, long bytesMax) {
    if (bytes.get() >= bytesMax) {
      return false;
    }
    bytes.addAndGet(frame.bytes());
    return true;
  }

  /** Counts a frame that is on its way here whatever the limit. On any thread. */
  void reserve(Frame frame) {
    bytes.addAndGet(frame.bytes());
  }

  /** Counts a frame no longer that never came here. On any thread. */
  void unreserve(Frame frame) {
    bytes.addAndGet(-frame.bytes());
  }

  /** Unwritten bytes, here and on their way here. On any thread. */
  long bytes() {
    return bytes.get();
  }

  /** Takes a frame that was counted. */
  void add(Frame frame) {
    waiting.add(frame);
  }

  /** Takes a small frame, not counted yet, that goes before all others that wait. */
  void addFirst(Frame frame) {
    reserve(frame);
    waiting.addFirst(frame);
  }

  /** Grows whenever the connection takes something. */
  long slices() {
    return slices;
  }

  /** Writes what the connection takes, and comes back for the rest. */
  void pump(Channel channel) {
    int budget = SLICE_BYTES;
    boolean wrote = false;
    while (budget > 0 && channel.isWritable()) {
      Frame frame = next();
      if (frame == null) {
        break;
      }
      budget -= frame.begun ? writeSlice(channel, frame) : begin(channel, frame);
      wrote = true;
    }
    if (wrote) {
      channel.flush();
    }
    if (!resuming && channel.isWritable() && next() != null) {
      resuming = true;
      channel.eventLoop().execute(() -> resume(channel));
    }
    pumped.run();
  }

  private void resume(Channel channel) {
    resuming = false;
    pump(channel);
  }

  /** The frame to write from. */
  private @Nullable Frame next() {
    Frame frame = current;
    while (frame == null) {
      frame = waiting.poll();
      if (frame == null) {
        return null;
      }
      if (frame.dropped) {
        settle(frame);
        frame = null;
      }
    }
    current = frame;
    return frame;
  }

  private int begin(Channel channel, Frame frame) {
    frame.begun = true;
    currentOffset = 0;
    int bodyBytes = frame.body.remaining();
    boolean small = bodyBytes <= COPY_BYTES_MAX;
    ByteBuf header = channel.alloc().buffer(Frame.HEADER_BYTES + (small ? bodyBytes : 0));
    frame.writeHeader(header);
    if (small) {
      header.writeBytes(frame.body.duplicate());
    }
    int written = header.readableBytes();
    currentSlice = write(channel, header);
    if (small) {
      finish(frame);
      frame.release();
    }
    return written;
  }

  private int writeSlice(Channel channel, Frame frame) {
    int left = frame.body.remaining() - currentOffset;
    int slice = Math.min(left, SLICE_BYTES);
    ByteBuffer part = frame.body.slice(currentOffset, slice);
    ChannelFuture written = write(channel, Unpooled.wrappedBuffer(part).asReadOnly());
    currentSlice = written;
    currentOffset += slice;
    if (slice == left) {
      finish(frame);
      written.addListener(_ -> frame.release());
    }
    return slice;
  }

  /** A frame that is cut short spoils all that follow it, so the connection ends with it. */
  private ChannelFuture write(Channel channel, ByteBuf bytes) {
    slices++;
    return channel.write(bytes).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
  }

  private void finish(Frame frame) {
    current = null;
    currentSlice = null;
    counters.bytesOut.add(frame.bytes());
    bytes.addAndGet(-frame.bytes());
  }

  private void settle(Frame frame) {
    bytes.addAndGet(-frame.bytes());
    frame.release();
  }

  /** Drops all that is not wholly written; the connection is lost. */
  void clear() {
    for (Frame frame = waiting.poll(); frame != null; frame = waiting.poll()) {
      countDropped(frame);
      settle(frame);
    }
    Frame cut = current;
    ChannelFuture slice = currentSlice;
    current = null;
    currentSlice = null;
    if (cut == null) {
      return;
    }
    countDropped(cut);
    if (slice == null) {
      settle(cut);
    } else {
      bytes.addAndGet(-cut.bytes());
      slice.addListener(_ -> cut.release());
    }
  }

  private void countDropped(Frame frame) {
    if (frame.kind == Frame.Kind.ONE_WAY) {
      counters.dropped.increment();
    }
  }
}
