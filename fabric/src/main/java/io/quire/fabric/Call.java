package io.quire.fabric;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A request that waits for its answer. Confined to the event loop of its link. */
final class Call<T> implements Link.Outgoing {
  private final Frame frame;
  private final Function<ByteBuffer, T> decode;
  private final long deadlineNanos;
  private final CompletableFuture<T> future = new CompletableFuture<>();
  private @Nullable ScheduledFuture<?> timer;

  Call(Frame frame, Duration deadline, Function<ByteBuffer, T> decode) {
    this.frame = frame;
    this.decode = decode;
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

  void answer(ByteBuf body) {
    disarm();
    T value;
    try {
      value = decode.apply(body.nioBuffer());
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
