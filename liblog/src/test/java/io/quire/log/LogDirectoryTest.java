package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.base.Log.Recorded;
import io.quire.base.LogBook;
import io.quire.base.Position;
import io.quire.log.LogVerification.Bad;
import io.quire.log.TestCluster.Node;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The files of a log whose node does not run. */
@Timeout(300)
@Execution(ExecutionMode.CONCURRENT)
class LogDirectoryTest {
  private static final LogVerification.Progress QUIET = (_, _) -> {};

  @TempDir Path root;

  private Path directory() {
    return root.resolve("n1");
  }

  /** A log of some segments; answers what a projection saw. */
  private List<String> made(int records) throws Exception {
    try (TestCluster cluster =
        new TestCluster(root, config -> config.withSegmentBytes(8 << 10), "n1")) {
      Node node = cluster.start("n1").getFirst();
      for (int i = 0; i < records; i++) {
        node.put("e" + i + "-" + "x".repeat(i % 90));
      }
      return node.transactions.lines();
    }
  }

  private LogVerification verify() {
    try (LogDirectory log = LogDirectory.open(directory())) {
      return log.verify(0, Long.MAX_VALUE, QUIET);
    }
  }

  private List<SegmentPath> segments() throws Exception {
    try (var paths = Files.walk(directory().resolve("raft"))) {
      return SegmentPath.in(
          paths.filter(path -> path.endsWith("current")).findFirst().orElseThrow());
    }
  }

  @Test
  void verify_andDump_ofAWholeLog_changeNothing() throws Exception {
    List<String> saw = made(200);
    Map<String, String> before = TestCluster.contents(root);

    LogVerification found = verify();

    assertThat(found.good()).isTrue();
    assertThat(found.torn()).isEmpty();
    assertThat(found.segments()).isEqualTo(segments().size()).isGreaterThan(3);
    assertThat(found.records()).isEqualTo(Map.of("transactions", 200L));
    assertThat(found.oldest()).isZero();
    assertThat(found.newest() - found.oldest() + 1).isEqualTo(found.entries());
    List<String> dumped = new ArrayList<>();
    try (LogDirectory log = LogDirectory.open(root.resolve("n1"))) {
      log.dump(0, Long.MAX_VALUE, one -> dumped.add(line(one)), bad -> dumped.add("" + bad));
      assertThat(dumped).isEqualTo(saw);
      LogStat stat = log.stat();
      assertThat(stat.oldest()).isZero();
      assertThat(stat.newest()).isEqualTo(found.newest());
      assertThat(stat.segments()).hasSize(found.segments());
      assertThat(stat.bytes()).isEqualTo(found.bytes());
    }
    assertThat(TestCluster.contents(root)).isEqualTo(before);
  }

