package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.quire.base.Checksum;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Batches through a store, without an ager above it. */
class SpillTest {
  private static final long CAPACITY = 1L << 30;
  private static final int SMALL = 60_000;

  /** Header, and the body in whole pages. */
  private static final long SMALL_FOOTPRINT = StoreHeader.BYTES + StoreHeader.padded(SMALL);

  @TempDir Path directory;
  private final Arena arena = Arena.ofShared();
  private final FaultyDisk disk = new FaultyDisk("/first/");

  @AfterEach
  void close() {
    arena.close();
  }

  private Store flash(long capacity, String... names) throws IOException {
    List<String> paths = Stream.of(names).map(name -> directory.resolve(name).toString()).toList();
    StoreConfig config = StoreConfig.parse("flash://" + String.join(",", paths), capacity, false);
    return FlashStore.open(config, AgerConfig.of(1 << 20, List.of(config), "node-1"), disk);
  }

  private Store hadoop() throws IOException {
    StoreConfig config = Samples.hadoop(directory, false);
    AgerConfig ager = AgerConfig.of(1 << 20, List.of(config), "node-1").withContainerBytes(1 << 20);
    return HadoopStore.open(config, ager);
  }

  private Body body(long seed, long bytes) {
    MemorySegment run = arena.allocate(StoreHeader.padded(bytes), StoreHeader.BYTES);
    Samples.fill(run.asSlice(0, bytes), seed);
    return new Body(seed, run, bytes, Checksum.of(run.asSlice(0, bytes).asByteBuffer()));
  }

  private SpillBatch batch(long... sizes) {
    return new SpillBatch(
        IntStream.range(0, sizes.length).mapToObj(i -> body(i, sizes[i])).toList());
  }

  private SpillBatch small(int count) {
    return batch(LongStream.generate(() -> SMALL).limit(count).toArray());
  }

  private SpillRead read(SpillBatch batch, int index) {
    Body body = batch.body(index);
    MemorySegment run = arena.allocate(body.run().byteSize(), StoreHeader.BYTES);
    return new SpillRead(
        new Body(body.extent(), run, body.bytes(), body.crc()), batch.place(index));
  }

  private List<SpillRead> readAll(Store store, SpillBatch batch) {
    List<SpillRead> reads = IntStream.range(0, batch.size()).mapToObj(i -> read(batch, i)).toList();
    store.read(reads);
    return reads;
  }

  private void checkAll(Store store, SpillBatch batch) {
    List<SpillRead> reads = readAll(store, batch);
    for (int i = 0; i < reads.size(); i++) {
      assertThat(reads.get(i).failure()).as("read %d", i).isNull();
      assertThat(reads.get(i).wanted().run().mismatch(batch.body(i).run())).isEqualTo(-1);
    }
  }

  private static void freeAll(Store store, SpillBatch batch) {
    for (int i = 0; i < batch.size(); i++) {
      if (batch.lies(i)) {
        store.free(batch.place(i));
      }
    }
  }

  @Test
  void spill_manySmall_areWrittenAndReadTogether() throws IOException {
    try (Store store = flash(CAPACITY, "first")) {
      disk.writes.set(0);
      disk.reads.set(0);
      SpillBatch batch = small(64);
      store.spill(batch);
      assertThat(batch.done()).isTrue();
      checkAll(store, batch);
      assertThat(disk.writes).as("2 MiB in one write").hasValue(2);
      assertThat(disk.reads).hasValue(2);
      assertThat(store.stats().extents()).isEqualTo(64);
      assertThat(store.stats().usedBytes()).isEqualTo(64 * SMALL_FOOTPRINT);
    }
  }

  @Test
  void spill_ofAllSizes_comesBack() throws IOException {
    try (Store store = flash(CAPACITY, "first", "second")) {
      SpillBatch batch =
          batch(1, 4096, 4097, 4 << 20, (4 << 20) - 4096, (4 << 20) + 1, 11_000_001, 5, 9 << 20, 3);
      store.spill(batch);
      checkAll(store, batch);
    }
  }

  @Test
  void spill_andFreeAtRandom_neverMixesUp() throws IOException {
    for (long seed = 1; seed <= 3; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      try (Store store = seed == 3 ? hadoop() : flash(CAPACITY, "first", "second")) {
        List<SpillBatch> held = new ArrayList<>();
        for (int round = 0; round < 30; round++) {
          long[] sizes = new long[1 + random.nextInt(20)];
          for (int i = 0; i < sizes.length; i++) {
            sizes[i] = 1 + random.nextInt(random.nextInt(8) == 0 ? 2_000_000 : 30_000);
          }
          SpillBatch batch = batch(sizes);
          store.spill(batch);
          assertThat(batch.done()).as("seed %d", seed).isTrue();
          held.add(batch);
          if (held.size() > 4) {
            SpillBatch old = held.remove(random.nextInt(held.size()));
            checkAll(store, old);
            freeAll(store, old);
            store.tidySpilled();
          }
        }
        held.forEach(batch -> checkAll(store, batch));
      }
    }
  }

