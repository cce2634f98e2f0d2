package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is kept on the heap of each extent, of a million of the smallest size. Their bytes are
 * nowhere: nothing is written to their memory, and the disk forgets what it is given.
 */
@EnabledOnOs(OS.LINUX)
class BookkeepingTest {
  private static final int EXTENTS = 1_000_000;
  private static final int BYTES = Runs.PAGE_BYTES;
  private static final long LIMIT = 200;

  @TempDir Path directory;
  private final Extent[] extents = new Extent[EXTENTS];
  private final long before = heapBytes();

  @Test
  void resident_inNoStore_takeAtMost200BytesEach() {
    try (Ager ager = open((long) EXTENTS * BYTES, List.of())) {
      allocate(ager);
      assertThat(ager.stats().dirtyBytes()).isEqualTo((long) EXTENTS * BYTES);
      assertThat(bytesEach("dirty")).isLessThanOrEqualTo(LIMIT);
    }
  }

  @Test
  void resident_halfOfThemSpilledToo_usedAndInAScan_takeAtMost200BytesEach() {
    List<StoreConfig> stores = List.of(Samples.flash(directory, 1L << 40));
    try (Ager ager = open((long) EXTENTS * BYTES, stores)) {
      allocate(ager);
      Samples.await("is written", () -> ager.stats().dirtyBytes() < (long) EXTENTS * BYTES / 2);
      for (Extent extent : extents) {
        ager.tryPin(extent).orElseThrow().close();
      }
      assertThat(bytesEach("used")).isLessThanOrEqualTo(LIMIT);
      try (Scan scan = ager.scan(Arrays.asList(extents), Scan.Order.IN_ORDER, Duration.ZERO)) {
        assertThat(scan.next()).isNotNull();
        assertThat(bytesEach("declared")).isLessThanOrEqualTo(LIMIT);
      }
      assertThat(ager.stats().residentExtents()).isEqualTo(EXTENTS);
    }
  }

  @Test
  void spilled_inAScan_takeAtMost200BytesEach() {
    List<StoreConfig> stores = List.of(Samples.flash(directory, 1L << 40));
    try (Ager ager = open(64 << 20, stores)) {
      allocate(ager);
      assertThat(ager.stats().residentExtents()).isLessThan(EXTENTS / 50);
      assertThat(bytesEach("spilled")).isLessThanOrEqualTo(LIMIT);
      try (Scan _ = ager.scan(Arrays.asList(extents), Scan.Order.IN_ORDER, Duration.ZERO)) {
        assertThat(bytesEach("spilled, declared")).isLessThanOrEqualTo(LIMIT);
      }
    }
  }

  @Test
  void droppedBeforeTheyAreWritten_leaveNothing() {
    List<StoreConfig> stores = List.of(Samples.flash(directory, 1L << 40));
    try (Ager ager = open(64 << 20, stores)) {
      for (int i = 0; i < EXTENTS; i++) {
        ager.drop(sealed(ager));
      }
      assertThat(ager.stats().extents()).isZero();
      assertThat(heapBytes() - before).isLessThan(4 << 20);
    }
  }

  private static Ager open(long budgetBytes, List<StoreConfig> stores) {
    AgerConfig config =
        AgerConfig.of(budgetBytes, stores, "node-1")
            .withReserveBytes(0)
            .withMaxExtents(EXTENTS + 1000);
    return Ager.open(config, new ForgetfulDisk(), Region::lazy);
  }

  private void allocate(Ager ager) {
    for (int i = 0; i < EXTENTS; i++) {
      extents[i] = sealed(ager);
    }
  }

  private static Extent sealed(Ager ager) {
    try (Draft draft = ager.allocate(BYTES, Samples.WAIT)) {
      return draft.seal();
    }
  }

  private double bytesEach(String what) {
    double each = (heapBytes() - before) / (double) EXTENTS;
    System.out.printf("bookkeeping: %s: %.1f bytes for each extent%n", what, each);
    return each;
  }

  /** Of all objects that are reachable, without what the collector loses between them. */
  private static long heapBytes() {
    try {
      String histogram =
          (String)
              ManagementFactory.getPlatformMBeanServer()
                  .invoke(
                      new ObjectName("com.sun.management:type=DiagnosticCommand"),
                      "gcClassHistogram",
                      new Object[] {new String[0]},
                      new String[] {String[].class.getName()});
      String total =
          histogram.lines().filter(line -> line.startsWith("Total")).findFirst().orElseThrow();
      return Long.parseLong(total.strip().split(" +")[2]);
    } catch (JMException e) {
      throw new AssertionError(e);
    }
  }

  /** Probes are kept, spilled copies are not. */
  private static final class ForgetfulDisk implements Disk {
    private final Disk real = Disk.direct();

    @Override
    public File open(Path path, Access access) throws IOException {
      File file = real.open(path, access);
      return path.endsWith("spill.quire") ? new Forgetful(file) : file;
    }
  }

  private record Forgetful(Disk.File file) implements Disk.File {
    @Override
    public int read(ByteBuffer into, long position) throws IOException {
      throw new IOException("it was forgotten");
    }

    @Override
    public int write(ByteBuffer from, long position) {
      return from.remaining();
    }

    @Override
    public void force() {}

    @Override
    public long bytes() throws IOException {
      return file.bytes();
    }

    @Override
    public long spaceLeft() throws IOException {
      return file.spaceLeft();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
