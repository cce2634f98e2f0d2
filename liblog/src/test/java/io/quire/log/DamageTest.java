package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.log.Segments.Segment;
import io.quire.log.TestCluster.Node;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bytes that change, or go, in the files of one node: found, named, and had back from the others.
 * {@code -Dquire.damage.rounds=} says how often, {@code -Dquire.damage.seed=} repeats a run.
 */
@Timeout(1200)
class DamageTest {
  private static final int ROUNDS = Integer.getInteger("quire.damage.rounds", 4);
  private static final long SEED = Long.getLong("quire.damage.seed", System.nanoTime());

  @TempDir Path root;

  @Test
  void anyFileOfAStoppedNode_flippedOrCut_isHealedAndVotesAsBefore() throws Exception {
    Random random = new Random(SEED);
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      int written = 0;
      for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 15; i++) {
          cluster.leader().put("e" + written++);
        }
        Node victim = cluster.followers().get(random.nextInt(2));
        int wanted = written;
        TestCluster.until("it has all", () -> victim.transactions.lines().size() == wanted);
        String peer = victim.log.status().peerId();
        victim.stop();
        String what = damage(victim.directory(), random);

        Node back = cluster.start(victim.id.name()).getFirst();
        cluster.leader().put("e" + written++);
        int all = written;
        TestCluster.until(
            "all is back: replay: -Dquire.damage.seed=%d round=%d %s".formatted(SEED, round, what),
            () -> back.transactions.lines().size() == all);
        assertThat(back.texts()).describedAs(what).isEqualTo(texts(written));
        assertThat(back.log.status().peerId()).describedAs(what).isEqualTo(peer);
      }
    }
  }

  @Test
  void segmentsOfARunningNode_flipped_areHealedByTheScrub() throws Exception {
    Random random = new Random(SEED);
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      Node leader = cluster.leader();
      for (int i = 0; i < 30; i++) {
        leader.put("e" + i);
      }
      for (int round = 0; round < ROUNDS * 5; round++) {
        List<Segment> segments = Segments.inOrder(log(leader.directory()));
        Segment segment = segments.get(random.nextInt(segments.size()));
        byte[] good = Files.readAllBytes(segment.path());
        int at = random.nextInt(Segments.scan(segment).end());
        try (FileChannel file = FileChannel.open(segment.path(), StandardOpenOption.WRITE)) {
          // This byte only: Ratis may be writing behind it.
          byte bad = (byte) (good[at] ^ (1 + random.nextInt(255)));
          file.write(ByteBuffer.wrap(new byte[] {bad}), at);
        }

        Scrub.Report report = leader.log.scrub();
        String where = "replay: -Dquire.damage.seed=%d round=%d at=%d".formatted(SEED, round, at);
        assertThat(report.healed()).describedAs(where).isEqualTo(report.damages().size());
        assertThat(report.damages().getLast().path()).describedAs(where).isEqualTo(segment.path());
        assertThat(report.damages().getLast().offset())
            .describedAs(where)
            .isLessThanOrEqualTo(at)
            .isGreaterThan(at - 2000);
        assertThat(Files.readAllBytes(segment.path())[at]).describedAs(where).isEqualTo(good[at]);
        leader.put("after " + round);
      }
      assertThat(leader.fatal).isEmpty();
    }
  }

  @Test
  void headOfTheOpenSegmentOfARunningNode_flipped_isHealedByTheScrub() throws Exception {
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      Node leader = cluster.leader();
      for (int i = 0; i < 5; i++) {
        leader.put("e" + i);
      }
      Path open = Segments.inOrder(log(leader.directory())).getLast().path();
      byte[] good = Files.readAllBytes(open);
      try (FileChannel file = FileChannel.open(open, StandardOpenOption.WRITE)) {
        file.write(ByteBuffer.wrap(new byte[] {(byte) (good[3] ^ 4)}), 3);
      }

      Scrub.Report report = leader.log.scrub();

      assertThat(report.damages()).hasSize(1);
      assertThat(report.healed()).isEqualTo(1);
      assertThat(Files.readAllBytes(open)).startsWith(Arrays.copyOf(good, 200));
    }
  }

  @Test
  void twoNodes_damagedInDifferentPlaces_healEachOtherThoughNobodyLeads() throws Exception {
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      for (int i = 0; i < 40; i++) {
        cluster.leader().put("e" + i);
      }
      Node third = cluster.followers().getFirst();
      List<Node> two =
          Stream.of("n1", "n2", "n3").map(this::directory).toList().stream()
              .filter(directory -> !directory.equals(third.directory()))
              .map(directory -> cluster.running(directory.getFileName().toString()))
              .toList();
      two.forEach(
          node -> TestCluster.until("has all", () -> node.transactions.lines().size() == 40));
      third.stop();
      two.forEach(Node::stop);
      int where = 3;
      for (Node node : two) {
        Segment segment = Segments.inOrder(log(node.directory())).getLast();
        byte[] bytes = Files.readAllBytes(segment.path());
        bytes[Segments.scan(segment).end() * where / 5] ^= 2;
        Files.write(segment.path(), bytes);
        where--;
      }
      cluster.start(two.getFirst().id.name(), two.getLast().id.name());
      cluster.leader().put("after");
      assertThat(cluster.leader().texts()).hasSize(41);
    }
  }

  @Test
  void nodeThatCannotGetItBack_comesBackUnderAnotherId() throws Exception {
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      for (int i = 0; i < 30; i++) {
        cluster.leader().put("e" + i);
      }
      Node victim = cluster.followers().getFirst();
      String peer = victim.log.status().peerId();
      victim.stop();
      Path log = log(victim.directory());
      Files.write(log.resolve("raft-meta"), new byte[] {1});
      Files.write(victim.directory().resolve(VoteCopy.FILE), new byte[] {1});

      Node back = cluster.start(victim.id.name()).getFirst();
      String now = back.log.status().peerId();
      assertThat(now).isNotEqualTo(peer);
      TestCluster.until("it votes again", () -> back.log.status().voters().contains(now));
      TestCluster.until("it has all", () -> back.transactions.lines().size() == 30);
    }
  }

  @Test
  void alone_damaged_saysWhatIsLostAndGoesOnOnlyWhenTold() throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      for (int i = 0; i < 20; i++) {
        node.put("e" + i);
      }
    }
    Segment segment = Segments.inOrder(log(directory("n1"))).getLast();
    byte[] bytes = Files.readAllBytes(segment.path());
    bytes[Segments.scan(segment).end() / 2] ^= 1;
    Files.write(segment.path(), bytes);

    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.open("n1");
      assertThatThrownBy(node::start)
          .isInstanceOf(LogException.DamagedException.class)
          .hasMessageContaining("path=" + segment.path())
          .hasMessageContaining(" offset=")
          .hasMessageContaining(" entries=")
          .hasMessageContaining("--accept-loss");
    }
    assertThat(Files.readAllBytes(segment.path())).isEqualTo(bytes);

    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.open("n1");
      node.log.acceptLoss();
      node.start();
      node.put("after");
      List<String> texts = new ArrayList<>(node.texts());
      assertThat(texts.removeLast()).isEqualTo("after");
      assertThat(texts).hasSizeBetween(1, 19).isEqualTo(texts(texts.size()));
    }
    try (Stream<Path> kept = Files.walk(directory("n1").resolve("aside"))) {
      assertThat(kept.filter(file -> file.getFileName().equals(segment.path().getFileName())))
          .singleElement()
          .satisfies(file -> assertThat(Files.readAllBytes(file)).isEqualTo(bytes));
    }
  }

  @Test
  void alone_damagedBeforeItsSnapshot_losesNoStateWhenToldToGoOn() throws Exception {
    try (TestCluster cluster =
        new TestCluster(root, config -> config.withSnapshotEntries(10), "n1")) {
      Node node = cluster.start("n1").getFirst();
      for (int i = 0; i < 30; i++) {
        node.put("e" + i);
      }
    }
    Segment segment = Segments.inOrder(log(directory("n1"))).getLast();
    byte[] bytes = Files.readAllBytes(segment.path());
    bytes[Segments.scan(segment).end() / 5] ^= 1;
    Files.write(segment.path(), bytes);
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.open("n1");
      node.log.acceptLoss();
      node.start();
      node.put("e30");
      assertThat(node.texts()).isEqualTo(texts(31));
    }
  }

  @Test
  void alone_withoutAGoodSnapshot_replaysItsLogIfThatIsWhole() throws Exception {
    try (TestCluster cluster =
        new TestCluster(root, config -> config.withSnapshotEntries(10), "n1")) {
      Node node = cluster.start("n1").getFirst();
      for (int i = 0; i < 30; i++) {
        node.put("e" + i);
      }
    }
    List<Path> snapshots = Snapshots.newestFirst(directory("n1").resolve("snapshots"));
    assertThat(snapshots).isNotEmpty();
    for (Path snapshot : snapshots) {
      flip(snapshot);
    }
    Path segment = Segments.inOrder(log(directory("n1"))).getFirst().path();
    byte[] whole = Files.readAllBytes(segment);
    flip(segment);
    Map<String, String> before = TestCluster.contents(directory("n1"));
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      assertThatThrownBy(() -> cluster.open("n1"))
          .isInstanceOf(LogException.NoGoodSnapshotException.class);
    }
    assertThat(TestCluster.contents(directory("n1"))).isEqualTo(before);

    Files.write(segment, whole);
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("e30");
      assertThat(node.texts()).isEqualTo(texts(31));
      assertThat(node.transactions.restoredAt).isNegative();
      Path aside = directory("n1").resolve("aside");
      assertThat(node.log.badSnapshots())
          .isEqualTo(snapshots.stream().map(file -> aside.resolve(name(file) + ".bad")).toList());
    }
  }

  @Test
  void alone_segmentThatItsArchiveHas_isHealedFromThere() throws Exception {
    Path archive = directory("n1").resolve("archive");
    writeAndArchive(archive);
    List<Segment> archived = segments(archive);
    Path log = log(directory("n1"));
    Path lost = log.resolve(name(archived.get(1).path()));
    byte[] whole = Files.readAllBytes(lost);
    Files.delete(lost);
    // What the archive has is a file of its own where a file system has no hard links.
    for (int copied : new int[] {2, 3}) {
      unlink(archived.get(copied).path());
    }
    flip(log.resolve(name(archived.get(2).path())));

    try (TestCluster cluster = alone()) {
      Node node = cluster.start("n1").getFirst();
      node.put("e300");
      assertThat(node.texts()).isEqualTo(texts(301));
      assertThat(Files.readAllBytes(lost)).startsWith(Arrays.copyOf(whole, written(whole)));
      assertThat(node.log.damages()).hasSize(2).allMatch(Scrub.Found::healed);

      flip(log.resolve(name(archived.get(3).path())));
      Scrub.Report report = node.log.scrub();
      assertThat(report.damages()).hasSize(3);
      assertThat(report.healed()).isEqualTo(3);
      assertThat(node.log.verify(0, Long.MAX_VALUE, (_, _) -> {}).good()).isTrue();
    }
  }

  @Test
  void alone_segmentThatChangedInTheArchiveToo_isNotHealedFromThere() throws Exception {
    Path archive = directory("n1").resolve("archive");
    writeAndArchive(archive);
    Path archived = segments(archive).get(2).path();
    Path live = log(directory("n1")).resolve(name(archived));
    unlink(archived);
    flip(archived);
    Files.delete(live);

    try (TestCluster cluster = alone()) {
      Node node = cluster.open("n1");
      assertThatThrownBy(node::start).isInstanceOf(LogException.DamagedException.class);
    }
    assertThat(live).doesNotExist();
  }

  private void writeAndArchive(Path archive) throws Exception {
    try (TestCluster cluster = alone()) {
      Node node = cluster.start("n1").getFirst();
      for (int i = 0; i < 300; i++) {
        node.put("e" + i);
      }
      node.log.sweep();
      TestCluster.until("segments are archived", () -> segments(archive).size() > 4);
    }
  }

  private TestCluster alone() {
    return new TestCluster(root, config -> config.withSegmentBytes(4 << 10), "n1");
  }

  private static List<Segment> segments(Path directory) {
    try {
      return Segments.inOrder(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void unlink(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.delete(file);
    Files.write(file, bytes);
  }

  private static void flip(Path segment) throws IOException {
    byte[] bytes = Files.readAllBytes(segment);
    bytes[written(bytes) / 2] ^= 1;
    Files.write(segment, bytes);
  }

  private static int written(byte[] bytes) {
    return TornTail.writtenBytes(bytes);
  }

  private static String name(Path file) {
    return file.getFileName().toString();
  }

  /* Anything but the locks, whose contents nobody reads. */
  private static String damage(Path directory, Random random) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(directory)) {
      files =
          all.filter(Files::isRegularFile)
              .filter(file -> !file.startsWith(directory.resolve("aside")))
              .filter(file -> !List.of("lock", "in_use.lock").contains(name(file)))
              .sorted()
              .toList();
    }
    Path file = files.get(random.nextInt(files.size()));
    byte[] bytes = Files.readAllBytes(file);
    int written = Math.max(1, TornTail.writtenBytes(bytes));
    int at = random.nextInt(written);
    if (random.nextInt(3) == 0) {
      Files.write(file, Arrays.copyOf(bytes, at));
      return "cut file=" + file + " at=" + at;
    }
    bytes[at] ^= (byte) (1 + random.nextInt(255));
    Files.write(file, bytes);
    return "flipped file=" + file + " at=" + at;
  }

  private static List<String> texts(int count) {
    return java.util.stream.IntStream.range(0, count).mapToObj(i -> "e" + i).toList();
  }

  private TestCluster cluster() {
    return new TestCluster(
        root,
        config -> config.withSnapshotEntries(40).withElectionTimeout(Duration.ofSeconds(1)),
        "n1",
        "n2",
        "n3");
  }

  private Path directory(String node) {
    return root.resolve(node);
  }

  private static Path log(Path directory) throws IOException {
    try (Stream<Path> groups = Files.list(directory.resolve("raft"))) {
      return groups.findFirst().orElseThrow().resolve("current");
    }
  }
}
