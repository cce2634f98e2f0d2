package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.Ager;
import io.quire.ager.AgerConfig;
import io.quire.ager.AgerException;
import io.quire.ager.Copy;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.ager.Origin;
import io.quire.ager.OrphanSearch;
import io.quire.ager.Orphans;
import io.quire.ager.Pin;
import io.quire.ager.StoreConfig;
import io.quire.ager.StoreFiles;
import io.quire.ager.StoreMove;
import io.quire.ager.StoreScan;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.SafeModeAction;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Extents in a real HDFS, whose processes are killed, stand still or refuse to write. One HDFS
 * serves all tests, each in a directory of its own, since to start it takes longest.
 */
@Timeout(600)
class HdfsStoreIT {
  private static final Duration WAIT = Duration.ofSeconds(60);
  private static final Duration SHORT = Duration.ofMillis(500);
  private static final long BUDGET = 8 << 20;
  private static final int BYTES = 300_000;

  private static Workspace workspace;
  private static Reaper reaper;
  private static HdfsProcesses hdfs;

  @BeforeAll
  static void start() throws IOException {
    workspace = Workspace.open("hdfs-store");
    reaper = Reaper.open();
    hdfs = HdfsProcesses.start(workspace.directory("hdfs"), reaper);
  }

  @AfterAll
  static void stop() {
    try (Workspace _ = workspace;
        Reaper _ = reaper;
        HdfsProcesses _ = hdfs) {
      // To close them is all there is to do.
    }
  }

  private static StoreConfig hdfs(String name, boolean durable) {
    URI uri = URI.create(hdfs.uri() + "/" + name);
    Map<String, String> settings = new HashMap<>(HdfsProcesses.clientSettings());
    // Who waits for a process that stands still gives up after seconds.
    settings.put("dfs.client.socket-timeout", "1000");
    settings.put("ipc.client.rpc-timeout.ms", "2000");
    return new StoreConfig(uri, 1L << 30, durable, settings);
  }

  private static StoreConfig flash(Path path) {
    return StoreConfig.parse("flash://" + path, 1L << 30, false);
  }

  private static Ager open(StoreConfig... stores) {
    return Ager.open(AgerConfig.of(BUDGET, List.of(stores), "node-1"));
  }

  private static Extent extent(Ager ager, int seed) {
    return extent(ager, seed, WAIT);
  }

