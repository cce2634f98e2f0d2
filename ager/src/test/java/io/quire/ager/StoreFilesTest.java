package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.StoreScan.Container;
import io.quire.ager.StoreScan.Damage;
import io.quire.ager.StoreScan.End;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreFilesTest {
  private static final long BUDGET = 1 << 20;
  private static final int BYTES = 70_001;
  private static final long FOOTPRINT = StoreHeader.BYTES + StoreHeader.padded(BYTES);
  private static final StoreFiles.Progress SILENT = (_, _) -> {};

  @TempDir Path directory;

  /** Persists extents with the content of their numbers, in containers of a few each. */
  private static List<Copy> persist(StoreConfig store, int first, int count) throws Exception {
    AgerConfig config = Samples.config(BUDGET, store).withContainerBytes(6 * FOOTPRINT);
    List<CompletableFuture<Copy>> futures = new ArrayList<>();
    List<Copy> copies = new ArrayList<>();
    try (Ager ager = Ager.open(config)) {
      for (int i = 0; i < count; i++) {
        futures.add(ager.persist(Samples.extent(ager, first + i, BYTES)));
      }
      for (CompletableFuture<Copy> future : futures) {
        copies.add(future.get(30, TimeUnit.SECONDS));
      }
    }
    return copies;
  }

  private static void checkReadable(StoreConfig store, Map<Copy, Integer> contents) {
    try (Ager ager = Ager.open(Samples.config(BUDGET, store))) {
      contents.forEach((copy, seed) -> Samples.check(ager, ager.adopt(copy), seed));
    }
  }

  private List<StoreConfig> stores() {
    String striped = directory.resolve("a") + "," + directory.resolve("b");
    return List.of(
        Samples.durableFlash(directory.resolve("flash")),
        StoreConfig.parse("flash://" + striped, 1L << 30, true),
        Samples.hadoop(directory.resolve("hadoop"), true));
  }

  private static void change(Path file, long at) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(at);
      int value = bytes.read();
      bytes.seek(at);
      bytes.write(value ^ 1);
    }
  }

  @Test
  void verify_ofEachKindOfStore_tellsEveryCopyAndChangesNothing() throws Exception {
    for (StoreConfig store : stores()) {
      List<Copy> copies = persist(store, 0, 20);
      List<Copy> found = new ArrayList<>();
      try (StoreFiles files = StoreFiles.open(store)) {
        StoreScan scan = files.verify(found::add, SILENT);
        assertThat(found).containsExactlyInAnyOrderElementsOf(copies);
        assertThat(scan.damage()).isEmpty();
        assertThat(scan.containers()).hasSize(4);
        assertThat(scan.containers()).extracting(Container::end).containsOnly(End.FINISHED);
        assertThat(scan.containers()).extracting(Container::owner).containsOnly("node-1");
        assertThat(files.stat(_ -> {}, SILENT)).isEqualTo(scan);
      }
    }
  }

  @Test
  void verify_damagedBody_namesFileAndOffsetAndGoesOn() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    List<Copy> copies = persist(store, 0, 5);
    Copy bad = copies.get(2);
    change(directory.resolve(bad.file()), bad.offset() + StoreHeader.BYTES + BYTES / 2);
    List<Copy> found = new ArrayList<>();
    try (StoreFiles files = StoreFiles.open(store)) {
      List<Damage> damage = files.verify(found::add, SILENT).damage();
      assertThat(damage).hasSize(1);
      assertThat(damage.getFirst().file()).isEqualTo(bad.file());
      assertThat(damage.getFirst().offset()).isEqualTo(bad.offset());
      assertThat(damage.getFirst().reason()).contains("extent=" + bad.extent(), "owner=node-1");
      assertThat(found).hasSize(4).doesNotContain(bad);
      assertThat(files.stat(_ -> {}, SILENT).copies()).as("headers alone").isEqualTo(5);
    }
  }

  @Test
  void verify_damagedHeader_hidesNoOtherCopy() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    List<Copy> copies = persist(store, 0, 5);
    Copy bad = copies.get(2);
    change(directory.resolve(bad.file()), bad.offset() + 17);
    List<Copy> found = new ArrayList<>();
    try (StoreFiles files = StoreFiles.open(store)) {
      StoreScan scan = files.verify(found::add, SILENT);
      assertThat(scan.damage()).extracting(Damage::offset).containsExactly(bad.offset());
      assertThat(found).hasSize(4).doesNotContain(bad);
      assertThat(scan.containers().getFirst().end()).isEqualTo(End.FINISHED);
    }
  }

  @Test
  void verify_fileCutAtAnyPlace_findsWhatIsWholeAndSaysWhereItEnds() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    List<Copy> copies = persist(store, 0, 4);
    Path file = directory.resolve(copies.getFirst().file());
    for (long cut = 4 * FOOTPRINT; cut > 0; cut -= 8 * 4096 + 512) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(cut);
      }
      long whole = cut / FOOTPRINT;
      try (StoreFiles files = StoreFiles.open(store)) {
        Container container = files.verify(_ -> {}, SILENT).containers().getFirst();
        assertThat(container.copies()).as("cut at %d", cut).isEqualTo((int) whole);
        assertThat(container.end()).isEqualTo(cut % FOOTPRINT == 0 ? End.OPEN : End.TORN);
        assertThat(container.endsAt()).isEqualTo(whole * FOOTPRINT);
      }
    }
  }

  @Test
  void compaction_plan_changesNothing() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    persist(store, 0, 12);
    List<Path> before = Samples.filesBelow(directory);
    try (StoreFiles files = StoreFiles.open(store)) {
      StoreMove.Plan plan = StoreMove.compaction(files, _ -> false, false).plan();
      assertThat(plan.orphans()).hasSize(2);
      assertThat(plan.writtenBytes()).isZero();
    }
    assertThat(Samples.filesBelow(directory)).isEqualTo(before);
  }

  @Test
  void compaction_ofUnfinished_onlyIfAskedFor() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    Copy copy = persist(store, 0, 2).getFirst();
    try (FileChannel channel =
        FileChannel.open(directory.resolve(copy.file()), StandardOpenOption.WRITE)) {
      channel.truncate(2 * FOOTPRINT);
    }
    try (StoreFiles files = StoreFiles.open(store)) {
      assertThat(StoreMove.compaction(files, _ -> false, false).plan().kept()).hasSize(1);
      assertThat(StoreMove.compaction(files, _ -> false, true).plan().orphans()).hasSize(1);
    }
  }

  @Test
  void compaction_overAndOver_writesLessThanItFreesAndLosesNothing() throws Exception {
    for (StoreConfig store : stores()) {
      SplittableRandom random = new SplittableRandom(5);
      Map<Copy, Integer> contents = new HashMap<>();
      long ownWritten = 0;
      long writtenAnew = 0;
      for (int round = 0; round < 4; round++) {
        List<Copy> more = persist(store, round * 100, 24);
        for (int i = 0; i < more.size(); i++) {
          contents.put(more.get(i), round * 100 + i);
        }
        ownWritten += 24 * FOOTPRINT;
        contents.keySet().removeIf(_ -> random.nextInt(100) < 70);
        try (StoreFiles files = StoreFiles.open(store)) {
          StoreMove move = StoreMove.compaction(files, contents::containsKey, false);
          assertThat(move.plan().writtenBytes()).isLessThanOrEqualTo(move.plan().freedBytes());
          writtenAnew += move.plan().writtenBytes();
          Map<Copy, Copy> moved = move.run(_ -> {}, SILENT);
          moved.forEach((old, now) -> contents.put(now, contents.remove(old)));
          Set<Copy> found = new HashSet<>();
          assertThat(files.verify(found::add, SILENT).damage()).isEmpty();
          assertThat(found).containsAll(contents.keySet());
          assertThat(found.size())
              .as("less than half is waste")
              .isLessThan(2 * contents.size() + 6);
        }
        checkReadable(store, contents);
      }
      assertThat(writtenAnew).isPositive().isLessThan(ownWritten);
    }
  }

  @Test
  void compaction_callerDoesNotTakeTheNews_oldCopiesStay() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    List<Copy> copies = persist(store, 0, 6);
    Copy needed = copies.get(1);
    try (StoreFiles files = StoreFiles.open(store)) {
      StoreMove move = StoreMove.compaction(files, needed::equals, false);
      assertThatThrownBy(
              () ->
                  move.run(
                      _ -> {
                        throw new IOException("catalogue is away");
                      },
                      SILENT))
          .hasMessageContaining("catalogue is away");
      checkReadable(store, Map.of(needed, 1));
      StoreMove again = StoreMove.compaction(files, needed::equals, false);
      assertThat(again.plan().orphans()).as("what was written in vain").hasSize(1);
    }
  }

  @Test
  void compaction_writeFails_leavesAllAsItWas() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    Copy needed = persist(store, 0, 6).get(1);
    List<Path> before = Samples.filesBelow(directory);
    FaultyDisk disk = new FaultyDisk("durable/moved");
    for (int fault = 0; fault < 3; fault++) {
      disk.writesFail = fault == 0;
      disk.writesFlipABit = fault == 1;
      disk.syncsFail = fault == 2;
      try (StoreFiles files = StoreFiles.open(store, disk)) {
        StoreMove move = StoreMove.compaction(files, needed::equals, false);
        assertThatThrownBy(() -> move.run(_ -> {}, SILENT)).isInstanceOf(IOException.class);
      }
      assertThat(Samples.filesBelow(directory)).as("fault %d", fault).isEqualTo(before);
    }
    checkReadable(store, Map.of(needed, 1));
  }

  @Test
  void compaction_ofDamage_keepsTheContainerAndNamesIt() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    List<Copy> copies = persist(store, 0, 6);
    change(directory.resolve(copies.get(2).file()), copies.get(2).offset() + 20);
    try (StoreFiles files = StoreFiles.open(store)) {
      StoreMove.Plan plan = StoreMove.compaction(files, _ -> false, false).plan();
      assertThat(plan.orphans()).isEmpty();
      assertThat(plan.kept()).hasSize(1);
      assertThat(plan.damage()).hasSize(1);
    }
  }

  @Test
  void draining_movesAllThatIsNeededToAnotherStore() throws Exception {
    StoreConfig from = Samples.durableFlash(directory.resolve("from"));
    StoreConfig to = Samples.hadoop(directory.resolve("to"), true);
    List<Copy> copies = persist(from, 0, 10);
    copies.removeLast();
    Map<Copy, Integer> now = new HashMap<>();
    try (StoreFiles source = StoreFiles.open(from);
        StoreFiles target = StoreFiles.open(to)) {
      StoreMove move = StoreMove.draining(source, target, copies::contains, false);
      Map<Copy, Copy> moved = move.run(_ -> {}, SILENT);
      assertThat(moved.keySet()).containsExactlyInAnyOrderElementsOf(copies);
      moved.forEach((old, copy) -> now.put(copy, copies.indexOf(old)));
      assertThat(source.stat(_ -> {}, SILENT).containers()).isEmpty();
      assertThatThrownBy(() -> StoreMove.draining(source, source, _ -> true, false))
          .isInstanceOf(IllegalArgumentException.class);
    }
    checkReadable(to, now);
    assertThat(Files.exists(directory.resolve("from/durable"))).isTrue();
  }
}
