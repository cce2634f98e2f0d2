package io.quire.fabric;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.quire.base.Address;
import java.time.Duration;
import javax.net.ssl.SSLException;

/**
 * TLS 1.3 on each connection, in both directions: both sides show a certificate, the only authority
 * is the cluster's, and the side that connects checks that the certificate is for the host it
 * meant.
 *
 * <p>It is BoringSSL's, which reads and writes memory off the heap, where its library can be
 * loaded, and else the JDK's: the two are the same on the wire.
 */
final class Security {
  private static final SslProvider PROVIDER =
      SslProvider.isTlsv13Supported(SslProvider.OPENSSL) ? SslProvider.OPENSSL : SslProvider.JDK;

  private static final long FAREWELL_MILLIS = 200;

  private final SslContext accepting;
  private final SslContext connecting;
  private final long handshakeMillis;

  private Security(SslContext accepting, SslContext connecting, Duration handshake) {
    this.accepting = accepting;
    this.connecting = connecting;
    this.handshakeMillis = handshake.toMillis();
  }

  static Security of(Tls tls, Duration handshake) {
    try {
      SslContext accepting =
          onlyOurs(SslContextBuilder.forServer(tls.key(), tls.certificate()), tls)
              .clientAuth(ClientAuth.REQUIRE)
              .build();
      SslContext connecting =
          onlyOurs(SslContextBuilder.forClient().keyManager(tls.key(), tls.certificate()), tls)
              .endpointIdentificationAlgorithm("HTTPS")
              .build();
      return new Security(accepting, connecting, handshake);
    } catch (SSLException | IllegalArgumentException e) {
      throw new StartException("cannot use the credential: " + tls + " cause=" + e.getMessage(), e);
    }
  }

  private static SslContextBuilder onlyOurs(SslContextBuilder builder, Tls tls) {
    return builder.sslProvider(PROVIDER).protocols("TLSv1.3").trustManager(tls.authority());
  }

  SslHandler accepted(ByteBufAllocator allocator) {
    return patient(accepting.newHandler(allocator));
  }

  SslHandler toward(Address peer, ByteBufAllocator allocator) {
    return patient(connecting.newHandler(allocator, peer.host(), peer.port()));
  }

  /** Takes TLS off a connection: what follows goes in the clear, in both directions. */
  static void remove(Channel channel) {
    channel.pipeline().remove(SslHandler.class);
  }

  private SslHandler patient(SslHandler handler) {
    handler.setHandshakeTimeoutMillis(handshakeMillis);
    handler.setCloseNotifyFlushTimeoutMillis(FAREWELL_MILLIS);
    return handler;
  }
}
