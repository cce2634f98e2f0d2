package io.quire.flight;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.time.Duration;
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
 *
 * <p>What gRPC itself has ended, for a message that is too long, for one, is not closed again by
 * us: gRPC would write a second end, which ends the connection, and all other calls on it.
 */
final class Calls extends ServerStreamTracer.Factory implements ServerInterceptor {
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

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> grpc, Metadata headers, ServerCallHandler<Q, A> next) {
    Call call = current();
    return next.startCall(
        new SimpleForwardingServerCall<>(grpc) {
          @Override
          public void close(Status status, Metadata trailers) {
            call.closeOnce(() -> super.close(status, trailers));
          }
        },
        headers);
  }

  /** One call. Any thread. */
  static final class Call extends ServerStreamTracer {
    private final CompletableFuture<Status> over = new CompletableFuture<>();
    private final CompletableFuture<Context.CancellableContext> below = new CompletableFuture<>();

    @GuardedBy("this")
    private boolean ended;

    @Override
    public Context filterContext(Context context) {
      Context.CancellableContext ours = context.withCancellation();
      below.complete(ours);
      return ours.withValue(CALL, this);
    }

    /** Before gRPC writes an end of its own, if it does. */
    @Override
    public void streamClosed(Status status) {
      synchronized (this) {
        ended = true;
      }
      over.complete(status);
    }

    /** Does not wait: what closes is put where whatever gRPC writes later comes behind it. */
    private synchronized void closeOnce(Runnable close) {
      if (!ended) {
        close.run();
      }
    }

    /** Whether all was taken, or the client has gone. */
    boolean isOver() {
      return over.isDone();
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
