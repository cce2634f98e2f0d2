package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many page-outs do not hold up page-ins, nor the other way round, nor one store those of another.
 * The disk does nothing of one kind here, so what is served does not depend on how fast it is.
 */
@Timeout(120)
class StormTest {
  private static final long BUDGET = 32 << 20;

  /** More than a write, so that a batch of page-outs is more writes than can be in flight. */
  private static final int LARGE = 5_000_000;

  private static final int SMALL = 100_000;

  @TempDir Path directory;
  private final FaultyDisk disk = new FaultyDisk("/first/");

  private Ager open(long budget, StoreConfig... stores) {
    return Ager.open(Samples.config(budget, stores), disk, Region::open);
  }

  private StoreConfig first(long capacity) {
    return Samples.flash(directory.resolve("first"), capacity);
  }

  private static List<Integer> absent(List<Extent> extents) {
    return IntStream.range(0, extents.size())
        .filter(i -> extents.get(i).phase() == Frame.Phase.ABSENT)
        .boxed()
        .toList();
  }

  @Test
  void pin_whileWritesFillTheQueueAndNoneEnds_isServed() {
    try (Ager ager = open(BUDGET, first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 12, LARGE);
      Samples.await("written", () -> ager.stats().dirtyBytes() <= BUDGET / 2);
      disk.writesHang = new CountDownLatch(1);
      disk.writes.set(0);
      try {
        // So much that the writer hands over a whole batch.
        while (ager.stats().dirtyBytes() <= BUDGET * 3 / 5) {
          extents.add(Samples.extent(ager, extents.size(), LARGE));
        }
        Samples.await(
            "all lanes of writes are taken", () -> disk.writes.get() == FlashDirectory.LANES);

        List<Integer> absent = absent(extents);
        assertThat(absent).isNotEmpty();
        absent.forEach(i -> Samples.check(ager, extents.get(i), i));

        assertThat(disk.writes).as("no write has ended meanwhile").hasValue(FlashDirectory.LANES);
      } finally {
        disk.writesHang.countDown();
      }
      for (int i = 0; i < extents.size(); i++) {
        Samples.check(ager, extents.get(i), i);
      }
      Samples.dropAll(ager, extents);
    }
  }

  @Test
  void allocate_whileNoReadEnds_pageOutsGoOn() throws Exception {
    try (Ager ager = open(1 << 20, first(1L << 30))) {
      List<Extent> extents = Samples.extents(ager, 20, SMALL);
      List<Integer> absent = absent(extents).subList(0, 2);
      disk.readsHang = new CountDownLatch(1);
      List<CompletableFuture<Pin>> pins = new ArrayList<>();
      try {
        absent.forEach(i -> pins.add(ager.pinAsync(extents.get(i), Samples.WAIT)));
        for (int i = 0; i < 20; i++) {
          extents.add(Samples.extent(ager, extents.size(), SMALL));
        }
      } finally {
        disk.readsHang.countDown();
      }
      for (CompletableFuture<Pin> pin : pins) {
        pin.get(20, TimeUnit.SECONDS).close();
      }
      Samples.dropAll(ager, extents);
    }
  }

  @Test
  void pin_whileAnotherStoreHangs_isServed() throws Exception {
    StoreConfig second = Samples.hadoop(directory.resolve("second"), false);
    try (Ager ager = open(1 << 20, first(10L * (SMALL + 3 * StoreHeader.BYTES)), second)) {
      List<Extent> extents = Samples.extents(ager, 40, SMALL);
      List<Integer> absent = absent(extents);
      List<Integer> inFirst = absent.stream().filter(i -> extents.get(i).placeStore == 0).toList();
      List<Integer> inSecond = absent.stream().filter(i -> extents.get(i).placeStore == 1).toList();
      assertThat(inFirst).hasSizeGreaterThan(2);
      assertThat(inSecond).hasSizeGreaterThan(2);
      disk.readsHang = new CountDownLatch(1);
      List<CompletableFuture<Pin>> pins = new ArrayList<>();
      try {
        // More than there are threads that read from a store; they leave room for one more.
        inFirst.subList(0, 3).forEach(i -> pins.add(ager.pinAsync(extents.get(i), Samples.WAIT)));
        inSecond.forEach(i -> Samples.check(ager, extents.get(i), i));
      } finally {
        disk.readsHang.countDown();
      }
      for (CompletableFuture<Pin> pin : pins) {
        pin.get(20, TimeUnit.SECONDS).close();
      }
      Samples.dropAll(ager, extents);
    }
  }
}
