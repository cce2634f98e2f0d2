package io.quire.fabric;

import static io.quire.fabric.Fixture.SOON;
import static io.quire.fabric.Fixture.await;
import static io.quire.fabric.Fixture.bytes;
import static io.quire.fabric.Fixture.failure;
import static io.quire.fabric.Fixture.get;
import static io.quire.fabric.Fixture.text;
import static java.util.concurrent.CompletableFuture.completedStage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Address;
import io.quire.base.Checksum;
import io.quire.base.NodeId;
import io.quire.base.WireReader.MalformedException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class FabricTest {
  private final Fixture fixture = new Fixture();
  private final Fabric a = fixture.fabric("a");
  private final Fabric b = fixture.fabric("b");

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  @Test
  void request_inBothDirections_isAnswered() throws Exception {
    a.serve(Service.LOG, request -> completedStage(answer("a heard " + text(request))));
    b.serve(Service.LOG, request -> completedStage(answer("b heard " + text(request))));

    assertThat(text(get(a.request(b.address(), Service.LOG, bytes("x"), SOON))))
        .isEqualTo("b heard x");
    assertThat(text(get(b.request(a.address(), Service.LOG, bytes("y"), SOON))))
        .isEqualTo("a heard y");
    assertThat(a.stats().requests()).isEqualTo(1);
    assertThat(a.stats().served()).isEqualTo(1);
    assertThat(a.stats().connections()).isEqualTo(2);
  }

  @Test
  void request_toItself_isAnswered() throws Exception {
    a.serve(Service.CALL, request -> completedStage(Fixture.copy(request)));

    assertThat(text(get(a.request(a.address(), Service.CALL, bytes("me"), SOON)))).isEqualTo("me");
  }

  @Test
  void request_byHostName_isAnswered() throws Exception {
    b.serve(Service.CALL, request -> completedStage(Fixture.copy(request)));
    Address named = new Address("localhost", b.address().port());

    assertThat(text(get(a.request(named, Service.CALL, bytes("hi"), SOON)))).isEqualTo("hi");
  }

  @Test
  void request_manySizesAtOnce_eachGetsItsOwnAnswer() throws Exception {
    for (Service service : List.of(Service.RAFT, Service.LOG, Service.EXTENT)) {
      b.serve(service, request -> completedStage(Fixture.copy(request)));
    }
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    List<byte[]> sent = new ArrayList<>();
    List<CompletableFuture<byte[]>> answers = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      byte[] body = new byte[random.nextInt(1 << random.nextInt(1, 19))];
      random.nextBytes(body);
      Service service = List.of(Service.RAFT, Service.LOG, Service.EXTENT).get(i % 3);
      sent.add(body);
      answers.add(a.request(b.address(), service, body, SOON));
    }

    for (int i = 0; i < sent.size(); i++) {
      assertThat(get(answers.get(i))).as("seed=%s i=%s", seed, i).isEqualTo(sent.get(i));
    }
    assertThat(a.stats().bytesIn())
        .isEqualTo(
            b.stats().bytesOut() + 3L * Frame.hello(new Frame.Hello(Lane.BULK, false)).bytes());
  }

  @Test
  void request_withBigBodiesOffHeap_arrivesWholeAndIsGivenBackOnce() throws Exception {
    AtomicInteger givenBack = new AtomicInteger();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(5 << 20);
      new SplittableRandom(7).ints(1 << 20).forEach(new Filler(memory)::next);
      ByteBuffer slice = memory.asSlice(512 << 10, 4 << 20).asByteBuffer();
      int checksum = Checksum.of(slice);
      b.lend(
          Service.EXTENT,
          request ->
              completedStage(
                  new Loan(
                      Checksum.of(request) == checksum ? slice.duplicate() : answer("altered"),
                      givenBack::incrementAndGet)));

      List<CompletableFuture<Integer>> answers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        answers.add(
            a.request(
                b.address(),
                Service.EXTENT,
                new Loan(slice.duplicate(), givenBack::incrementAndGet),
                SOON,
                Checksum::of));
      }
      for (CompletableFuture<Integer> answer : answers) {
        assertThat(get(answer)).isEqualTo(checksum);
      }
      await("all loans given back", () -> givenBack.get() == 16);
    }
  }

  @Test
  void requestInto_answersOfAllSizes_areWrittenToTheirPlace() throws Exception {
    byte[] whole = new byte[1 << 20];
    new SplittableRandom(11).nextBytes(whole);
    b.serve(
        Service.EXTENT,
        request -> completedStage(ByteBuffer.wrap(whole).slice(0, request.getInt())));
    try (Arena arena = Arena.ofShared()) {
      for (int size : List.of(0, 1, 5_000, 300_000, whole.length)) {
        MemorySegment memory = arena.allocate(size + 2);
        memory.set(ValueLayout.JAVA_BYTE, size + 1, (byte) 77);
        ByteBuffer into = memory.asByteBuffer().slice(1, size);
        int found =
            get(
                a.requestInto(
                    b.address(), Service.EXTENT, number(size), SOON, into, ByteBuffer::remaining));
        assertThat(found).isEqualTo(size);
        assertThat(into).isEqualTo(ByteBuffer.wrap(whole).slice(0, size));
        assertThat(memory.get(ValueLayout.JAVA_BYTE, 0)).isZero();
        assertThat(memory.get(ValueLayout.JAVA_BYTE, size + 1)).isEqualTo((byte) 77);
      }
    }
  }

  @Test
  void requestInto_answerLargerThanItsPlace_fails() throws Exception {
    b.serve(Service.EXTENT, request -> completedStage(ByteBuffer.allocate(request.getInt())));
    for (int size : List.of(11, 300_000)) {
      ByteBuffer into = ByteBuffer.allocate(10);
      assertThat(
              failure(
                  a.requestInto(b.address(), Service.EXTENT, number(size), SOON, into, _ -> size)))
          .isInstanceOf(MalformedException.class)
          .hasMessage("answer larger than its place: bytes=" + size);
    }
    assertThat(a.stats().connections()).isEqualTo(1);
  }

  /** Some of these end by their deadlines while their answers come. */
  @Test
  void requestInto_afterItsEnd_writesNothing() throws Exception {
    byte[] whole = new byte[1 << 20];
    new SplittableRandom(12).nextBytes(whole);
    b.serve(Service.EXTENT, _ -> completedStage(ByteBuffer.wrap(whole)));
    get(a.request(b.address(), Service.EXTENT, new byte[0], SOON));
    List<CompletableFuture<Integer>> ends = new ArrayList<>();
    List<ByteBuffer> places = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      ByteBuffer into = ByteBuffer.allocateDirect(whole.length);
      places.add(into);
      Duration deadline = Duration.ofMillis(i % 4 == 3 ? SOON.toMillis() : 2L * i);
      ends.add(
          a.requestInto(
                  b.address(), Service.EXTENT, new byte[0], deadline, into, ByteBuffer::remaining)
              .handle((_, _) -> Checksum.of(into.duplicate())));
    }
    List<Integer> atTheEnd = new ArrayList<>();
    for (CompletableFuture<Integer> end : ends) {
      atTheEnd.add(get(end));
    }
    // It is answered after all of them.
    get(a.request(b.address(), Service.EXTENT, new byte[0], SOON));

    for (int i = 0; i < places.size(); i++) {
      int found = Checksum.of(places.get(i).duplicate());
      assertThat(found).as("i=%s", i).isEqualTo(atTheEnd.get(i));
      if (i % 4 == 3) {
        assertThat(found).isEqualTo(Checksum.of(ByteBuffer.wrap(whole)));
      }
    }
  }

  private static byte[] number(int number) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
  }

  @Test
  void request_unanswered_failsAtItsDeadlineAndTheLateAnswerIsCounted() throws Exception {
    CompletableFuture<ByteBuffer> late = new CompletableFuture<>();
    b.serve(Service.LOG, _ -> late);
    b.serve(Service.CALL, request -> completedStage(Fixture.copy(request)));
    // Connects, so that the deadline does not run out before the request is written.
    get(a.request(b.address(), Service.CALL, bytes("x"), SOON));

    Throwable failure =
        failure(a.request(b.address(), Service.LOG, bytes("x"), Duration.ofSeconds(2)));
    late.complete(answer("too late"));

    assertThat(failure)
        .isInstanceOf(DeadlineException.class)
        .hasMessageContaining(b.address().toString());
    assertThat(((FabricException) failure).mayHaveHappened()).isTrue();
    await("the late answer", () -> a.stats().lateAnswers() == 1);
    assertThat(a.stats().deadlinesMissed()).isEqualTo(1);
  }

  @Test
  void request_whoseServerFails_carriesItsMessage() throws Exception {
    b.serve(
        Service.LOG, _ -> CompletableFuture.failedFuture(new IllegalStateException("not leader")));
    b.serve(
        Service.CALL,
        _ -> {
          throw new IllegalArgumentException("thrown");
        });
    b.serve(Service.RAFT, _ -> CompletableFuture.completedStage(null));

    assertThat(failure(a.request(b.address(), Service.LOG, bytes("x"), SOON)))
        .isInstanceOf(RemoteException.class)
        .hasMessage("not leader");
    assertThat(failure(a.request(b.address(), Service.CALL, bytes("x"), SOON)))
        .isInstanceOf(RemoteException.class)
        .hasMessage("thrown");
    assertThat(failure(a.request(b.address(), Service.RAFT, bytes("x"), SOON)))
        .isInstanceOf(RemoteException.class)
        .hasMessage("no bytes");
  }

  @Test
  void connect_makesTheConnectionThatTheFirstRequestUses() throws Exception {
    b.serve(Service.LOG, request -> completedStage(Fixture.copy(request)));

    a.connect(b.address(), Lane.PROTOCOL);
    await("connected", () -> a.stats().connections() == 1 && b.stats().connections() == 1);
    a.connect(b.address(), Lane.PROTOCOL);
    get(a.request(b.address(), Service.LOG, bytes("x"), SOON));

    assertThat(a.stats().connections()).isEqualTo(1);
    assertThat(b.stats().connections()).isEqualTo(1);
  }

  @Test
  void request_forAServiceNobodyServes_didNotHappen() throws Exception {
    Throwable failure = failure(a.request(b.address(), Service.EXTENT, bytes("x"), SOON));

    assertThat(failure).isInstanceOf(RemoteException.class).hasMessageContaining("EXTENT");
    assertThat(((FabricException) failure).mayHaveHappened()).isFalse();
  }

  @Test
  void request_whoseAnswerDoesNotDecode_failsWithWhatDecodeThrew() throws Exception {
    b.serve(Service.LOG, _ -> completedStage(answer("?")));

    Throwable failure =
        failure(
            a.request(
                b.address(),
                Service.LOG,
                ByteBuffer.allocate(0),
                SOON,
                _ -> {
                  throw new IllegalStateException("cannot decode");
                }));

    assertThat(failure).isInstanceOf(IllegalStateException.class).hasMessage("cannot decode");
  }

  @Test
  void request_aboveTheLimitOfRequests_didNotHappen() throws Exception {
    Fabric small =
        fixture.fabric("small", config -> config.withLimits(64 << 10, 2, config.queueBytesMax()));
    CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
    AtomicInteger served = new AtomicInteger();
    b.serve(
        Service.LOG,
        _ -> {
          served.incrementAndGet();
          return answer;
        });

    CompletableFuture<byte[]> first = small.request(b.address(), Service.LOG, bytes("1"), SOON);
    CompletableFuture<byte[]> second = small.request(b.address(), Service.LOG, bytes("2"), SOON);
    Throwable failure = failure(small.request(b.address(), Service.LOG, bytes("3"), SOON));
    answer.complete(answer("done"));

    assertThat(failure)
        .isInstanceOf(OverloadedException.class)
        .hasMessageContaining("requestsMax=2");
    assertThat(((FabricException) failure).mayHaveHappened()).isFalse();
    get(first);
    get(second);
    assertThat(served).hasValue(2);
    get(small.request(b.address(), Service.LOG, bytes("4"), SOON));
  }

  @Test
  void request_aboveTheServersLimit_isTurnedAwayUnserved() throws Exception {
    Fabric small =
        fixture.fabric("small", config -> config.withLimits(64 << 10, 1, config.queueBytesMax()));
    CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
    small.serve(Service.LOG, _ -> answer);

    CompletableFuture<byte[]> first = a.request(small.address(), Service.LOG, bytes("1"), SOON);
    Throwable failure = failure(a.request(small.address(), Service.LOG, bytes("2"), SOON));
    answer.complete(answer("done"));

    assertThat(((RemoteException) failure).mayHaveHappened()).isFalse();
    get(first);
    assertThat(small.stats().served()).isEqualTo(1);
  }

  @Test
  void request_largerThanAFrame_isRefusedBeforeAnyEffect() {
    Fabric small = fixture.fabric("small", config -> config.withLimits(64 << 10, 9, 1 << 20));
    byte[] body = new byte[(64 << 10) + 1];

    assertThatThrownBy(() -> small.request(b.address(), Service.LOG, body, SOON))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("frameBytesMax=65536");
    assertThatThrownBy(() -> small.send(b.address(), Service.LOG, body))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(small.stats().requests()).isZero();
  }

  @Test
  void answer_largerThanAFrame_failsAndTheLoanIsGivenBack() throws Exception {
    Fabric small = fixture.fabric("small", config -> config.withLimits(64 << 10, 9, 1 << 20));
    AtomicInteger givenBack = new AtomicInteger();
    small.lend(
        Service.EXTENT,
        _ ->
            completedStage(
                new Loan(ByteBuffer.allocate((64 << 10) + 1), givenBack::incrementAndGet)));

    assertThat(failure(a.request(small.address(), Service.EXTENT, bytes("x"), SOON)))
        .isInstanceOf(RemoteException.class)
        .hasMessageContaining("answer too large");
    assertThat(givenBack).hasValue(1);
  }

  @Test
  void send_arrivesInOrder() {
    ConcurrentLinkedQueue<String> arrived = new ConcurrentLinkedQueue<>();
    b.serve(
        Service.MESSAGE,
        message -> {
          arrived.add(text(message));
          return completedStage(answer("ignored"));
        });
    List<String> sent = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      sent.add("m" + i);
      a.send(b.address(), Service.MESSAGE, bytes("m" + i));
    }

    await("all messages", () -> arrived.size() == sent.size());
    assertThat(arrived).containsExactlyElementsOf(sent);
    assertThat(a.stats().dropped()).isZero();
  }

  @Test
  void send_beyondTheQueue_isDroppedAndCounted() {
    Fabric small = fixture.fabric("small", config -> config.withLimits(64 << 10, 9, 64 << 10));
    AtomicInteger arrived = new AtomicInteger();
    b.serve(
        Service.MESSAGE,
        _ -> {
          arrived.incrementAndGet();
          return completedStage(answer(""));
        });

    int sent = 2000;
    for (int i = 0; i < sent; i++) {
      small.send(b.address(), Service.MESSAGE, new byte[32 << 10]);
    }

    await("every message counted", () -> arrived.get() + small.stats().dropped() == sent);
    assertThat(small.stats().dropped()).isPositive();
    assertThat(arrived.get()).isPositive();
  }

  @Test
  void serve_twice_isRefused() {
    a.serve(Service.LOG, _ -> completedStage(answer("")));

    assertThatThrownBy(() -> a.serve(Service.LOG, _ -> completedStage(answer(""))))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void open_onAPortInUse_namesTheAddress() {
    FabricConfig taken = FabricConfig.of(a.address());
    Tls tls = Fixture.AUTHORITY.issue(new NodeId("c"), List.of("127.0.0.1"));

    assertThatThrownBy(() -> Fabric.open(taken, tls))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(a.address().toString())
        .hasMessageContaining("in use");
  }

  private static ByteBuffer answer(String text) {
    return ByteBuffer.wrap(bytes(text));
  }

  /** Writes numbers one after the other. */
  private static final class Filler {
    private final MemorySegment memory;
    private long offset;

    Filler(MemorySegment memory) {
      this.memory = memory;
    }

    void next(int value) {
      memory.set(ValueLayout.JAVA_INT, offset, value);
      offset += Integer.BYTES;
    }
  }
}
