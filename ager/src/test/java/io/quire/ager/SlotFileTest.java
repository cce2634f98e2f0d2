package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Checksum;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two write to one file at the same time, and the file system is full. */
class SlotFileTest {
  private static final long BYTES = 60_000;
  private static final long FOOTPRINT = StoreHeader.BYTES + StoreHeader.padded(BYTES);

  @TempDir Path root;
  private final Arena arena = Arena.ofShared();
  private final FaultyDisk disk = new FaultyDisk("slots");
  private final Room room = new Room(1 << 30);
  private FlashDirectory directory;
  private SlotFile file;

  @BeforeEach
  void open() throws IOException {
    directory = FlashDirectory.open(root, "node-1");
    FlashFile opened =
        new FlashFile(disk.open(root.toRealPath().resolve("node-1/slots"), Disk.Access.CREATE));
    file = new SlotFile("node-1/slots", "node-1", opened, room, directory, Coding.PLAIN);
  }

  @AfterEach
  void close() {
    file.close();
    directory.close();
    arena.close();
  }

  private SlotFile.Writing begin() {
    MemorySegment run = arena.allocate(StoreHeader.padded(BYTES), StoreHeader.BYTES);
    Samples.fill(run.asSlice(0, BYTES), 1);
    int crc = Checksum.of(run.asSlice(0, BYTES).asByteBuffer());
    SpillBatch batch = new SpillBatch(List.of(new Body(1, run, BYTES, crc)));
    return file.begin(batch, batch.left());
  }

  private static void assertFull(SlotFile.Writing writing) {
    assertThatThrownBy(() -> writing.end((_, _, _) -> {})).isInstanceOf(StoreFull.class);
  }

  private void assertWritten(SlotFile.Writing writing, long wantedPage) throws IOException {
    long[] page = {-1};
    writing.end((_, at, _) -> page[0] = at);
    assertThat(page[0]).isEqualTo(wantedPage);
  }

  @Test
  void fileSystemIsFull_forBoth_noRoomIsKept() {
    disk.bytesLeft = 0;
    SlotFile.Writing first = begin();
    SlotFile.Writing second = begin();
    assertFull(first);
    assertFull(second);
    assertThat(room.usedBytes()).isZero();
    assertThat(file.freeBytes()).isZero();
    assertThat(file.mayGrow()).isFalse();
  }

  @Test
  void fileSystemIsFull_beforeWhatWasWritten_thatIsUsedAgainWhenItHasBeenTried()
      throws IOException {
    disk.noBlockAt = 0;
    SlotFile.Writing first = begin();
    SlotFile.Writing second = begin();
    assertWritten(second, FOOTPRINT / PageRuns.PAGE_BYTES);
    assertFull(first);
    assertThat(file.badBytes()).isEqualTo(FOOTPRINT);
    assertThat(file.freeBytes()).as("what is not tried is not offered").isZero();
    disk.noBlockAt = -1;
    file.tidy();
    assertThat(file.freeBytes()).isEqualTo(FOOTPRINT);
    assertWritten(begin(), 0);
    assertThat(room.usedBytes()).isEqualTo(2 * FOOTPRINT);
  }

  @Test
  void fileSystemIsFull_andTheOtherIsWrittenLater_theHoleIsFoundAtItsNextUse() throws IOException {
    disk.noBlockAt = 0;
    SlotFile.Writing first = begin();
    SlotFile.Writing second = begin();
    assertFull(first);
    assertWritten(second, FOOTPRINT / PageRuns.PAGE_BYTES);
    assertThat(file.freeBytes()).isEqualTo(FOOTPRINT);
    assertFull(begin());
    assertThat(file.badBytes()).isEqualTo(FOOTPRINT);
    assertThat(file.freeBytes()).isZero();
  }
}
