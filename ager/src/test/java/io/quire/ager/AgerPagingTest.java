package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgerPagingTest {
  private static final long BUDGET = 2 << 20;
  private static final int THREADS = 4;

  @TempDir Path directory;

  @Test
  void pin_fourTimesTheBudgetOnFlash_contentsAndBudgetHold() throws Exception {
    churn(Samples.flash(directory, 1L << 30), Region::open, 1);
  }

  @Test
  void pin_fourTimesTheBudgetThroughHadoop_contentsAndBudgetHold() throws Exception {
    churn(Samples.hadoop(directory, false), Region::open, 2);
  }

  @Test
  void pin_fourTimesTheBudgetInTheFallbackRegion_contentsAndBudgetHold() throws Exception {
    churn(Samples.flash(directory, 1L << 30), Region::allocate, 3);
  }

  private void churn(StoreConfig store, LongFunction<Region> region, long seed) throws Exception {
    try (Ager ager = Ager.open(Samples.config(BUDGET, store), Disk.direct(), region)) {
      List<Extent> extents = new ArrayList<>();
      SplittableRandom random = new SplittableRandom(seed);
      long bytes = 0;
      while (bytes < 4 * BUDGET) {
        int size = 1 + random.nextInt(random.nextInt(10) == 0 ? 400_000 : 60_000);
        extents.add(Samples.extent(ager, extents.size(), size));
        bytes += size;
      }
      List<Future<?>> readers = new ArrayList<>();
      try (ExecutorService executor = Executors.newFixedThreadPool(THREADS)) {
        for (int i = 0; i < THREADS; i++) {
          SplittableRandom own = random.split();
          readers.add(executor.submit(() -> read(ager, extents, own)));
        }
        for (Future<?> reader : readers) {
          reader.get(60, TimeUnit.SECONDS);
        }
      }
      AgerStats stats = ager.stats();
      assertThat(stats.peakAccountedBytes()).as("seed %d", seed).isLessThanOrEqualTo(BUDGET);
      assertThat(stats.pageIns()).as("seed %d", seed).isPositive();
      assertThat(stats.pinnedBytes()).isZero();
      assertThat(stats.stores().get(0).bytesOut()).as("written once").isLessThanOrEqualTo(bytes);
      assertThat(stats.stores().get(0).errors()).isZero();
      stats.peakRegionRss().ifPresent(rss -> assertThat(rss).isLessThanOrEqualTo(BUDGET));
    }
    assertThat(Samples.filesBelow(directory))
        .as("spill is gone after close")
        .allMatch(file -> file.endsWith("sweep.lock"));
  }

  @Test
  void drop_amidAllElse_leavesNothingBehind() throws Exception {
    long seed = 4;
    StoreConfig flash = Samples.flash(directory.resolve("flash"), 3 << 20);
    StoreConfig durable = Samples.durableFlash(directory.resolve("durable"));
    try (Ager ager = Ager.open(Samples.config(BUDGET, flash, durable))) {
      SplittableRandom random = new SplittableRandom(seed);
      List<Future<?>> clients = new ArrayList<>();
      try (ExecutorService executor = Executors.newFixedThreadPool(THREADS)) {
        for (int i = 0; i < THREADS; i++) {
          SplittableRandom own = random.split();
          clients.add(executor.submit(() -> live(ager, own)));
        }
        for (Future<?> client : clients) {
          client.get(60, TimeUnit.SECONDS);
        }
      }
      ager.flushDurable(Samples.WAIT);
      Samples.await("nothing left: seed " + seed, () -> ager.stats().accountedBytes() == 0);
      AgerStats stats = ager.stats();
      assertThat(stats.extents()).as("seed %d", seed).isZero();
      assertThat(stats.dirtyBytes()).as("seed %d", seed).isZero();
      assertThat(stats.peakAccountedBytes()).isLessThanOrEqualTo(BUDGET);
      assertThat(stats.stores().get(0).extents()).as("slots: seed %d", seed).isZero();
    }
  }

  private record Owned(Extent extent, long seed) {}

  /** Makes, reads, persists, abandons and drops extents, about the budget's worth at a time. */
  private static void live(Ager ager, SplittableRandom random) {
    List<Owned> mine = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      int choice = random.nextInt(10);
      if (mine.isEmpty() || (choice < 4 && mine.size() < 30)) {
        long seed = random.nextLong();
        mine.add(new Owned(Samples.extent(ager, seed, 1 + random.nextInt(50_000)), seed));
      } else if (choice < 5) {
        ager.allocate(1 + random.nextInt(20_000), Samples.WAIT).close();
      } else if (choice < 6) {
        ager.persist(mine.get(random.nextInt(mine.size())).extent);
      } else if (choice < 7) {
        ager.drop(mine.remove(random.nextInt(mine.size())).extent);
      } else if (choice < 8) {
        Extent extent = mine.remove(random.nextInt(mine.size())).extent;
        try (Pin _ = ager.pin(extent, Samples.WAIT)) {
          ager.drop(extent);
        }
      } else {
        Owned owned = mine.get(random.nextInt(mine.size()));
        Samples.check(ager, owned.extent, owned.seed);
      }
    }
    mine.forEach(owned -> ager.drop(owned.extent));
  }

  /** Holds up to two pins at a time, so that all readers together cannot fill the budget. */
  private static void read(Ager ager, List<Extent> extents, SplittableRandom random) {
    for (int i = 0; i < 400; i++) {
      int first = random.nextInt(extents.size());
      int second = random.nextInt(extents.size());
      try (Pin pin = ager.pin(extents.get(first), Samples.WAIT)) {
        if (extents.get(second).bytes() < 60_000) {
          Samples.check(ager, extents.get(second), second);
        }
        Samples.check(pin.segment(), first);
      }
    }
  }

  @Test
  void evict_extentThatWasPagedIn_writesNothing() {
    try (Ager ager = Ager.open(Samples.config(BUDGET, Samples.flash(directory, 1L << 30)))) {
      List<Extent> extents = Samples.extents(ager, 40, 100_000);
      for (Extent extent : extents) {
        ager.pin(extent, Samples.WAIT).close();
      }
      long bound = 40 * 100_000;
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < extents.size(); i++) {
          Samples.check(ager, extents.get(i), i);
        }
      }
      assertThat(ager.stats().stores().get(0).bytesOut()).isLessThanOrEqualTo(bound);
      assertThat(ager.stats().evictions()).isGreaterThan(60);
    }
  }
}
