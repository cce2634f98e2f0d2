package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.ager.AgerStats.StoreStats;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Copies that go from a store that is full to the next, and from a slow one to a faster. */
@Timeout(180)
class TiersTest {
  private static final long BUDGET = 1 << 20;
  private static final int BYTES = 100_000;

  /** What a copy takes in a store. */
  private static final long SLOT = StoreHeader.BYTES + StoreHeader.padded(BYTES);

  @TempDir Path directory;
  private final FaultyDisk disk = new FaultyDisk("/second/");

  private Ager open(StoreConfig... stores) {
    return Ager.open(Samples.config(BUDGET, stores), disk, Region::open);
  }

  private StoreConfig first(long slots) {
    return Samples.flash(directory.resolve("first"), slots * SLOT);
  }

  private StoreConfig second() {
    return Samples.flash(directory.resolve("second"), 1L << 30);
  }

  private static StoreStats store(Ager ager, int number) {
    return ager.stats().stores().get(number);
  }

  /** Everything but a few goes out, and has a copy then. */
  private static void writeAll(Ager ager) {
    ager.allocate(BUDGET / 8 * 7, Samples.WAIT).close();
  }

  private static void readAll(Ager ager, List<Extent> extents, int from) {
    for (int i = from; i < extents.size(); i++) {
      Samples.check(ager, extents.get(i), i);
    }
  }

  /** Moves happen beside what others read and write, so it goes on reading. */
  private static void readUntil(
      Ager ager, List<Extent> extents, int from, String what, BooleanSupplier condition) {
    Deadline deadline = Deadline.in(Samples.WAIT.multipliedBy(3));
    while (!condition.getAsBoolean()) {
      assertThat(deadline.passed()).as(what).isFalse();
      readAll(ager, extents, from);
    }
  }

  private static boolean hasRoom(Ager ager) {
    StoreStats first = store(ager, 0);
    return 8 * first.freeBytes() >= first.usedBytes();
  }

  @Test
  void fullStore_givesItsColdestToTheNext_andTakesWhatIsNew() {
    try (Ager ager = open(first(32), second())) {
      List<Extent> extents = Samples.extents(ager, 32, BYTES);
      writeAll(ager);
      // The first ten are not read again.
      readUntil(ager, extents, 10, "there is room again", () -> hasRoom(ager));

      StoreStats first = store(ager, 0);
      StoreStats second = store(ager, 1);
      assertThat(first.movedOut()).isPositive().isEqualTo(second.movedIn());
      for (int i = 10; i < 22; i++) {
        assertThat(extents.get(i).placeStore).as("extent %d is used more", i).isZero();
      }
      long written = first.bytesOut();
      extents.addAll(Samples.extents(ager, 2, BYTES));
      writeAll(ager);
      assertThat(store(ager, 0).bytesOut()).isGreaterThan(written);
      for (int i = 0; i < 32; i++) {
        Samples.check(ager, extents.get(i), i);
      }
      Samples.dropAll(ager, extents);
    }
  }

  private StoreConfig containers(long slots) {
    StoreConfig config = Samples.hadoop(directory.resolve("containers"), false);
    return new StoreConfig(config.uri(), slots * SLOT, false, config.settings());
  }

  /** With ten copies in each container. */
  private Ager openWithContainers(StoreConfig... stores) {
    AgerConfig config = Samples.config(BUDGET, stores).withContainerBytes(10 * SLOT);
    return Ager.open(config, disk, Region::open);
  }

  @Test
  void files_ofWhichLittleIsNeeded_areWrittenAnewAndGiveTheirRoomBack() {
    try (Ager ager = openWithContainers(containers(10_000))) {
      List<Extent> extents = Samples.extents(ager, 100, BYTES);
      writeAll(ager);
      List<Extent> kept = new ArrayList<>();
      for (int i = 0; i < extents.size(); i++) {
        if (i % 5 == 3) {
          kept.add(extents.get(i));
        } else {
          ager.drop(extents.get(i));
        }
      }
      Deadline deadline = Deadline.in(Samples.WAIT.multipliedBy(3));
      // Twice what is kept, and the file that is appended to.
      while (store(ager, 0).usedBytes() > 50 * SLOT) {
        assertThat(deadline.passed()).as("room is given back").isFalse();
        for (int i = 0; i < kept.size(); i++) {
          Samples.check(ager, kept.get(i), 5 * i + 3);
        }
      }
      for (int i = 0; i < kept.size(); i++) {
        Samples.check(ager, kept.get(i), 5 * i + 3);
      }
      assertThat(store(ager, 0).movedOut()).as("to no other store").isZero();
      Samples.dropAll(ager, kept);
    }
  }