  private static Extent extent(Ager ager, int seed, Duration within) {
    try (Draft draft = ager.allocate(BYTES, within)) {
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

  /** What lies in no memory, while all stores but the first are empty. */
  private static List<Integer> absent(Ager ager, List<Extent> extents) {
    return IntStream.range(0, extents.size())
        .filter(
            i -> {
              Optional<Pin> pin = ager.tryPin(extents.get(i));
              pin.ifPresent(Pin::close);
              return pin.isEmpty();
            })
        .boxed()
        .toList();
  }

  private static void addTo(List<Extent> extents, Ager ager, int count) {
    for (int i = 0; i < count; i++) {
      extents.add(extent(ager, extents.size()));
    }
  }

  private static void dropAll(Ager ager, List<Extent> extents) {
    extents.forEach(ager::drop);
    Deadline.in(WAIT).await(() -> ager.stats().accountedBytes() == 0);
    assertThat(ager.stats().accountedBytes()).isZero();
    assertThat(ager.stats().stores()).allMatch(store -> store.extents() == 0);
  }

  /** The second store takes what is new, and a pin of what lies in HDFS ends in time. */
  private static void othersGoOn(Ager ager, List<Extent> extents, List<Integer> absent) {
    assertThatThrownBy(() -> ager.pin(extents.get(absent.getFirst()), Duration.ofSeconds(1)))
        .isInstanceOf(AgerException.StoreUnavailable.class)
        .hasMessageContaining("extent=");
    addTo(extents, ager, 40);
    assertThat(ager.stats().stores().get(0).errors()).isPositive();
    assertThat(ager.stats().stores().get(1).extents()).isPositive();
  }

  @Test
  void dataNodeStandsStill_theNextStoreTakesOverAndNothingIsLost() {
    try (Ager ager = open(hdfs("still", false), flash(workspace.directory("still")))) {
      List<Extent> extents = new ArrayList<>();
      addTo(extents, ager, 50);
      List<Integer> absent = absent(ager, extents);
      hdfs.pauseDataNode();
      try {
        othersGoOn(ager, extents, absent);
      } finally {
        hdfs.resumeDataNode();
      }
      for (int i = 0; i < extents.size(); i++) {
        awaitReadable(ager, extents.get(i), i);
      }
      dropAll(ager, extents);
    }
  }

  /** A reader that was open knows less of a file than was written since; it is not to end it. */
  @Test
  void readsOfAFileThatIsBeingWritten_doNotEndIt() throws Exception {
    try (Ager ager = open(hdfs("grows", false))) {
      List<Extent> extents = new ArrayList<>();
      SplittableRandom random = new SplittableRandom(1);
      for (int round = 0; round < 40; round++) {
        addTo(extents, ager, 20);
        for (int i = 0; i < 5; i++) {
          int old = random.nextInt(extents.size());
          check(ager, extents.get(old), old);
        }
      }
      assertThat(ager.stats().stores().getFirst().errors()).isZero();
      assertThat(containers("grows/spill/node-1")).hasSizeLessThanOrEqualTo(2);
    }
  }

  private static List<String> containers(String directory) throws IOException {
    Configuration client = new Configuration();
    try (FileSystem files = FileSystem.newInstance(hdfs.uri(), client)) {
      return Stream.of(files.listStatus(new org.apache.hadoop.fs.Path("/" + directory)))
          .map(status -> status.getPath().getName())
          .filter(name -> name.endsWith(".quire"))
          .toList();
    }
  }

  /** There is no other store, so whoever wants room waits for it, or is told in time. */
  @Test
  void dataNodeIsSlowerByAHundred_everyCallEndsInTimeAndNothingIsLost() {
    try (Ager ager = open(hdfs("slow", false))) {
      List<Extent> extents = new ArrayList<>();
      addTo(extents, ager, 50);
      List<Integer> absent = absent(ager, extents);
      int told = 0;
      hdfs.slowDataNode();
      try {
        for (int i = 0; i < 10; i++) {
          int seed = extents.size();
          Extent wanted = extents.get(absent.get(i));
          told += endsInTime(() -> extents.add(extent(ager, seed, SHORT))) ? 0 : 1;
          told += endsInTime(() -> ager.pin(wanted, SHORT).close()) ? 0 : 1;
        }
      } finally {
        hdfs.resumeDataNode();
      }
      assertThat(told).as("some were told that it is slow").isPositive();
      for (int i = 0; i < extents.size(); i++) {
        awaitReadable(ager, extents.get(i), i);
      }
      dropAll(ager, extents);
    }
  }

  /** Whether it was done; else it failed as it may. Hardly later than its deadline, either way. */
  private static boolean endsInTime(Runnable call) {
    Deadline deadline = Deadline.in(SHORT.multipliedBy(10));
    try {
      call.run();
      return true;
    } catch (AgerException.StoreUnavailable
        | AgerException.OutOfMemoryBudget
        | AgerException.NoStoreLeft e) {
      return false;
    } finally {
      assertThat(deadline.left()).isPositive();
    }
  }

  @Test
  void hdfsIsGone_theNextStoreTakesOverAndAllIsReadWhenItIsBack() {
    try (Ager ager = open(hdfs("gone", false), flash(workspace.directory("gone")))) {
      List<Extent> extents = new ArrayList<>();
      addTo(extents, ager, 50);
      List<Integer> absent = absent(ager, extents);
      hdfs.kill();
      try {
        othersGoOn(ager, extents, absent);
      } finally {
        hdfs.restart();
      }
      for (int i = 0; i < extents.size(); i++) {
        awaitReadable(ager, extents.get(i), i);
      }
      dropAll(ager, extents);
    }
  }

  @Test
  void nameNodeInSafeMode_readsGoOnAndTheNextStoreTakesWhatIsWritten() throws Exception {
    StoreConfig second =
        StoreConfig.parse("flash://" + workspace.directory("safe"), 1L << 30, true);
    AgerConfig config =
        AgerConfig.of(BUDGET, List.of(hdfs("safe", true), second), "node-1")
            .withContainerBytes(1 << 20);
    Configuration client = new Configuration();
    HdfsProcesses.clientSettings().forEach(client::set);
    try (FileSystem files = FileSystem.newInstance(hdfs.uri(), client);
        Ager ager = Ager.open(config)) {
      DistributedFileSystem admin = (DistributedFileSystem) files;
      List<Extent> extents = new ArrayList<>();
      addTo(extents, ager, 50);
      List<Integer> absent = absent(ager, extents);
      admin.setSafeMode(SafeModeAction.ENTER);
      Copy copy;
      try {
        for (int i : absent) {
          check(ager, extents.get(i), i);
        }
        addTo(extents, ager, 40);
        copy = ager.persist(extents.getLast()).get(60, TimeUnit.SECONDS);
        assertThat(copy.store()).startsWith("flash:");
        assertThat(ager.stats().stores().get(1).extents()).isGreaterThan(1);
      } finally {
        admin.setSafeMode(SafeModeAction.LEAVE);
      }
      for (int i = 0; i < extents.size(); i++) {
        check(ager, extents.get(i), i);
      }
      check(ager, ager.adopt(copy), extents.size() - 1);
    }
  }

  @Test
  void flashIsFull_givesItsColdestToHdfs() {
    StoreConfig flash =
        StoreConfig.parse("flash://" + workspace.directory("full"), 40L * BYTES, false);
    try (Ager ager = open(flash, hdfs("cold", false))) {
      List<Extent> extents = new ArrayList<>();
      addTo(extents, ager, 60);
      Deadline deadline = Deadline.in(WAIT);
      while (ager.stats().stores().get(0).movedOut() == 0) {
        assertThat(deadline.left()).as("some were moved").isPositive();
        for (int i = 10; i < extents.size(); i++) {
          check(ager, extents.get(i), i);
        }
      }
      assertThat(ager.stats().stores().get(1).movedIn()).isPositive();
      for (int i = 0; i < extents.size(); i++) {
        check(ager, extents.get(i), i);
      }
      dropAll(ager, extents);
    }
  }

  @Test
  void durableCopies_afterAKillOfTheDataNode_areReadVerifiedAndCompacted() throws Exception {
    StoreConfig store = hdfs("durable", true);
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

  /** Until the NameNode has ended the file, the DataNode does not say how long it is. */
  @Test
  void verify_rightAfterAWriterDied_waitsUntilItsFileIsEnded() throws Exception {
    StoreConfig store = hdfs("left", true);
    List<Copy> copies = new ArrayList<>();
    try (Ager ager = open(store)) {
      copies.add(ager.persist(extent(ager, 1)).get(60, TimeUnit.SECONDS));
    }
    ChildProcess writer =
        reaper.start(
            JavaCommand.of(LeftFile.class.getName(), hdfs.uri() + "/left/durable/gone-000001.quire")
                .launch("writer", workspace.directory("writer")));
    writer.awaitLine(LeftFile.WRITTEN, WAIT);
    writer.kill9();
    hdfs.killDataNode();
    hdfs.restartDataNode();
    Set<Copy> found = new HashSet<>();
    try (StoreFiles files = StoreFiles.open(store)) {
      files.verify(found::add, (_, _) -> {});
    }
    assertThat(found).containsExactlyElementsOf(copies);
  }

  /** Needs the copies of some loads, and believes nobody to live. */
  private record Needed(Set<Long> loads) implements OrphanSearch.Needs {
    @Override
    public OrphanSearch.Need of(Copy copy, Origin origin) {
      return loads.contains(origin.load())
          ? OrphanSearch.Need.NEEDED
          : OrphanSearch.Need.NOT_NEEDED;
    }

    @Override
    public boolean lives(String owner) {
      return false;
    }
  }

  private static Orphans search(Ager ager, Long... needed) {
    return ager.orphans()
        .run(
            OrphanSearch.Stores.SHARED, OrphanSearch.Mode.REMOVE, new Needed(Set.of(needed)), WAIT);
  }

  /** Its file was never ended, and the NameNode takes it for one that is being written. */
  @Test
  void orphans_ofAWriterThatWasKilled_goWhenNothingInTheirFileIsNeeded() throws Exception {
    StoreConfig store = hdfs("orphans", true);
    ChildProcess writer =
        reaper.start(
            JavaCommand.of(LeftCopies.class.getName(), hdfs.uri() + "/orphans", "3")
                .launch("left-copies", workspace.directory("left-copies")));
    writer.awaitLine(LeftCopies.WRITTEN, WAIT);
    writer.kill9();
    try (Ager ager = open(store)) {
      Orphans found = search(ager, 3L);
      assertThat(found.files())
          .extracting(Orphans.Found::verdict)
          .containsExactly(Orphans.Verdict.NEEDED);
      Set<Copy> copies = new HashSet<>();
      try (StoreFiles files = StoreFiles.open(store)) {
        files.verify(copies::add, (_, _) -> {});
      }
      assertThat(copies).hasSize(3);
      assertThat(search(ager).count(Orphans.Verdict.ORPHAN)).isEqualTo(1);
      try (StoreFiles files = StoreFiles.open(store)) {
        assertThat(files.stat(_ -> {}, (_, _) -> {}).containers()).isEmpty();
      }
    }
  }

  /** A file of HDFS may be renamed while it is written, and its writer is not told. */
  @Test
  void orphans_ofAWriterThatLivesAllTheSame_costItNoCopyThatItReports() throws Exception {
    StoreConfig store = hdfs("alive", true);
    try (Ager writer = Ager.open(AgerConfig.of(BUDGET, List.of(store), "alive-1"));
        Ager searcher = open(store)) {
      persist(writer, 1);
      assertThat(search(searcher).count(Orphans.Verdict.ORPHAN)).isEqualTo(1);
      Copy second = persist(writer, 2);
      assertThat(search(searcher, 2L).count(Orphans.Verdict.NEEDED)).isEqualTo(1);
      Copy third = persist(writer, 3);
      assertThat(third.file()).isEqualTo(second.file());
      check(searcher, searcher.adopt(second), 2);
      check(searcher, searcher.adopt(third), 3);
    }
  }

  private static Copy persist(Ager ager, int seed) throws Exception {
    Origin origin = new Origin(LeftCopies.CLUSTER, seed, seed);
    return ager.persist(extent(ager, seed), origin).get(60, TimeUnit.SECONDS);
  }

  @Test
  void bitFlipsInABlock_isFoundNamedAndReadAgainOnceItIsMended() throws Exception {
    try (Ager ager = open(hdfs("flipped", true))) {
      long mark = 0x5175_6972_6520_4D61L;
      Extent extent;
      try (Draft draft = ager.allocate(BYTES, WAIT)) {
        draft.segment().set(ValueLayout.JAVA_LONG_UNALIGNED, BYTES / 2, mark);
        extent = draft.seal();
      }
      Extent adopted = ager.adopt(ager.persist(extent).get(60, TimeUnit.SECONDS));

      flipABit(mark);
      assertThatThrownBy(() -> ager.pin(adopted, WAIT))
          .isInstanceOf(AgerException.class)
          .hasMessageContaining("extent=" + adopted.id());

      flipABit(mark);
      try (Pin pin = ager.pin(adopted, WAIT)) {
        assertThat(pin.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, BYTES / 2)).isEqualTo(mark);
      }
    }
  }

  /** In the block of the DataNode that holds these bytes, right after them. */
  private static void flipABit(long mark) throws IOException {
    String wanted =
        new String(
            ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder()).putLong(mark).array(),
            StandardCharsets.ISO_8859_1);
    int found = 0;
    try (Stream<Path> files = Files.walk(workspace.directory("hdfs"))) {
      for (Path file : files.filter(HdfsStoreIT::isBlock).toList()) {
        int at = Files.readString(file, StandardCharsets.ISO_8859_1).indexOf(wanted);
        if (at >= 0) {
          found++;
          try (RandomAccessFile block = new RandomAccessFile(file.toFile(), "rw")) {
            block.seek(at + Long.BYTES);
            int value = block.read();
            block.seek(at + Long.BYTES);
            block.write(value ^ 1);
          }
        }
      }
    }
    assertThat(found).as("blocks with the mark").isEqualTo(1);
  }

  private static boolean isBlock(Path file) {
    String name = file.getFileName().toString();
    return name.startsWith("blk_") && !name.endsWith(".meta");
  }

  @Test
  void spill_dataNodeIsKilled_theNextStoreTakesOverAndNothingIsLost() {
    try (Ager ager = open(hdfs("killed", false), flash(workspace.directory("killed")))) {
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
