package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.quire.ager.AgerException.ExtentLost;
import io.quire.ager.AgerException.NoStoreLeft;
import io.quire.ager.AgerException.StoreUnavailable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Stores that go, stand still, tear files, or fail now and then: nothing is lost that another copy
 * holds, no call outlives its deadline, and nothing leaks.
 */
@Timeout(120)
class StoreFaultsTest {
  private static final long BUDGET = 1 << 20;
  private static final int BYTES = 100_000;

  @TempDir Path directory;
  private final FaultyDisk disk = new FaultyDisk("/first/");

  @AfterEach
  void works() {
    FaultyFileSystem.works();
  }

  private StoreConfig first() {
    return Samples.flash(directory.resolve("first"), 1L << 30);
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

  private static Extent absent(Ager ager, List<Extent> extents) {
    return extents.stream().filter(each -> !Samples.resident(ager, each)).findAny().orElseThrow();
  }

  private static void writeAll(Ager ager) {
    ager.allocate(BUDGET / 8 * 7, Samples.WAIT).close();
  }

  @Test
  void onlyStore_goesAndComesBack_nothingIsLost() {
    try (Ager ager = open(first())) {
      List<Extent> extents = Samples.extents(ager, 30, BYTES);
      disk.readsFail = true;
      disk.writesFail = true;
      Extent absent = absent(ager, extents);
      assertThatThrownBy(() -> ager.pin(absent, Samples.WAIT)).isInstanceOf(StoreUnavailable.class);
      NoStoreLeft told = null;
      while (told == null) {
        try (Draft draft = ager.allocate(BYTES, Samples.SHORT)) {
          Samples.fill(draft.segment(), extents.size());
          extents.add(draft.seal());
        } catch (NoStoreLeft e) {
          told = e;
        }
      }
      assertThat(told.reasons()).singleElement().asString().contains("Input/output error");
      assertThat(ager.stats().accountedBytes()).isLessThanOrEqualTo(BUDGET);
      disk.readsFail = false;
      disk.writesFail = false;
      checkAll(ager, extents);
      extents.add(Samples.extent(ager, extents.size(), BYTES));
      checkAll(ager, extents);
      Samples.dropAll(ager, extents);
    }
  }

  @Test
  void remoteStore_isGone_theNextTakesOverAndItIsUsedAgainLater() {
    StoreConfig far = FaultyFileSystem.store(directory.resolve("far"), false);
    AgerConfig config = Samples.config(BUDGET, far, second()).withContainerBytes(3 * BYTES);
    try (Ager ager = Ager.open(config)) {
      List<Extent> extents = Samples.extents(ager, 30, BYTES);
      writeAll(ager);
      assertThat(ager.stats().stores().get(0).extents()).isPositive();
      assertThat(ager.stats().stores().get(1).extents()).isZero();
      FaultyFileSystem.gone = true;
      List<Extent> more = Samples.extents(ager, 30, BYTES);
      assertThat(ager.stats().stores().get(0).writeErrors()).isPositive();
      assertThat(ager.stats().stores().get(1).extents()).isPositive();
      FaultyFileSystem.gone = false;
      checkAll(ager, extents);
      long written = ager.stats().stores().get(0).bytesOut();
      Deadline deadline = Deadline.in(Samples.WAIT.multipliedBy(2));
      while (ager.stats().stores().get(0).bytesOut() == written) {
        assertThat(deadline.passed()).as("it is tried again").isFalse();
        more.add(Samples.extent(ager, more.size(), BYTES));
      }
      checkAll(ager, more);
      extents.addAll(more);
      Samples.dropAll(ager, extents);
    }
    assertThat(Samples.containersBelow(directory)).isEmpty();
  }

  @Test
  void remoteStore_standsStill_pinsEndInTimeAndTheNearStoreIsUnconcerned() throws Exception {
    try (Ager ager = open(first(), FaultyFileSystem.store(directory.resolve("far"), true))) {
      List<Extent> extents = Samples.extents(ager, 30, BYTES);
      Extent far = Samples.extent(ager, 99, BYTES);
      Copy copy = ager.persist(far).get(30, TimeUnit.SECONDS);
      Extent adopted = ager.adopt(copy);
      FaultyFileSystem.stands = new CountDownLatch(1);
      StoreUnavailable told =
          catchThrowableOfType(StoreUnavailable.class, () -> ager.pin(adopted, Samples.SHORT));
      assertThat(told.store()).contains("faulty:");
      checkAll(ager, extents);
      checkAll(ager, Samples.extents(ager, 20, BYTES));
      FaultyFileSystem.works();
      Samples.check(ager, adopted, 99);
    }
  }

  @Test
  void reads_areShort_goOnWhereTheyEnded() {
    disk.readsAreShort = true;
    try (Ager ager = open(first())) {
      List<Extent> extents = Samples.extents(ager, 30, BYTES);
      checkAll(ager, extents);
      assertThat(ager.stats().pageIns()).isPositive();
      Samples.dropAll(ager, extents);
    }
  }

  @Test
  void spillFile_isTorn_losesWhatLayBehindAndNothingElse() throws IOException {
    try (Ager ager = open(first())) {
      List<Extent> extents = Samples.extents(ager, 30, BYTES);
      writeAll(ager);
      try (RandomAccessFile file = spillFile()) {
        file.setLength(file.length() / 2 / StoreHeader.BYTES * StoreHeader.BYTES);
      }
      int lost = lost(ager, extents);
      assertThat(lost).isBetween(10, 17);
      // What is written from now on does not suffer.
      List<Extent> more = Samples.extents(ager, 30, BYTES);
      checkAll(ager, more);
      extents.addAll(more);
      Samples.dropAll(ager, extents);
    }
  }

  @Test
  void bitsFlipOnTheMedium_losesExactlyWhatLiesThere() throws IOException {
    try (Ager ager = open(first())) {
      List<Extent> extents = Samples.extents(ager, 30, BYTES);
      writeAll(ager);
      long slot = StoreHeader.BYTES + StoreHeader.padded(BYTES);
      // In a header, at the first and at the last byte of a body.
      long[] positions = {
        3 * slot + 20, 7 * slot + StoreHeader.BYTES, 11 * slot + StoreHeader.BYTES + BYTES - 1
      };
      try (RandomAccessFile file = spillFile()) {
        for (long position : positions) {
          file.seek(position);
          int value = file.read();
          file.seek(position);
          file.write(value ^ 16);
        }
      }
      assertThat(lost(ager, extents)).isEqualTo(3);
      assertThat(ager.stats().stores().getFirst().corruptCopies()).isGreaterThanOrEqualTo(3);
      Samples.dropAll(ager, extents);
    }
  }

  /** How many are lost; all others must be as they were. */
  private static int lost(Ager ager, List<Extent> extents) {
    int lost = 0;
    for (int i = 0; i < extents.size(); i++) {
      Extent extent = extents.get(i);
      try {
        Samples.check(ager, extent, i);
      } catch (ExtentLost e) {
        assertThat(e.extent()).isSameAs(extent);
        lost++;
      }
    }
    return lost;
  }

  private RandomAccessFile spillFile() throws IOException {
    return new RandomAccessFile(directory.resolve("first/node-1/spill.quire").toFile(), "rw");
  }

  @Test
  void durableContainer_isTorn_losesWhatLayBehindAndNothingElse() throws Exception {
    StoreConfig durable = Samples.durableFlash(directory.resolve("first"));
    List<Copy> copies = new ArrayList<>();
    try (Ager ager = open(durable)) {
      for (Extent extent : Samples.extents(ager, 8, BYTES)) {
        copies.add(ager.persist(extent).get(30, TimeUnit.SECONDS));
      }
    }
    Path file = directory.resolve("first").resolve(copies.get(5).file());
    try (RandomAccessFile torn = new RandomAccessFile(file.toFile(), "rw")) {
      torn.setLength(copies.get(5).offset() + 3 * StoreHeader.BYTES);
    }
    try (Ager ager = open(durable)) {
      for (int i = 0; i < 8; i++) {
        Extent extent = ager.adopt(copies.get(i));
        if (i < 5) {
          Samples.check(ager, extent, i);
        } else {
          assertThatThrownBy(() -> ager.pin(extent, Samples.WAIT)).isInstanceOf(ExtentLost.class);
        }
      }
    }
  }

  @Test
  void store_failsNowAndThenAtEverything_costsNothingButTime() {
    for (long seed = 1; seed <= 2; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      StoreConfig near = Samples.flash(directory.resolve("first/" + seed), 20L * BYTES);
      try (Ager ager = open(near, second())) {
        disk.writesFailEach = 3;
        disk.readsFailEach = 4;
        List<Extent> extents = new ArrayList<>();
        List<Long> seeds = new ArrayList<>();
        for (int i = 0; i < 600; i++) {
          int which = extents.isEmpty() ? 0 : random.nextInt(extents.size());
          if (extents.size() < 40) {
            seeds.add(random.nextLong());
            extents.add(Samples.extent(ager, seeds.getLast(), 1 + random.nextInt(2 * BYTES)));
          } else if (random.nextInt(10) == 0) {
            ager.drop(extents.remove(which));
            seeds.remove(which);
          } else {
            try {
              Samples.check(ager, extents.get(which), seeds.get(which));
            } catch (StoreUnavailable e) {
              assertThat(e.retryable()).isTrue();
            }
          }
        }
        disk.writesFailEach = 0;
        disk.readsFailEach = 0;
        for (int i = 0; i < extents.size(); i++) {
          Samples.check(ager, extents.get(i), seeds.get(i));
        }
        Samples.dropAll(ager, extents);
        Samples.await("no place is lost", () -> ager.stats().stores().getFirst().badBytes() == 0);
      }
    }
  }
}
