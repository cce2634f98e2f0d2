package io.quire.fabric;

import static io.quire.fabric.Fixture.SOON;
import static io.quire.fabric.Fixture.await;
import static io.quire.fabric.Fixture.bytes;
import static io.quire.fabric.Fixture.failure;
import static io.quire.fabric.Fixture.get;
import static io.quire.fabric.Fixture.text;
import static java.util.concurrent.CompletableFuture.completedStage;
import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Address;
import io.quire.base.NodeId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class FabricFaultTest {
  /** Half of it is left to a busy peer to answer a ping. */
  private static final Duration SILENCE_MAX = Duration.ofSeconds(4);

  private final Fixture fixture = new Fixture();
  private final Fabric a = fixture.fabric("a");

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  @Test
  void request_toNobody_didNotHappen() throws Exception {
    Address nobody = freeAddress();

    Throwable failure = failure(a.request(nobody, Service.LOG, bytes("x"), SOON));

    assertThat(failure)
        .isInstanceOf(UnreachableException.class)
        .hasMessageContaining(nobody.toString())
        .hasMessageContaining("refused");
    assertThat(((FabricException) failure).mayHaveHappened()).isFalse();
  }

  @Test
  void request_toAPortThatNeverGreets_didNotHappenByTheConnectDeadline() throws Exception {
    Fabric hasty =
        fixture.fabric("hasty", config -> config.withPatience(Duration.ofMillis(300), SOON));
    try (ServerSocket mute = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
      Address address = new Address("127.0.0.1", mute.getLocalPort());

      assertThat(failure(hasty.request(address, Service.LOG, bytes("x"), SOON.plus(SOON))))
          .isInstanceOf(UnreachableException.class)
          .hasMessageContaining("not connected by the deadline");
    }
  }

  @Test
  void request_notWrittenByItsDeadline_didNotHappenAndItsLoanIsGivenBack() throws Exception {
    AtomicInteger givenBack = new AtomicInteger();
    Loan loan = new Loan(ByteBuffer.allocate(9), givenBack::incrementAndGet);
    try (ServerSocket mute = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
      Address address = new Address("127.0.0.1", mute.getLocalPort());

      assertThat(
              failure(a.request(address, Service.LOG, loan, Duration.ofMillis(200), Fixture::text)))
          .isInstanceOf(UnreachableException.class)
          .hasMessageContaining("not written by the deadline");
      assertThat(givenBack).hasValue(1);
      assertThat(a.stats().deadlinesMissed()).isEqualTo(1);
    }
  }

  @Test
  void request_whosePeerClosesMidway_mayHaveHappened() throws Exception {
    Fabric b = fixture.fabric("b");
    CountDownLatch arrived = new CountDownLatch(5);
    b.serve(
        Service.LOG,
        _ -> {
          arrived.countDown();
          return new CompletableFuture<>();
        });
    List<CompletableFuture<byte[]>> pending = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      pending.add(a.request(b.address(), Service.LOG, bytes("x"), SOON));
    }
    assertThat(arrived.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();

    b.close();

    for (CompletableFuture<byte[]> request : pending) {
      Throwable failure = failure(request);
      assertThat(failure).isInstanceOf(DisconnectedException.class);
      assertThat(((FabricException) failure).mayHaveHappened()).isTrue();
    }
    await("the connection gone", () -> a.stats().connections() == 0);
  }

  @Test
  void request_afterThePeerCameBack_isAnswered() throws Exception {
    Fabric b = fixture.fabric("b");
    b.serve(Service.LOG, request -> completedStage(Fixture.copy(request)));
    get(a.request(b.address(), Service.LOG, bytes("x"), SOON));
    b.close();
    failure(a.request(b.address(), Service.LOG, bytes("x"), SOON));

    Tls tls = Fixture.AUTHORITY.issue(new NodeId("b"), List.of("127.0.0.1"));
    Fabric again = fixture.keep(Fabric.open(Fixture.config(b.address()), tls));
    again.serve(Service.LOG, request -> completedStage(Fixture.copy(request)));

    await("an answer after the back-off", () -> answered(again));
  }

  private boolean answered(Fabric peer) {
    CompletableFuture<byte[]> request = a.request(peer.address(), Service.LOG, bytes("y"), SOON);
    return request.handle((answer, failure) -> failure == null && text(answer).equals("y")).join();
  }

  @Test
  void request_whenTheNetworkIsCut_failsAndTheNextUseConnectsAgain() throws Exception {
    Fabric b = fixture.fabric("b");
    CompletableFuture<ByteBuffer> never = new CompletableFuture<>();
    b.serve(Service.LOG, _ -> never);
    b.serve(Service.CALL, request -> completedStage(Fixture.copy(request)));
    Relay relay = fixture.keep(new Relay(b.address()));
    get(a.request(relay.address(), Service.CALL, bytes("x"), SOON));
    CompletableFuture<byte[]> pending = a.request(relay.address(), Service.LOG, bytes("x"), SOON);
    await("the request served", () -> b.stats().served() == 2);

    relay.cut();

    assertThat(failure(pending)).isInstanceOf(DisconnectedException.class);
    assertThat(text(get(a.request(relay.address(), Service.CALL, bytes("y"), SOON))))
        .isEqualTo("y");
  }

  @Test
  void request_whenTheNetworkSwallowsAll_failsBySilenceNotByItsDeadline() throws Exception {
    Fabric watchful = watchful();
    Fabric b = fixture.fabric("b");
    b.serve(Service.LOG, request -> completedStage(Fixture.copy(request)));
    Relay relay = fixture.keep(new Relay(b.address()));
    get(watchful.request(relay.address(), Service.LOG, bytes("x"), SOON));

    relay.swallow(true);
    Throwable failure =
        failure(watchful.request(relay.address(), Service.LOG, bytes("x"), SOON.multipliedBy(2)));
    relay.swallow(false);

    assertThat(failure).isInstanceOf(DisconnectedException.class).hasMessageContaining("silent");
    assertThat(text(get(watchful.request(relay.address(), Service.LOG, bytes("y"), SOON))))
        .isEqualTo("y");
  }

  @Test
  void request_thatTakesLongerThanSilence_isStillAnsweredByAPeerThatLives() throws Exception {
    Fabric watchful = watchful();
    Fabric b = fixture.fabric("b");
    CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
    b.serve(Service.LOG, _ -> answer);
    CompletableFuture<byte[]> request =
        watchful.request(b.address(), Service.LOG, bytes("x"), SOON);
    await("the request served", () -> b.stats().served() == 1);

    // A ping and its answer each, one in half of the silence that would end the connection.
    long before = watchful.stats().bytesIn();
    await(
        "three pings answered",
        () -> watchful.stats().bytesIn() >= before + 3L * Frame.HEADER_BYTES);
    answer.complete(ByteBuffer.wrap(bytes("slow")));

    assertThat(text(get(request))).isEqualTo("slow");
  }

  private Fabric watchful() {
    return fixture.fabric("watchful", config -> config.withPatience(SOON, SILENCE_MAX));
  }

  @Test
  void forget_failsWhatWaitsAndLaterUseConnectsAnew() throws Exception {
    Fabric b = fixture.fabric("b");
    b.serve(Service.LOG, _ -> new CompletableFuture<>());
    b.serve(Service.CALL, request -> completedStage(Fixture.copy(request)));
    CompletableFuture<byte[]> pending = a.request(b.address(), Service.LOG, bytes("x"), SOON);
    await("the request served", () -> b.stats().served() == 1);

    a.forget(b.address());

    assertThat(failure(pending)).isInstanceOf(DisconnectedException.class);
    assertThat(text(get(a.request(b.address(), Service.CALL, bytes("y"), SOON)))).isEqualTo("y");
  }

  @Test
  void close_failsWhatWaitsAndEverythingAfterwards() throws Exception {
    Fabric b = fixture.fabric("b");
    AtomicInteger givenBack = new AtomicInteger();
    b.serve(Service.LOG, _ -> new CompletableFuture<>());
    CompletableFuture<byte[]> pending = a.request(b.address(), Service.LOG, bytes("x"), SOON);
    await("the request served", () -> b.stats().served() == 1);

    a.close();
    a.close();

    assertThat(failure(pending)).isInstanceOf(DisconnectedException.class);
    Loan loan = new Loan(ByteBuffer.allocate(9), givenBack::incrementAndGet);
    assertThat(failure(a.request(b.address(), Service.LOG, loan, SOON, Fixture::text)))
        .isInstanceOf(UnreachableException.class);
    assertThat(givenBack).hasValue(1);
    a.send(b.address(), Service.LOG, bytes("x"));
    assertThat(a.stats().dropped()).isEqualTo(1);
  }

  @Test
  void close_whileManyWrite_completesEveryFutureAndGivesBackEveryLoan() throws Exception {
    Fabric b = fixture.fabric("b");
    AtomicInteger givenBack = new AtomicInteger();
    b.serve(Service.EXTENT, request -> completedStage(Fixture.copy(request)));
    List<CompletableFuture<Integer>> requests = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      Loan loan = new Loan(ByteBuffer.allocateDirect(1 << 20), givenBack::incrementAndGet);
      requests.add(a.request(b.address(), Service.EXTENT, loan, SOON, ByteBuffer::remaining));
    }
    get(requests.getFirst());

    a.close();

    for (CompletableFuture<Integer> request : requests) {
      request.handle((_, _) -> true).get(SOON.toSeconds(), TimeUnit.SECONDS);
    }
    await("all loans given back", () -> givenBack.get() == requests.size());
  }

  @Test
  void peerThatAsksAndDoesNotRead_isNotReadFromUntilItDoes() throws Exception {
    int requests = 400;
    int bodyBytes = 48 << 10;
    Fabric small =
        fixture.fabric("small", config -> config.withLimits(64 << 10, requests, 256 << 10));
    small.serve(Service.EXTENT, _ -> completedStage(ByteBuffer.allocate(bodyBytes)));
    try (SSLSocket peer = RawPeer.connect(small, RawPeer.friendsKey(), "TLSv1.3")) {
      byte[] request = RawPeer.request(Service.EXTENT, bodyBytes);
      peer.getOutputStream().write(RawPeer.hello(Lane.BULK, false));
      peer.getInputStream().readNBytes(RawPeer.hello(Lane.BULK, false).length);
      Thread writer =
          Thread.startVirtualThread(
              () -> {
                for (int i = 0; i < requests; i++) {
                  write(peer, request);
                }
              });

      await("no more requests taken", () -> isStill(small));
      assertThat(small.stats().served()).isLessThan(requests);

      int answered = requests * (Frame.HEADER_BYTES + bodyBytes);
      assertThat(peer.getInputStream().readNBytes(answered)).hasSize(answered);
      assertThat(writer.join(SOON)).isTrue();
      assertThat(small.stats().served()).isEqualTo(requests);
    }
  }

  /* Netty's loop forgets its channels if it is told to end while it runs a task. */
  @Test
  void close_whileTheLoopIsBusyAndAPeerDoesNotRead_cutsThePeerAndGivesBackEveryLoan()
      throws Exception {
    int requests = 40;
    Fabric busy = fixture.fabric("busy", config -> oneThread(config));
    AtomicInteger lent = new AtomicInteger();
    busy.lend(
        Service.EXTENT,
        _ -> {
          lent.incrementAndGet();
          return completedStage(new Loan(ByteBuffer.allocate(1 << 20), lent::decrementAndGet));
        });
    try (SSLSocket peer = RawPeer.connect(busy, RawPeer.friendsKey(), "TLSv1.3")) {
      peer.getOutputStream().write(RawPeer.hello(Lane.BULK, false));
      peer.getInputStream().readNBytes(RawPeer.hello(Lane.BULK, false).length);
      for (int i = 0; i < requests; i++) {
        peer.getOutputStream().write(RawPeer.request(Service.EXTENT, 0));
      }
      await("all requests served", () -> busy.stats().served() == requests);
      CountDownLatch go = new CountDownLatch(1);
      occupy(busy, go);

      Thread closer = Thread.ofPlatform().start(busy::close);
      await("the close waits", () -> closer.getState() == Thread.State.TIMED_WAITING);
      go.countDown();

      assertThat(closer.join(SOON)).isTrue();
      await("every loan given back", () -> lent.get() == 0);
      assertThat(readToTheEnd(peer)).isLessThan((long) requests << 20);
    }
  }

  /** Has the loop of a fabric of one thread run a task that ends when it may go. */
  private void occupy(Fabric fabric, CountDownLatch go) throws Exception {
    ServerSocket mute = fixture.keep(new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1")));
    Address address = new Address("127.0.0.1", mute.getLocalPort());
    CountDownLatch occupied = new CountDownLatch(1);
    var _ =
        fabric
            .request(address, Service.CALL, bytes("x"), Duration.ofMillis(50))
            .whenComplete(
                (_, _) -> {
                  occupied.countDown();
                  try {
                    go.await(SOON.toSeconds(), TimeUnit.SECONDS);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    assertThat(occupied.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
  }

  /** How many bytes come before the connection ends, in whatever way. */
  private static long readToTheEnd(SSLSocket socket) throws IOException {
    long total = 0;
    byte[] buffer = new byte[64 << 10];
    try {
      for (int count = 0; count >= 0; count = socket.getInputStream().read(buffer)) {
        total += count;
      }
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException cut) {
      return total;
    }
    return total;
  }

  private static FabricConfig oneThread(FabricConfig config) {
    return new FabricConfig(
        config.bind(),
        config.advertisedHost(),
        config.frameBytesMax(),
        config.requestsMax(),
        config.queueBytesMax(),
        config.connectDeadline(),
        config.silenceMax(),
        1,
        config.encryptsBulk());
  }

  /** Whether a third of a second passes without a request. */
  private static boolean isStill(Fabric fabric) {
    long served = fabric.stats().served();
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(300);
    while (System.nanoTime() - end < 0) {
      if (fabric.stats().served() != served) {
        return false;
      }
      Thread.yield();
    }
    return served > 0;
  }

  private static void write(SSLSocket peer, byte[] bytes) {
    try {
      peer.getOutputStream().write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Address freeAddress() throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      return new Address("127.0.0.1", probe.getLocalPort());
    }
  }
}
