package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.log.Watermark.Mark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two closed segments, of entries 0 to 4 and 5 to 9, and an open one from 10 to 14. */
class DoctorTest {
  private static final int FILE_BYTES = 16384;

  @TempDir Path root;
  private Path log;
  private Path aside;
  private SegmentBytes open;

  @BeforeEach
  void threeSegments() throws IOException {
    log = Files.createDirectory(root.resolve("log"));
    aside = root.resolve("aside");
    Random random = new Random(7);
    write("log_0-4", segment(random, 0).toBytes());
    write("log_5-9", segment(random, 5).toBytes());
    open = segment(random, 10);
    write("log_inprogress_10", open.padded(FILE_BYTES));
  }

  @Test
  void examine_ofAWholeLog_findsItsLastEntry() throws IOException {
    Doctor doctor = examine(new Mark(14, 1, true));
    assertThat(doctor.damages()).isEmpty();
    assertThat(doctor.last()).isEqualTo(14);
    assertThat(doctor.lastTerm()).isEqualTo(1);
  }

  @Test
  void examine_withTheEndMissingThatTheMarkHas_isDamage() throws IOException {
    for (int left = 0; left < 5; left++) {
      byte[] cut = Arrays.copyOf(open.toBytes(), open.start(left));
      write("log_inprogress_10", Arrays.copyOf(cut, FILE_BYTES));
      assertThat(examine(new Mark(14, 1, true)).damages())
          .singleElement()
          .satisfies(
              damage -> {
                assertThat(damage.path()).isEqualTo(log.resolve("log_inprogress_10"));
                assertThat(damage.last()).isEqualTo(14);
              });
    }
    Files.delete(log.resolve("log_inprogress_10"));
    assertThat(examine(new Mark(14, 1, false)).damages())
        .singleElement()
        .satisfies(damage -> assertThat(damage.first()).isEqualTo(10));
  }

  @Test
  void examine_withAnyByteOfAcknowledgedEntriesFlipped_namesFileOffsetAndEntries()
      throws IOException {
    for (String name : new String[] {"log_0-4", "log_5-9", "log_inprogress_10"}) {
      byte[] good = Files.readAllBytes(log.resolve(name));
      SegmentBytes entries = segment(new Random(7), 0);
      for (int at = 0; at < entries.length(); at++) {
        byte[] bad = good.clone();
        bad[at] ^= 0x10;
        write(name, bad);
        for (boolean exact : new boolean[] {true, false}) {
          Doctor doctor = examine(new Mark(14, 1, exact));
          assertThat(doctor.damages()).describedAs(name + " byte " + at).isNotEmpty();
          Damage damage = doctor.damages().getFirst();
          assertThat(damage.path()).isEqualTo(log.resolve(name));
          assertThat(damage.offset()).isLessThanOrEqualTo(at).isGreaterThan(at - 1100);
          assertThat(damage.last()).isGreaterThanOrEqualTo(damage.first());
        }
      }
      write(name, good);
    }
  }

  @Test
  void mend_ofWhatLiesBehindAnExactMark_cutsItAndKeepsACopy() throws IOException {
    byte[] bad = open.padded(FILE_BYTES);
    bad[open.start(3) + 50] ^= 1;
    write("log_inprogress_10", bad);
    Doctor doctor = examine(new Mark(12, 1, true));
    assertThat(doctor.damages()).isEmpty();
    assertThat(doctor.last()).isEqualTo(12);
    doctor.mend();
    assertThat(Files.readAllBytes(log.resolve("log_inprogress_10")))
        .isEqualTo(Arrays.copyOf(open.toBytes(), open.start(3)));
    assertThat(onlyFile(aside)).isEqualTo(bad);
    assertThat(examine(new Mark(12, 1, true)).damages()).isEmpty();
  }

  @Test
  void examine_ofAFlippedBitBehindAMarkThatMayLag_isDamage() throws IOException {
    byte[] bad = open.padded(FILE_BYTES);
    bad[open.start(3) + 50] ^= 1;
    write("log_inprogress_10", bad);
    Map<String, String> before = TestCluster.contents(root);
    assertThat(examine(new Mark(12, 1, false)).damages()).hasSize(1);
    assertThat(TestCluster.contents(root)).isEqualTo(before);
  }