  @Test
  void spill_slotsOfFreed_areUsedAgain() throws IOException {
    try (Store store = flash(CAPACITY, "first")) {
      SpillBatch first = small(40);
      store.spill(first);
      long used = store.stats().usedBytes();
      for (int round = 0; round < 5; round++) {
        freeAll(store, first);
        first = small(40);
        store.spill(first);
        checkAll(store, first);
      }
      assertThat(store.stats().usedBytes()).isEqualTo(used);
    }
  }

  @Test
  void spill_storeHasRoomForSome_takesThoseAndNamesTheReason() throws IOException {
    try (Store store = flash(10 * SMALL_FOOTPRINT, "first")) {
      SpillBatch batch = small(16);
      store.spill(batch);
      assertThat(batch.left()).hasSize(6);
      assertThat(batch.failure()).isInstanceOf(StoreFull.class);
      assertThat(store.refusal()).as("full is no fault").isEmpty();
      try (Store next = flash(CAPACITY, "next")) {
        List<Integer> left = batch.left();
        next.spill(batch);
        assertThat(batch.done()).isTrue();
        assertThat(next.stats().extents()).isEqualTo(left.size());
      }
    }
  }

  @Test
  void spill_writeFails_leavesNoSlotBehind() throws IOException {
    try (Store store = flash(16 * SMALL_FOOTPRINT, "first")) {
      disk.writesFail = true;
      SpillBatch batch = small(16);
      store.spill(batch);
      assertThat(batch.left()).hasSize(16);
      assertThat(store.refusal())
          .hasValueSatisfying(why -> assertThat(why).contains("output error"));
      disk.writesFail = false;
      Samples.await("tried again", () -> store.refusal().isEmpty());
      store.spill(batch);
      assertThat(batch.done()).as("all the room is there").isTrue();
      checkAll(store, batch);
    }
  }

  @Test
  void spill_storeFailsNowAndThen_theNextTakesWhatIsLeftAndNothingLeaks() throws IOException {
    try (Store store = flash(CAPACITY, "first");
        Store next = flash(CAPACITY, "next")) {
      disk.writesFailEach = 3;
      List<SpillBatch> first = new ArrayList<>();
      int left = 0;
      for (int round = 0; round < 30; round++) {
        SpillBatch batch = batch(SMALL, 5_000_000, SMALL);
        if (store.refusal().isEmpty()) {
          store.spill(batch);
        }
        left += batch.left().size();
        SpillBatch rest = new SpillBatch(batch.left().stream().map(batch::body).toList());
        next.spill(rest);
        checkAll(next, rest);
        freeAll(next, rest);
        first.add(batch);
      }
      assertThat(left).isPositive();
      disk.writesFailEach = 0;
      assertThat(store.stats().errors()).isPositive();
      first.forEach(batch -> freeAll(store, batch));
      assertThat(store.stats().extents()).isZero();
      assertThat(next.stats().extents()).isZero();
      Samples.await("tried again", () -> store.refusal().isEmpty());
      long used = store.stats().usedBytes();
      SpillBatch small = small(10);
      store.spill(small);
      checkAll(store, small);
      assertThat(store.stats().usedBytes()).as("no slot was lost").isEqualTo(used);
    }
  }

  @Test
  void takes_saysWhetherThereIsRoomAgain() throws IOException {
    try (Store store = flash(10 * SMALL_FOOTPRINT, "first")) {
      assertThat(store.takes(10 * SMALL_FOOTPRINT)).isTrue();
      SpillBatch batch = small(10);
      store.spill(batch);
      assertThat(store.takes(SMALL_FOOTPRINT)).isFalse();
      store.free(batch.place(3));
      assertThat(store.takes(SMALL_FOOTPRINT)).isTrue();
      assertThat(store.takes(2 * SMALL_FOOTPRINT)).isFalse();
      disk.writesFail = true;
      store.spill(small(1));
      assertThat(store.takes(SMALL_FOOTPRINT)).as("it does not work").isFalse();
    }
  }

  @Test
  void read_badSector_takesOnlyWhatLiesThere() throws IOException {
    try (Store store = flash(CAPACITY, "first")) {
      SpillBatch batch = small(20);
      store.spill(batch);
      disk.badPosition = 7 * SMALL_FOOTPRINT + 9000;
      List<SpillRead> reads = readAll(store, batch);
      for (int i = 0; i < reads.size(); i++) {
        if (i == 7) {
          assertThat(reads.get(i).failure()).hasMessageContaining("Input/output error");
        } else {
          assertThat(reads.get(i).failure()).as("read %d", i).isNull();
        }
      }
    }
  }

