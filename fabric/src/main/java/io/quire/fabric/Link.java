package io.quire.fabric;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.collection.LongObjectHashMap;
import io.quire.base.Address;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * This node's way to one peer on one lane: a connection made on first use and again after a loss,
 * what waits to be written to it, and the requests that wait for an answer. Confined to one event
 * loop, but for the two ways in.
 */
final class Link {
  private static final long BACK_OFF_NANOS_MIN = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long BACK_OFF_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(250);

  private final Address peer;
  private final Lane lane;
  private final FabricConfig config;
  private final Dialer dialer;
  private final Counters counters;
  private final EventLoop loop;
  private final Mailbox<Outgoing> mailbox;
  private final Outbox outbox;
  private final AtomicInteger outstanding = new AtomicInteger();
  private final LongObjectHashMap<Call<?>> pending = new LongObjectHashMap<>();
  private long lastId;
  private @Nullable Connection connection;
  private int failures;
  private long retryAtNanos;
  private @Nullable Throwable lastFailure;
  private boolean closed;

  /** What a caller hands in. */
  sealed interface Outgoing permits Call, OneWay {
    Frame frame();

    void fail(FabricException cause);
  }

  /** A message of which nobody hears again. */
  record OneWay(Frame frame) implements Outgoing {
    @Override
    public void fail(FabricException cause) {}
  }

  Link(Address peer, Lane lane, FabricConfig config, Dialer dialer, Counters counters) {
    this.peer = peer;
    this.lane = lane;
    this.config = config;
    this.dialer = dialer;
    this.counters = counters;
    loop = dialer.loop(lane);
    outbox = new Outbox(counters, () -> {});
    mailbox = new Mailbox<>(loop, this::take, this::pump, this::orphaned);
  }

  /** Sends a request; its future completes in any case. On any thread. */
  void request(Call<?> call) {
    counters.requests.increment();
    if (outstanding.incrementAndGet() > config.requestsMax()) {
      turnAway(call, "requestsMax=" + config.requestsMax());
    } else if (!outbox.reserve(call.frame(), config.queueBytesMax())) {
      turnAway(call, "queueBytesMax=" + config.queueBytesMax());
    } else {
      mailbox.offer(call);
    }
  }

  private void turnAway(Call<?> call, String limit) {
    outstanding.decrementAndGet();
    counters.overloads.increment();
    call.frame().release();
    call.fail(new OverloadedException("too much under way: " + name() + " " + limit, null));
  }

  /** Sends a message, or drops it. On any thread. */
  void send(Frame message) {
    if (outbox.reserve(message, config.queueBytesMax())) {
      mailbox.offer(new OneWay(message));
    } else {
      counters.dropped.increment();
    }
  }

  /** Connects ahead of the first use. On any thread. */
  void open() {
    try {
      loop.execute(
          () -> {
            if (!closed && System.nanoTime() - retryAtNanos >= 0) {
              connect();
            }
          });
    } catch (RejectedExecutionException ended) {
      // There is nothing more to connect.
    }
  }

  /** Ends the link; what waits fails. On any thread, also when the loop has ended. */
  void close() {
    if (loop.isTerminated()) {
      closeHere();
      mailbox.end();
    } else {
      try {
        loop.execute(this::closeHere);
      } catch (RejectedExecutionException ending) {
        // The loop closes its connections itself, and each tells its link.
      }
    }
  }

  private void closeHere() {
    closed = true;
    Connection open = connection;
    if (open != null) {
      open.drop(null);
    }
  }

  private void take(Outgoing out) {
    if (closed) {
      refuse(out, "closed", null);
    } else if (connection == null && System.nanoTime() - retryAtNanos < 0) {
      refuse(out, "backing off", lastFailure);
    } else {
      if (out instanceof Call<?> call) {
        register(call);
      }
      outbox.add(out.frame());
      connect();
    }
  }

