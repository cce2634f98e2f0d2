package io.quire.fabric;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.NetUtil;
import io.quire.base.Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/** Makes connections. Safe from any thread. */
final class Dialer {
  private final EventLoopGroup io;
  private final EventLoopGroup bulk;
  private final Security security;
  private final FabricConfig config;
  private final Counters counters;
  private final Consumer<Channel> made;

  /**
   * @param made told of every channel
   */
  Dialer(
      EventLoopGroup io,
      EventLoopGroup bulk,
      Security security,
      FabricConfig config,
      Counters counters,
      Consumer<Channel> made) {
    this.io = io;
    this.bulk = bulk;
    this.security = security;
    this.config = config;
    this.counters = counters;
    this.made = made;
  }

  /** A loop for a link; bodies in bulk are encrypted and decoded apart from the rest. */
  EventLoop loop(Lane lane) {
    return switch (lane) {
      case RAFT, PROTOCOL -> io.next();
      case BULK -> bulk.next();
    };
  }

  /** Connects; tells the connection of its channel, or that it is lost. On the loop. */
  void dial(Address peer, EventLoop loop, Connection connection) {
    if (NetUtil.isValidIpV4Address(peer.host()) || NetUtil.isValidIpV6Address(peer.host())) {
      connect(new InetSocketAddress(peer.host(), peer.port()), peer, loop, connection);
    } else {
      Thread.startVirtualThread(() -> resolve(peer, loop, connection));
    }
  }

  /** Asking for a name blocks, which an event loop must not. */
  private void resolve(Address peer, EventLoop loop, Connection connection) {
    try {
      InetSocketAddress found =
          new InetSocketAddress(InetAddress.getByName(peer.host()), peer.port());
      loop.execute(() -> connect(found, peer, loop, connection));
    } catch (UnknownHostException e) {
      loop.execute(() -> connection.drop(e));
    } catch (RejectedExecutionException ended) {
      // The fabric is closed and its links with it.
    }
  }

  private void connect(
      InetSocketAddress found, Address peer, EventLoop loop, Connection connection) {
    ChannelFuture connecting =
        new Bootstrap()
            .group(loop)
            .channel(NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, Fabric.WATER_MARK)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) config.connectDeadline().toMillis())
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    made.accept(channel);
                    connection.dialled(channel);
                    channel
                        .pipeline()
                        .addLast(security.toward(peer, channel.alloc()))
                        .addLast(new FrameReader(connection, config.frameBytesMax(), counters));
                  }
                })
            .connect(found);
    connecting.addListener(
        done -> {
          if (!done.isSuccess()) {
            connection.drop(done.cause());
          }
        });
  }
}
