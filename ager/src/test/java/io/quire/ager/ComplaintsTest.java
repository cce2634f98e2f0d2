package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.quire.ager.AgerException.NoStoreLeft;
import io.quire.ager.AgerException.OutOfMemoryBudget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What users of other systems that page or spill have complained of, each as a test: the name of
 * the system, the number of its issue, and what went wrong there. Where nothing can be done, the
 * caller is told so, and by which deadline follows from the call; no test measures time.
 */
@Timeout(120)
class ComplaintsTest {
  private static final long BUDGET = 1 << 20;
  private static final int BYTES = 100_000;
  private static final int EIGHTH = (int) BUDGET / 8;

  /** What a copy takes in a store. */
  private static final long SLOT = StoreHeader.BYTES + StoreHeader.padded(BYTES);

  /** A deadline that no test lives to see. */
  private static final Duration HOUR = Duration.ofHours(1);

  @TempDir Path directory;
  private final FaultyDisk disk = new FaultyDisk("/first/");

  private StoreConfig first(long capacityBytes) {
    return Samples.flash(directory.resolve("first"), capacityBytes);
  }

  private StoreConfig second() {
    return Samples.flash(directory.resolve("second"), 1L << 30);
  }

  private Ager open(StoreConfig... stores) {
    return Ager.open(Samples.config(BUDGET, stores), disk, Region::open);
  }

  private static void checkAll(Ager ager, List<Extent> extents) {
    for (int i = 0; i < extents.size(); i++) {
      Samples.check(ager, extents.get(i), i);
    }
  }

  /** Allocates until it is told why not. */
  private static NoStoreLeft fillUntilRefused(Ager ager, List<Extent> extents, Duration deadline) {
    while (true) {
      try (Draft draft = ager.allocate(BYTES, deadline)) {
        Samples.fill(draft.segment(), extents.size());
        extents.add(draft.seal());
      } catch (NoStoreLeft e) {
        return e;
      }
    }
  }

  // ---- Ray

