package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.base.Log.Applied;
import io.quire.base.Log.Entry;
import io.quire.base.Log.Fence;
import io.quire.base.Log.Recorded;
import io.quire.base.Log.Tail;
import io.quire.base.Position;
import io.quire.log.TestCluster.Node;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Reading what was appended, from files that Ratis writes, closes and renames meanwhile. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(300)
class ReadTest {
  private static final int SEGMENT_BYTES = 16 << 10;

  @TempDir Path root;

  @Test
  void read_whileOthersAppend_givesEachEntryOnceInOrder() throws Exception {
    try (TestCluster cluster = small("n1")) {
      Node node = cluster.start("n1").getFirst();
      cluster.leader();
      CompletableFuture<List<String>> read = follow(node, "end");
      SplittableRandom random = new SplittableRandom(7);
      List<CompletableFuture<Applied>> appends = new ArrayList<>();
      for (int done = 0; done < 2_000; ) {
        List<Entry> entries = new ArrayList<>();
        for (int left = random.nextInt(1, 20); left > 0 && done < 2_000; left--) {
          String text = "e" + done++ + "-" + "x".repeat(random.nextInt(200));
          entries.add(TestCluster.entry(text, Fence.NONE));
        }
        appends.addAll(node.append(entries));
        if (random.nextInt(8) == 0) {
          over(appends.getLast());
        }
      }
      for (CompletableFuture<Applied> append : appends) {
        over(append);
      }
      node.put("end");
      assertThat(TestCluster.get(read)).isEqualTo(node.transactions.lines());
      assertThat(segments(node)).hasSizeGreaterThan(5);
      assertThat(node.fatal).isEmpty();
    }
  }

  @Test
  void read_onEveryNode_givesTheSame() throws Exception {
    try (TestCluster cluster = small("n1", "n2", "n3")) {
      List<Node> nodes = cluster.start("n1", "n2", "n3");
      List<CompletableFuture<List<String>>> reads =
          nodes.stream().map(node -> follow(node, "end")).toList();
      for (int i = 0; i < 300; i++) {
        cluster.put("e" + i + "x".repeat(100));
      }
      cluster.put("end");
      for (CompletableFuture<List<String>> read : reads) {
        List<String> found = TestCluster.get(read);
        assertThat(found).hasSizeGreaterThan(300);
        Node first = nodes.getFirst();
        TestCluster.until(
            "the first has it too", () -> first.transactions.lines().size() >= found.size());
        assertThat(found).isEqualTo(first.transactions.lines().subList(0, found.size()));
      }
    }
  }

