package io.quire.fabric;

import static io.quire.fabric.Fixture.LOOPBACK;
import static io.quire.fabric.Fixture.SOON;
import static io.quire.fabric.Fixture.await;
import static io.quire.fabric.Fixture.bytes;
import static io.quire.fabric.Fixture.failure;
import static io.quire.fabric.Fixture.get;
import static java.util.concurrent.CompletableFuture.completedStage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.NodeId;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is let in. */
@Timeout(300)
class FabricTlsTest {
  private final Fixture fixture = new Fixture();
  private final Fabric server = fixture.fabric("server");
  private final AtomicInteger served = new AtomicInteger();

  FabricTlsTest() {
    server.serve(
        Service.LOG,
        request -> {
          served.incrementAndGet();
          return completedStage(Fixture.copy(request));
        });
  }

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  @Test
  void peerOfAnotherAuthority_isRefusedByBothSides() throws Exception {
    CertificateAuthority other = CertificateAuthority.create("test");
    Tls theirs = other.issue(new NodeId("stranger"), List.of("127.0.0.1"));
    Fabric stranger = fixture.keep(Fabric.open(Fixture.config(LOOPBACK), theirs));
    Fabric friend = fixture.fabric("friend");

    assertThat(failure(stranger.request(server.address(), Service.LOG, bytes("x"), SOON)))
        .isInstanceOf(UnreachableException.class);
    assertThat(failure(friend.request(stranger.address(), Service.LOG, bytes("x"), SOON)))
        .isInstanceOf(UnreachableException.class);
    assertThat(served).hasValue(0);
    await("the refusal counted", () -> server.stats().refused() == 1);
  }

  @Test
  void peerThatTrustsUsButShowsACertificateOfAnotherAuthority_isRefused() throws Exception {
    Tls stranger =
        CertificateAuthority.create("test").issue(new NodeId("stranger"), List.of("127.0.0.1"));
    Tls mixed = new Tls(Fixture.AUTHORITY.certificate(), stranger.certificate(), stranger.key());
    Fabric peer = fixture.keep(Fabric.open(Fixture.config(LOOPBACK), mixed));

    assertThat(failure(peer.request(server.address(), Service.LOG, bytes("x"), SOON)))
        .isInstanceOf(UnreachableException.class);
    assertThat(served).hasValue(0);
    await("the refusal counted", () -> server.stats().refused() == 1);
  }

  @Test
  void peerWithoutACertificate_isRefused() throws Exception {
    assertThatThrownBy(() -> greet(new KeyManager[0], "TLSv1.3")).isInstanceOf(IOException.class);
    await("the refusal counted", () -> server.stats().refused() == 1);
  }

  @Test
  void peerWithACertificate_isGreeted() throws Exception {
    assertThat(greet(RawPeer.friendsKey(), "TLSv1.3")).isEqualTo(Frame.Kind.HELLO.ordinal());
    assertThat(server.stats().refused()).isZero();
  }

  @Test
  void peerOfAnOlderTls_isRefused() {
    assertThatThrownBy(() -> greet(RawPeer.friendsKey(), "TLSv1.2"))
        .isInstanceOf(SSLException.class);
    await("the refusal counted", () -> server.stats().refused() == 1);
  }

  @Test
  void peerWithoutTls_isRefused() throws Exception {
    try (Socket plain = new Socket("127.0.0.1", server.address().port())) {
      plain.getOutputStream().write(RawPeer.hello());
      plain.shutdownOutput();
      InputStream in = plain.getInputStream();
      byte[] said = in.readAllBytes();
      // At most a TLS alert, whose type is 21.
      assertThat(said.length == 0 || said[0] == 21).isTrue();
    }
    await("the refusal counted", () -> server.stats().refused() == 1);
    assertThat(server.stats().connections()).isZero();
  }

  @Test
  void serverAtAHostThatItsCertificateDoesNotCarry_isRefused() throws Exception {
    Tls elsewhere = Fixture.AUTHORITY.issue(new NodeId("moved"), List.of("10.1.2.3", "else.where"));
    Fabric moved = fixture.keep(Fabric.open(Fixture.config(LOOPBACK), elsewhere));
    Fabric friend = fixture.fabric("friend");

    assertThat(failure(friend.request(moved.address(), Service.LOG, bytes("x"), SOON)))
        .isInstanceOf(UnreachableException.class)
        .hasMessageContaining("127.0.0.1");
    // The other way is fine: who connects is known by the authority's word alone.
    get(moved.request(server.address(), Service.LOG, bytes("x"), SOON));
  }

  @Test
  void peerThatSendsNonsense_isCutOffAndOthersAreServed() throws Exception {
    Fabric friend = fixture.fabric("friend");
    get(friend.request(server.address(), Service.LOG, bytes("x"), SOON));
    try (SSLSocket socket = RawPeer.connect(server, RawPeer.friendsKey(), "TLSv1.3")) {
      socket.getOutputStream().write(new byte[] {-1, -1, -1, 127, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9});
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
    get(friend.request(server.address(), Service.LOG, bytes("y"), SOON));
    await("the refusal counted", () -> server.stats().refused() == 1);
  }

  @Test
  void peerThatAsksBeforeItGreets_isCutOffUnserved() throws Exception {
    try (SSLSocket socket = RawPeer.connect(server, RawPeer.friendsKey(), "TLSv1.3")) {
      byte[] request = RawPeer.hello();
      request[4] = (byte) Frame.Kind.REQUEST.ordinal();
      request[5] = (byte) Service.LOG.ordinal();
      socket.getOutputStream().write(request);
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(served).hasValue(0);
  }

  /** Connects without the fabric and returns the kind of the first frame. */
  private int greet(KeyManager[] keys, String protocol) throws Exception {
    try (SSLSocket socket = RawPeer.connect(server, keys, protocol)) {
      socket.getOutputStream().write(RawPeer.hello());
      byte[] header = socket.getInputStream().readNBytes(Frame.HEADER_BYTES);
      if (header.length < Frame.HEADER_BYTES) {
        throw new IOException("cut off");
      }
      return header[4];
    }
  }
}
