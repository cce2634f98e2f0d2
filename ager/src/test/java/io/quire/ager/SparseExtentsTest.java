package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * More than the machine's disk may hold, of zeros: the disk keeps the headers and makes up the
 * rest. All else is as it is. {@code -Dquire.sparse.gib=200} is for more than a build has time for.
 */
class SparseExtentsTest {
  private static final long GIB = Integer.getInteger("quire.sparse.gib", 6);
  private static final int BYTES = 1 << 20;
  private static final int EXTENTS = (int) ((GIB << 30) / BYTES);
  private static final long BUDGET = 256 << 20;
  private static final int RANDOM_PINS = EXTENTS / 10;

  @TempDir Path directory;

  @Test
  void manyTimesTheBudget_spilledScannedAndPinnedAtRandom_allVerify() {
    long capacity = 2 * GIB << 30;
    AgerConfig config =
        Samples.config(BUDGET, Samples.flash(directory, capacity)).withMaxExtents(EXTENTS);
    try (Arena arena = Arena.ofShared();
        Ager ager = Ager.open(config, new SparseDisk(arena), Region::open)) {
      List<Extent> extents = new ArrayList<>(EXTENTS);
      long began = System.nanoTime();
      for (int i = 0; i < EXTENTS; i++) {
        try (Draft draft = ager.allocate(BYTES, Samples.WAIT)) {
          draft.segment().fill((byte) 0);
          extents.add(draft.seal());
        }
      }
      began = tell("allocated, sealed and spilled", EXTENTS, began);
      try (Scan scan = ager.scan(extents, Scan.Order.IN_ORDER, Samples.WAIT)) {
        for (int i = 0; i < EXTENTS; i++) {
          Objects.requireNonNull(scan.next()).close();
        }
        assertThat(scan.next()).isNull();
      }
      began = tell("scanned", EXTENTS, began);
      SplittableRandom random = new SplittableRandom(1);
      for (int i = 0; i < RANDOM_PINS; i++) {
        ager.pin(extents.get(random.nextInt(EXTENTS)), Samples.WAIT).close();
      }
      began = tell("pinned at random", RANDOM_PINS, began);
      AgerStats stats = ager.stats();
      assertThat(stats.extents()).isEqualTo(EXTENTS);
      assertThat(stats.pageIns()).isGreaterThan(EXTENTS / 10 * 9);
      assertThat(stats.peakAccountedBytes()).isLessThanOrEqualTo(BUDGET);
      extents.forEach(ager::drop);
      tell("dropped", EXTENTS, began);
      Samples.await("memory is free", () -> ager.stats().accountedBytes() == 0);
      Samples.await("store is free", () -> ager.stats().stores().get(0).extents() == 0);
    }
  }

  private static long tell(String what, int count, long began) {
    long now = System.nanoTime();
    System.out.printf(
        "sparse: %d GiB in %d extents: %s, %.1f us each%n",
        GIB, EXTENTS, what, (now - began) / 1e3 / count);
    return now;
  }

  /** Slots are all of one length, so a header is wherever its multiple is. */
  private static final class SparseDisk implements Disk {
    private static final int PAGE = Runs.PAGE_BYTES;
    private static final int SLOT_PAGES = 1 + BYTES / PAGE;

    /** What of a header is not zero, with an owner of some letters: its begin and its end. */
    private static final int BEGIN = 96;

    private static final int END = 96;

    private final Disk real = Disk.direct();
    private final MemorySegment headers;

    SparseDisk(Arena arena) {
      headers = arena.allocate((long) 2 * EXTENTS * (BEGIN + END));
    }

    @Override
    public Disk.File open(Path path, Access access) throws IOException {
      Disk.File file = real.open(path, access);
      return path.endsWith("spill.quire") ? new SparseFile(file) : file;
    }

    private final class SparseFile implements Disk.File {
      private final Disk.File file;

      SparseFile(Disk.File file) {
        this.file = file;
      }

      @Override
      public int write(ByteBuffer from, long position) {
        return pass(MemorySegment.ofBuffer(from), position, true);
      }

      @Override
      public int read(ByteBuffer into, long position) {
        MemorySegment.ofBuffer(into).fill((byte) 0);
        return pass(MemorySegment.ofBuffer(into), position, false);
      }

      private int pass(MemorySegment bytes, long position, boolean writing) {
        long first = position / PAGE;
        long pages = bytes.byteSize() / PAGE;
        long slot = (first + SLOT_PAGES - 1) / SLOT_PAGES;
        for (; slot * SLOT_PAGES < first + pages; slot++) {
          MemorySegment header = bytes.asSlice((slot * SLOT_PAGES - first) * PAGE, PAGE);
          MemorySegment kept = headers.asSlice(slot * (BEGIN + END), BEGIN + END);
          if (writing) {
            kept.asSlice(0, BEGIN).copyFrom(header.asSlice(0, BEGIN));
            kept.asSlice(BEGIN, END).copyFrom(header.asSlice(PAGE - END, END));
          } else {
            header.asSlice(0, BEGIN).copyFrom(kept.asSlice(0, BEGIN));
            header.asSlice(PAGE - END, END).copyFrom(kept.asSlice(BEGIN, END));
          }
        }
        return (int) bytes.byteSize();
      }

      @Override
      public void force() {}

      @Override
      public long bytes() throws IOException {
        return file.bytes();
      }

      @Override
      public long spaceLeft() {
        return Long.MAX_VALUE;
      }

      @Override
      public void close() throws IOException {
        file.close();
      }
    }
  }
}
