package io.quire.fabric;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.quire.fabric.Frame.Kind;
import io.quire.fabric.Frame.MalformedFrameException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a {@link Link}, from the attempt to make it to its loss, which it tells the
 * link once. Confined to the link's event loop.
 *
 * <p>It is open when the peer has answered our greeting. Not before, because in TLS 1.3 the side
 * that connects is done before the other has looked at its certificate.
 *
 * <p>A peer that vanished without a word is noticed by a ping, sent only if something was written
 * and nothing came since. Without it the kernel would repeat lost segments ever more seldom, and a
 * healed network would look dead for long after.
 */
final class Connection implements FrameReader.End {
  private final Link link;
  private final EventLoop loop;
  private final long silenceNanos;
  private final Frame.Hello hello;
  private final ScheduledFuture<?> opening;
  private @Nullable ScheduledFuture<?> watch;
  private @Nullable Channel channel;
  private boolean greeted;
  private boolean open;
  private boolean lost;

  private boolean heard;
  private boolean wrote;
  private @Nullable Frame ping;
  private long pingNanos;
  private long slicesAtPing;

  Connection(Link link, FabricConfig config, EventLoop loop) {
    this.link = link;
    this.loop = loop;
    silenceNanos = config.silenceMax().toNanos();
    hello = new Frame.Hello(link.lane(), config.clear(link.lane()));
    long openingNanos = config.connectDeadline().toNanos();
    opening = loop.schedule(this::overdue, openingNanos, TimeUnit.NANOSECONDS);
  }

  void dial(Dialer dialer) {
    dialer.dial(link.peer(), loop, this);
  }

  private void overdue() {
    drop(new TimeoutException("not connected by the deadline"));
  }

  /** The attempt has a channel. */
  void dialled(Channel made) {
    if (lost) {
      made.close();
    } else {
      channel = made;
    }
  }

  @Override
  public void secured() {
    Channel made = channel();
    made.writeAndFlush(Frame.hello(hello).encode(made.alloc()));
  }

  @Override
  public void received(Kind kind, int service, long id, ByteBuf body) {
    if (lost) {
      return;
    }
    heard = true;
    wrote = false;
    switch (kind) {
      case HELLO -> greeted(body);
      case ANSWER, ERROR -> link.answered(kind, id, body);
      case PONG -> ping = null;
      case REQUEST, ONE_WAY, PING ->
          throw new MalformedFrameException("not for the side that connects: kind=" + kind);
    }
  }

  @Override
  public boolean lands(long id, int bytes) {
    return link.landing(id, bytes) != null;
  }

  @Override
  public void land(long id, ByteBuf piece) {
    heard = true;
    wrote = false;
    Landing landing = lost ? null : link.landing(id, 0);
    if (landing != null) {
      landing.take(piece);
    }
  }

  @Override
  public void landed(long id) {
    if (!lost) {
      link.landed(id);
    }
  }

  private void greeted(ByteBuf answer) {
    if (greeted) {
      throw new MalformedFrameException("greeted twice");
    }
    greeted = true;
    Frame.Hello theirs = Frame.readHello(answer);
    if (theirs.clear() && !hello.clear()) {
      throw new MalformedFrameException("wants to go on in the clear, which was not offered");
    }
    if (theirs.clear()) {
      loop.execute(this::openInTheClear); // not while TLS hands on what it decrypted
    } else {
      opened();
    }
  }

  private void openInTheClear() {
    if (!lost) {
      Security.remove(channel());
      opened();
    }
  }

  private void opened() {
    opening.cancel(false);
    open = true;
    long period = silenceNanos / 4;
    watch = loop.scheduleWithFixedDelay(this::check, period, period, TimeUnit.NANOSECONDS);
    link.opened();
  }

  void pump(Outbox outbox) {
    if (open) {
      wrote = true;
      outbox.pump(channel());
    }
  }

  @Override
  public void writabilityChanged() {
    link.pump();
  }

  private void check() {
    if (heard) {
      heard = false;
      ping = null;
      return;
    }
    Frame sent = ping;
    long now = System.nanoTime();
    if (sent == null) {
      if (wrote || link.awaitsAnswers()) {
        Frame made = Frame.ping();
        ping = made;
        pingNanos = now;
        slicesAtPing = link.outbox().slices();
        link.outbox().addFirst(made);
        link.pump();
      }
    } else if (!sent.begun && link.outbox().slices() != slicesAtPing) {
      slicesAtPing = link.outbox().slices();
      pingNanos = now;
    } else if (now - pingNanos >= silenceNanos / 2) {
      drop(new TimeoutException("the peer is silent"));
    }
  }

  @Override
  public void lost(@Nullable Throwable cause) {
    drop(cause);
  }

  /** Gives the connection up. The second time does nothing. */
  void drop(@Nullable Throwable cause) {
    if (lost) {
      return;
    }
    lost = true;
    opening.cancel(false);
    ScheduledFuture<?> watching = watch;
    if (watching != null) {
      watching.cancel(false);
    }
    Channel made = channel;
    if (made != null) {
      made.close();
    }
    link.lost(open, cause);
  }

  private Channel channel() {
    Channel made = channel;
    if (made == null) {
      throw new IllegalStateException("not connected: peer=" + link.peer());
    }
    return made;
  }
}
