package io.quire.fabric;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.quire.base.Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Carries requests, answers and messages between this node and the others, over mutual TLS only. A
 * peer is known by where it listens; its certificate must be of this cluster's authority and carry
 * that host. Safe from any thread.
 *
 * <p>To each peer there is one connection for each {@link Lane}, made on first use. On one lane
 * requests arrive in the order in which one thread made them, as long as the connection lasts;
 * answers come in any order. After a loss the next use connects again; a peer that could not be
 * reached is left alone for up to a quarter of a second, in which what is meant for it fails at
 * once.
 *
 * <p>Nothing is repeated by the fabric itself: a request is written at most once, and its future
 * completes in any case, by its deadline or a little later.
 */
public final class Fabric implements AutoCloseable {
  static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(256 << 10, 1 << 20);

  private static final int ACCEPTED_MAX = 4096;

  /** For what is written to leave, once the fabric is closed. */
  private static final long LEAVE_MILLIS_MAX = 1000;

  private static final long CLOSE_MILLIS_MAX = 3000;

  private final FabricConfig config;
  private final Counters counters = new Counters();
  private final Refusals refusals = new Refusals(counters);
  private final Services services = new Services();
  private final EventLoopGroup io;
  private final EventLoopGroup bulk;
  private final Security security;
  private final Dialer dialer;
  private final Set<Channel> accepted = ConcurrentHashMap.newKeySet();
  private final Set<Channel> channels = ConcurrentHashMap.newKeySet();
  private final ConcurrentHashMap<Way, Link> links = new ConcurrentHashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Channel listener;
  private final Address address;

  /** To whom, on which lane. */
  private record Way(Address peer, Lane lane) {}

  /** Takes the requests and messages of one service. */
  public interface Server {
    /**
     * Called on an I/O thread, for several connections at once; must not block. The request is only
     * valid during the call. The bytes of the answer are the fabric's afterwards and must never
     * change; they may lie off heap, and are not copied to it if they are many. If the stage fails,
     * the peer gets the message. For a one-way message the answer is dropped.
     */
    CompletionStage<ByteBuffer> serve(ByteBuffer request);
  }

  /** A {@link Server} whose answers lie in memory that somebody wants back. */
  public interface LendingServer {
    /** Like {@link Server#serve}, but the answer's bytes are given back once they are written. */
    CompletionStage<Loan> serve(ByteBuffer request);
  }

  private Fabric(FabricConfig config, Tls tls) {
    this.config = config;
    security = Security.of(tls, config.connectDeadline());
    String name = tls.node() + "-fabric";
    io = group(name, config.threads());
    bulk = group(name + "-bulk", config.threads());
    dialer = new Dialer(io, bulk, security, config, counters, this::keep);
    listener = listen();
    int port = ((InetSocketAddress) listener.localAddress()).getPort();
    address = new Address(config.advertisedHost(), port);
  }

  /**
   * Listens.
   *
   * @throws StartException if the address is in use or not ours, or the credential is of no use
   */
  public static Fabric open(FabricConfig config, Tls tls) {
    return new Fabric(config, tls);
  }

  private static EventLoopGroup group(String name, int threads) {
    return new MultiThreadIoEventLoopGroup(
        threads, new DefaultThreadFactory(name, true), NioIoHandler.newFactory());
  }