  /** Ray 17017: on a full disk it tries again for ever. */
  @Test
  void ray17017_fullDisk_isToldWithoutWaitingForTheDeadline() {
    disk.bytesLeft = 5 * SLOT;
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = new ArrayList<>();
      NoStoreLeft told = fillUntilRefused(ager, extents, HOUR);
      assertThat(told.reasons()).singleElement().asString().contains("/first").contains("full");
      checkAll(ager, extents);
      Samples.dropAll(ager, extents);
    }
  }

  /** Ray 4878: an object that does not fit hangs. */
  @Test
  void ray4878_largerThanMemory_isRefusedAtOnce() {
    try (Ager ager = open(first(1L << 30))) {
      assertThatThrownBy(() -> ager.allocate(BUDGET + 1, HOUR))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("max=" + BUDGET);
    }
  }

  /** Ray 46990: 502 objects are in use, none can be spilled, and everybody hangs. */
  @Test
  void ray46990_allPinned_failsAtTheDeadlineAndNamesThePinned() throws Exception {
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 8, EIGHTH);
      List<Pin> pins = new ArrayList<>();
      extents.forEach(extent -> pins.add(ager.pin(extent, Samples.WAIT)));
      OutOfMemoryBudget told =
          catchThrowableOfType(OutOfMemoryBudget.class, () -> ager.allocate(EIGHTH, Samples.SHORT));
      assertThat(told.pinnedBytes()).isEqualTo(BUDGET);
      assertThat(told).hasMessageContaining("pinned=[" + extents.getFirst().id());
      Extent absent = extents.getFirst();
      // And it goes on as soon as one of them is let go.
      CompletableFuture<Draft> waiting =
          CompletableFuture.supplyAsync(
              () -> ager.allocate(EIGHTH / 2, Samples.WAIT), Thread::startVirtualThread);
      pins.forEach(Pin::close);
      waiting.get(20, TimeUnit.SECONDS).close();
      Samples.check(ager, absent, 0);
      Samples.dropAll(ager, extents);
    }
  }

  /** Ray 15903: what was restored is spilled again at once. */
  @Test
  void ray15903_pagedIn_isNeverWrittenAgain() {
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 30, BYTES);
      ager.allocate(BUDGET / 8 * 7, Samples.WAIT).close();
      checkAll(ager, extents);
      long written = ager.stats().stores().getFirst().bytesOut();
      for (int round = 0; round < 5; round++) {
        checkAll(ager, extents);
      }
      assertThat(written).isLessThanOrEqualTo(30L * BYTES);
      assertThat(ager.stats().stores().getFirst().bytesOut() - written)
          .as("at most what had not been written")
          .isLessThanOrEqualTo(30L * BYTES - written);
      Samples.dropAll(ager, extents);
    }
  }

  /** Ray 25467: the removal of spilled files falls behind. */
  @Test
  void ray25467_dropped_givesItsPlaceBackAtOnce() {
    try (Ager ager = open(first(40 * SLOT))) {
      // 300 extents through a store that holds 40.
      for (int round = 0; round < 15; round++) {
        List<Extent> extents = Samples.extents(ager, 20, BYTES);
        checkAll(ager, extents);
        extents.forEach(ager::drop);
      }
      assertThat(ager.stats().stores().getFirst().usedBytes()).isLessThanOrEqualTo(40 * SLOT);
    }
  }

  /** Ray 29776: more than the free disk and less than a threshold hangs. */
  @Test
  void ray29776_storeHasRoomForLessThanIsWanted_isToldAndWhatFitsIsUsed() {
    try (Ager ager = open(first(SLOT + SLOT / 2))) {
      List<Extent> extents = new ArrayList<>();
      fillUntilRefused(ager, extents, HOUR);
      assertThat(ager.stats().stores().getFirst().extents()).isEqualTo(1);
      checkAll(ager, extents);
      Samples.dropAll(ager, extents);
    }
  }

  // ---- DuckDB

  /** DuckDB 11334: no block can be allocated while there is memory that could be spilled. */
  @Test
  void duckdb11334_memoryThatCanBePagedOut_isAlwaysHad() {
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 8, EIGHTH - 4096);
      // One that needs nearly all of it, while everything is in memory only.
      extents.add(Samples.extent(ager, 8, BUDGET / 8 * 7));
      checkAll(ager, extents);
      Samples.dropAll(ager, extents);
    }
  }

  /** DuckDB 9401: the directory for temporary files is ignored. */
  @Test
  void duckdb9401_allThatIsPagedOut_liesInTheDirectoryThatWasGiven() throws IOException {
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 30, BYTES);
      ager.allocate(BUDGET / 8 * 7, Samples.WAIT).close();
      assertThat(Files.size(directory.resolve("first/node-1/spill.quire")))
          .isGreaterThanOrEqualTo(20 * SLOT);
      Samples.dropAll(ager, extents);
    }
  }

  /** DuckDB 25672: a spill that failed leaves files behind, and the accounts are wrong. */
  @Test
  void duckdb25672_writesFail_leaveNothingBehindAndTheAccountsHold() {
    try (Ager ager = open(first(1L << 30), second())) {
      disk.writesFailEach = 2;
      List<Extent> extents = Samples.extents(ager, 60, BYTES);
      checkAll(ager, extents);
      AgerStats stats = ager.stats();
      assertThat(stats.stores().getFirst().writeErrors()).isPositive();
      assertThat(stats.accountedBytes()).isLessThanOrEqualTo(BUDGET);
      Samples.dropAll(ager, extents);
    }
    assertThat(Samples.filesBelow(directory)).allMatch(file -> file.endsWith("sweep.lock"));
  }

  /** DuckDB 25959: what was unpinned drops out of the queue of those that can go, for good. */
  @Test
  void duckdb25959_pinnedAndUnpinned_canAlwaysGo() {
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 20, BYTES);
      for (int round = 0; round < 20; round++) {
        for (int i = 0; i < extents.size(); i += 4) {
          // Together at the same time, and one of them twice.
          try (Pin _ = ager.pin(extents.get(i), Samples.WAIT);
              Pin _ = ager.pin(extents.get(i + 1), Samples.WAIT);
              Pin _ = ager.pin(extents.get(i), Samples.WAIT)) {
            ager.tryPin(extents.get(i + 2)).ifPresent(Pin::close);
          }
        }
        // All of them have to go for this.
        ager.allocate(BUDGET, Samples.WAIT).close();
      }
      checkAll(ager, extents);
      Samples.dropAll(ager, extents);
    }
  }

  /** DuckDB in pg_lake 393: a full directory for temporary files is fatal. */
  @Test
  void pgLake393_allStoresFull_failsOneCallAndGoesOnWhenThereIsRoom() {
    try (Ager ager = open(first(5 * SLOT))) {
      List<Extent> extents = new ArrayList<>();
      fillUntilRefused(ager, extents, Samples.SHORT);
      checkAll(ager, extents);
      for (int i = 0; i < 3; i++) {
        ager.drop(extents.removeLast());
      }
      extents.add(Samples.extent(ager, extents.size(), BYTES));
      checkAll(ager, extents);
      Samples.dropAll(ager, extents);
    }
  }

  // ---- Alluxio

  /** Alluxio 13086: "failed to free 335 MB: iterated 0, freed 0". */
  @Test
  void alluxio13086_room_isFreedByWhateverIsNotPinned() {
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 30, BYTES);
      try (Pin _ = ager.pin(extents.get(3), Samples.WAIT)) {
        // In one piece, beside the one that stays.
        ager.allocate(BUDGET / 2 - EIGHTH, Samples.WAIT).close();
      }
      assertThat(ager.stats().evictions()).isPositive();
      checkAll(ager, extents);
      Samples.dropAll(ager, extents);
    }
  }

  /** Alluxio 10150: a file that is larger than its tier never ends. */
  @Test
  void alluxio10150_largerThanAStore_goesToTheNext() {
    try (Ager ager = open(first(4 * SLOT), second())) {
      List<Extent> extents = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        extents.add(Samples.extent(ager, i, 6 * BYTES));
      }
      checkAll(ager, extents);
      assertThat(ager.stats().stores().get(0).extents()).isZero();
      assertThat(ager.stats().stores().get(1).extents()).isPositive();
      Samples.dropAll(ager, extents);
    }
  }

  /** Alluxio 11129: to swap between tiers that are full, room besides is needed. */
  @Test
  void alluxio11129_fastStoreIsFullToTheLastByte_copiesChangePlacesAllTheSame() {
    try (Ager ager = open(first(16 * SLOT), second())) {
      List<Extent> extents = Samples.extents(ager, 60, BYTES);
      List<Extent> hot = extents.subList(40, 60);
      Deadline deadline = Deadline.in(Samples.WAIT.multipliedBy(3));
      while (ager.stats().stores().getFirst().movedOut() == 0
          || ager.stats().stores().getFirst().movedIn() == 0) {
        assertThat(deadline.passed()).as("copies were exchanged").isFalse();
        hot.forEach(extent -> ager.pin(extent, Samples.WAIT).close());
      }
      assertThat(ager.stats().peakAccountedBytes()).isLessThanOrEqualTo(BUDGET);
      checkAll(ager, extents);
      Samples.dropAll(ager, extents);
    }
  }

  /** Alluxio 8902: who allocates evicts, a little at a time. */
  @Test
  void alluxio8902_writing_isDoneAheadAndInBatches() {
    try (Ager ager = open(first(1L << 30))) {
      disk.writes.set(0);
      List<Extent> extents = Samples.extents(ager, 500, 5_000);
      ager.allocate(BUDGET / 8 * 7, Samples.WAIT).close();
      long copies = ager.stats().stores().getFirst().extents();
      assertThat(copies).isGreaterThan(400);
      assertThat((long) disk.writes.get()).isLessThan(copies / 4);
      Samples.dropAll(ager, extents);
    }
  }

  // ---- Ignite, Geode, Ehcache, Infinispan

  /** Ignite 11463: nothing is evicted, and it is out of memory though there is persistence. */
  @Test
  void ignite11463_manyTimesTheMemory_isNeverOutOfMemory() {
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 200, BYTES);
      assertThat(ager.stats().peakAccountedBytes()).isLessThanOrEqualTo(BUDGET);
      checkAll(ager, extents);
      Samples.dropAll(ager, extents);
    }
  }

  /** Geode: out of off-heap memory for fragmentation, though enough is free. */
  @Test
  void geode_freeMemoryInPieces_isJoined() {
    try (Ager ager = Ager.open(Samples.config(BUDGET).withReserveBytes(0))) {
      List<Extent> extents = Samples.extents(ager, 64, 4096 * 4);
      for (int i = 0; i < 64; i += 2) {
        ager.drop(extents.get(i));
      }
      // No store, so nothing can be evicted: half of the memory, in 32 pieces.
      try (Draft draft = ager.allocate(BUDGET / 2, Samples.WAIT)) {
        draft.segment().fill((byte) 1);
      }
      for (int i = 1; i < 64; i += 2) {
        Samples.check(ager, extents.get(i), i);
      }
      assertThat(ager.stats().moves()).isPositive();
    }
  }

  /** Ehcache 727: "oversize mapping", though there is space. */
  @Test
  void ehcache727_asLargeAsTheMemory_isTaken() {
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = new ArrayList<>(List.of(Samples.extent(ager, 0, BUDGET)));
      extents.add(Samples.extent(ager, 1, BUDGET));
      checkAll(ager, extents);
      Samples.dropAll(ager, extents);
    }
  }

  /** Infinispan 17188: the compactor finds a file gone, and hangs. */
  @Test
  void infinispan17188_filesOfTheStoreAreGone_isToldAndNothingHangs() throws IOException {
    StoreConfig store = Samples.hadoop(directory.resolve("gone"), false);
    AgerConfig config = Samples.config(BUDGET, store).withContainerBytes(3 * SLOT);
    try (Ager ager = Ager.open(config)) {
      List<Extent> extents = Samples.extents(ager, 40, BYTES);
      ager.allocate(BUDGET / 8 * 7, Samples.WAIT).close();
      List<Extent> lost = extents.stream().filter(each -> !Samples.resident(ager, each)).toList();
      for (Path file : Samples.containersBelow(directory)) {
        Files.delete(file);
      }
      for (Extent extent : lost) {
        assertThatThrownBy(() -> ager.pin(extent, HOUR))
            .isInstanceOf(AgerException.ExtentLost.class)
            .hasMessageContaining("extent=" + extent.id());
      }
      Samples.dropAll(ager, extents);
      List<Extent> others = Samples.extents(ager, 30, BYTES);
      checkAll(ager, others);
      Samples.dropAll(ager, others);
    }
  }

  /** A file that lost its name takes what is appended to it, and nobody could read it. */
  @Test
  void infinispan17188_fileBeingWrittenIsGone_whatIsWrittenThenGoesToAnother() throws IOException {
    StoreConfig store = Samples.hadoop(directory.resolve("gone"), false);
    try (Ager ager = Ager.open(Samples.config(BUDGET, store))) {
      List<Extent> extents = Samples.extents(ager, 5, BYTES);
      ager.allocate(BUDGET / 8 * 7, Samples.WAIT).close();
      List<Path> files = Samples.containersBelow(directory);
      assertThat(files).hasSize(1);
      Files.delete(files.getFirst());
      Samples.dropAll(ager, extents);
      List<Extent> others = Samples.extents(ager, 30, BYTES);
      checkAll(ager, others);
      Samples.dropAll(ager, others);
    }
  }

  // ---- Trino and Velox

  /** Trino 16524: by its thresholds, spilling never starts. */
  @Test
  void trino16524_memoryIsWanted_startsWritingWhateverTheThresholds() {
    try (Ager ager = open(first(1L << 30))) {
      // Half of the budget, which alone starts nothing, and what is wanted is the other half.
      List<Extent> extents = Samples.extents(ager, 5, BYTES);
      ager.allocate(BUDGET / 8 * 7, Samples.WAIT).close();
      assertThat(ager.stats().stores().getFirst().extents()).isGreaterThanOrEqualTo(4);
      Samples.dropAll(ager, extents);
    }
  }

  /** Trino 17138, 18447, 22006: the memory limit is exceeded with spilling switched on. */
  @Test
  void trino17138_manyAtOnce_stayWithinTheLimitAndAllEnd() throws Exception {
    try (Ager ager = open(first(1L << 30))) {
      List<CompletableFuture<List<Extent>>> clients = new ArrayList<>();
      for (int client = 0; client < 4; client++) {
        clients.add(
            CompletableFuture.supplyAsync(
                () -> {
                  List<Extent> mine = Samples.extents(ager, 20, BYTES);
                  checkAll(ager, mine);
                  return mine;
                },
                task -> Thread.ofPlatform().start(task)));
      }
      List<Extent> all = new ArrayList<>();
      for (CompletableFuture<List<Extent>> client : clients) {
        all.addAll(client.get(60, TimeUnit.SECONDS));
      }
      assertThat(ager.stats().peakAccountedBytes()).isLessThanOrEqualTo(BUDGET);
      Samples.dropAll(ager, all);
    }
  }

  // ---- all of them

  /** Files are left behind after a crash or a close. */
  @Test
  void files_areGoneAfterTheClose_andAfterACrashWithTheNextOpen() throws IOException {
    Path dead = Files.createDirectories(directory.resolve("first/node-0"));
    Files.writeString(dead.resolve("lock"), "");
    Files.writeString(dead.resolve("spill.quire"), "of a process that was killed");
    try (Ager ager = open(first(1L << 30))) {
      assertThat(dead).doesNotExist();
      Samples.extents(ager, 30, BYTES);
    }
    assertThat(Samples.filesBelow(directory)).allMatch(file -> file.endsWith("sweep.lock"));
  }
}