  @Test
  void read_placeOfAnother_isNotMistaken() throws IOException {
    try (Store store = flash(CAPACITY, "first")) {
      SpillBatch batch = small(2);
      store.spill(batch);
      SpillRead wrong = new SpillRead(read(batch, 0).wanted(), batch.place(1));
      store.read(List.of(wrong));
      assertThat(wrong.failure())
          .isInstanceOf(CorruptCopy.class)
          .hasMessageContaining("something else lies there");
    }
  }

  @Test
  void stripes_eachGetsItsPart() throws IOException {
    try (Store store = flash(CAPACITY, "first", "second")) {
      SpillBatch batch = small(256);
      store.spill(batch);
      checkAll(store, batch);
      long first = Files.size(directory.resolve("first/node-1/spill.quire"));
      long second = Files.size(directory.resolve("second/node-1/spill.quire"));
      assertThat(first + second).isEqualTo(256 * SMALL_FOOTPRINT);
      assertThat(Math.abs(first - second)).isLessThanOrEqualTo(SMALL_FOOTPRINT);
    }
  }

  @Test
  void stripes_oneFails_theOtherTakesAllAndItIsNamed() throws IOException {
    try (Store store = flash(CAPACITY, "first", "second")) {
      disk.writesFail = true;
      SpillBatch batch = small(256);
      store.spill(batch);
      assertThat(batch.done()).isTrue();
      assertThat(store.refusal()).as("the store works").isEmpty();
      assertThat(store.stats().failing())
          .hasValueSatisfying(
              why ->
                  assertThat(why)
                      .contains("/first: ")
                      .contains("output error")
                      .doesNotContain("/second"));
      checkAll(store, batch);
      disk.writesFail = false;
      Samples.await(
          "it is tried again",
          () -> {
            store.spill(small(128));
            return store.stats().failing().isEmpty();
          });
    }
  }

  @Test
  void stripes_oneCannotBeOpened_theOthersServeAndItIsNamed() throws IOException {
    Files.writeString(directory.resolve("file"), "");
    try (Store store = flash(CAPACITY, "file/below", "second")) {
      SpillBatch batch = small(10);
      store.spill(batch);
      checkAll(store, batch);
      assertThat(store.stats().failing())
          .hasValueSatisfying(why -> assertThat(why).contains("file/below"));
    }
    assertThat(Samples.filesBelow(directory.resolve("second")))
        .allMatch(file -> file.endsWith("sweep.lock"));
    assertThatThrownBy(() -> flash(CAPACITY, "file/a", "file/b")).isInstanceOf(IOException.class);
  }

  @Test
  void spill_whereDirectIoIsRefused_works() throws IOException {
    Path memory = Path.of("/dev/shm");
    assumeTrue(Files.isWritable(memory), "there is a tmpfs to write to");
    Path root = Files.createTempDirectory(memory, "quire-");
    StoreConfig config = StoreConfig.parse("flash://" + root, CAPACITY, true);
    try (Store store =
        FlashStore.open(config, AgerConfig.of(1 << 20, List.of(config), "node-1"), Disk.direct())) {
      SpillBatch batch = batch(SMALL, 9_000_000, 1, SMALL);
      store.spill(batch);
      assertThat(batch.done()).isTrue();
      checkAll(store, batch);
    } finally {
      Files.deleteIfExists(root.resolve("sweep.lock"));
      Files.deleteIfExists(root.resolve("durable"));
      Files.deleteIfExists(root);
    }
  }

  @Test
  void hadoop_manySmall_shareContainersAndComeBack() throws IOException {
    try (Store store = hadoop()) {
      SpillBatch batch = small(50);
      store.spill(batch);
      assertThat(batch.done()).isTrue();
      checkAll(store, batch);
      assertThat(Samples.containersBelow(directory)).hasSizeBetween(3, 5);
      SpillBatch more = small(3);
      store.spill(more);
      checkAll(store, more);
      freeAll(store, batch);
      freeAll(store, more);
      store.tidySpilled();
      store.tidySpilled();
      assertThat(Samples.containersBelow(directory))
          .as("those that are appended to, one for each stream")
          .hasSizeBetween(1, 2);
    }
  }

  @Test
  void place_holdsTheLargestOfBoth() {
    long place = Place.of((1L << 44) - 1, 262_145);
    assertThat(Place.where(place)).isEqualTo((1L << 44) - 1);
    assertThat(Place.pages(place)).isEqualTo(262_145);
    assertThat(place).isPositive();
    assertThatThrownBy(() -> Place.of(1L << 44, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Place.of(0, 1 << 19)).isInstanceOf(IllegalArgumentException.class);
  }
}