  private Channel listen() {
    ChannelFuture bound =
        new ServerBootstrap()
            .group(io)
            .channel(NioServerSocketChannel.class)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel);
                  }
                })
            .bind(new InetSocketAddress(config.bind().host(), config.bind().port()))
            .awaitUninterruptibly();
    if (bound.isSuccess()) {
      return bound.channel();
    }
    io.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
    bulk.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
    throw new StartException(
        "cannot listen: address=" + config.bind() + " cause=" + bound.cause().getMessage(),
        bound.cause());
  }

  private void accept(Channel channel) {
    if (accepted.size() >= ACCEPTED_MAX) {
      refusals.refused(channel.remoteAddress(), null);
      channel.close();
      return;
    }
    accepted.add(channel);
    channel.closeFuture().addListener(_ -> accepted.remove(channel));
    keep(channel);
    Accepted end = new Accepted(channel, services, config, counters, refusals);
    channel
        .pipeline()
        .addLast(security.accepted(channel.alloc()))
        .addLast(new FrameReader(end, config.frameBytesMax(), counters));
  }

  /** Sees to it that the channel does not outlive the fabric. */
  private void keep(Channel channel) {
    channels.add(channel);
    channel.closeFuture().addListener(_ -> channels.remove(channel));
    if (closed.get()) {
      channel.close();
    }
  }

  /** Where other nodes reach this one: the advertised host and the real port. */
  public Address address() {
    return address;
  }

  /** Names who takes the requests of a service; once for each. Until then they are turned away. */
  public void serve(Service service, Server server) {
    lend(service, request -> server.serve(request).thenApply(Loan::gift));
  }

  /** Like {@link #serve}, for answers whose memory is wanted back. */
  public void lend(Service service, LendingServer server) {
    services.add(service, server);
  }

  /**
   * Asks a peer. The future completes, on an I/O thread that must not be blocked, with what {@code
   * decode} makes of the answer, or with what that throws, or with a {@link FabricException}.
   *
   * @param body the remaining bytes; they are the fabric's from here and must never change
   * @param deadline from now; an answer after it is dropped
   * @param decode runs on the I/O thread; its buffer is only valid during the call
   * @throws IllegalArgumentException if the body is larger than a frame may be
   */
  public <T> CompletableFuture<T> request(
      Address to,
      Service service,
      ByteBuffer body,
      Duration deadline,
      Function<ByteBuffer, T> decode) {
    return request(to, service, Loan.gift(body), deadline, decode);
  }

  /** Asks a peer, as above, with bytes that are wanted back. */
  public <T> CompletableFuture<T> request(
      Address to, Service service, Loan body, Duration deadline, Function<ByteBuffer, T> decode) {
    return request(to, service, body, deadline, decode, null);
  }

  /**
   * Asks a peer, as above, for bytes that have their place: the body of the answer is written there
   * as it comes, without a copy in between, and what is decoded lies there. An answer that is
   * larger fails the future.
   *
   * @param into the remaining bytes may be written until the fabric completes the future, and not
   *     after; so the caller must neither cancel nor complete it. What is in them if it fails is
   *     not said
   */
  public <T> CompletableFuture<T> requestInto(
      Address to,
      Service service,
      byte[] body,
      Duration deadline,
      ByteBuffer into,
      Function<ByteBuffer, T> decode) {
    Loan given = Loan.gift(ByteBuffer.wrap(body));
    return request(to, service, given, deadline, decode, new Landing(into));
  }

  private <T> CompletableFuture<T> request(
      Address to,
      Service service,
      Loan body,
      Duration deadline,
      Function<ByteBuffer, T> decode,
      @Nullable Landing landing) {
    checkSize(body.bytes().remaining());
    Call<T> call = new Call<>(Frame.request(service, body), deadline, decode, landing);
    if (closed.get()) {
      call.frame().release();
      call.fail(new UnreachableException("the fabric is closed: address=" + address, null));
      return call.future();
    }
    link(to, service.lane()).request(call);
    return call.future();
  }

  /** Asks a peer, as above; the array is the fabric's from here. */
  public CompletableFuture<byte[]> request(
      Address to, Service service, byte[] body, Duration deadline) {
    return request(to, service, ByteBuffer.wrap(body), deadline, Fabric::copy);
  }

  /**
   * Sends a message that nobody answers. It may be lost; at the limit of the queue, or without a
   * connection, it is dropped and counted. The array is the fabric's from here.
   *
   * @throws IllegalArgumentException if the body is larger than a frame may be
   */
  public void send(Address to, Service service, byte[] body) {
    checkSize(body.length);
    if (closed.get()) {
      countDropped();
      return;
    }
    link(to, service.lane()).send(Frame.oneWay(service, ByteBuffer.wrap(body)));
  }

  /**
   * Makes the connection to a peer ahead of its first use, unless there is one or was an attempt
   * just now. Whether it comes about is not told.
   */
  public void connect(Address to, Lane lane) {
    if (!closed.get()) {
      link(to, lane).open();
    }
  }

  /** Closes the connections to a peer that is gone for good; what waits for it fails. */
  public void forget(Address peer) {
    for (Lane lane : Lane.values()) {
      Link link = links.remove(new Way(peer, lane));
      if (link != null) {
        link.close();
      }
    }
  }

  void countDropped() {
    counters.dropped.increment();
  }

  /**
   * What it has done so far. Counts only grow but for the open connections, and are not of one
   * moment together.
   */
  public FabricStats stats() {
    return counters.stats();
  }

  /**
   * Stops listening and closes all connections; what waits fails. Ends within three seconds. Called
   * on an I/O thread, it does not wait for the end.
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    listener.close();
    links.values().forEach(Link::close);
    channels.forEach(Channel::close);
    if (here(io) || here(bulk)) {
      Thread.startVirtualThread(this::end);
    } else {
      end();
    }
  }

  /* The channels go before the loops: a loop that is busy when it is told to end may do so without
  having closed its channels, and then nothing that they hold is ever given back. */
  private void end() {
    long now = System.nanoTime();
    long deadlineNanos = now + TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS_MAX);
    await(listener.closeFuture(), deadlineNanos);
    long leaveNanos = now + TimeUnit.MILLISECONDS.toNanos(LEAVE_MILLIS_MAX);
    channels.forEach(channel -> await(channel.closeFuture(), leaveNanos));
    channels.forEach(Fabric::cut);
    channels.forEach(channel -> await(channel.closeFuture(), deadlineNanos));
    io.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
    bulk.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
    await(io.terminationFuture(), deadlineNanos);
    await(bulk.terminationFuture(), deadlineNanos);
    links.values().forEach(Link::close);
  }

  /** Closes the channel without waiting for the peer to take what was written. */
  private static void cut(Channel channel) {
    ChannelHandlerContext first = channel.pipeline().firstContext();
    if (first != null) {
      first.close();
    }
  }

  private static void await(Future<?> done, long deadlineNanos) {
    long left = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
    done.awaitUninterruptibly(Math.max(0, left));
  }

  private static boolean here(EventLoopGroup group) {
    for (EventExecutor executor : group) {
      if (executor.inEventLoop()) {
        return true;
      }
    }
    return false;
  }

  private Link link(Address to, Lane lane) {
    return links.computeIfAbsent(
        new Way(to, lane), way -> new Link(way.peer(), way.lane(), config, dialer, counters));
  }

  private void checkSize(int bytes) {
    if (bytes > config.frameBytesMax()) {
      throw new IllegalArgumentException(
          "body too large: bytes=" + bytes + " frameBytesMax=" + config.frameBytesMax());
    }
  }

  private static byte[] copy(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    return copy;
  }
}
