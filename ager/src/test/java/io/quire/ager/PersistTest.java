package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.AgerException.ExtentLost;
import io.quire.ager.AgerException.NoStoreLeft;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PersistTest {
  private static final long BUDGET = 1 << 20;
  private static final int BYTES = 70_001;

  @TempDir Path directory;

  private static List<Copy> persistAll(Ager ager, List<Extent> extents) throws Exception {
    List<CompletableFuture<Copy>> futures = extents.stream().map(ager::persist).toList();
    List<Copy> copies = new ArrayList<>();
    for (CompletableFuture<Copy> future : futures) {
      copies.add(future.get(30, TimeUnit.SECONDS));
    }
    return copies;
  }

  private static Copy overTheWire(Copy copy) {
    WireWriter out = new WireWriter();
    copy.write(out);
    return Copy.read(new WireReader(out.toBytes()));
  }

  @Test
  void adopt_afterReopenOnFlash_readsWhatWasPersisted() throws Exception {
    survivesReopen(Samples.durableFlash(directory));
  }

  @Test
  void adopt_afterReopenThroughHadoop_readsWhatWasPersisted() throws Exception {
    survivesReopen(Samples.hadoop(directory, true));
  }

  private void survivesReopen(StoreConfig store) throws Exception {
    AgerConfig config = Samples.config(BUDGET, store).withContainerBytes(500_000);
    List<Copy> copies;
    try (Ager ager = Ager.open(config)) {
      List<Extent> extents = Samples.extents(ager, 30, BYTES);
      copies = persistAll(ager, extents);
      assertThat(persistAll(ager, extents)).as("idempotent").isEqualTo(copies);
    }
    assertThat(copies.stream().map(Copy::file).distinct()).as("containers").hasSizeGreaterThan(2);
    // The same owner's name again must not touch the older files.
    try (Ager ager = Ager.open(config)) {
      List<Extent> extents = new ArrayList<>();
      for (Copy copy : copies) {
        extents.add(ager.adopt(overTheWire(copy)));
      }
      assertThat(ager.stats().stores().get(0).bytesIn()).as("nothing read yet").isZero();
      persistAll(ager, Samples.extents(ager, 3, BYTES));
      for (int i = 0; i < extents.size(); i++) {
        Samples.check(ager, extents.get(i), i);
      }
      assertThat(persistAll(ager, extents)).as("adopted ones are durable").isEqualTo(copies);
    }
  }

  @Test
  void adopt_whileTheWriterStillAppends_readsFromAnotherAger() throws Exception {
    for (StoreConfig store :
        List.of(
            Samples.durableFlash(directory.resolve("flash")),
            Samples.hadoop(directory.resolve("hadoop"), true))) {
      try (Ager writer = Ager.open(AgerConfig.of(BUDGET, List.of(store), "writer"));
          Ager reader = Ager.open(AgerConfig.of(BUDGET, List.of(store), "reader"))) {
        Extent extent = Samples.extent(writer, 5, BYTES);
        Copy copy = writer.persist(extent).get(20, TimeUnit.SECONDS);
        Samples.check(reader, reader.adopt(copy), 5);
        Extent next = Samples.extent(writer, 6, BYTES);
        Copy nextCopy = writer.persist(next).get(20, TimeUnit.SECONDS);
        assertThat(nextCopy.file()).as("same container").isEqualTo(copy.file());
        Samples.check(reader, reader.adopt(nextCopy), 6);
      }
    }
  }

  @Test
  void evict_persistedExtent_isNotWrittenTwice() throws Exception {
    StoreConfig flash = Samples.flash(directory.resolve("flash"), 1L << 30);
    StoreConfig durable = Samples.hadoop(directory.resolve("durable"), true);
    try (Ager ager = Ager.open(Samples.config(BUDGET, flash, durable))) {
      for (int i = 0; i < 30; i++) {
        Extent extent = Samples.extent(ager, i, BYTES);
        ager.persist(extent).get(20, TimeUnit.SECONDS);
      }
      assertThat(ager.stats().stores().get(0).bytesOut()).isZero();
      assertThat(ager.stats().stores().get(1).extents()).isEqualTo(30);
      assertThat(ager.stats().evictions()).isPositive();
    }
  }

  @Test
  void persist_syncFails_noCopyIsReported() {
    FaultyDisk disk = new FaultyDisk("durable/node-1-");
    AgerConfig config = Samples.config(BUDGET, Samples.durableFlash(directory));
    try (Ager ager = Ager.open(config, disk, Region::open)) {
      Extent extent = Samples.extent(ager, 5, BYTES);
      disk.syncsFail = true;
      assertThatThrownBy(() -> ager.persist(extent).get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(NoStoreLeft.class);
      disk.syncsFail = false;
      assertThat(ager.persist(extent)).succeedsWithin(Samples.WAIT);
      Samples.check(ager, extent, 5);
    }
  }

  /** With containers of one copy each the sync is part of the write. */
  @Test
  void persist_fails_itsContainersGo() throws Exception {
    FaultyDisk disk = new FaultyDisk("durable/node-1-");
    AgerConfig config =
        Samples.config(BUDGET, Samples.durableFlash(directory)).withContainerBytes(1);
    try (Ager ager = Ager.open(config, disk, Region::open)) {
      Extent extent = Samples.extent(ager, 5, BYTES);
      disk.syncsFail = true;
      assertThatThrownBy(() -> ager.persist(extent).get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(NoStoreLeft.class);
      disk.syncsFail = false;
      disk.writesFail = true;
      assertThatThrownBy(() -> ager.persist(extent).get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(NoStoreLeft.class);
      disk.writesFail = false;
      Copy copy = ager.persist(extent).get(20, TimeUnit.SECONDS);

      Samples.await(
          "only the good one stays",
          () ->
              Samples.filesBelow(directory.resolve("durable"))
                  .equals(List.of(directory.resolve(copy.file()))));
      assertThat(ager.stats().stores().getFirst().usedBytes()).isEqualTo(copy.footprint());
    }
  }

  @Test
  void persist_firstDurableStoreFails_theNextTakesOver() throws Exception {
    FaultyDisk disk = new FaultyDisk("first/durable/node-1-");
    AgerConfig config =
        Samples.config(
            BUDGET,
            Samples.durableFlash(directory.resolve("first")),
            Samples.durableFlash(directory.resolve("second")));
    try (Ager ager = Ager.open(config, disk, Region::open)) {
      disk.writesFail = true;
      Copy copy = ager.persist(Samples.extent(ager, 5, BYTES)).get(20, TimeUnit.SECONDS);
      assertThat(copy.store()).endsWith("/second");
    }
  }

  @Test
  void persist_noDurableStore_fails() {
    try (Ager ager = Ager.open(Samples.config(BUDGET, Samples.flash(directory, 1 << 20)))) {
      Extent extent = Samples.extent(ager, 1, 10);
      assertThatThrownBy(() -> ager.persist(extent).get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(NoStoreLeft.class);
    }
  }

  @Test
  void adopt_bytesOnDiskChanged_isLostAndOthersAreNot() throws Exception {
    AgerConfig config = Samples.config(BUDGET, Samples.durableFlash(directory));
    List<Copy> copies;
    try (Ager ager = Ager.open(config)) {
      copies = persistAll(ager, Samples.extents(ager, 3, BYTES));
    }
    Copy damaged = copies.get(1);
    try (RandomAccessFile file =
        new RandomAccessFile(directory.resolve(damaged.file()).toFile(), "rw")) {
      long at = damaged.offset() + StoreHeader.BYTES + BYTES / 2;
      file.seek(at);
      int value = file.read();
      file.seek(at);
      file.write(value ^ 1);
    }
    try (Ager ager = Ager.open(config)) {
      List<Extent> extents = copies.stream().map(ager::adopt).toList();
      Samples.check(ager, extents.get(0), 0);
      assertThatThrownBy(() -> ager.pin(extents.get(1), Samples.WAIT))
          .isInstanceOf(ExtentLost.class);
      Samples.check(ager, extents.get(2), 2);
    }
  }

  @Test
  void adopt_copyOfAnotherExtentLiesThere_isLost() throws Exception {
    AgerConfig config = Samples.config(BUDGET, Samples.durableFlash(directory));
    try (Ager ager = Ager.open(config)) {
      Copy copy = persistAll(ager, Samples.extents(ager, 1, BYTES)).get(0);
      Copy other =
          new Copy(copy.store(), copy.file(), copy.offset(), BYTES, copy.crc(), 999, copy.owner());
      assertThatThrownBy(() -> ager.pin(ager.adopt(other), Samples.WAIT))
          .isInstanceOf(ExtentLost.class)
          .hasMessageContaining("something else lies there");
    }
  }

  @Test
  void deleteCopy_allOfAContainer_removesTheFile() throws Exception {
    AgerConfig config = Samples.config(BUDGET, Samples.durableFlash(directory));
    List<Copy> copies;
    try (Ager ager = Ager.open(config)) {
      copies = persistAll(ager, Samples.extents(ager, 4, BYTES));
      ager.flushDurable(Samples.WAIT);
      List<Copy> more = persistAll(ager, Samples.extents(ager, 2, BYTES));
      ager.flushDurable(Samples.WAIT);
      more.forEach(ager::deleteCopy);
      Samples.await("gone", () -> !Files.exists(directory.resolve(more.get(0).file())));
      assertThat(directory.resolve(copies.get(0).file())).exists();
    }
    try (Ager ager = Ager.open(config)) {
      ager.deleteCopy(copies.get(0));
      ager.deleteCopy(copies.get(1));
      ager.deleteCopy(copies.get(2));
      Samples.check(ager, ager.adopt(copies.get(3)), 3);
      ager.deleteCopy(copies.get(3));
      Samples.await("gone", () -> !Files.exists(directory.resolve(copies.get(0).file())));
    }
  }
}
