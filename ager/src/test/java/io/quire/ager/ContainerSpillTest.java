package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Checksum;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ContainerSpillTest {
  private static final int BYTES = 8_192;
  private static final IOException BAD = new IOException("all datanodes are bad");

  private static SpillBatch write(int appends, int copies, Exception why) throws IOException {
    KeptMedium medium = new KeptMedium(KeptMedium.Scatter.CANNOT).failingAfter(appends, why);
    try (Arena arena = Arena.ofShared();
        ContainerSpill spill = spill(medium, 1, 1L << 30)) {
      SpillBatch batch = batch(arena, copies);
      spill.write(batch);
      return batch;
    }
  }

  private static ContainerSpill spill(ContainerMedium medium, int streams, long capacity)
      throws IOException {
    Coding coding = Coding.of(StoreConfig.parse("file:///x", capacity, false));
    Room room = new Room(capacity);
    List<ContainerShelf> shelves = new ArrayList<>();
    for (int i = 0; i < streams; i++) {
      shelves.add(
          new ContainerShelf(
              "file:///x", "spill/a/" + i + "-", "a", medium, room, 1L << 30, coding));
    }
    return new ContainerSpill("file:///x", "a", shelves, new Lanes("x", 1), coding);
  }

  private static SpillBatch batch(Arena arena, int copies) {
    List<Body> bodies = new ArrayList<>();
    for (int i = 0; i < copies; i++) {
      MemorySegment run = arena.allocate(BYTES, StoreHeader.BYTES);
      bodies.add(new Body(i, run, BYTES, Checksum.of(run.asByteBuffer())));
    }
    return new SpillBatch(bodies);
  }

  /** Both files together have all the room, and neither is as large as a container may be. */
  @Test
  void storeThatWasFull_takesCopiesAgainWhenItsOwnAreGivenUp() throws IOException {
    KeptMedium medium = new KeptMedium(KeptMedium.Scatter.CANNOT);
    try (Arena arena = Arena.ofShared();
        ContainerSpill spill = spill(medium, 2, 10L * (BYTES + StoreHeader.BYTES))) {
      List<SpillBatch> batches = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        SpillBatch batch = batch(arena, 4);
        spill.write(batch);
        batches.add(batch);
      }
      assertThat(batches.getLast().done()).isFalse();
      for (SpillBatch batch : batches) {
        for (int i = 0; i < batch.size(); i++) {
          if (batch.lies(i)) {
            spill.free(batch.place(i));
          }
        }
      }
      spill.tidy();
      SpillBatch again = batch(arena, 8);
      spill.write(again);
      assertThat(again.failure()).isNull();
      assertThat(again.done()).isTrue();
    }
  }

  @Test
  void write_allAppended_allLie() throws IOException {
    assertThat(write(3, 3, BAD).done()).isTrue();
  }

  /** What was appended before, to a file that is given up, was never synced. */
  @Test
  void write_aLaterAppendFails_nothingOfTheBatchLies() throws IOException {
    SpillBatch batch = write(2, 3, BAD);
    assertThat(List.of(batch.lies(0), batch.lies(1), batch.lies(2))).containsOnly(false);
    assertThat(batch.failure()).hasMessageContaining("all datanodes are bad");
  }

  @Test
  void write_aLaterAppendThrowsSomethingElse_nothingOfTheBatchLies() throws IOException {
    SpillBatch batch = write(2, 3, new RuntimeException("a client's own mistake"));
    assertThat(List.of(batch.lies(0), batch.lies(1), batch.lies(2))).containsOnly(false);
    assertThat(batch.failure()).hasMessageContaining("store misbehaves");
  }

  // ---- reading

  private static final int LARGE = 100_000;

  /** Of copies that were written, and whose memory was wiped, what a read of all gives. */
  private static List<SpillRead> readBack(KeptMedium medium, int bytes) throws IOException {
    try (Arena arena = Arena.ofShared();
        ContainerSpill spill = spill(medium, 1, 1L << 30)) {
      List<Body> bodies = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        MemorySegment run = arena.allocate(StoreHeader.padded(bytes), StoreHeader.BYTES);
        run.asSlice(0, bytes).fill((byte) (i + 1));
        bodies.add(new Body(i, run, bytes, Checksum.of(run.asSlice(0, bytes).asByteBuffer())));
      }
      SpillBatch batch = new SpillBatch(bodies);
      spill.write(batch);
      assertThat(batch.done()).isTrue();
      List<SpillRead> reads = new ArrayList<>();
      for (int i = 0; i < bodies.size(); i++) {
        bodies.get(i).run().fill((byte) 0xff);
        reads.add(new SpillRead(bodies.get(i), batch.place(i)));
      }
      spill.read(reads);
      for (SpillRead read : reads) {
        assertThat(read.failure() != null || read.wanted().isAsSealed()).isTrue();
      }
      return reads;
    }
  }

  @Test
  void read_largeCopiesFromAMediumThatScatters_isOneRequest() throws IOException {
    KeptMedium medium = new KeptMedium(KeptMedium.Scatter.DOES);
    assertThat(readBack(medium, LARGE)).allMatch(read -> read.failure() == null);
    assertThat(medium.scattered).hasValue(1);
  }

  @Test
  void read_oneLargerThanABuffer_isOneRequestToo() throws IOException {
    KeptMedium medium = new KeptMedium(KeptMedium.Scatter.DOES);
    assertThat(readBack(medium, 3 << 20)).allMatch(read -> read.failure() == null);
    assertThat(medium.scattered).hasValue(5);
  }

  @Test
  void read_smallCopies_goByWayOfABuffer() throws IOException {
    KeptMedium medium = new KeptMedium(KeptMedium.Scatter.DOES);
    assertThat(readBack(medium, BYTES)).allMatch(read -> read.failure() == null);
    assertThat(medium.scattered).hasValue(0);
  }

  @Test
  void read_scatterThatBrokeOff_isReadInTheOtherWay() throws IOException {
    KeptMedium medium = new KeptMedium(KeptMedium.Scatter.SPOILS);
    assertThat(readBack(medium, LARGE)).allMatch(read -> read.failure() == null);
    assertThat(readBack(medium, 3 << 20)).allMatch(read -> read.failure() == null);
  }

  @ParameterizedTest
  @EnumSource
  void read_whatDoesNotVerify_isReadAsTheMediumChecksIt(KeptMedium.Scatter scatter)
      throws IOException {
    for (int bytes : new int[] {BYTES, LARGE, 3 << 20}) {
      for (long flipped : new long[] {0, StoreHeader.BYTES + 7}) {
        KeptMedium medium = new KeptMedium(scatter);
        medium.flipped = flipped;
        assertThat(readBack(medium, bytes)).allMatch(read -> read.failure() == null);
        assertThat(medium.readChecked).as("checked reads").hasPositiveValue();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void read_whatVerifiesNowhere_isCorruptAndTheOthersAreRead(KeptMedium.Scatter scatter)
      throws IOException {
    for (int bytes : new int[] {BYTES, LARGE, 3 << 20}) {
      KeptMedium medium = new KeptMedium(scatter);
      medium.flipped = StoreHeader.BYTES + 7;
      medium.flippedEverywhere = true;
      List<SpillRead> reads = readBack(medium, bytes);
      assertThat(reads.getFirst().failure()).isInstanceOf(CorruptCopy.class);
      assertThat(reads.subList(1, 5)).allMatch(read -> read.failure() == null);
    }
  }
}
