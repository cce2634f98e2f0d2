package io.quire.fabric;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import io.quire.base.WireReader.MalformedException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A request that waits for its answer. Confined to the event loop of its link. */
final class Call<T> implements Link.Outgoing {
  private final Frame frame;
  private final Function<ByteBuffer, T> decode;
  private final @Nullable Landing landing;
  private final long deadlineNanos;
  private final CompletableFuture<T> future = new CompletableFuture<>();
  private @Nullable ScheduledFuture<?> timer;

  /**
   * @param landing where the body goes that is to be decoded, or null if that may be anywhere
   */
  Call(Frame frame, Duration deadline, Function<ByteBuffer, T> decode, @Nullable Landing landing) {
    this.frame = frame;
    this.decode = decode;
    this.landing = landing;
    this.deadlineNanos = System.nanoTime() + deadline.toNanos();
  }

  @Override
  public Frame frame() {
    return frame;
  }

  CompletableFuture<T> future() {
    return future;
  }

  long nanosLeft() {
    return deadlineNanos - System.nanoTime();
  }

  void expiresBy(ScheduledFuture<?> timer) {
    this.timer = timer;
  }

  /** Where a body of this size is to go, or null if it is to be gathered and given as a whole. */
  @Nullable Landing landing(int bytes) {
    return landing != null && landing.hasRoom(bytes) ? landing : null;
  }

  void answer(ByteBuf body) {
    Landing target = landing;
    if (target == null) {
      decode(body.nioBuffer());
    } else if (target.hasRoom(body.readableBytes())) {
      target.take(body);
      landed();
    } else {
      disarm();
      future.completeExceptionally(
          new MalformedException("answer larger than its place: bytes=" + body.readableBytes()));
    }
  }

  /** All of the body is where it was to go. */
  void landed() {
    decode(Objects.requireNonNull(landing).landed());
  }

  private void decode(ByteBuffer body) {
    disarm();
    T value;
    try {
      value = decode.apply(body);
    } catch (RuntimeException e) {
      future.completeExceptionally(e);
      return;
    }
    future.complete(value);
  }

  @Override
  public void fail(FabricException cause) {
    disarm();
    future.completeExceptionally(cause);
  }

  private void disarm() {
    ScheduledFuture<?> armed = timer;
    if (armed == null) {
      return;
    }
    try {
      armed.cancel(false);
    } catch (RejectedExecutionException ended) {
      // The loop has ended, and its timers with it.
    }
  }
}