  @Test
  void files_ofWhichMostIsNeeded_areLeftAlone() {
    try (Ager ager = openWithContainers(containers(10_000))) {
      List<Extent> extents = Samples.extents(ager, 60, BYTES);
      writeAll(ager);
      for (int i = 0; i < extents.size(); i += 3) {
        ager.drop(extents.get(i));
      }
      long written = store(ager, 0).bytesOut();
      for (int round = 0; round < 20; round++) {
        for (int i = 0; i < extents.size(); i++) {
          if (i % 3 != 0) {
            Samples.check(ager, extents.get(i), i);
          }
        }
      }
      assertThat(store(ager, 0).bytesOut()).isEqualTo(written);
    }
  }

  @Test
  void fullStoreOfFiles_givesWholeFilesToTheNext_andTakesWhatIsNew() {
    try (Ager ager = openWithContainers(containers(45), second())) {
      List<Extent> extents = Samples.extents(ager, 52, BYTES);
      writeAll(ager);
      readUntil(ager, extents, 0, "a file went", () -> store(ager, 0).movedOut() >= 10L * BYTES);
      assertThat(store(ager, 0).movedOut()).isEqualTo(store(ager, 1).movedIn());
      long written = store(ager, 0).bytesOut();
      Deadline deadline = Deadline.in(Samples.WAIT.multipliedBy(3));
      while (store(ager, 0).bytesOut() == written) {
        assertThat(deadline.passed()).as("what is new is taken").isFalse();
        List<Extent> added = Samples.extents(ager, 4, BYTES);
        writeAll(ager);
        readAll(ager, extents, 0);
        added.forEach(ager::drop);
      }
      Samples.dropAll(ager, extents);
    }
  }

  @Test
  void durableCopies_readAgain_goUpWhileThereIsRoom() throws Exception {
    StoreConfig durable = Samples.hadoop(directory.resolve("second"), true);
    List<Copy> copies = new ArrayList<>();
    try (Ager ager = open(durable)) {
      for (Extent extent : Samples.extents(ager, 20, BYTES)) {
        copies.add(ager.persist(extent).get(30, TimeUnit.SECONDS));
      }
    }
    try (Ager ager = open(first(1000), durable)) {
      List<Extent> extents = new ArrayList<>();
      copies.forEach(copy -> extents.add(ager.adopt(copy)));
      readAll(ager, extents, 0);
      assertThat(store(ager, 0).bytesOut()).as("what was read once is not worth it").isZero();

      readUntil(ager, extents, 0, "most are there", () -> store(ager, 0).movedIn() >= 15L * BYTES);
      assertThat(store(ager, 0).extents()).isGreaterThanOrEqualTo(15);
      long before = store(ager, 0).bytesIn();
      readAll(ager, extents, 0);
      readAll(ager, extents, 0);
      assertThat(store(ager, 0).bytesIn()).as("and are read there").isGreaterThan(before);
    }
  }

  @Test
  void loopOverAll_movesNothingToAndFro() {
    try (Ager ager = open(first(32), second())) {
      List<Extent> extents = Samples.extents(ager, 60, BYTES);
      readUntil(ager, extents, 0, "there is room again", () -> hasRoom(ager));
      // What was under way then ends; what stays is what no place is better for.
      readAll(ager, extents, 0);
      readAll(ager, extents, 0);
      long moved = store(ager, 0).movedIn() + store(ager, 0).movedOut();
      for (int round = 0; round < 10; round++) {
        readAll(ager, extents, 0);
      }
      assertThat(store(ager, 0).movedIn() + store(ager, 0).movedOut() - moved)
          .as("of ten times 60 extents")
          .isLessThanOrEqualTo(4L * BYTES);
    }
  }

