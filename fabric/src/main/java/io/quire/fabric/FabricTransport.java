package io.quire.fabric;

import io.quire.base.Address;
import io.quire.base.Loop;
import io.quire.base.Transport;
import io.quire.base.WireReader.MalformedException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@link Transport} of a real node: {@link Service#MESSAGE} of its fabric. The first byte of a
 * frame is the channel. What a node sends to itself goes to its loop without a connection. Safe
 * from any thread.
 *
 * <p>Messages that the loop has not got round to are held in memory, at most {@value #ON_LOOP_MAX};
 * those above it are dropped and counted, as are those that their receiver finds malformed.
 */
public final class FabricTransport implements Transport {
  private static final Logger LOG = LoggerFactory.getLogger(FabricTransport.class);
  private static final int ON_LOOP_MAX = 1 << 16;
  private static final Channel[] CHANNELS = Channel.values();

  private final Fabric fabric;
  private final Loop loop;
  private final AtomicReferenceArray<@Nullable Receiver> receivers =
      new AtomicReferenceArray<>(CHANNELS.length);
  private final AtomicInteger onLoop = new AtomicInteger();

  /** Takes the fabric's messages from now on; does not close the fabric or the loop. */
  public FabricTransport(Fabric fabric, Loop loop) {
    this.fabric = fabric;
    this.loop = loop;
    fabric.serve(Service.MESSAGE, this::arrive);
  }

  @Override
  public void send(Address to, Channel channel, byte[] message) {
    if (to.equals(fabric.address())) {
      deliver(channel, message);
      return;
    }
    byte[] body = new byte[1 + message.length];
    body[0] = (byte) channel.ordinal();
    System.arraycopy(message, 0, body, 1, message.length);
    fabric.send(to, Service.MESSAGE, body);
  }

  @Override
  public void receive(Channel channel, Receiver receiver) {
    if (!receivers.compareAndSet(channel.ordinal(), null, receiver)) {
      throw new IllegalStateException("already received: channel=" + channel);
    }
  }

  private CompletionStage<ByteBuffer> arrive(ByteBuffer body) {
    int channel = body.hasRemaining() ? Byte.toUnsignedInt(body.get()) : CHANNELS.length;
    if (channel >= CHANNELS.length) {
      throw new IllegalArgumentException("not a channel: found=" + channel);
    }
    byte[] message = new byte[body.remaining()];
    body.get(message);
    deliver(CHANNELS[channel], message);
    return CompletableFuture.completedStage(ByteBuffer.allocate(0));
  }

  private void deliver(Channel channel, byte[] message) {
    Receiver receiver = receivers.get(channel.ordinal());
    if (receiver == null || onLoop.incrementAndGet() > ON_LOOP_MAX) {
      if (receiver != null) {
        onLoop.decrementAndGet();
      }
      fabric.countDropped();
      return;
    }
    loop.execute(
        () -> {
          onLoop.decrementAndGet();
          take(channel, receiver, message);
        });
  }

  /** A message that cannot be read is as good as lost; nobody but its sender is to suffer. */
  private void take(Channel channel, Receiver receiver, byte[] message) {
    try {
      receiver.receive(message);
    } catch (MalformedException e) {
      fabric.countDropped();
      LOG.warn(
          "message dropped: channel={} bytes={} why={}", channel, message.length, e.toString());
    }
  }
}
