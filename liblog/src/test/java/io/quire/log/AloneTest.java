package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.base.Log.Applied;
import io.quire.base.Log.Entry;
import io.quire.base.Log.Fence;
import io.quire.base.Position;
import io.quire.log.TestCluster.Node;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A group of one. Tests run at once, because each waits for a second until Ratis has closed. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(300)
class AloneTest {
  @TempDir Path root;

  @Test
  void restart_keepsEntriesAndChain() throws Exception {
    List<String> before;
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      assertThat(cluster.leader()).isSameAs(node);
      for (int i = 0; i < 20; i++) {
        Applied applied = node.put("e" + i);
        assertThat(new String(applied.result(), StandardCharsets.UTF_8)).isEqualTo("#" + (i + 1));
        assertThat(node.log.applied()).isGreaterThanOrEqualTo(applied.position());
      }
      before = node.transactions.lines();
    }
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("after");
      assertThat(node.transactions.lines()).startsWith(before.toArray(String[]::new)).hasSize(21);
      assertThat(node.terms).hasSize(1);
      assertThat(node.fatal).isEmpty();
    }
  }

  @Test
  void append_ofMany_keepsTheirOrderInFewFrames() throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      cluster.leader();
      List<CompletableFuture<Applied>> all = new ArrayList<>();
      List<String> wanted = new ArrayList<>();
      for (int call = 0; call < 100; call++) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
          wanted.add(call + "-" + i);
          entries.add(TestCluster.entry(call + "-" + i, Fence.NONE));
        }
        all.addAll(node.append(entries));
      }
      long last = Position.NONE;
      for (CompletableFuture<Applied> each : all) {
        long position = TestCluster.get(each).position();
        assertThat(position).isGreaterThan(last);
        last = position;
      }
      assertThat(node.texts()).isEqualTo(wanted);
      LogStatus status = node.log.status();
      assertThat(status.appendedEntries()).isEqualTo(5000);
      assertThat(status.appendedFrames()).isLessThan(101);
      assertThat(status.role()).isEqualTo("LEADER");
      assertThat(status.voters()).containsExactly(status.peerId());
    }
  }

  @Test
  void append_ofLargestEntry_isApplied() throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      cluster.leader();
      byte[] payload = new byte[Entry.PAYLOAD_BYTES_MAX];
      Entry entry = new Entry(Log.Stream.SESSIONS, Fence.NONE, payload);
      List<CompletableFuture<Applied>> results = node.append(List.of(entry, entry));
      TestCluster.get(results.getLast());
      assertThat(node.sessions.lines()).hasSize(2);
    }
  }

  @Test
  void append_beyondTheQueue_isNotAppended() throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      cluster.leader();
      List<Entry> entries = new ArrayList<>();
      for (int i = 0; i <= Appends.QUEUE_ENTRIES_MAX; i++) {
        entries.add(TestCluster.entry("x", Fence.NONE));
      }
      List<CompletableFuture<Applied>> results = node.append(entries);
      assertThatThrownBy(() -> TestCluster.get(results.getFirst()))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(Log.NotAppendedException.class)
          .hasMessageContaining("too many entries wait");
    }
  }

  @Test
  void append_withFenceThatDoesNotHold_isVoid() throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      cluster.leader();
      long term = node.onLoop(node.log::leadingTerm);
      assertThat(TestCluster.get(node.append("a", Fence.epoch(1))).fenced()).isFalse();
      assertThat(TestCluster.get(node.append("b", Fence.epoch(2))).fenced()).isTrue();
      assertThat(TestCluster.get(node.append("c", Fence.term(term))).fenced()).isFalse();
      Applied old = TestCluster.get(node.append("d", Fence.term(term - 1)));
      assertThat(old.fenced()).isTrue();
      assertThat(old.result()).isEmpty();
      assertThat(node.texts()).containsExactly("a", "void b", "c", "void d");
    }
  }

  @Test
  void restart_fromSnapshot_appliesOnlyTheTail() throws Exception {
    List<String> before;
    try (TestCluster cluster =
        new TestCluster(root, config -> config.withSnapshotEntries(10), "n1")) {
      Node node = cluster.start("n1").getFirst();
      for (int i = 0; i < 35; i++) {
        node.put("e" + i);
      }
      Path snapshots = node.directory().resolve("snapshots");
      TestCluster.until("two snapshots are kept", () -> files(snapshots) == 2);
      before = node.transactions.lines();
    }
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("after");
      assertThat(node.transactions.restoredAt).isGreaterThan(Position.of(15, 0));
      assertThat(node.transactions.lines()).startsWith(before.toArray(String[]::new)).hasSize(36);
    }
  }

  @Test
  void apply_ofFrameThatDoesNotVerify_stopsTheNode() throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("good");
      Applier stranger = new Applier();
      stranger.register(new Journal(Log.Stream.TRANSACTIONS));
      byte[] frame = Frame.encode(77, List.of(LogRecord.of(TestCluster.entry("x", Fence.NONE))));
      assertThatThrownBy(() -> stranger.apply(1, 1, Frame.decode(ByteBuffer.wrap(frame))))
          .isInstanceOf(LogException.CorruptEntryException.class);
      assertThatThrownBy(() -> stranger.advance(1, 2)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void apply_thatThrows_stopsTheNodeAndAppliesNothingMore() throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("good");
      var _ = node.append("poison", Fence.NONE);
      TestCluster.until("the loop hears of it", () -> !node.fatal.isEmpty());
      assertThat(node.texts()).containsExactly("good");
    }
  }

  @Test
  void start_afterTornTail_cutsItAndKeepsTheRest() throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("one");
      node.put("two");
    }
    Path segment = segment(root.resolve("n1"));
    long length = Files.size(segment);
    try (FileChannel channel = FileChannel.open(segment, StandardOpenOption.WRITE)) {
      // The first half of an entry of 100 bytes, in zeros.
      ByteBuffer torn = ByteBuffer.allocate(4096);
      torn.put((byte) 100);
      for (int i = 0; i < 50; i++) {
        torn.put((byte) (i + 1));
      }
      channel.write(torn.rewind(), length);
    }
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("three");
      assertThat(node.texts()).containsExactly("one", "two", "three");
      assertThat(files(node.directory().resolve("aside"))).isEqualTo(1);
    }
  }

  @Test
  void start_afterFlippedBit_isRefusedAndCutsNothing() throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.start("n1").getFirst();
      node.put("one");
      node.put("two");
    }
    Path segment = segment(root.resolve("n1"));
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length - 20] ^= 4;
    Files.write(segment, bytes);
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node node = cluster.open("n1");
      assertThatThrownBy(node::start).isInstanceOf(LogException.DamagedException.class);
    }
    assertThat(Files.readAllBytes(segment)).isEqualTo(bytes);
  }

  private static Path segment(Path directory) throws Exception {
    try (var paths = Files.walk(directory)) {
      return paths
          .filter(path -> path.getFileName().toString().startsWith("log_inprogress_"))
          .findFirst()
          .orElseThrow();
    }
  }

  private static long files(Path directory) {
    String[] names = directory.toFile().list((in, name) -> !name.endsWith(".tmp"));
    return names == null ? 0 : names.length;
  }
}