  @Test
  void copiesThatAreUsedMore_changePlacesWithColderOnes() {
    try (Ager ager = open(first(32), second())) {
      List<Extent> extents = Samples.extents(ager, 60, BYTES);
      writeAll(ager);
      List<Extent> slow = extents.stream().filter(extent -> extent.placeStore == 1).toList();
      assertThat(slow).hasSizeGreaterThan(20);
      // More than fit into memory, again and again; the others never.
      List<Extent> hot = slow.subList(0, 20);
      Deadline deadline = Deadline.in(Samples.WAIT.multipliedBy(3));
      while (hot.stream().filter(extent -> extent.placeStore == 0).count() < 12) {
        assertThat(deadline.passed()).as("they are in the fast store").isFalse();
        hot.forEach(extent -> ager.pin(extent, Samples.WAIT).close());
      }
      readAll(ager, extents, 0);
      Samples.dropAll(ager, extents);
    }
  }

  @Test
  void copyThatDoesNotVerify_doesNotTakeTheOldOnesPlace() {
    try (Ager ager = open(first(64), second())) {
      disk.writesFlipABit = true;
      List<Extent> extents = Samples.extents(ager, 62, BYTES);
      writeAll(ager);
      // One bit in each write, in which several copies may travel.
      readUntil(ager, extents, 0, "it was tried", () -> store(ager, 1).corruptCopies() >= 1);

      assertThat(store(ager, 1).badBytes()).as("in quarantine").isPositive();
      readAll(ager, extents, 0);

      disk.writesFlipABit = false;
      readUntil(ager, extents, 0, "there is room", () -> hasRoom(ager));
      Samples.await("no place is lost", () -> store(ager, 1).badBytes() == 0);
      readAll(ager, extents, 0);
      Samples.dropAll(ager, extents);
    }
  }

  @Test
  void durableCopyThatVerifies_standsForTheSpilledOneWhereThereIsNoRoom() throws Exception {
    StoreConfig durable = Samples.hadoop(directory.resolve("durable"), true);
    try (Ager ager = open(first(32), durable)) {
      List<Extent> extents = Samples.extents(ager, 31, BYTES);
      writeAll(ager);
      for (Extent extent : extents) {
        ager.persist(extent).get(30, TimeUnit.SECONDS);
      }
      long written = store(ager, 1).bytesOut();
      readUntil(ager, extents, 10, "there is room again", () -> hasRoom(ager));
      assertThat(store(ager, 1).bytesOut()).as("nothing is written twice").isEqualTo(written);
      readAll(ager, extents, 0);
    }
  }

  @Test
  void moves_amidFaultsAndDrops_loseNothingAndTakeNoMoreThanTheirShare() {
    for (long seed = 1; seed <= 2; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      StoreConfig first = Samples.flash(directory.resolve("first" + seed), 16 * SLOT);
      try (Ager ager = open(first, second())) {
        disk.writesFailEach = 5;
        List<Extent> extents = new ArrayList<>();
        List<Long> seeds = new ArrayList<>();
        for (int i = 0; i < 1500; i++) {
          if (extents.size() < 50) {
            seeds.add(random.nextLong());
            extents.add(Samples.extent(ager, seeds.getLast(), 1 + random.nextInt(BYTES)));
          } else if (random.nextInt(20) == 0) {
            int which = random.nextInt(extents.size());
            ager.drop(extents.remove(which));
            seeds.remove(which);
          } else {
            // Which ones are hot changes from time to time.
            int which = (random.nextInt(1 + random.nextInt(25)) + i / 300 * 10) % extents.size();
            Samples.check(ager, extents.get(which), seeds.get(which));
          }
        }
        disk.writesFailEach = 0;
        for (int i = 0; i < extents.size(); i++) {
          Samples.check(ager, extents.get(i), seeds.get(i));
        }
        List<StoreStats> stats = ager.stats().stores();
        long all = stats.stream().mapToLong(each -> each.bytesIn() + each.bytesOut()).sum();
        long moved = stats.stream().mapToLong(StoreStats::movedIn).sum();
        assertThat(moved).as("seed %d", seed).isPositive();
        assertThat(2 * moved)
            .as("seed %d", seed)
            .isLessThanOrEqualTo(all / Tiers.SHARE + Tiers.BURST_BYTES);
        Samples.dropAll(ager, extents);
      }
    }
  }
}
