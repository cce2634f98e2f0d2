package io.quire.fabric;

import static io.quire.fabric.Fixture.SOON;
import static io.quire.fabric.Fixture.await;
import static io.quire.fabric.Fixture.bytes;
import static io.quire.fabric.Fixture.get;
import static io.quire.fabric.Fixture.text;
import static java.util.concurrent.CompletableFuture.completedStage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.NodeId;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What may be seen on the wire, and by whom it may be asked for, if extents are not encrypted. */
@Timeout(300)
class FabricClearTest {
  private static final String TOLD = "told by the one who was asked";
  private static final String ASKED = "what somebody asks for";

  private final Fixture fixture = new Fixture();

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  /** Asks over a relay, which keeps what passes by. */
  private Relay asked(boolean clientEncrypts, boolean serverEncrypts, Service service)
      throws Exception {
    Fabric server = fixture.fabric("server", each -> each.withEncryptedBulk(serverEncrypts));
    server.serve(service, _ -> completedStage(ByteBuffer.wrap(bytes(TOLD))));
    Fabric client = fixture.fabric("client", each -> each.withEncryptedBulk(clientEncrypts));
    Relay relay = fixture.keep(new Relay(server.address()));
    byte[] answer = get(client.request(relay.address(), service, bytes(ASKED), SOON));
    assertThat(text(answer)).isEqualTo(TOLD);
    return relay;
  }

  @Test
  void bulk_isSeenOnTheWire_onlyIfNeitherSideEncryptsIt() throws Exception {
    for (boolean client : List.of(true, false)) {
      for (boolean server : List.of(true, false)) {
        Relay relay = asked(client, server, Service.EXTENT);
        String who = "client encrypts=" + client + " server encrypts=" + server;
        assertThat(relay.saw(TOLD)).as(who).isEqualTo(!client && !server);
        assertThat(relay.saw(ASKED)).as(who).isEqualTo(!client && !server);
      }
    }
  }

  @Test
  void otherLanes_areEncrypted_whateverTheSidesSayOfBulk() throws Exception {
    for (Service service : List.of(Service.RAFT, Service.CALL)) {
      Relay relay = asked(false, false, service);
      assertThat(relay.saw(TOLD)).as("%s", service).isFalse();
      assertThat(relay.saw(ASKED)).as("%s", service).isFalse();
    }
  }

