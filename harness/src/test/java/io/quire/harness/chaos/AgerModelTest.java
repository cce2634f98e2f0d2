package io.quire.harness.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.Ager;
import io.quire.ager.AgerConfig;
import io.quire.ager.AgerException;
import io.quire.ager.Copy;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.ager.StoreConfig;
import io.quire.harness.chaos.AgerModel.Held;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What speaks against an ager is noticed, and nothing else is. */
class AgerModelTest {
  private static final Duration WAIT = Duration.ofSeconds(30);

  @TempDir private Path directory;
  private Path problems;
  private AgerModel model;

  @BeforeEach
  void make() {
    problems = directory.resolve("problems");
    model = new AgerModel(problems);
  }

  /** An extent that is really lost: it was durable once, and its file is cut to nothing. */
  private AgerException.ExtentLost loss() throws Exception {
    StoreConfig store = StoreConfig.parse("flash://" + directory.resolve("s"), 1 << 28, true);
    try (Ager ager = Ager.open(AgerConfig.of(1 << 20, List.of(store), "test"))) {
      Copy copy;
      try (Draft draft = ager.allocate(5_000, WAIT)) {
        Extent extent = draft.seal();
        copy = ager.persist(extent).get();
        ager.drop(extent);
      }
      ager.flushDurable(WAIT);
      Path file = directory.resolve("s").resolve(copy.file());
      try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
        cut.setLength(0);
      }
      Extent gone = ager.adopt(copy);
      AgerException.ExtentLost[] lost = new AgerException.ExtentLost[1];
      assertThatThrownBy(() -> ager.pin(gone, WAIT))
          .isInstanceOfSatisfying(AgerException.ExtentLost.class, e -> lost[0] = e);
      return lost[0];
    }
  }

  private List<String> written() throws IOException {
    return Files.exists(problems) ? Files.readAllLines(problems) : List.of();
  }

  private Held add(long key, Extent extent, @Nullable Copy copy) {
    Held held = new Held(key, extent, copy);
    model.add(held);
    return held;
  }

  @Test
  void lost_nobodyDestroyedAnything_isWrittenDown() throws Exception {
    AgerException.ExtentLost loss = loss();
    model.lost(add(1, loss.extent(), null), loss);
    assertThat(written()).singleElement().asString().startsWith(AgerModel.LOST + "key=1");
  }

  @Test
  void lost_oneForEachPlaceThatWasDestroyed_isRight() throws Exception {
    AgerException.ExtentLost loss = loss();
    model.damage(1);
    model.lost(add(1, loss.extent(), null), loss);
    assertThat(written()).isEmpty();
    model.lost(add(2, loss.extent(), null), loss);
    assertThat(written()).singleElement().asString().contains("key=2");
    assertThat(model.excused()).isEqualTo(1);
  }

  @Test
  void lost_thoughThereIsADurableCopy_isWrittenDown() throws Exception {
    AgerException.ExtentLost loss = loss();
    model.damage(1);
    model.lost(add(3, loss.extent(), loss.copies().getFirst()), loss);
    assertThat(written()).singleElement().asString().contains("key=3 durable=true");
  }

  @Test
  void lost_whatSomebodyDropped_isNoLoss() throws Exception {
    AgerException.ExtentLost loss = loss();
    Held held = add(4, loss.extent(), null);
    assertThat(model.remove(held)).isTrue();
    model.lost(held, loss);
    assertThat(written()).isEmpty();
    assertThat(model.bytes()).isZero();
  }

  @Test
  void contents_oneBitDiffers_isFoundWhereItIs() {
    for (int bytes : new int[] {1, 7, 8, 9, 4_096, 10_001}) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment segment = arena.allocate(bytes);
        AgerContents.fill(segment, 42);
        assertThat(AgerContents.firstWrong(segment, 42)).isEqualTo(-1);
        assertThat(AgerContents.firstWrong(segment, 43)).isNotEqualTo(-1);
        long last = bytes - 1L;
        byte right = segment.get(ValueLayout.JAVA_BYTE, last);
        segment.set(ValueLayout.JAVA_BYTE, last, (byte) (right ^ 4));
        assertThat(AgerContents.firstWrong(segment, 42)).isBetween(last - 7, last);
      }
    }
  }

  @Test
  void journal_lineCutShortByAKill_isNoLine() throws Exception {
    Copy copy = new Copy("hdfs://host/x", "durable/a.quire", 4_096, 10, 7, 1, "a");
    Path file = directory.resolve("journal");
    try (AgerJournal journal = AgerJournal.append(file)) {
      journal.kept(1, copy);
      journal.kept(2, copy);
      journal.givenUp(2);
    }
    Files.writeString(file, "kept 3 00ab", StandardOpenOption.APPEND);
    assertThat(AgerJournal.load(file)).containsOnlyKeys(1L).containsValue(copy);
    try (AgerJournal journal = AgerJournal.append(file)) {
      journal.kept(4, copy);
    }
    assertThat(AgerJournal.load(file)).containsOnlyKeys(1L, 4L);
  }
}
