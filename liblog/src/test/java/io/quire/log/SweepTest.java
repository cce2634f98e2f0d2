package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.base.Log.Applied;
import io.quire.base.Log.Entry;
import io.quire.base.Log.Fence;
import io.quire.base.Log.Recorded;
import io.quire.base.Log.Stream;
import io.quire.base.Log.Tail;
import io.quire.base.LogBook;
import io.quire.base.LogBook.Retention;
import io.quire.base.Position;
import io.quire.log.TestCluster.Node;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What is kept of a log, with real files and restarts. */
@Timeout(300)
@Execution(ExecutionMode.CONCURRENT)
class SweepTest {
  private static final int SNAPSHOT_ENTRIES = 60;

  @TempDir Path root;

  private TestCluster cluster(String... voters) {
    return new TestCluster(
        root,
        config -> config.withSegmentBytes(8 << 10).withSnapshotEntries(SNAPSHOT_ENTRIES),
        voters);
  }

  @Test
  void log_isPurgedBehindTwoSnapshots_andReadableFromTheBeginAllTheSame() throws Exception {
    List<String> saw;
    try (TestCluster cluster = cluster("n1")) {
      Node node = cluster.start("n1").getFirst();
      fill(node, 300);
      purged(node, 100);
      saw = node.transactions.lines();
      assertThat(read(node)).isEqualTo(saw);
      assertThat(node.log.oldest()).isEqualTo(Position.NONE);
      LogVerification found = node.log.verify(0, Long.MAX_VALUE, (_, _) -> {});
      assertThat(found.good()).describedAs("%s", found).isTrue();
      assertThat(found.records().get("transactions")).isEqualTo(300);
    }
    try (TestCluster cluster = cluster("n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("after");
      assertThat(node.transactions.restoredAt).isPositive();
      assertThat(node.transactions.lines()).startsWith(saw.toArray(String[]::new)).hasSize(301);
      assertThat(read(node)).isEqualTo(node.transactions.lines());
    }
  }

  @Test
  void purgedLog_afterTheNewestSnapshotIsBad_startsFromTheOneBefore() throws Exception {
    try (TestCluster cluster = cluster("n1")) {
      Node node = cluster.start("n1").getFirst();
      fill(node, 300);
      purged(node, 100);
    }
    Path newest = Snapshots.newestFirst(root.resolve("n1/snapshots")).getFirst();
    spoil(newest);
    try (TestCluster cluster = cluster("n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("after");
      assertThat(node.transactions.lines()).hasSize(301);
      assertThat(node.log.stat().aside()).anyMatch(path -> path.endsWith(".bad"));
      assertThat(node.log.badSnapshots())
          .containsExactly(
              node.directory().resolve("aside").resolve(newest.getFileName() + ".bad"));
    }
  }

  @Test
  void purgedLog_afterAllSnapshotsAreBad_isReplayedFromTheArchive() throws Exception {
    try (TestCluster cluster = cluster("n1")) {
      Node node = cluster.start("n1").getFirst();
      fill(node, 300);
      purged(node, 100);
    }
    List<Path> snapshots = Snapshots.newestFirst(root.resolve("n1/snapshots"));
    for (Path snapshot : snapshots) {
      spoil(snapshot);
    }
    Path oldest = SegmentPath.in(root.resolve("n1/archive")).getFirst().path();
    byte[] whole = Files.readAllBytes(oldest);
    Files.delete(oldest);
    try (TestCluster cluster = cluster("n1")) {
      assertThatThrownBy(() -> cluster.open("n1"))
          .isInstanceOf(LogException.NoGoodSnapshotException.class);
    }

    Files.write(oldest, whole);
    try (TestCluster cluster = cluster("n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("after");
      assertThat(node.transactions.lines()).hasSize(301);
      assertThat(read(node)).isEqualTo(node.transactions.lines());
      assertThat(node.log.badSnapshots()).hasSize(2);
      fill(node, 200);
      purged(node, 100);
      assertThat(read(node)).isEqualTo(node.transactions.lines());
    }
  }

  @Test
  void retention_trimsWhatExceedsIt_andABookmarkHoldsItUntilItIsReleased() throws Exception {
    try (TestCluster cluster = cluster("n1")) {
      Node node = cluster.start("n1").getFirst();
      fill(node, 300);
      purged(node, 100);
      long marked = SegmentPath.in(archive(node)).get(2).first();
      long position = Position.of(marked, 0);
      assertThat(LogBook.marked(book(node, LogBook.mark("slow", position, LogBook.NEVER, 0))))
          .isTrue();
      book(node, LogBook.retain(new Retention(0, 1, 0)));
      TestCluster.until("trimmed to the bookmark", () -> node.log.oldest() == position);
      assertThat(node.log.holds().getFirst()).isEqualTo(new LogHold("bookmark slow", position));
      assertThatThrownBy(() -> TestCluster.get(node.log.tail(Position.NONE).next(1)))
          .hasCauseInstanceOf(Log.TrimmedException.class)
          .hasMessageContaining("oldest=" + Position.text(position));
      book(node, LogBook.release("slow"));
      long needed = node.log.stat().snapshots().getLast().index();
      TestCluster.until("trimmed to the snapshot", () -> node.log.oldest() > position);
      assertThat(Position.index(node.log.oldest())).isLessThanOrEqualTo(needed + 1);
      assertThat(node.log.verify(0, Long.MAX_VALUE, (_, _) -> {}).good()).isTrue();
    }
    try (TestCluster cluster = cluster("n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("after");
      assertThat(node.log.book().state().retention()).isEqualTo(new Retention(0, 1, 0));
      assertThat(node.transactions.lines()).hasSize(301);
    }
  }

  @Test
  void trim_isClusterWide_andANewcomerComesThroughASnapshot() throws Exception {
    try (TestCluster cluster = cluster("n1", "n2", "n3")) {
      List<Node> nodes = cluster.start("n1", "n2", "n3");
      for (int i = 0; i < 300; i++) {
        cluster.put("e" + i + "-" + "x".repeat(90));
      }
      for (Node node : nodes) {
        purged(node, 100);
      }
      trim(cluster, Position.of(100, 0));
      for (Node node : nodes) {
        TestCluster.until("trimmed", () -> node.log.oldest() > Position.of(50, 0));
        // Unless it lagged so far that it was given a snapshot itself.
        if (node.transactions.restoredAt < 0) {
          assertThat(Position.index(node.log.oldest())).isLessThanOrEqualTo(100);
        }
      }
      Node late = cluster.start("n4").getFirst();
      cluster.put("last");
      TestCluster.until("caught up", () -> late.texts().contains("last"));
      TestCluster.until(
          "all is applied",
          () -> late.transactions.lines().equals(nodes.getFirst().transactions.lines()));
      assertThat(late.transactions.restoredAt).isPositive();
      assertThat(late.log.book().state()).isEqualTo(nodes.getFirst().log.book().state());
      assertThat(late.log.oldest()).isGreaterThan(Position.of(100, 0));
      assertThat(TestCluster.get(late.log.tail(late.log.oldest()).next(1))).hasSize(1);
    }
  }

  @Test
  void archive_changedCutShortAndLost_isHealedFromOthersByTheScrub() throws Exception {
    try (TestCluster cluster = cluster("n1", "n2", "n3")) {
      List<Node> nodes = cluster.start("n1", "n2", "n3");
      for (int i = 0; i < 600; i++) {
        cluster.put("e" + i + "-" + "x".repeat(90));
      }
      for (Node each : nodes) {
        purged(each, 250);
      }
      Node node =
          nodes.stream().filter(each -> each.transactions.restoredAt < 0).findFirst().orElseThrow();
      List<Path> files =
          SegmentPath.in(archive(node)).stream().limit(3).map(SegmentPath::path).toList();
      byte[] first = Files.readAllBytes(files.getFirst());
      byte[] bad = first.clone();
      bad[bad.length / 2] ^= 1;
      Files.write(files.getFirst(), bad);
      Files.write(files.get(1), Arrays.copyOf(Files.readAllBytes(files.get(1)), 300));
      Files.delete(files.getLast());
      assertThat(node.log.verify(0, Long.MAX_VALUE, (_, _) -> {}).good()).isFalse();

      Scrub.Report report = node.log.scrub();

      assertThat(report.damages())
          .extracting(Damage::path)
          .containsExactlyElementsOf(files.reversed());
      assertThat(report.healed()).isEqualTo(3);
      assertThat(Files.readAllBytes(files.getFirst())).isEqualTo(first);
      LogVerification found = node.log.verify(0, Long.MAX_VALUE, (_, _) -> {});
      assertThat(found.good()).describedAs("%s", found).isTrue();
      assertThat(read(node)).isEqualTo(node.transactions.lines());
    }
  }

  @Test
  void archiveOfANodeThatIsAlone_changed_isReportedAndNotHealed() throws Exception {
    try (TestCluster cluster = cluster("n1")) {
      Node node = cluster.start("n1").getFirst();
      fill(node, 300);
      purged(node, 100);
      Path file = SegmentPath.in(archive(node)).getFirst().path();
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length / 2] ^= 1;
      Files.write(file, bytes);
      for (int pass = 0; pass < 2; pass++) {
        Scrub.Report report = node.log.scrub();
        assertThat(report.damages()).extracting(Damage::path).containsExactly(file);
        assertThat(report.healed()).isZero();
        assertThat(node.log.damages())
            .containsExactly(new Scrub.Found(report.damages().getFirst(), false));
      }
      assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
    }
  }

  @Test
  void streamOfAUser_isKeptInTheOneOrder_andAppliedByNobody() throws Exception {
    Stream orders;
    try (TestCluster cluster = cluster("n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("before");
      orders = LogBook.declared("orders", book(node, LogBook.declare("orders")));
      Entry entry = new Entry(orders, Fence.NONE, "apples".getBytes(StandardCharsets.UTF_8));
      Applied applied = TestCluster.get(node.append(List.of(entry)).getFirst());
      assertThat(applied.result()).isEmpty();
      node.put("after");
      Entry strange = new Entry(Stream.of(63), Fence.NONE, new byte[1]);
      assertThatThrownBy(() -> node.append(List.of(strange)))
          .hasRootCauseInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("stream has no projection on this node");
    }
    try (TestCluster cluster = cluster("n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("last");
      assertThat(node.log.book().state().streams()).containsEntry("orders", orders);
      assertThat(node.texts()).containsExactly("before", "after", "last");
      List<String> streams = new ArrayList<>();
      try (Tail tail = node.log.read(Position.NONE, node.log.applied())) {
        for (List<Recorded> some = TestCluster.get(tail.next(100));
            !some.isEmpty();
            some = TestCluster.get(tail.next(100))) {
          some.forEach(one -> streams.add(one.entry().stream().number() + ""));
        }
      }
      assertThat(streams).containsExactly("1", "3", "64", "1", "1");
    }
  }

  private static void trim(TestCluster cluster, long before) throws Exception {
    // Whoever leads; done twice, it is the same.
    while (true) {
      try {
        book(cluster.leader(), LogBook.trim(before));
        return;
      } catch (ExecutionException e) {
        assertThat(e.getCause())
            .isInstanceOfAny(Log.IndeterminateException.class, Log.NotAppendedException.class);
      }
    }
  }

  private static void fill(Node node, int records) throws Exception {
    for (int i = 0; i < records; i++) {
      node.put("e" + i + "-" + "x".repeat(90));
    }
  }

  private static void spoil(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
  }

  /** Ratis has given up what came before an index, or more. */
  private static void purged(Node node, long before) {
    TestCluster.until(
        "purged",
        () -> {
          try {
            return ReadTest.segments(node).getFirst().first() > before;
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
  }

  private static Path archive(Node node) {
    return node.directory().resolve("archive");
  }

  private static Applied book(Node node, Entry entry) throws Exception {
    return TestCluster.get(node.append(List.of(entry)).getFirst());
  }

  private static List<String> read(Node node) throws Exception {
    List<String> found = new ArrayList<>();
    try (Tail tail = node.log.read(Position.NONE, node.log.applied())) {
      while (true) {
        List<Recorded> some = TestCluster.get(tail.next(64));
        if (some.isEmpty()) {
          return found;
        }
        for (Recorded one : some) {
          if (one.entry().stream().equals(Stream.TRANSACTIONS)) {
            found.add(
                Position.text(one.position())
                    + " "
                    + new String(one.entry().payload(), StandardCharsets.UTF_8));
          }
        }
      }
    }
  }
}