  @Test
  void bodiesOfAllSizes_arriveInTheClearAsTheyAre_alsoAfterTheConnectionWasCut() throws Exception {
    Fabric server = fixture.fabric("server", each -> each.withEncryptedBulk(false));
    server.serve(Service.EXTENT, request -> completedStage(Fixture.copy(request)));
    Fabric client = fixture.fabric("client", each -> each.withEncryptedBulk(false));
    Relay relay = fixture.keep(new Relay(server.address()));
    for (int round = 0; round < 3; round++) {
      List<CompletableFuture<byte[]>> answers = new ArrayList<>();
      List<byte[]> sent = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        byte[] body = new byte[i * i * 1000];
        Arrays.fill(body, (byte) (i + round));
        sent.add(body);
        answers.add(client.request(relay.address(), Service.EXTENT, body, SOON));
      }
      for (int i = 0; i < 40; i++) {
        assertThat(get(answers.get(i))).as("body %d", i).isEqualTo(sent.get(i));
      }
      relay.cut();
      reconnect(client, relay);
    }
  }

  /** A connection that is cut is noticed by the next request, or the one after it. */
  private static void reconnect(Fabric client, Relay relay) throws Exception {
    await(
        "another connection",
        () -> {
          try {
            get(client.request(relay.address(), Service.EXTENT, bytes("x"), SOON));
            return true;
          } catch (ExecutionException e) {
            return false;
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  /** Who can write into a connection without TLS gets no further than to extents. */
  @Test
  void services_areServedOnTheirOwnLaneOnly() throws Exception {
    Fabric server = fixture.fabric("server", each -> each.withEncryptedBulk(false));
    AtomicInteger served = new AtomicInteger();
    for (Service service : Service.values()) {
      server.serve(
          service,
          _ -> {
            served.incrementAndGet();
            return completedStage(ByteBuffer.wrap(bytes(TOLD)));
          });
    }
    for (Lane lane : Lane.values()) {
      for (Service service : Service.values()) {
        for (Frame.Kind kind : List.of(Frame.Kind.REQUEST, Frame.Kind.ONE_WAY)) {
          if (service.lane() != lane) {
            assertCutOff(server, lane, service, kind);
          }
        }
      }
    }
    assertThat(served).hasValue(0);
  }

  private static void assertCutOff(Fabric server, Lane lane, Service service, Frame.Kind kind)
      throws Exception {
    try (SSLSocket peer = RawPeer.connect(server, RawPeer.friendsKey(), "TLSv1.3")) {
      byte[] hello = RawPeer.hello(lane, false);
      peer.getOutputStream().write(hello);
      peer.getInputStream().readNBytes(hello.length);
      byte[] request = RawPeer.request(service, 1);
      request[4] = (byte) kind.ordinal();
      peer.getOutputStream().write(request);
      assertThat(peer.getInputStream().read()).as("%s on %s", service, lane).isEqualTo(-1);
    }
  }

  /** What comes behind a greeting that offers the clear could be of either layer. */
  @Test
  void whoDoesNotWaitForTheAnswerToItsGreeting_isCutOffUnserved() throws Exception {
    Fabric server = fixture.fabric("server", each -> each.withEncryptedBulk(false));
    AtomicInteger served = new AtomicInteger();
    server.serve(
        Service.EXTENT,
        _ -> {
          served.incrementAndGet();
          return completedStage(ByteBuffer.wrap(bytes(TOLD)));
        });
    try (SSLSocket peer = RawPeer.connect(server, RawPeer.friendsKey(), "TLSv1.3")) {
      byte[] hello = RawPeer.hello(Lane.BULK, true);
      byte[] request = RawPeer.request(Service.EXTENT, 1);
      byte[] both = Arrays.copyOf(hello, hello.length + request.length);
      System.arraycopy(request, 0, both, hello.length, request.length);
      peer.getOutputStream().write(both);
      try {
        byte[] said = peer.getInputStream().readAllBytes();
        assertThat(said.length).as("the greeting at most").isLessThanOrEqualTo(hello.length);
      } catch (SSLException e) {
        assertThat(e).as("cut off").isNotNull();
      }
    }
    assertThat(served).hasValue(0);
  }

  @Test
  void whoShowsNoCertificate_isNotServedInTheClear() throws Exception {
    Fabric server = fixture.fabric("server", each -> each.withEncryptedBulk(false));
    server.serve(Service.EXTENT, _ -> completedStage(ByteBuffer.wrap(bytes(TOLD))));
    byte[] hello = RawPeer.hello(Lane.BULK, true);

    try (Socket plain = new Socket("127.0.0.1", server.address().port())) {
      plain.getOutputStream().write(hello);
      plain.getOutputStream().write(RawPeer.request(Service.EXTENT, 1));
      plain.shutdownOutput();
      byte[] said = plain.getInputStream().readAllBytes();
      assertThat(said.length == 0 || said[0] == 21).isTrue(); // a TLS alert at most
    }
    assertThatThrownBy(
            () -> {
              try (SSLSocket stranger = RawPeer.connect(server, new KeyManager[0], "TLSv1.3")) {
                stranger.getOutputStream().write(hello);
                if (stranger.getInputStream().readNBytes(Frame.HEADER_BYTES).length == 0) {
                  throw new IOException("cut off");
                }
              }
            })
        .isInstanceOf(IOException.class);
    Tls other =
        CertificateAuthority.create("test").issue(new NodeId("stranger"), List.of("127.0.0.1"));
    Fabric stranger =
        fixture.keep(Fabric.open(Fixture.config(Fixture.LOOPBACK).withEncryptedBulk(false), other));
    assertThat(
            Fixture.failure(stranger.request(server.address(), Service.EXTENT, bytes("x"), SOON)))
        .isInstanceOf(UnreachableException.class);
    assertThat(server.stats().served()).isZero();
  }
}
