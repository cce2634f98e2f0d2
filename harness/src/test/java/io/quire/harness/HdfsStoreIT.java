package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.ager.Ager;
import io.quire.ager.AgerConfig;
import io.quire.ager.AgerException;
import io.quire.ager.Copy;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.ager.Pin;
import io.quire.ager.StoreConfig;
import io.quire.ager.StoreFiles;
import io.quire.ager.StoreMove;
import io.quire.ager.StoreScan;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Extents in a real HDFS, whose DataNode is killed. */
@Timeout(300)
class HdfsStoreIT {
  private static final Duration WAIT = Duration.ofSeconds(60);
  private static final long BUDGET = 8 << 20;
  private static final int BYTES = 300_000;

  private static StoreConfig hdfs(HdfsProcesses hdfs, boolean durable) {
    URI uri = URI.create(hdfs.uri() + "/quire");
    return new StoreConfig(uri, 1L << 30, durable, HdfsProcesses.clientSettings());
  }

  private static StoreConfig flash(Path path) {
    return StoreConfig.parse("flash://" + path, 1L << 30, false);
  }

  private static Ager open(StoreConfig... stores) {
    return Ager.open(AgerConfig.of(BUDGET, List.of(stores), "node-1"));
  }

  private static Extent extent(Ager ager, int seed) {
    try (Draft draft = ager.allocate(BYTES, WAIT)) {
      draft.segment().fill((byte) seed);
      draft.segment().set(ValueLayout.JAVA_INT_UNALIGNED, BYTES / 2, seed);
      return draft.seal();
    }
  }

  private static void check(Ager ager, Extent extent, int seed) {
    try (Pin pin = ager.pin(extent, WAIT)) {
      assertThat(pin.segment().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) seed);
      assertThat(pin.segment().get(ValueLayout.JAVA_INT_UNALIGNED, BYTES / 2)).isEqualTo(seed);
    }
  }

  /** The first calls after a restart may meet connections that died with the old process. */
  private static void awaitReadable(Ager ager, Extent extent, int seed) {
    Deadline deadline = Deadline.in(WAIT);
    while (true) {
      try {
        check(ager, extent, seed);
        return;
      } catch (AgerException.StoreUnavailable e) {
        assertThat(deadline.left()).as(e.getMessage()).isPositive();
      }
    }
  }

  @Test
  void durableCopies_afterAKillOfTheDataNode_areReadVerifiedAndCompacted() throws Exception {
    try (Workspace workspace = Workspace.open("hdfs-store");
        Reaper reaper = Reaper.open();
        HdfsProcesses hdfs = HdfsProcesses.start(workspace.directory("hdfs"), reaper)) {
      StoreConfig store = hdfs(hdfs, true);
      List<Copy> copies = new ArrayList<>();
      try (Ager ager = open(store)) {
        for (int i = 0; i < 20; i++) {
          copies.add(ager.persist(extent(ager, i)).get(60, TimeUnit.SECONDS));
        }
        hdfs.killDataNode();
        hdfs.restartDataNode();
        for (int i = 0; i < 20; i++) {
          awaitReadable(ager, ager.adopt(copies.get(i)), i);
        }
      }
      Set<Copy> found = new HashSet<>();
      Map<Copy, Copy> moved;
      Copy needed = copies.get(7);
      try (StoreFiles files = StoreFiles.open(store)) {
        StoreScan scan = files.verify(found::add, (_, _) -> {});
        assertThat(scan.damage()).isEmpty();
        assertThat(found).containsAll(copies);
        moved = StoreMove.compaction(files, needed::equals, true).run(_ -> {}, (_, _) -> {});
        assertThat(files.stat(_ -> {}, (_, _) -> {}).copies()).isEqualTo(1);
      }
      try (Ager ager = open(store)) {
        check(
            ager,
            ager.adopt(Objects.requireNonNull(moved.get(needed), needed + " was not moved")),
            7);
      }
    }
  }

  @Test
  void spill_dataNodeIsKilled_theNextStoreTakesOverAndNothingIsLost() throws IOException {
    try (Workspace workspace = Workspace.open("hdfs-store");
        Reaper reaper = Reaper.open();
        HdfsProcesses hdfs = HdfsProcesses.start(workspace.directory("hdfs"), reaper);
        Ager ager = open(hdfs(hdfs, false), flash(workspace.directory("flash")))) {
      List<Extent> extents = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        extents.add(extent(ager, i));
      }
      assertThat(ager.stats().stores().get(0).extents()).isPositive();

      hdfs.killDataNode();
      for (int i = 60; i < 120; i++) {
        extents.add(extent(ager, i));
      }
      assertThat(ager.stats().stores().get(0).errors()).isPositive();
      assertThat(ager.stats().stores().get(1).extents()).isPositive();

      hdfs.restartDataNode();
      for (int i = 0; i < extents.size(); i++) {
        awaitReadable(ager, extents.get(i), i);
      }
    }
  }
}
