package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.quire.ager.AgerStats.ClientStats;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Limits, guarantees and priorities of clients. */
@Timeout(60)
class ClientTest {
  private static final int BYTES = 64 << 10;

  /** 16 extents, of which drafts may take 14. */
  private static final long BUDGET = 16L * BYTES;

  @TempDir Path directory;
  private Ager ager;

  @BeforeEach
  void open() {
    ager = Ager.open(Samples.config(BUDGET, Samples.durableFlash(directory)));
  }

  @AfterEach
  void close() {
    ager.close();
  }

  private static Extent extent(Client client, long seed) {
    try (Draft draft = client.allocate(BYTES, Samples.WAIT)) {
      Samples.fill(draft.segment(), seed);
      return draft.seal();
    }
  }

  private static List<Extent> extents(Client client, int count) {
    List<Extent> extents = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      extents.add(extent(client, i));
    }
    return extents;
  }

  private List<Draft> drafts(int count) {
    List<Draft> drafts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      drafts.add(ager.allocate(BYTES, Samples.WAIT));
    }
    return drafts;
  }

  private ClientStats stats(String name) {
    return ager.stats().clients().stream()
        .filter(client -> client.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** Their memory is free to take from here on. */
  private void makeClean(List<Extent> extents) {
    extents.forEach(extent -> ager.persist(extent).join());
  }

  private long resident(List<Extent> extents) {
    return extents.stream().filter(extent -> Samples.resident(ager, extent)).count();
  }

  // ---- limits

  @Test
  void allocate_atTheLimit_makesOnlyItsOwnExtentsGo() {
    List<Extent> others = Samples.extents(ager, 8, BYTES);
    Client client = ager.client(ClientConfig.of("a").withLimitBytes(3L * BYTES));
    List<Extent> own = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      own.add(extent(client, i));
      assertThat(stats("a").heldBytes()).isLessThanOrEqualTo(3L * BYTES);
    }
    for (int i = 0; i < own.size(); i++) {
      Samples.check(ager, own.get(i), i);
      assertThat(stats("a").heldBytes()).isLessThanOrEqualTo(3L * BYTES);
    }
    assertThat(resident(others)).isEqualTo(8);
    assertThat(stats("a").pageIns()).isGreaterThanOrEqualTo(27);
    assertThat(stats("default").heldBytes()).isEqualTo(8L * BYTES);
  }

  @Test
  void scan_ofMoreThanTheLimit_makesOnlyItsOwnExtentsGo() {
    List<Extent> others = Samples.extents(ager, 8, BYTES);
    Client client = ager.client(ClientConfig.of("a").withLimitBytes(3L * BYTES));
    List<Extent> own = extents(client, 30);
    try (Scan scan = ager.scan(own, Scan.Order.IN_ORDER, Samples.WAIT)) {
      for (int i = 0; i < own.size(); i++) {
        try (Pin pin = Objects.requireNonNull(scan.next())) {
          Samples.check(pin.segment(), i);
        }
        assertThat(stats("a").heldBytes()).isLessThanOrEqualTo(3L * BYTES);
      }
    }
    assertThat(resident(others)).isEqualTo(8);
  }

  @Test
  void allocate_allThatItMayHoldIsHeld_isRefusedAndOthersAreNot() {
    Client client = ager.client(ClientConfig.of("a").withLimitBytes(2L * BYTES));
    try (Draft _ = client.allocate(BYTES, Samples.WAIT);
        Draft _ = client.allocate(BYTES, Samples.WAIT)) {
      AgerException.ClientLimit refused =
          catchThrowableOfType(
              AgerException.ClientLimit.class, () -> client.allocate(BYTES, Samples.SHORT));
      assertThat(refused.client()).isEqualTo("a");
      assertThat(refused.limitBytes()).isEqualTo(2L * BYTES);
      assertThat(refused.heldBytes()).isEqualTo(2L * BYTES);
      assertThat(refused.bytesWanted()).isEqualTo(BYTES);
      assertThat(refused.retryable()).isTrue();
      drafts(12).forEach(Draft::close);
      assertThat(stats("a").waits()).isEqualTo(1);
      assertThat(stats("a").refusals()).isEqualTo(1);
      assertThat(stats("a").pinnedBytes()).isEqualTo(2L * BYTES);
      assertThat(stats("default").refusals()).isZero();
    }
    client.allocate(BYTES, Samples.WAIT).close();
  }

  @Test
  void pin_allThatItsOwnerMayHoldIsHeld_isRefusedUntilThatGoes() {
    Client client = ager.client(ClientConfig.of("a").withLimitBytes(2L * BYTES));
    List<Extent> own = extents(client, 3);
    Extent absent =
        own.stream().filter(each -> !Samples.resident(ager, each)).findFirst().orElseThrow();
    try (Draft _ = client.allocate(2L * BYTES, Samples.WAIT)) {
      assertThatThrownBy(() -> ager.pin(absent, Samples.SHORT))
          .isInstanceOf(AgerException.ClientLimit.class)
          .hasMessageContaining("client=a");
    }
    Samples.check(ager, absent, own.indexOf(absent));
  }

  @Test
  void allocate_moreThanItMayEverHold_isRefusedAtOnce() {
    Client client = ager.client(ClientConfig.of("a").withLimitBytes(2L * BYTES));
    AgerException.ClientLimit refused =
        catchThrowableOfType(
            AgerException.ClientLimit.class,
            () -> client.allocate(2L * BYTES + 1, Duration.ofDays(1)));
    assertThat(refused.retryable()).isFalse();
    client.change(ClientConfig.of("a").withLimitBytes(3L * BYTES));
    client.allocate(2L * BYTES + 1, Samples.WAIT).close();
  }

  // ---- guarantees

  @Test
  void guarantee_notUsed_isLeftByDraftsOfOthers() {
    Client client = ager.client(ClientConfig.of("a").withGuaranteedBytes(5L * BYTES));
    List<Draft> others = drafts(9);
    assertThatThrownBy(() -> ager.allocate(BYTES, Samples.SHORT))
        .isInstanceOf(AgerException.OutOfMemoryBudget.class);
    List<Draft> own = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      own.add(client.allocate(BYTES, Duration.ZERO));
    }
    assertThatThrownBy(() -> client.allocate(BYTES, Samples.SHORT))
        .isInstanceOf(AgerException.OutOfMemoryBudget.class);
    own.forEach(Draft::close);
    others.forEach(Draft::close);
  }

  @Test
  void guarantee_used_isNotTakenByDraftsOfOthers() {
    Client client = ager.client(ClientConfig.of("a").withGuaranteedBytes(5L * BYTES));
    List<Extent> own = extents(client, 7);
    List<Draft> others = drafts(9);
    assertThat(resident(own)).isEqualTo(5);
    assertThat(stats("a").heldBytes()).isEqualTo(5L * BYTES);
    others.forEach(Draft::close);
    List<Extent> more = Samples.extents(ager, 40, BYTES);
    assertThat(stats("a").heldBytes()).isEqualTo(5L * BYTES);
    more.forEach(ager::drop);
  }

  @Test
  void guarantee_pageInsOfOthers_mayTakeItWhenNothingElseIsLeft() {
    List<Extent> others = Samples.extents(ager, 20, BYTES);
    Client client = ager.client(ClientConfig.of("a").withGuaranteedBytes(5L * BYTES));
    extents(client, 5);
    List<Pin> pins = new ArrayList<>();
    for (Extent each : others.subList(0, 16)) {
      pins.add(ager.pin(each, Samples.WAIT));
    }
    assertThat(stats("a").heldBytes()).isZero();
    pins.forEach(Pin::close);
  }

  @Test
  void guarantees_moreThanDraftsMayUse_areRefused() {
    Client a = ager.client(ClientConfig.of("a").withGuaranteedBytes(10L * BYTES));
    assertThatThrownBy(() -> ager.client(ClientConfig.of("b").withGuaranteedBytes(5L * BYTES)))
        .isInstanceOf(AgerException.TooMuchGuaranteed.class)
        .hasMessageContaining(
            "client=b bytesWanted=%d bytesFree=%d".formatted(5 * BYTES, 4 * BYTES));
    AgerException.ClientLimit refused =
        catchThrowableOfType(
            AgerException.ClientLimit.class, () -> ager.allocate(5L * BYTES, Duration.ofDays(1)));
    assertThat(refused.client()).isEqualTo("default");
    assertThat(refused.limitBytes()).isEqualTo(4L * BYTES);
    a.change(ClientConfig.of("a").withGuaranteedBytes(9L * BYTES));
    ager.client(ClientConfig.of("b").withGuaranteedBytes(5L * BYTES)).close();
    ager.allocate(5L * BYTES, Samples.WAIT).close();
  }

  // ---- priorities

  @Test
  void waiting_ofHigherPriority_isServedFirst() throws Exception {
    Client low = ager.client(ClientConfig.of("low").withPriority(-1));
    Client high = ager.client(ClientConfig.of("high").withPriority(1));
    List<Draft> drafts = drafts(14);
    CompletableFuture<Draft> second = waiting(low, 1);
    CompletableFuture<Draft> first = waiting(high, 2);
    drafts.removeLast().close();
    first.get(20, TimeUnit.SECONDS).close();
    drafts.removeLast().close();
    second.get(20, TimeUnit.SECONDS).close();
    drafts.forEach(Draft::close);
  }

  private CompletableFuture<Draft> waiting(Client client, int waits) {
    CompletableFuture<Draft> draft =
        CompletableFuture.supplyAsync(
            () -> client.allocate(BYTES, Samples.WAIT), Thread::startVirtualThread);
    Samples.await("waits", () -> ager.stats().waits() == waits);
    return draft;
  }

  @Test
  void extents_ofLowerPriority_goFirstHoweverOftenTheyAreUsed() {
    Client low = ager.client(ClientConfig.of("low").withPriority(-1));
    Client high = ager.client(ClientConfig.of("high").withPriority(1));
    List<Extent> keep = extents(high, 6);
    List<Extent> go = extents(low, 6);
    List<Extent> more = Samples.extents(ager, 2, BYTES);
    List.of(keep, go, more).forEach(this::makeClean);
    for (int round = 0; round < 5; round++) {
      go.forEach(each -> ager.pin(each, Samples.WAIT).close());
    }
    List<Draft> drafts = drafts(6);
    assertThat(resident(go)).isZero();
    assertThat(resident(keep)).isEqualTo(6);
    assertThat(resident(more)).isEqualTo(2);
    drafts.forEach(Draft::close);
  }

  // ---- beginnings and ends

  @Test
  void open_nameThatIsTakenOrBad_isRefused() {
    Client a = ager.client(ClientConfig.of("a"));
    assertThatThrownBy(() -> ager.client(ClientConfig.of("a")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ager.client(ClientConfig.of("default")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> a.change(ClientConfig.of("b")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ClientConfig.of("a b")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ClientConfig.of("a").withLimitBytes(9).withGuaranteedBytes(10))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void open_moreThanThereMayBe_isRefused() {
    List<Client> clients = new ArrayList<>();
    for (int i = 1; i < Clients.MAX; i++) {
      clients.add(ager.client(ClientConfig.of("c" + i)));
    }
    assertThatThrownBy(() -> ager.client(ClientConfig.of("more")))
        .isInstanceOf(AgerException.TooManyClients.class);
    Extent last = extent(clients.getLast(), 1);
    Samples.check(ager, last, 1);
    assertThat(stats("c255").heldBytes()).isEqualTo(BYTES);
    clients.getFirst().close();
    ager.client(ClientConfig.of("more")).close();
  }

  @Test
  void close_itsExtentsBecomeThoseOfNobody() {
    Client client =
        ager.client(
            ClientConfig.of("a").withLimitBytes(4L * BYTES).withGuaranteedBytes(4L * BYTES));
    List<Extent> own = extents(client, 10);
    Draft draft = client.allocate(BYTES, Samples.WAIT);
    client.close();
    client.close();
    assertThat(ager.stats().clients()).extracting(ClientStats::name).containsExactly("default");
    assertThat(stats("default").heldBytes()).isEqualTo(4L * BYTES);
    assertThatThrownBy(() -> client.allocate(1, Samples.WAIT))
        .isInstanceOf(IllegalStateException.class);
    Client again = ager.client(ClientConfig.of("a").withLimitBytes(BYTES));
    for (int i = 0; i < own.size(); i++) {
      Samples.check(ager, own.get(i), i);
    }
    assertThat(stats("default").heldBytes()).isEqualTo(11L * BYTES);
    assertThat(stats("default").dirtyBytes()).isEqualTo(ager.stats().dirtyBytes());
    draft.close();
    again.close();
    Samples.dropAll(ager, own);
    assertThat(stats("default").heldBytes()).isZero();
  }

  // ---- all of it

  @Test
  void clients_amidAllElse_neverHoldMoreThanTheyMayAndNothingIsLeft() throws Exception {
    long seed = 11;
    SplittableRandom random = new SplittableRandom(seed);
    List<Future<?>> users = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
      for (int i = 0; i < 4; i++) {
        SplittableRandom own = random.split();
        ClientConfig config =
            ClientConfig.of("c" + i)
                .withLimitBytes((3L + i) * BYTES)
                .withGuaranteedBytes(i % 2 * BYTES)
                .withPriority(i % 3);
        users.add(executor.submit(() -> live(config, own)));
      }
      for (Future<?> user : users) {
        user.get(50, TimeUnit.SECONDS);
      }
    }
    Samples.await("nothing left: seed " + seed, () -> ager.stats().accountedBytes() == 0);
    assertThat(ager.stats().clients()).hasSize(1);
    assertThat(stats("default").heldBytes()).as("seed %d", seed).isZero();
    assertThat(stats("default").dirtyBytes()).as("seed %d", seed).isZero();
    assertThat(ager.stats().peakAccountedBytes()).isLessThanOrEqualTo(BUDGET);
  }

  private record Owned(Extent extent, long seed) {}

  private void live(ClientConfig config, SplittableRandom random) {
    List<Owned> mine = new ArrayList<>();
    for (int round = 0; round < 5; round++) {
      try (Client client = ager.client(config)) {
        for (int i = 0; i < 100; i++) {
          int choice = random.nextInt(10);
          if (mine.isEmpty() || choice < 4 && mine.size() < 30) {
            long seed = random.nextLong();
            try (Draft draft = client.allocate(1 + random.nextInt(BYTES), Samples.WAIT)) {
              Samples.fill(draft.segment(), seed);
              mine.add(new Owned(draft.seal(), seed));
            }
          } else if (choice < 6) {
            ager.drop(mine.remove(random.nextInt(mine.size())).extent);
          } else {
            Owned owned = mine.get(random.nextInt(mine.size()));
            Samples.check(ager, owned.extent, owned.seed);
          }
          assertThat(stats(config.name()).heldBytes())
              .as("%s", config)
              .isLessThanOrEqualTo(config.limitBytes());
        }
      }
    }
    mine.forEach(owned -> ager.drop(owned.extent));
  }
}
