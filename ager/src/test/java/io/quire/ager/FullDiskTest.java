package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file system that is really full: a tmpfs of 4 MiB, which only root can mount. */
class FullDiskTest {
  private static final int BYTES = 100_000;

  @TempDir Path directory;
  private Path small = Path.of("");
  private boolean mounted;

  private static boolean run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    process.getInputStream().readAllBytes();
    return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
  }

  @BeforeEach
  void mount() throws IOException, InterruptedException {
    small = Files.createDirectories(directory.resolve("small"));
    try {
      mounted = run("mount", "-t", "tmpfs", "-o", "size=4m", "quire-test", small.toString());
    } catch (IOException noSuchCommand) {
      mounted = false;
    }
    assumeTrue(mounted, "a tmpfs can be mounted, which takes root");
  }

  @AfterEach
  void unmount() throws IOException, InterruptedException {
    if (mounted) {
      assertThat(run("umount", small.toString())).isTrue();
    }
  }

  @Test
  void spill_fileSystemIsFull_theNextStoreTakesOverAndNothingIsLost() {
    StoreConfig next = Samples.flash(directory.resolve("next"), 1L << 30);
    try (Ager ager = Ager.open(Samples.config(1 << 20, Samples.flash(small, 1L << 30), next))) {
      List<Extent> extents = Samples.extents(ager, 80, BYTES);
      for (int i = 0; i < extents.size(); i++) {
        Samples.check(ager, extents.get(i), i);
      }
      AgerStats.StoreStats full = ager.stats().stores().get(0);
      assertThat(full.extents()).isBetween(10L, 42L);
      assertThat(full.errors()).as("full is no error").isZero();
      assertThat(full.freeBytes()).as("not what the capacity says").isLessThan(4 << 20);
      assertThat(ager.stats().stores().get(1).extents()).isPositive();
      Samples.dropAll(ager, extents);
    }
    assertThat(Samples.filesBelow(small)).allMatch(file -> file.endsWith("sweep.lock"));
  }

  @Test
  void spill_fileSystemIsFull_itGivesItsColdestToTheNextAndTakesWhatIsNew() {
    StoreConfig next = Samples.flash(directory.resolve("next"), 1L << 30);
    try (Ager ager = Ager.open(Samples.config(1 << 20, Samples.flash(small, 1L << 30), next))) {
      List<Extent> extents = Samples.extents(ager, 80, BYTES);
      Deadline deadline = Deadline.in(Samples.WAIT.multipliedBy(3));
      while (ager.stats().stores().get(0).movedOut() < 3 * BYTES) {
        assertThat(deadline.passed()).as("some were moved").isFalse();
        for (int i = 0; i < extents.size(); i++) {
          Samples.check(ager, extents.get(i), i);
        }
      }
      long before = ager.stats().stores().get(0).bytesOut();
      Deadline taken = Deadline.in(Samples.WAIT);
      while (ager.stats().stores().get(0).bytesOut() == before) {
        assertThat(taken.passed()).as("some of what is new was taken").isFalse();
        extents.addAll(Samples.extents(ager, 20, BYTES));
      }
      Samples.dropAll(ager, extents);
    }
  }

  @Test
  void spill_oneOfTwoDirectoriesIsFull_theOtherTakesAll() {
    StoreConfig striped =
        StoreConfig.parse("flash://" + small + "," + directory.resolve("other"), 1L << 30, false);
    try (Ager ager = Ager.open(Samples.config(1 << 20, striped))) {
      List<Extent> extents = Samples.extents(ager, 120, BYTES);
      for (int i = 0; i < extents.size(); i++) {
        Samples.check(ager, extents.get(i), i);
      }
      assertThat(ager.stats().stores().getFirst().extents()).isGreaterThan(80);
    }
  }

  @Test
  void persist_fileSystemIsFull_theNextDurableStoreTakesOver() throws Exception {
    StoreConfig next = Samples.durableFlash(directory.resolve("next"));
    try (Ager ager = Ager.open(Samples.config(1 << 20, Samples.durableFlash(small), next))) {
      for (int i = 0; i < 60; i++) {
        Extent extent = Samples.extent(ager, i, BYTES);
        Copy copy = ager.persist(extent).get(30, TimeUnit.SECONDS);
        ager.drop(extent);
        Samples.check(ager, ager.adopt(copy), i);
      }
      assertThat(ager.stats().stores().get(1).extents()).isPositive();
    }
  }
}
