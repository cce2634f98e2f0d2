package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.log.Segments.Segment;
import io.quire.log.TestCluster.Node;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Files of a log that are not what was written: the node does not start, and touches nothing. */
@Timeout(300)
@Execution(ExecutionMode.CONCURRENT)
class CorruptLogTest {
  @TempDir Path root;
  private List<Long> firsts;

  /**
   * Each start closes a segment: two closed ones and an open one, with one frame each. Nothing is
   * in the archive, as if it had had no time yet: what it has, the node would heal from.
   */
  @BeforeEach
  void threeSegments() throws Exception {
    for (String text : List.of("one", "two", "three")) {
      try (TestCluster cluster = new TestCluster(root, "n1")) {
        cluster.start("n1").getFirst().put(text);
      }
    }
    Path archive = root.resolve("n1").resolve("archive");
    if (Files.exists(archive)) {
      try (Stream<Path> files = Files.walk(archive)) {
        files
            .sorted(Comparator.reverseOrder())
            .forEach(file -> assertThat(file.toFile().delete()).isTrue());
      }
    }
    assertThat(segments()).hasSize(3);
    firsts =
        Segments.inOrder(Objects.requireNonNull(segments().getFirst().getParent())).stream()
            .map(Segment::first)
            .toList();
  }

  private long first(int segment) {
    return firsts.get(segment);
  }

  @Test
  void start_withAFlippedBitInAClosedSegment_isRefused() throws Exception {
    Path segment = segments().getFirst();
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length - 20] ^= 4;
    Files.write(segment, bytes);

    refused(segment + " offset=");
  }

  @Test
  void start_withAClosedSegmentCutShort_isRefused() throws Exception {
    Path segment = segments().get(1);
    byte[] bytes = Files.readAllBytes(segment);
    Files.write(segment, Arrays.copyOf(bytes, bytes.length - 10));

    refused(segment + " offset=");
  }

  @Test
  void start_withTheLastEntriesCutOffTheLastClosedSegment_isRefused() throws Exception {
    Files.delete(segments().getLast());
    Path segment = segments().getLast();
    byte[] bytes = Files.readAllBytes(segment);
    int end = TornTail.MAGIC.length;
    end += 1 + bytes[end] + Integer.BYTES;
    Files.write(segment, Arrays.copyOf(bytes, end));

    refused("found=" + first(1) + " wanted=" + (first(2) - 1));
  }

  @Test
  void start_withoutTheFirstSegment_isRefused() throws Exception {
    Files.delete(segments().getFirst());

    refused("found=" + first(1) + " wanted=0");
  }

  @Test
  void start_withoutASegmentInTheMiddle_isRefused() throws Exception {
    Files.delete(segments().get(1));

    refused("found=" + first(2) + " wanted=" + first(1));
  }

  @Test
  void start_withAnotherHeadOfASegment_isRefused() throws Exception {
    Path segment = segments().getLast();
    byte[] bytes = Files.readAllBytes(segment);
    bytes[3] ^= 1;
    Files.write(segment, bytes);

    refused(segment + " offset=0");
  }

  @Test
  void start_withAnotherVoteThanItsCopy_restoresIt() throws Exception {
    Path meta = segments().getFirst().resolveSibling("raft-meta");
    VoteCopy before =
        Objects.requireNonNull(VoteCopy.ofRatis(Objects.requireNonNull(meta.getParent())));
    byte[] good = Files.readAllBytes(meta);
    int termAt = new String(good, StandardCharsets.ISO_8859_1).indexOf("term=") + 5;
    byte[] later = good.clone();
    later[termAt] = '1';
    byte[] earlier = good.clone();
    earlier[termAt] = '9';
    for (byte[] bad : List.of(new byte[0], later, earlier)) {
      Files.write(meta, bad);
      try (TestCluster cluster = new TestCluster(root, "n1")) {
        Node node = cluster.start("n1").getFirst();
        cluster.leader();
        assertThat(node.log.status().term()).isBetween(before.term() + 1, before.term() + 3);
      }
    }
  }

  @Test
  void start_withoutItsVote_restoresItFromTheCopy() throws Exception {
    Files.delete(segments().getFirst().resolveSibling("raft-meta"));
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("four");
      assertThat(node.texts()).containsExactly("one", "two", "three", "four");
    }
  }

  @Test
  void start_withTheEndOfTheLogCutOffAtAnEntry_isRefused() throws Exception {
    Path segment = segments().getLast();
    byte[] bytes = Files.readAllBytes(segment);
    // What Ratis notes behind the last acknowledged entry may go.
    long acknowledged =
        Watermark.read(root.resolve("n1").resolve(Watermark.FILE), Watermark.boot()).index();
    int last = TornTail.MAGIC.length;
    for (Segments.Entry entry = Segments.entry(bytes, last);
        entry != null && entry.index() < acknowledged;
        entry = Segments.entry(bytes, last)) {
      last = entry.end();
    }
    Files.write(segment, Arrays.copyOf(bytes, last));

    refused("reason=" + Doctor.MISSING);
  }

  private void refused(String named) throws IOException {
    Map<String, String> before = TestCluster.contents(root);
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.open("n1");
      assertThatThrownBy(node::start)
          .isInstanceOf(LogException.DamagedException.class)
          .hasMessageContaining("path=" + root.resolve("n1"))
          .hasMessageContaining(named);
      assertThat(node.texts()).isEmpty();
    }
    assertThat(TestCluster.contents(root)).isEqualTo(before);
  }

  private List<Path> segments() throws IOException {
    try (Stream<Path> paths = Files.walk(root)) {
      return paths
          .filter(path -> path.getName(path.getNameCount() - 2).toString().equals("current"))
          .filter(path -> path.getFileName().toString().startsWith("log_"))
          .sorted(Comparator.comparing(CorruptLogTest::order))
          .toList();
    }
  }

  /** The open segment is the last. */
  private static String order(Path segment) {
    String name = segment.getFileName().toString();
    return name.contains("inprogress") ? "z" : "%20s".formatted(name.replace("log_", ""));
  }
}
