package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/** Extents whose content follows from a seed, and waits with a limit. */
final class Samples {
  static final Duration WAIT = Duration.ofSeconds(20);
  static final Duration SHORT = Duration.ofMillis(300);

  private Samples() {}

  static StoreConfig flash(Path path, long capacityBytes) {
    return StoreConfig.parse("flash://" + path, capacityBytes, false);
  }

  static StoreConfig durableFlash(Path path) {
    return StoreConfig.parse("flash://" + path, 1L << 30, true);
  }

  static StoreConfig hadoop(Path path, boolean durable) {
    return StoreConfig.parse("file://" + path, 1L << 30, durable);
  }

  /** Such an ager fails to close if a pin or a draft is open. */
  static AgerConfig config(long budgetBytes, StoreConfig... stores) {
    return AgerConfig.of(budgetBytes, List.of(stores), "node-1").withPinTrace(PinTrace.Mode.STRICT);
  }

  static Extent extent(Ager ager, long seed, long bytes) {
    try (Draft draft = ager.allocate(bytes, WAIT)) {
      fill(draft.segment(), seed);
      return draft.seal();
    }
  }

  static List<Extent> extents(Ager ager, int count, long bytes) {
    List<Extent> extents = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      extents.add(extent(ager, i, bytes));
    }
    return extents;
  }

  static void fill(MemorySegment segment, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    long at = 0;
    for (; at + 8 <= segment.byteSize(); at += 8) {
      segment.set(ValueLayout.JAVA_LONG_UNALIGNED, at, random.nextLong());
    }
    for (; at < segment.byteSize(); at++) {
      segment.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt());
    }
  }

  static void check(Ager ager, Extent extent, long seed) {
    try (Pin pin = ager.pin(extent, WAIT)) {
      check(pin.segment(), seed);
    }
  }

  static void check(MemorySegment segment, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    long at = 0;
    for (; at + 8 <= segment.byteSize(); at += 8) {
      if (segment.get(ValueLayout.JAVA_LONG_UNALIGNED, at) != random.nextLong()) {
        throw new AssertionError("wrong content: seed=%d offset=%d".formatted(seed, at));
      }
    }
    for (; at < segment.byteSize(); at++) {
      assertThat(segment.get(ValueLayout.JAVA_BYTE, at)).isEqualTo((byte) random.nextInt());
    }
  }

  /** Reads so many other extents that this one has to go. */
  static void evict(Ager ager, Extent extent, List<Extent> others) {
    Deadline deadline = Deadline.in(WAIT);
    int next = 0;
    while (resident(ager, extent)) {
      assertThat(deadline.passed()).as("evicted in time").isFalse();
      ager.pin(others.get(next++ % others.size()), WAIT).close();
    }
  }

  /** Drops all that there is, and asserts that nothing of it is left. */
  static void dropAll(Ager ager, List<Extent> extents) {
    extents.forEach(ager::drop);
    await("memory is free", () -> ager.stats().accountedBytes() == 0);
    AgerStats stats = ager.stats();
    assertThat(stats.extents()).as("extents").isZero();
    assertThat(stats.dirtyBytes()).as("dirty bytes").isZero();
    assertThat(stats.pinnedBytes()).as("pinned bytes").isZero();
    for (AgerStats.StoreStats store : stats.stores()) {
      assertThat(store.extents()).as("copies in " + store.uri()).isZero();
    }
  }

  static boolean resident(Ager ager, Extent extent) {
    return extent.phase() == Frame.Phase.RESIDENT;
  }

  static void await(String what, BooleanSupplier condition) {
    Deadline deadline = Deadline.in(WAIT);
    while (!condition.getAsBoolean()) {
      assertThat(deadline.passed()).as(what).isFalse();
      Thread.onSpinWait();
    }
  }

  static List<Path> containersBelow(Path directory) {
    return filesBelow(directory).stream()
        .filter(file -> file.toString().endsWith(".quire"))
        .toList();
  }

  /** Files may come and go meanwhile. */
  static List<Path> filesBelow(Path directory) {
    List<Path> files = new ArrayList<>();
    SimpleFileVisitor<Path> visitor =
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            files.add(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE;
          }
        };
    try {
      Files.walkFileTree(directory, visitor);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files;
  }
}
