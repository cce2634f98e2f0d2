package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.quire.ager.AgerException.ExtentLost;
import io.quire.ager.AgerException.NoStoreLeft;
import io.quire.ager.AgerException.StoreUnavailable;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgerFaultTest {
  private static final long BUDGET = 1 << 20;
  private static final int BYTES = 100_000;

  @TempDir Path directory;
  private final FaultyDisk disk = new FaultyDisk("/first/node-1/spill");

  private StoreConfig first(long capacityBytes) {
    return Samples.flash(directory.resolve("first"), capacityBytes);
  }

  private Ager open(AgerConfig config) {
    return Ager.open(config, disk, Region::open);
  }

  private Ager open(StoreConfig... stores) {
    return open(Samples.config(BUDGET, stores));
  }

  @Test
  void pin_onlyCopyIsCorrupt_losesExactlyThatExtent() {
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 20, BYTES);
      Extent lost = extents.get(0);
      Samples.evict(ager, lost, extents);
      disk.readsFlipABit = true;
      ExtentLost failure =
          catchThrowableOfType(ExtentLost.class, () -> ager.pin(lost, Samples.WAIT));
      disk.readsFlipABit = false;
      assertThat(failure.extent()).isSameAs(lost);
      assertThat(failure.copies()).hasSize(1);
      assertThat(ager.stats().stores().get(0).errors()).as("tried twice").isEqualTo(2);
      for (int i = 0; i < extents.size(); i++) {
        Samples.check(ager, extents.get(i), i);
      }
    }
  }

  @Test
  void pin_spilledCopyIsCorrupt_healsFromTheDurableOne() throws Exception {
    StoreConfig second = Samples.durableFlash(directory.resolve("second"));
    try (Ager ager = open(first(1L << 30), second)) {
      List<Extent> extents = Samples.extents(ager, 20, BYTES);
      Extent damaged = extents.get(0);
      Samples.evict(ager, damaged, extents);
      ager.persist(damaged).get(20, TimeUnit.SECONDS);
      Samples.evict(ager, damaged, extents);
      disk.readsFlipABit = true;
      Samples.check(ager, damaged, 0);
      assertThat(ager.stats().stores().getFirst().badBytes()).isPositive();
      disk.readsFlipABit = false;
      assertThat(ager.stats().stores().get(1).bytesIn()).isEqualTo(BYTES);
      long corrupt = ager.stats().stores().getFirst().corruptCopies();
      Samples.evict(ager, damaged, extents);
      Samples.check(ager, damaged, 0);
      assertThat(ager.stats().stores().getFirst().corruptCopies())
          .as("the damaged copy is not asked again")
          .isEqualTo(corrupt);
      Samples.await("no place leaks", () -> ager.stats().stores().getFirst().badBytes() == 0);
    }
  }

  @Test
  void drop_ofWhatDidNotVerify_itsPlaceIsUsedAgainOnlyWhenItKeepsWhatIsWritten() {
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 20, BYTES);
      Extent lost = extents.getFirst();
      Samples.evict(ager, lost, extents);
      disk.readsFlipABit = true;
      assertThatThrownBy(() -> ager.pin(lost, Samples.WAIT)).isInstanceOf(ExtentLost.class);
      ager.drop(lost);
      int before = disk.reads.get();
      Samples.await("the place was tried", () -> disk.reads.get() > before + 1);
      assertThat(ager.stats().stores().getFirst().badBytes())
          .isEqualTo(StoreHeader.BYTES + StoreHeader.padded(BYTES));
      disk.readsFlipABit = false;
      Samples.await("it is good", () -> ager.stats().stores().getFirst().badBytes() == 0);
      for (int i = 1; i < extents.size(); i++) {
        Samples.check(ager, extents.get(i), i);
      }
      Samples.dropAll(ager, extents);
    }
  }

  @Test
  void pin_storeCannotRead_isUnavailableAndNotLost() {
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 20, BYTES);
      Extent extent = extents.get(0);
      Samples.evict(ager, extent, extents);
      disk.readsFail = true;
      StoreUnavailable failure =
          catchThrowableOfType(StoreUnavailable.class, () -> ager.pin(extent, Samples.WAIT));
      disk.readsFail = false;
      assertThat(failure.store()).endsWith("/first");
      assertThat(failure.retryable()).isTrue();
      Samples.check(ager, extent, 0);
    }
  }

  @Test
  void allocate_firstStoreIsFull_theNextTakesOver() {
    StoreConfig second = Samples.hadoop(directory.resolve("second"), false);
    try (Ager ager = open(first(3 * BYTES), second)) {
      List<Extent> extents = Samples.extents(ager, 40, BYTES);
      for (int i = 0; i < extents.size(); i++) {
        Samples.check(ager, extents.get(i), i);
      }
      assertThat(ager.stats().stores().get(0).extents()).isEqualTo(2);
      assertThat(ager.stats().stores().get(1).extents()).isGreaterThan(20);
      assertThat(ager.stats().stores().get(0).errors()).as("full is no error").isZero();
    }
  }

  @Test
  void allocate_firstStoreFails_theNextTakesOver() {
    disk.writesFail = true;
    StoreConfig second = Samples.flash(directory.resolve("second"), 1L << 30);
    try (Ager ager = open(first(1L << 30), second)) {
      List<Extent> extents = Samples.extents(ager, 40, BYTES);
      for (int i = 0; i < extents.size(); i++) {
        Samples.check(ager, extents.get(i), i);
      }
      assertThat(ager.stats().stores().get(0).errors()).isPositive();
      assertThat(ager.stats().stores().get(0).failing())
          .hasValueSatisfying(reason -> assertThat(reason).contains("Input/output error"));
    }
  }

  @Test
  void allocate_noStoreTakesMore_failsAndAllStaysReadable() {
    disk.bytesLeft = 5L * (BYTES + 2 * StoreHeader.BYTES);
    StoreConfig second = Samples.flash(directory.resolve("second"), 4L * BYTES);
    try (Ager ager = open(first(1L << 30), second)) {
      List<Extent> extents = new ArrayList<>();
      NoStoreLeft failure = null;
      while (failure == null) {
        try (Draft draft = ager.allocate(BYTES, Samples.SHORT)) {
          Samples.fill(draft.segment(), extents.size());
          extents.add(draft.seal());
        } catch (NoStoreLeft e) {
          failure = e;
        }
      }
      assertThat(extents).hasSizeGreaterThan(12);
      assertThat(failure.reasons()).hasSize(2);
      assertThat(failure.reasons().get(0)).contains("/first").contains("file system is full");
      assertThat(failure.reasons().get(1)).contains("/second").contains("full");
      for (int i = 0; i < extents.size(); i++) {
        Samples.check(ager, extents.get(i), i);
      }
      disk.bytesLeft = Long.MAX_VALUE;
      Samples.check(ager, Samples.extent(ager, 77, BYTES), 77);
    }
  }

  @Test
  void allocate_noStoreAtAll_failsWhenMemoryIsFull() {
    try (Ager ager = Ager.open(Samples.config(BUDGET))) {
      List<Extent> extents = Samples.extents(ager, 8, BYTES);
      assertThatThrownBy(() -> ager.allocate(BYTES * 2, Samples.SHORT))
          .isInstanceOf(NoStoreLeft.class)
          .hasMessageContaining("none is configured");
      Samples.check(ager, extents.get(7), 7);
    }
  }

  @Test
  void spill_writesAreCutShort_goOnWhereTheyEnded() {
    disk.writesAreShort = true;
    try (Ager ager = open(first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 12, 300_000);
      for (int i = 0; i < extents.size(); i++) {
        Samples.check(ager, extents.get(i), i);
      }
      assertThat(ager.stats().pageIns()).isPositive();
    }
  }

  @Test
  void spill_diskLiesAboutAWrite_readBackTakesTheNextStore() {
    disk.writesFlipABit = true;
    StoreConfig second = Samples.flash(directory.resolve("second"), 1L << 30);
    try (Ager ager = open(Samples.config(BUDGET, first(1L << 30), second).withReadBack(true))) {
      List<Extent> extents = Samples.extents(ager, 20, BYTES);
      for (int i = 0; i < extents.size(); i++) {
        Samples.check(ager, extents.get(i), i);
      }
      assertThat(ager.stats().stores().get(0).errors()).isPositive();
      assertThat(ager.stats().stores().get(1).extents()).isPositive();
    }
  }

  @Test
  void persist_bytesChangedAfterTheSeal_isRefused() {
    StoreConfig second = Samples.durableFlash(directory.resolve("second"));
    try (Ager ager = open(second)) {
      Extent extent;
      try (Draft draft = ager.allocate(BYTES, Samples.WAIT)) {
        MemorySegment kept = draft.segment();
        extent = draft.seal();
        kept.set(ValueLayout.JAVA_BYTE, 500, (byte) (kept.get(ValueLayout.JAVA_BYTE, 500) + 1));
      }
      assertThatThrownBy(() -> ager.persist(extent).get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(AgerException.CorruptExtent.class);
    }
  }
}