  /** Last in a turn: the attempt may fail at once, and takes with it what waits. */
  private void connect() {
    if (connection == null) {
      Connection made = new Connection(this, config, loop);
      connection = made;
      made.dial(dialer);
    }
  }

  private void register(Call<?> call) {
    call.frame().id = ++lastId;
    pending.put(lastId, call);
    call.expiresBy(loop.schedule(() -> expire(call), call.nanosLeft(), TimeUnit.NANOSECONDS));
  }

  private void refuse(Outgoing out, String why, @Nullable Throwable cause) {
    outbox.unreserve(out.frame());
    out.frame().release();
    if (out instanceof OneWay) {
      counters.dropped.increment();
    } else {
      outstanding.decrementAndGet();
    }
    out.fail(unreachable(why, cause));
  }

  private void orphaned(Outgoing out) {
    refuse(out, "closed", null);
  }

  private void expire(Call<?> call) {
    Frame frame = call.frame();
    if (pending.remove(frame.id) == null) {
      return;
    }
    outstanding.decrementAndGet();
    counters.deadlinesMissed.increment();
    if (frame.begun) {
      call.fail(new DeadlineException("no answer by the deadline: " + name(), null));
    } else {
      frame.dropped = true;
      frame.release();
      call.fail(unreachable("not written by the deadline", lastFailure));
    }
  }

  /** Writes what waits, if the connection is open. */
  void pump() {
    Connection open = connection;
    if (open != null) {
      open.pump(outbox);
    }
  }

  /** The connection can be used. */
  void opened() {
    counters.connections.increment();
    failures = 0;
    lastFailure = null;
    pump();
  }

  /**
   * Where the body of an answer of this size, or, with 0, the rest of it, is to go: null if that is
   * nowhere of its own, or if nobody waits for it any more.
   */
  @Nullable Landing landing(long id, int bytes) {
    Call<?> call = pending.get(id);
    return call == null ? null : call.landing(bytes);
  }

  /** All of an answer is where it was to go. */
  void landed(long id) {
    Call<?> call = pending.remove(id);
    if (call == null) {
      counters.lateAnswers.increment();
      return;
    }
    outstanding.decrementAndGet();
    call.landed();
  }

  /** Takes an answer or an error. */
  void answered(Frame.Kind kind, long id, ByteBuf body) {
    Call<?> call = pending.remove(id);
    if (call == null) {
      counters.lateAnswers.increment();
      return;
    }
    outstanding.decrementAndGet();
    if (kind == Frame.Kind.ANSWER) {
      call.answer(body);
    } else {
      call.fail(Frame.readError(body));
    }
  }

  /** The connection is gone, or was never made. */
  void lost(boolean wasOpen, @Nullable Throwable cause) {
    connection = null;
    lastFailure = cause;
    if (wasOpen) {
      counters.connections.decrement();
    } else {
      long backOff = BACK_OFF_NANOS_MIN << Math.min(failures++, 10);
      retryAtNanos = System.nanoTime() + Math.min(backOff, BACK_OFF_NANOS_MAX);
    }
    outbox.clear();
    List<Call<?>> calls = new ArrayList<>(pending.values());
    pending.clear();
    outstanding.addAndGet(-calls.size());
    for (Call<?> call : calls) {
      call.fail(
          call.frame().begun
              ? new DisconnectedException("connection lost: " + name() + reason(cause), cause)
              : unreachable(wasOpen ? "connection lost" : "no connection", cause));
    }
  }

  Outbox outbox() {
    return outbox;
  }

  Address peer() {
    return peer;
  }

  Lane lane() {
    return lane;
  }

  boolean awaitsAnswers() {
    return !pending.isEmpty();
  }

  private UnreachableException unreachable(String why, @Nullable Throwable cause) {
    return new UnreachableException(
        "cannot reach: " + name() + " why=" + why + reason(cause), cause);
  }

  private String name() {
    return "peer=" + peer + " lane=" + lane;
  }

  private static String reason(@Nullable Throwable cause) {
    return cause == null ? "" : " cause=" + cause.getMessage();
  }
}
