package io.quire.fabric;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.quire.fabric.Frame.Kind;
import io.quire.fabric.Frame.MalformedFrameException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A connection that a peer made: takes its requests to the servers and their answers back, in the
 * order in which they come. Confined to the channel's event loop.
 *
 * <p>A peer that asks faster than it reads is not read from until it has caught up; how many
 * answers may then be under way is bounded by the limit of requests.
 */
final class Accepted implements FrameReader.End {
  private final Channel channel;
  private final Services services;
  private final FabricConfig config;
  private final Counters counters;
  private final Refusals refusals;
  private final Outbox outbox;
  private final Mailbox<Frame> answers;
  private int unanswered;
  private @Nullable Lane lane;

  /** Whether TLS is about to end: nothing is read before it has. */
  private boolean clearing;

  private boolean lost;

  Accepted(
      Channel channel,
      Services services,
      FabricConfig config,
      Counters counters,
      Refusals refusals) {
    this.channel = channel;
    this.services = services;
    this.config = config;
    this.counters = counters;
    this.refusals = refusals;
    outbox = new Outbox(counters, this::readOrPause);
    answers = new Mailbox<>(channel.eventLoop(), this::answer, this::pump, this::discard);
  }

  @Override
  public void secured() {}

  @Override
  public void received(Kind kind, int service, long id, ByteBuf body) {
    if (lost) {
      return;
    }
    if ((lane == null) != (kind == Kind.HELLO)) {
      throw new MalformedFrameException("a greeting comes first and once: kind=" + kind);
    }
    if (clearing) {
      throw new MalformedFrameException("sent before the greeting was answered: kind=" + kind);
    }
    switch (kind) {
      case HELLO -> greet(body);
      case REQUEST -> request(service, id, body);
      case ONE_WAY -> oneWay(service, body);
      case PING -> {
        outbox.addFirst(Frame.pong());
        pump();
      }
      case ANSWER, ERROR, PONG ->
          throw new MalformedFrameException("not for the side that accepted: kind=" + kind);
    }
  }

  private void greet(ByteBuf hello) {
    Frame.Hello theirs = Frame.readHello(hello);
    boolean clear = theirs.clear() && config.clear(theirs.lane());
    lane = theirs.lane();
    clearing = clear;
    counters.connections.increment();
    // What follows their greeting is not encrypted: it is not read before TLS is out of its way.
    channel.config().setAutoRead(!clear);
    channel
        .writeAndFlush(Frame.hello(new Frame.Hello(theirs.lane(), clear)).encode(channel.alloc()))
        .addListener(
            written -> {
              if (!written.isSuccess()) {
                channel.close();
              } else if (clear) {
                channel.eventLoop().execute(this::goOnInTheClear);
              }
            });
  }

  private void goOnInTheClear() {
    if (!lost) {
      Security.remove(channel);
      clearing = false;
      channel.config().setAutoRead(true);
    }
  }

  private void request(int service, long id, ByteBuf body) {
    checkLane(service);
    Fabric.LendingServer server = services.find(service);
    unanswered++;
    if (server == null) {
      reply(Frame.error(service, id, false, "not served: service=" + Services.name(service)));
    } else if (unanswered > config.requestsMax()) {
      counters.overloads.increment();
      reply(
          Frame.error(
              service, id, false, "too much under way: requestsMax=" + config.requestsMax()));
    } else {
      counters.served.increment();
      serve(server, service, id, body);
    }
  }

  private void serve(Fabric.LendingServer server, int service, long id, ByteBuf body) {
    call(server, body)
        .whenComplete(
            (answer, failure) ->
                reply(
                    answer == null ? failed(service, id, failure) : answered(service, id, answer)));
  }

  /** A server that throws has failed, like one whose stage does. */
  private static CompletionStage<@Nullable Loan> call(Fabric.LendingServer server, ByteBuf body) {
    try {
      return server.serve(body.nioBuffer()).thenApply(answer -> answer);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private Frame answered(int service, long id, Loan answer) {
    int bytes = answer.bytes().remaining();
    if (bytes <= config.frameBytesMax()) {
      return Frame.answer(service, id, answer);
    }
    answer.release().run();
    return Frame.error(
        service,
        id,
        true,
        "answer too large: bytes=" + bytes + " frameBytesMax=" + config.frameBytesMax());
  }

  private static Frame failed(int service, long id, @Nullable Throwable failure) {
    if (failure == null) {
      return Frame.error(service, id, true, "the server answered null");
    }
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    String message = cause.getMessage();
    return Frame.error(service, id, true, message == null ? cause.getClass().getName() : message);
  }

  /** What comes on another lane than its own may not be protected as it has to be. */
  private void checkLane(int service) {
    if (Service.exists(service) && Service.of(service).lane() != lane) {
      throw new MalformedFrameException(
          "not on this lane: service=" + Services.name(service) + " lane=" + lane);
    }
  }

  private void oneWay(int service, ByteBuf body) {
    checkLane(service);
    Fabric.LendingServer server = services.find(service);
    if (server == null) {
      counters.dropped.increment();
      return;
    }
    call(server, body)
        .whenComplete(
            (answer, _) -> {
              if (answer == null) {
                counters.dropped.increment();
              } else {
                answer.release().run();
              }
            });
  }

  /** On any thread. */
  private void reply(Frame frame) {
    outbox.reserve(frame);
    answers.offer(frame);
  }

  private void answer(Frame frame) {
    unanswered--;
    if (lost) {
      discard(frame);
    } else {
      outbox.add(frame);
    }
  }

  private void discard(Frame frame) {
    outbox.unreserve(frame);
    frame.release();
  }

  private void pump() {
    if (!lost) {
      outbox.pump(channel);
    }
  }

  private void readOrPause() {
    if (clearing) {
      return;
    }
    boolean read = outbox.bytes() <= config.queueBytesMax();
    if (channel.config().isAutoRead() != read) {
      channel.config().setAutoRead(read);
    }
  }

  @Override
  public void writabilityChanged() {
    pump();
  }

  @Override
  public void lost(@Nullable Throwable cause) {
    lost = true;
    outbox.clear();
    if (lane != null) {
      counters.connections.decrement();
    } else {
      refusals.refused(channel.remoteAddress(), cause);
    }
  }
}