  @Test
  void mend_ofLostSectorsBehindAMarkThatMayLag_cutsThem() throws IOException {
    byte[] bad = open.padded(FILE_BYTES);
    int sector = (open.start(3) / 512 + 1) * 512;
    Arrays.fill(bad, sector, sector + 512, (byte) 0);
    write("log_inprogress_10", bad);
    Doctor doctor = examine(new Mark(12, 1, false));
    assertThat(doctor.damages()).isEmpty();
    doctor.mend();
    assertThat(doctor.last()).isEqualTo(12);
  }

  @Test
  void mend_ofARenameThatWasTakenBack_closesTheSegment() throws IOException {
    Files.move(log.resolve("log_5-9"), log.resolve("log_inprogress_5"));
    Doctor doctor = examine(new Mark(14, 1, true));
    assertThat(doctor.damages()).isEmpty();
    doctor.mend();
    assertThat(log.resolve("log_5-9")).exists();
    assertThat(log.resolve("log_inprogress_5")).doesNotExist();
    assertThat(examine(new Mark(14, 1, true)).last()).isEqualTo(14);
  }

  @Test
  void examine_withASnapshotOverTheGap_setsWhatIsBeforeItAside() throws IOException {
    Files.delete(log.resolve("log_5-9"));
    Doctor doctor = Doctor.examine(log, aside, 9, new Mark(14, 1, true));
    assertThat(doctor.damages()).isEmpty();
    doctor.mend();
    assertThat(log.resolve("log_0-4")).doesNotExist();
    assertThat(Doctor.examine(log, aside, 8, new Mark(14, 1, true)).damages()).isNotEmpty();
  }

  @Test
  void examine_ofAFlippedBitThatTheSnapshotCovers_isDamage() throws IOException {
    byte[] bad = open.padded(FILE_BYTES);
    bad[open.start(2) + 50] ^= 1;
    write("log_inprogress_10", bad);
    for (boolean exact : new boolean[] {true, false}) {
      assertThat(Doctor.examine(log, aside, 13, new Mark(13, 1, exact)).damages()).hasSize(1);
    }
  }

  @Test
  void mend_ofALogThatEndsBeforeItsSnapshot_setsAllOfItAside() throws IOException {
    byte[] torn = Arrays.copyOf(Arrays.copyOf(open.toBytes(), open.start(3) + 7), FILE_BYTES);
    for (byte[] end : new byte[][] {open.padded(FILE_BYTES), torn}) {
      threeSegmentsAnew(end);
      Doctor doctor = Doctor.examine(log, aside, 20, new Mark(20, 1, true));
      assertThat(doctor.damages()).isEmpty();
      assertThat(doctor.last()).isEqualTo(20);
      assertThat(doctor.lastTerm()).isEqualTo(1);
      doctor.mend();
      assertThat(log).isEmptyDirectory();
      assertThat(Doctor.examine(log, aside, 20, new Mark(20, 1, true)).last()).isEqualTo(20);
    }
  }

  @Test
  void examine_withEntriesOfAnotherPlace_isDamage() throws IOException {
    write("log_5-9", segment(new Random(7), 6).toBytes());
    assertThat(examine(new Mark(14, 1, true)).damages())
        .first()
        .satisfies(damage -> assertThat(damage.reason()).contains("another index"));
  }

  private Doctor examine(Mark mark) throws IOException {
    return Doctor.examine(log, aside, -1, mark);
  }

  private void threeSegmentsAnew(byte[] end) throws IOException {
    write("log_0-4", segment(new Random(7), 0).toBytes());
    write("log_5-9", segment(new Random(7), 5).toBytes());
    write("log_inprogress_10", end);
  }

  private static SegmentBytes segment(Random random, long first) {
    SegmentBytes segment = new SegmentBytes(first);
    for (int length : new int[] {100, 3, 700, 1000, 40}) {
      segment.add(random, length);
    }
    return segment;
  }

  private void write(String name, byte[] bytes) throws IOException {
    Files.write(log.resolve(name), bytes);
  }

  private static byte[] onlyFile(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return Files.readAllBytes(files.findFirst().orElseThrow());
    }
  }
}
