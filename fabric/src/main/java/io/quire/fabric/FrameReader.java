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
 * lies; of any other the body is copied once, into a buffer of its size.
 */
final class FrameReader extends ChannelInboundHandlerAdapter {
  private final End end;
  private final int lengthMax;
  private final Counters counters;
  private @Nullable ByteBuf partial;
  private int partialBytes;
  private @Nullable Throwable failure;

  /** Our end of one connection. Called on its event loop. */
  interface End {
    /** The TLS handshake is done, so the peer holds a certificate of our authority. */
    void secured();

    /** A frame came. The body is only valid during the call. */
    void received(Frame.Kind kind, int service, long id, ByteBuf body);

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
    ByteBuf begun = partial;
    if (begun == null) {
      int available = in.readableBytes();
      int whole = available < Frame.HEADER_BYTES ? Frame.HEADER_BYTES : frameBytes(in);
      if (available >= whole) {
        deliver(in.readSlice(whole));
        return;
      }
      begun = ctx.alloc().buffer(whole);
      partial = begun;
      partialBytes = whole;
    }
    begun.writeBytes(in, Math.min(in.readableBytes(), partialBytes - begun.readableBytes()));
    if (begun.readableBytes() == Frame.HEADER_BYTES && partialBytes == Frame.HEADER_BYTES) {
      partialBytes = frameBytes(begun);
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
