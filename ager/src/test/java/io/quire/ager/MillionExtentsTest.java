package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A million extents of a page, all of their bytes, through a budget of a sixtieth of them. */
class MillionExtentsTest {
  private static final int EXTENTS = 1_000_000;
  private static final int BYTES = Runs.PAGE_BYTES;
  private static final long BUDGET = 64 << 20;

  /** A header and a body each. */
  private static final long ON_FLASH = 2L * EXTENTS * BYTES;

  @TempDir Path directory;

  @Test
  void allocatedSpilledScannedAndDropped_everyByteComesBackAndAllIsFree() throws IOException {
    long usable = Files.getFileStore(directory).getUsableSpace();
    assumeTrue(usable > 2 * ON_FLASH, "not enough disk: usableBytes=" + usable);
    AgerConfig config =
        Samples.config(BUDGET, Samples.flash(directory, 2 * ON_FLASH)).withMaxExtents(EXTENTS);
    try (Ager ager = Ager.open(config)) {
      List<Extent> extents = new ArrayList<>(EXTENTS);
      for (int i = 0; i < EXTENTS; i++) {
        try (Draft draft = ager.allocate(BYTES, Samples.WAIT)) {
          fill(draft.segment(), i);
          extents.add(draft.seal());
        }
      }
      assertThat(ager.stats().extents()).isEqualTo(EXTENTS);
      try (Scan scan = ager.scan(extents, Scan.Order.IN_ORDER, Samples.WAIT)) {
        for (int i = 0; i < EXTENTS; i++) {
          try (Pin pin = Objects.requireNonNull(scan.next())) {
            check(pin.segment(), i);
          }
        }
        assertThat(scan.next()).isNull();
      }
      AgerStats stats = ager.stats();
      assertThat(stats.peakAccountedBytes()).isLessThanOrEqualTo(BUDGET);
      assertThat(stats.pageIns()).isGreaterThan(EXTENTS / 10 * 9);
      extents.forEach(ager::drop);
      // What was being written goes when that is done.
      Samples.await("memory is free", () -> ager.stats().accountedBytes() == 0);
      Samples.await("store is free", () -> ager.stats().stores().get(0).extents() == 0);
      assertThat(ager.stats().extents()).isZero();
      assertThat(stats.stores().get(0).usedBytes()).isLessThanOrEqualTo(ON_FLASH + ON_FLASH / 50);
    }
    assertThat(Samples.containersBelow(directory)).isEmpty();
  }

  private static void fill(MemorySegment segment, int seed) {
    for (long at = 0; at < BYTES; at += Long.BYTES) {
      segment.set(ValueLayout.JAVA_LONG, at, mixed(seed, at));
    }
  }

  private static void check(MemorySegment segment, int seed) {
    for (long at = 0; at < BYTES; at += Long.BYTES) {
      if (segment.get(ValueLayout.JAVA_LONG, at) != mixed(seed, at)) {
        throw new AssertionError("wrong content: seed=%d offset=%d".formatted(seed, at));
      }
    }
  }

  private static long mixed(int seed, long at) {
    return ((long) seed << Short.SIZE | at) * 0x9e3779b97f4a7c15L;
  }
}
