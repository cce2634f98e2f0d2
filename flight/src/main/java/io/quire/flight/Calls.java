package io.quire.flight;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Gives each call a handle by which it can be seen to be over, and be ended although its client
 * takes nothing.
 *
 * <p>gRPC itself offers a server neither: what a call is closed with waits behind the bytes that
 * the client does not take, for as long as it does not take them. But it resets a stream at once
 * when the call's deadline passes, which it learns from the call's context, and a context ends with
 * the one that it stands on. So the one below is ours.
 */
final class Calls extends ServerStreamTracer.Factory {
  private static final Context.Key<Call> CALL = Context.key("quire.flight.call");

  /** The handle of the call that this thread serves. */
  static Call current() {
    Call call = CALL.get();
    if (call == null) {
      throw new IllegalStateException("no call");
    }
    return call;
  }

  @Override
  public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
    return new Call();
  }

  /** One call. Any thread. */
  static final class Call extends ServerStreamTracer {
    private final CompletableFuture<Status> over = new CompletableFuture<>();
    private final CompletableFuture<Context.CancellableContext> below = new CompletableFuture<>();

    @Override
    public Context filterContext(Context context) {
      Context.CancellableContext ours = context.withCancellation();
      below.complete(ours);
      return ours.withValue(CALL, this);
    }

    @Override
    public void streamClosed(Status status) {
      over.complete(status);
    }

    /** Whether all was taken, or the client has gone. */
    boolean isOver() {
      return over.isDone();
    }

    /** How the call ended, if it is over. */
    Optional<Status> end() {
      return Optional.ofNullable(over.getNow(null));
    }

    /** Runs once when the call is over, on a thread that must not wait. */
    void whenOver(Runnable action) {
      over.thenRun(action);
    }

    /** Whether the call is over in time. */
    boolean awaitOver(Duration patience) throws InterruptedException {
      try {
        over.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        return true;
      } catch (TimeoutException e) {
        return false;
      } catch (ExecutionException e) {
        throw new IllegalStateException("cannot fail", e);
      }
    }

    /** Resets the stream: nothing more is sent, and what waits to be sent is let go of. */
    void reset(String why) {
      below.thenAccept(context -> context.cancel(new TimeoutException(why)));
    }
  }
}
