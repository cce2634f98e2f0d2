package io.quire.fabric;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.quire.fabric.Frame.MalformedFrameException;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what a connection receives into frames. A frame that came in one piece is handed on where it
 * lies. Of any other the body is copied once: to where the other end wants it, piece by piece, or
 * into a buffer of its size.
 */
final class FrameReader extends ChannelInboundHandlerAdapter {
  private final End end;
  private final int lengthMax;
  private final Counters counters;
  private @Nullable ByteBuf partial;
  private int partialBytes;
  private long landingId;
  private int landingBytes;
  private @Nullable Throwable failure;

  /** Our end of one connection. Called on its event loop. */
  interface End {
    /** The TLS handshake is done, so the peer holds a certificate of our authority. */
    void secured();

    /** A frame came. The body is only valid during the call. */
    void received(Frame.Kind kind, int service, long id, ByteBuf body);

    /** Whether the body of an answer goes by {@link #land} and {@link #landed} to its place. */
    default boolean lands(long id, int bytes) {
      return false;
    }

    /** The next piece of the body of an answer. It is only valid during the call. */
    default void land(long id, ByteBuf piece) {}

    /** That was the last piece. */
    default void landed(long id) {}

    /** The connection takes more, or no longer does. */
    void writabilityChanged();

    /** The connection is closed; {@code cause} is null if nothing is known to have failed. */
    void lost(@Nullable Throwable cause);
  }

  FrameReader(End end, int frameBytesMax, Counters counters) {
    this.end = end;
    this.lengthMax = frameBytesMax + Frame.HEADER_BYTES - Frame.LENGTH_BYTES;
    this.counters = counters;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      counters.bytesIn.add(in.readableBytes());
      while (in.isReadable() && failure == null) {
        take(ctx, in);
      }
    } finally {
      in.release();
    }
  }

  private void take(ChannelHandlerContext ctx, ByteBuf in) {
    if (landingBytes > 0) {
      land(in);
      return;
    }
    ByteBuf begun = partial;
    if (begun == null) {
      int available = in.readableBytes();
      int whole = available < Frame.HEADER_BYTES ? Frame.HEADER_BYTES : frameBytes(in);
      if (available >= whole) {
        deliver(in.readSlice(whole));
        return;
      }
      if (whole > Frame.HEADER_BYTES && lands(in, whole - Frame.HEADER_BYTES)) {
        in.skipBytes(Frame.HEADER_BYTES);
        return;
      }
      begun = ctx.alloc().buffer(whole);
      partial = begun;
      partialBytes = whole;
    }
    begun.writeBytes(in, Math.min(in.readableBytes(), partialBytes - begun.readableBytes()));
    if (begun.readableBytes() == Frame.HEADER_BYTES && partialBytes == Frame.HEADER_BYTES) {
      partialBytes = frameBytes(begun);
      if (lands(begun, partialBytes - Frame.HEADER_BYTES)) {
        partial = null;
        begun.release();
        return;
      }
      begun.ensureWritable(partialBytes - Frame.HEADER_BYTES);
    }
    if (begun.readableBytes() == partialBytes) {
      partial = null;
      try {
        deliver(begun);
      } finally {
        begun.release();
      }
    }
  }

  /** Whether what follows this header goes elsewhere; if so, that begins. */
  private boolean lands(ByteBuf header, int bodyBytes) {
    int at = header.readerIndex() + Frame.LENGTH_BYTES;
    boolean answer = header.getByte(at) == Frame.Kind.ANSWER.ordinal();
    long id = header.getLongLE(at + 2);
    if (!answer || bodyBytes == 0 || !end.lands(id, bodyBytes)) {
      return false;
    }
    landingId = id;
    landingBytes = bodyBytes;
    return true;
  }

  private void land(ByteBuf in) {
    ByteBuf piece = in.readSlice(Math.min(in.readableBytes(), landingBytes));
    landingBytes -= piece.readableBytes();
    end.land(landingId, piece);
    if (landingBytes == 0) {
      end.landed(landingId);
    }
  }

  private int frameBytes(ByteBuf header) {
    int length = header.getIntLE(header.readerIndex());
    if (length < Frame.HEADER_BYTES - Frame.LENGTH_BYTES || length > lengthMax) {
      throw new MalformedFrameException(
          "length out of range: found=" + length + " max=" + lengthMax);
    }
    return Frame.LENGTH_BYTES + length;
  }

  private void deliver(ByteBuf frame) {
    frame.skipBytes(Frame.LENGTH_BYTES);
    Frame.Kind kind = Frame.Kind.of(frame.readByte());
    int service = frame.readUnsignedByte();
    long id = frame.readLongLE();
    end.received(kind, service, id, frame);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslHandshakeCompletionEvent handshake) {
      if (handshake.isSuccess()) {
        end.secured();
      } else {
        fail(ctx, handshake.cause());
      }
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    end.writabilityChanged();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    fail(ctx, cause);
  }

  private void fail(ChannelHandlerContext ctx, Throwable cause) {
    if (failure == null) {
      Throwable inner = cause.getCause();
      failure = cause instanceof DecoderException && inner != null ? inner : cause;
    }
    ctx.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    end.lost(failure);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    ByteBuf begun = partial;
    if (begun != null) {
      partial = null;
      begun.release();
    }
  }
}
