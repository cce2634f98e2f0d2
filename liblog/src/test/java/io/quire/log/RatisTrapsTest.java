package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log.Fence;
import io.quire.base.NodeId;
import io.quire.base.Position;
import io.quire.log.Watermark.Mark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.raftlog.segmented.LogSegment;
import org.apache.ratis.server.raftlog.segmented.LogSegmentPath;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What Ratis does that would harm a log, shown on Ratis itself, and what we do instead. */
@Timeout(600)
class RatisTrapsTest {
  private static final int FILE_BYTES = 8192;

  @TempDir Path root;

  @Test
  void tornTail_stopsRatis_andIsMended() throws Exception {
    SegmentBytes entries = entries();
    byte[] torn =
        Arrays.copyOf(Arrays.copyOf(entries.toBytes(), entries.length() - 60), FILE_BYTES);
    Path segment = write("log_inprogress_0", torn);
    assertThatThrownBy(() -> read(segment, CorruptionPolicy.EXCEPTION))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("Log entry corrupted");

    Doctor doctor = Doctor.examine(root, root.resolve("aside"), -1, new Mark(3, 1, false));
    assertThat(doctor.damages()).isEmpty();
    doctor.mend();
    assertThat(read(segment, CorruptionPolicy.EXCEPTION)).isEqualTo(4);
  }

  @Test
  void policyThatWarnsAndReturns_dropsAcknowledgedEntries_andIsNotUsed() throws Exception {
    SegmentBytes entries = entries();
    byte[] bad = entries.padded(FILE_BYTES);
    bad[entries.start(1) + 20] ^= 1;
    Path segment = write("log_inprogress_0", bad);
    assertThat(read(segment, CorruptionPolicy.WARN_AND_RETURN)).isEqualTo(1);

    assertThat(RaftServerConfigKeys.Log.corruptionPolicy(settings()))
        .isEqualTo(CorruptionPolicy.EXCEPTION);
    Doctor doctor = Doctor.examine(root, root.resolve("aside"), -1, new Mark(4, 1, true));
    assertThat(doctor.damages()).hasSize(1);
    assertThat(Files.readAllBytes(segment)).isEqualTo(bad);
  }

  @Test
  void closedSegmentCutAtAnEntry_passesForAShorterOne_andIsFound() throws Exception {
    SegmentBytes entries = entries();
    Path segment = write("log_0-4", Arrays.copyOf(entries.toBytes(), entries.start(3)));
    assertThat(read(segment, CorruptionPolicy.EXCEPTION)).isEqualTo(3);
    assertThat(Doctor.examine(root, root.resolve("aside"), -1, new Mark(4, 1, true)).damages())
        .singleElement()
        .satisfies(
            damage -> {
              assertThat(damage.first()).isEqualTo(3);
              assertThat(damage.last()).isEqualTo(4);
            });
  }

  @Test
  void flushModesThatAcknowledgeTooEarly_areOff() {
    assertThat(RaftServerConfigKeys.Log.asyncFlushEnabled(settings())).isFalse();
    assertThat(RaftServerConfigKeys.Log.unsafeFlushEnabled(settings())).isFalse();
    assertThat(RaftServerConfigKeys.Log.StateMachineData.sync(settings())).isTrue();
  }

  /** Its index of what is flushed goes on counting entries that others stand in the place of. */
  @Test
  void entriesThatAreTakenBack_countUntilOthersAreFlushedInTheirPlace_andThoseAreNoted()
      throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1", "n2", "n3")) {
      List<TestCluster.Node> nodes = cluster.start("n1", "n2", "n3");
      TestCluster.Node leader = cluster.leader();
      leader.put("one");
      List<TestCluster.Node> others = nodes.stream().filter(node -> node != leader).toList();
      others.forEach(TestCluster.Node::stop);
      CompletableFuture<?> lost = leader.append("lost", Fence.NONE);
      TestCluster.until("it gave up", () -> leader.log.leader() == null);
      assertThat(lost.state()).isNotEqualTo(Future.State.SUCCESS);
      leader.stop();
      cluster.start(others.getFirst().id.name(), others.getLast().id.name());
      cluster.leader().put("two");
      TestCluster.Node returned = cluster.start(leader.id.name()).getFirst();
      cluster.leader().put("three");
      TestCluster.until("it has all", () -> returned.texts().contains("three"));
      assertThat(returned.texts()).doesNotContain("lost");
      long applied = Position.index(returned.onLoop(returned.log::applied));
      returned.stop();
      Mark mark = Watermark.read(returned.directory().resolve(Watermark.FILE), Watermark.boot());
      assertThat(mark.index()).isGreaterThanOrEqualTo(applied);
      assertThat(mark.exact()).isTrue();
    }
  }

  @Test
  void snapshotsByRatis_whichPurge_areOff() {
    assertThat(RaftServerConfigKeys.Snapshot.autoTriggerEnabled(settings())).isFalse();
  }

  /** Of a segment, of the directory that names it, and of the watermark. */
  @ParameterizedTest
  @ValueSource(strings = {"log_inprogress_", "current", "watermark"})
  void syncThatFails_stopsTheNodeAndIsNeverAcknowledged(String what) throws Exception {
    Path output = root.resolve("output");
    Path logs = Files.createDirectory(root.resolve("logs"));
    Process child = FaultyFiles.java(SyncFailure.class, output, logs.toString(), what);
    try {
      assertThat(child.waitFor(5, TimeUnit.MINUTES)).isTrue();
      assertThat(child.exitValue()).describedAs(Files.readString(output)).isZero();
    } finally {
      child.destroyForcibly();
    }
  }

  private static RaftProperties settings() {
    NodeId node = new NodeId("n1");
    return RaftSettings.of(
        LogConfig.of("test", node, Path.of("d"), List.of(node)), Path.of("d"), true);
  }

  private static int read(Path segment, CorruptionPolicy policy) throws IOException {
    List<Long> indexes = new ArrayList<>();
    return LogSegment.readSegmentFile(
        segment.toFile(),
        LogSegmentPath.matchLogSegment(segment).getStartEnd(),
        RaftSettings.ENTRY_BYTES_MAX,
        policy,
        null,
        entry -> indexes.add(entry.getIndex()));
  }

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(root.resolve(name), bytes);
  }

  private static SegmentBytes entries() {
    Random random = new Random(5);
    SegmentBytes entries = new SegmentBytes(0);
    for (int i = 0; i < 5; i++) {
      entries.add(random, 200);
    }
    return entries;
  }
}