  @Test
  void next_takesNoMoreThanAskedFor_andGoesOnThereAfterARestart() throws Exception {
    long resume;
    List<String> found = new ArrayList<>();
    try (TestCluster cluster = small("n1")) {
      Node node = cluster.start("n1").getFirst();
      cluster.leader();
      List<Entry> frame = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        frame.add(TestCluster.entry("e" + i, Fence.NONE));
      }
      TestCluster.get(node.append(frame).getLast());
      try (Tail tail = node.log.tail(Position.NONE)) {
        for (int asked : new int[] {1, 3}) {
          List<Recorded> some = TestCluster.get(tail.next(asked));
          assertThat(some).hasSize(asked);
          some.forEach(each -> found.add(text(each)));
        }
        resume = tail.resume();
      }
    }
    try (TestCluster cluster = small("n1")) {
      Node node = cluster.start("n1").getFirst();
      TestCluster.until("all is applied again", () -> node.texts().size() == 10);
      try (Tail tail = node.log.read(resume, node.log.applied())) {
        TestCluster.get(tail.next(100)).forEach(each -> found.add(text(each)));
        assertThat(TestCluster.get(tail.next(100))).isEmpty();
      }
      assertThat(found).isEqualTo(node.texts());
    }
  }

  @Test
  void next_atTheEnd_waitsForTheNextEntryOrTheClose() throws Exception {
    try (TestCluster cluster = small("n1")) {
      Node node = cluster.start("n1").getFirst();
      Applied first = node.put("first");
      Tail tail = node.log.tail(first.position() + 1);
      CompletableFuture<List<Recorded>> waiting = tail.next(10);
      assertThatThrownBy(() -> tail.next(10)).isInstanceOf(IllegalStateException.class);
      Applied second = node.put("second");
      assertThat(TestCluster.get(waiting).getFirst().position()).isEqualTo(second.position());
      CompletableFuture<List<Recorded>> cut = tail.next(10);
      tail.close();
      assertThat(TestCluster.get(cut)).isEmpty();
      CompletableFuture<List<Recorded>> ended = node.log.tail(second.position() + 1).next(1);
      node.log.close();
      assertThat(TestCluster.get(ended)).isEmpty();
    }
  }

  @Test
  void entryAt_givesWhatStandsThere() throws Exception {
    try (TestCluster cluster = small("n1")) {
      Node node = cluster.start("n1").getFirst();
      Applied one = node.put("one");
      for (int i = 0; i < 300; i++) {
        node.put("x".repeat(100));
      }
      Recorded found = Objects.requireNonNull(TestCluster.get(node.log.entryAt(one.position())));
      assertThat(text(found)).isEqualTo("one");
      assertThat(found.entry().stream()).isEqualTo(Log.Stream.TRANSACTIONS);
      assertThat(found.term()).isPositive();
      assertThat(TestCluster.get(node.log.entryAt(one.position() + 1))).isNull();
      assertThat(TestCluster.get(node.log.entryAt(Position.of(1 << 20, 0)))).isNull();
      assertThat(TestCluster.get(node.log.entryAt(Position.of(0, 0)))).isNull();
    }
  }

  @Test
  void read_ofDamage_namesPositionFileAndOffset_andAppendsGoOn() throws Exception {
    try (TestCluster cluster = small("n1")) {
      Node node = cluster.start("n1").getFirst();
      for (int i = 0; i < 300; i++) {
        node.put("e" + i + "x".repeat(100));
      }
      Path file = segments(node).get(2).path();
      byte[] bytes = Files.readAllBytes(file);
      long last = 0;
      long offset = 0;
      try (SegmentFile whole = SegmentFile.open(segments(node).get(2))) {
        for (int i = 0; i < 5; i++) {
          offset = whole.offset();
          last = whole.index();
          whole.next();
        }
      }
      bytes[(int) offset + 30] ^= 1;
      Files.write(file, bytes);
      long bad = last;
      try (Tail tail = node.log.tail(Position.of(bad - 1, 0))) {
        assertThat(TestCluster.get(tail.next(1))).hasSize(1);
        for (int tries = 0; tries < 2; tries++) {
          assertThatThrownBy(() -> TestCluster.get(tail.next(1)))
              .isInstanceOf(ExecutionException.class)
              .hasCauseInstanceOf(Log.CorruptException.class)
              .hasMessageContaining("position=" + bad + ".0 file=" + file + " offset=" + offset);
        }
      }
      node.put("after");
      assertThat(node.fatal).isEmpty();
    }
  }

  @Test
  void read_thatBeginsBehindDamage_isAnsweredUnlessItsLengthIsDamaged() throws Exception {
    try (TestCluster cluster = small("n1")) {
      Node node = cluster.start("n1").getFirst();
      for (int i = 0; i < 300; i++) {
        node.put("e" + i + "x".repeat(100));
      }
      SegmentPath segment = segments(node).get(2);
      byte[] good = Files.readAllBytes(segment.path());
      List<Integer> starts = new ArrayList<>();
      try (SegmentFile whole = SegmentFile.open(segment)) {
        while (whole.index() <= segment.last()) {
          starts.add((int) whole.offset());
          whole.next();
        }
      }
      List<String> all = read(node, Position.NONE);

      // The head, and the bodies of the second and the third entry.
      byte[] bad = good.clone();
      bad[2] ^= 4;
      bad[starts.get(1) + 30] ^= 1;
      bad[starts.get(2) + 30] ^= 1;
      Files.write(segment.path(), bad);
      for (long from : new long[] {segment.first() + 3, segment.last(), segment.last() + 1}) {
        List<String> found = read(node, Position.of(from, 0));
        assertThat(found.getFirst()).startsWith(from + ".0 ");
        assertThat(found).isEqualTo(all.subList(all.size() - found.size(), all.size()));
      }
      for (int entry = 0; entry < 3; entry++) {
        long index = segment.first() + entry;
        assertThatThrownBy(() -> read(node, Position.of(index, 0)))
            .hasCauseInstanceOf(Log.CorruptException.class)
            .hasMessageContaining("position=" + index + ".0 ")
            .hasMessageContaining(" offset=" + (entry == 0 ? 0 : starts.get(entry)));
      }

      // The length of the second entry, in its low and in its high byte.
      for (int at : new int[] {starts.get(1), starts.get(1) + 1}) {
        byte[] other = good.clone();
        other[at] ^= 1;
        Files.write(segment.path(), other);
        assertThatThrownBy(() -> read(node, Position.of(segment.first() + 5, 0)))
            .hasCauseInstanceOf(Log.CorruptException.class)
            .hasMessageContaining("position=" + (segment.first() + 1) + ".0 ")
            .hasMessageContaining(" offset=" + starts.get(1))
            .hasMessageContaining("does not lead to entry " + (segment.first() + 5));
      }
      Files.write(segment.path(), good);
      assertThat(node.fatal).isEmpty();
    }
  }

  @Test
  void read_ofWhatIsNotHereAnyMore_namesTheOldest() throws Exception {
    try (TestCluster cluster = small("n1")) {
      Node node = cluster.start("n1").getFirst();
      for (int i = 0; i < 300; i++) {
        node.put("e" + i + "x".repeat(100));
      }
      Files.delete(segments(node).getFirst().path());
      long oldest = Position.of(segments(node).getFirst().first(), 0);
      assertThat(node.log.oldest()).describedAs("%s", segments(node)).isEqualTo(oldest);
      assertThatThrownBy(() -> TestCluster.get(node.log.tail(Position.NONE).next(1)))
          .hasCauseInstanceOf(Log.TrimmedException.class)
          .cause()
          .extracting(e -> ((Log.TrimmedException) e).oldest())
          .isEqualTo(oldest);
      assertThat(TestCluster.get(node.log.tail(oldest).next(1))).hasSize(1);
    }
  }

  /** Reads so many entries from the begin on, a few at a time. */
  /* A machine that stands still makes the leader step down, and then an append may fail. */
  private static void over(CompletableFuture<Applied> append) throws Exception {
    try {
      TestCluster.get(append);
    } catch (ExecutionException e) {
      assertThat(e.getCause())
          .isInstanceOfAny(Log.NotAppendedException.class, Log.IndeterminateException.class);
    }
  }

  /** Reads from the first entry to the one with this text. */
  private static CompletableFuture<List<String>> follow(Node node, String last) {
    return CompletableFuture.supplyAsync(
        () -> {
          List<String> found = new ArrayList<>();
          try (Tail tail = node.log.tail(Position.NONE)) {
            while (true) {
              for (Recorded one : TestCluster.get(tail.next(7))) {
                found.add(Position.text(one.position()) + " " + text(one));
                if (text(one).equals(last)) {
                  return found;
                }
              }
            }
          } catch (Exception e) {
            throw new AssertionError("read " + found.size(), e);
          }
        },
        Thread::startVirtualThread);
  }

  /** Reads from a position to the last entry that is applied. */
  private static List<String> read(Node node, long from) throws Exception {
    List<String> found = new ArrayList<>();
    try (Tail tail = node.log.read(from, node.log.applied())) {
      while (true) {
        List<Recorded> some = TestCluster.get(tail.next(64));
        if (some.isEmpty()) {
          return found;
        }
        some.forEach(one -> found.add(Position.text(one.position()) + " " + text(one)));
      }
    }
  }

  private TestCluster small(String... voters) {
    return new TestCluster(root, config -> config.withSegmentBytes(SEGMENT_BYTES), voters);
  }

  static List<SegmentPath> segments(Node node) throws Exception {
    try (var paths = Files.walk(node.directory().resolve("raft"))) {
      return SegmentPath.in(
          paths.filter(path -> path.endsWith("current")).findFirst().orElseThrow());
    }
  }

  private static String text(Recorded recorded) {
    return new String(recorded.entry().payload(), StandardCharsets.UTF_8);
  }
}
