package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Checksum;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ContainerSpillTest {
  private static final int BYTES = 8_192;
  private static final IOException BAD = new IOException("all datanodes are bad");

  /** Takes so many appends, syncs nothing by itself, and fails from then on. */
  private static final class Failing implements ContainerMedium {
    private final Exception why;
    private final Set<String> files = new HashSet<>();
    private int appendsLeft;

    Failing(int appendsLeft, Exception why) {
      this.appendsLeft = appendsLeft;
      this.why = why;
    }

    @Override
    public boolean exists(String file) {
      return files.contains(file);
    }

    @Override
    public AppendFile create(String file) {
      files.add(file);
      return new AppendFile() {
        @Override
        public void append(StoreHeader header, @Nullable MemorySegment run) throws IOException {
          if (appendsLeft-- > 0) {
            return;
          }
          if (why instanceof IOException io) {
            throw io;
          }
          throw new IllegalStateException(why);
        }

        @Override
        public void append(MemorySegment part) {}

        @Override
        public boolean canSync() {
          return true;
        }

        @Override
        public void sync() {}

        @Override
        public void close() {}

        @Override
        public void abandon() {}
      };
    }

    @Override
    public ReadFile open(String file) throws IOException {
      throw new IOException("not read here");
    }

    @Override
    public List<Listed> containers() {
      return List.of();
    }

    @Override
    public List<Listed> aside() {
      return List.of();
    }

    @Override
    public boolean rename(String file, String name) {
      return false;
    }

    @Override
    public void delete(String file) {}
  }

  private static SpillBatch write(int appends, int copies, Exception why) throws IOException {
    StoreConfig config = StoreConfig.parse("file:///x", 1L << 30, false);
    Failing medium = new Failing(appends, why);
    Coding coding = Coding.of(config);
    ContainerShelf shelf =
        new ContainerShelf(
            "file:///x", "spill/a/", "a", medium, new Room(1L << 30), 1L << 30, coding);
    try (Arena arena = Arena.ofShared();
        ContainerSpill spill =
            new ContainerSpill("file:///x", "a", List.of(shelf), new Lanes("x", 1), coding)) {
      List<Body> bodies = new ArrayList<>();
      for (int i = 0; i < copies; i++) {
        MemorySegment run = arena.allocate(BYTES, StoreHeader.BYTES);
        bodies.add(new Body(i, run, BYTES, Checksum.of(run.asByteBuffer())));
      }
      SpillBatch batch = new SpillBatch(bodies);
      spill.write(batch);
      return batch;
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
}