  @Test
  void verify_withAByteFlipped_namesTheEntryAndGoesOnBehindIt() throws Exception {
    made(150);
    SplittableRandom random = new SplittableRandom(3);
    List<SegmentPath> segments = segments();
    for (int round = 0; round < 300; round++) {
      SegmentPath segment = segments.get(random.nextInt(segments.size()));
      byte[] bytes = Files.readAllBytes(segment.path());
      int written = TornTail.writtenBytes(bytes);
      int at = random.nextInt(TornTail.MAGIC.length, written);
      byte[] flipped = bytes.clone();
      flipped[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(segment.path(), flipped);
      long[] hit = hit(segment, bytes, at);
      LogVerification found = verify();
      assertThat(found.good()).describedAs("%s byte %d", segment, at).isFalse();
      assertThat(found.bad()).describedAs("%s byte %d", segment, at).isNotEmpty();
      Bad bad = found.bad().getFirst();
      assertThat(bad.file()).isEqualTo(segment.path().toString());
      assertThat(bad.offset()).isEqualTo(hit[1]);
      assertThat(bad.first()).isEqualTo(hit[0]);
      assertThat(bad.last()).describedAs("%s", found).isEqualTo(hit[0]);
      assertThat(found.entries() + 1).isEqualTo(found.newest() + 1);
      Files.write(segment.path(), bytes);
    }
    assertThat(verify().good()).isTrue();
  }

  /** Index and offset of the entry that has a byte. */
  private static long[] hit(SegmentPath segment, byte[] bytes, int at) throws Exception {
    Files.write(segment.path().resolveSibling("good"), bytes);
    SegmentPath good =
        new SegmentPath(segment.path().resolveSibling("good"), segment.first(), segment.last());
    try (SegmentFile file = SegmentFile.open(good)) {
      while (true) {
        long index = file.index();
        long offset = file.offset();
        if (file.next() == null || file.offset() > at) {
          return new long[] {index, offset};
        }
      }
    }
  }

  @Test
  void verify_ofATornTail_saysThatTheNextStartCutsIt() throws Exception {
    made(20);
    SegmentPath open = segments().getLast();
    byte[] bytes = Files.readAllBytes(open.path());
    int written = TornTail.writtenBytes(bytes);
    byte[] torn = Arrays.copyOf(bytes, written + 4096);
    torn[written] = 100;
    Arrays.fill(torn, written + 1, written + 50, (byte) 7);
    Files.write(open.path(), torn);

    LogVerification found = verify();

    assertThat(found.good()).isTrue();
    assertThat(found.torn()).isEqualTo("path=" + open.path() + " offset=" + written);
  }

  @Test
  void verify_withoutASegment_namesWhatIsMissing() throws Exception {
    made(150);
    SegmentPath gone = segments().get(1);
    Files.delete(gone.path());

    LogVerification found = verify();

    assertThat(found.good()).isFalse();
    assertThat(found.missing())
        .containsExactly(new LogVerification.Missing(gone.first(), gone.last()));
    assertThat(found.bad()).isEmpty();
  }

  @Test
  void open_whileTheNodeRuns_isRefused() throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      cluster.start("n1").getFirst().put("one");
      assertThatThrownBy(() -> LogDirectory.open(directory()))
          .isInstanceOf(LogException.HeldException.class)
          .hasMessageContaining(directory().toString());
    }
    assertThatThrownBy(() -> LogDirectory.open(root.resolve("nothing")))
        .isInstanceOf(LogException.NoLogException.class)
        .hasMessageContaining("nothing");
  }

  @Test
  void trim_offline_leavesWhatIsNeeded() throws Exception {
    long mark;
    try (TestCluster cluster =
        new TestCluster(
            root, config -> config.withSegmentBytes(8 << 10).withSnapshotEntries(100), "n1")) {
      Node node = cluster.start("n1").getFirst();
      for (int i = 0; i < 400; i++) {
        node.put("e" + i + "-" + "x".repeat(90));
      }
      TestCluster.until("archived", () -> archived() > 200);
      mark = Position.of(SegmentPath.in(directory().resolve("archive")).get(2).first(), 0);
      TestCluster.get(
          node.append(List.of(LogBook.mark("reader", mark, LogBook.NEVER, 0))).getFirst());
      TestCluster.until("purged", () -> archived() > live().getFirst().first());
    }
    try (LogDirectory log = LogDirectory.open(directory())) {
      assertThat(log.stat().book().bookmarks()).containsKey("reader");
      List<LogHold> holds = log.trim(Position.of(1 << 20, 0));
      assertThat(holds.getFirst()).isEqualTo(new LogHold("bookmark reader", mark));
      assertThat(log.stat().oldest()).isEqualTo(Position.index(mark));
    }
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("after");
      assertThat(node.log.oldest()).isEqualTo(mark);
      assertThat(node.transactions.lines()).hasSize(401);
      assertThatThrownBy(() -> TestCluster.get(node.log.tail(mark - 1).next(1)))
          .hasCauseInstanceOf(Log.TrimmedException.class);
    }
  }

  private long archived() {
    try {
      return SegmentPath.in(directory().resolve("archive")).getLast().last();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private List<SegmentPath> live() {
    try {
      return segments();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static String line(Recorded one) {
    return Position.text(one.position())
        + " "
        + new String(one.entry().payload(), StandardCharsets.UTF_8);
  }
}
