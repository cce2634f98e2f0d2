package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.OrphanSearch.Mode;
import io.quire.ager.OrphanSearch.Need;
import io.quire.ager.OrphanSearch.Needs;
import io.quire.ager.OrphanSearch.Stores;
import io.quire.ager.Orphans.Found;
import io.quire.ager.Orphans.Verdict;
import io.quire.base.Checksum;
import io.quire.base.WireWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class OrphanSearchTest {
  private static final long BUDGET = 1 << 20;
  private static final int BYTES = 9_001;
  private static final long FOOTPRINT = StoreHeader.BYTES + StoreHeader.padded(BYTES);
  private static final int IN_A_FILE = 4;
  private static final UUID CLUSTER = new UUID(1, 2);
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir Path directory;

  /** What is needed, by load and by place; nobody lives unless it is said. */
  private static class Catalogue implements Needs {
    final Set<Long> loads = ConcurrentHashMap.newKeySet();
    final Set<String> places = ConcurrentHashMap.newKeySet();
    final Set<String> living = ConcurrentHashMap.newKeySet();
    int asked;

    static String place(Copy copy) {
      return copy.file() + " " + copy.offset();
    }

    @Override
    public Need of(Copy copy, Origin origin) {
      asked++;
      if (!origin.cluster().equals(CLUSTER)) {
        return Need.UNKNOWN;
      }
      return loads.contains(origin.load()) || places.contains(place(copy))
          ? Need.NEEDED
          : Need.NOT_NEEDED;
    }

    @Override
    public boolean lives(String owner) {
      return living.contains(owner);
    }
  }

  private static Ager ager(String owner, StoreConfig store) {
    return Ager.open(
        AgerConfig.of(BUDGET, List.of(store), owner)
            .withContainerBytes(IN_A_FILE * FOOTPRINT)
            .withPinTrace(PinTrace.Mode.STRICT));
  }

  private static Copy persist(Ager ager, long seed, Origin origin) throws Exception {
    return ager.persist(Samples.extent(ager, seed, BYTES), origin).get(30, TimeUnit.SECONDS);
  }

  /** Written by a process that has ended: copies with their numbers as loads, from 1 on. */
  private static List<Copy> persisted(StoreConfig store, int count) throws Exception {
    List<Copy> copies = new ArrayList<>();
    try (Ager ager = ager("dead-1", store)) {
      for (int load = 1; load <= count; load++) {
        copies.add(persist(ager, load, new Origin(CLUSTER, load, load)));
      }
    }
    return copies;
  }

  private static Orphans search(StoreConfig store, Mode mode, Needs needs) {
    try (Ager ager = ager("searcher-1", store)) {
      return ager.orphans().run(Stores.ALL, mode, needs, LONG);
    }
  }

  private static void checkReadable(StoreConfig store, Copy copy, long seed) {
    try (Ager ager = ager("reader-1", store)) {
      ager.check(copy);
      Samples.check(ager, ager.adopt(copy), seed);
    }
  }

  private List<StoreConfig> stores() {
    String striped = directory.resolve("a") + "," + directory.resolve("b");
    return List.of(
        Samples.durableFlash(directory.resolve("flash")),
        StoreConfig.parse("flash://" + striped, 1L << 30, true),
        Samples.hadoop(directory.resolve("hadoop"), true));
  }

  private List<Path> containers() {
    return Samples.filesBelow(directory).stream()
        .filter(file -> file.toString().contains("/durable/"))
        .toList();
  }

  @Test
  void run_ofEachKindOfStore_removesFilesOfWhichNothingIsNeeded_andNoOther() throws Exception {
    for (StoreConfig store : stores()) {
      List<Copy> copies = persisted(store, 3 * IN_A_FILE);
      Catalogue catalogue = new Catalogue();
      catalogue.places.add(Catalogue.place(copies.get(IN_A_FILE + 2)));
      catalogue.loads.add(copies.size() + 0L);

      Orphans counted = search(store, Mode.COUNT, catalogue);
      assertThat(counted.complete()).isTrue();
      assertThat(counted.files())
          .extracting(Found::verdict)
          .containsExactly(Verdict.ORPHAN, Verdict.NEEDED, Verdict.NEEDED);
      assertThat(counted.files())
          .extracting(Found::unneededBytes)
          .containsExactly(4 * FOOTPRINT, 3 * FOOTPRINT, 3 * FOOTPRINT);
      assertThat(containers()).as("counting removes nothing").hasSize(3);

      Orphans removed = search(store, Mode.REMOVE, catalogue);
      assertThat(removed.count(Verdict.ORPHAN)).isEqualTo(1);
      assertThat(removed.bytes(Verdict.ORPHAN)).isEqualTo(4 * FOOTPRINT + StoreHeader.BYTES);
      assertThat(containers()).hasSize(2);
      checkReadable(store, copies.get(IN_A_FILE + 2), IN_A_FILE + 3);
      checkReadable(store, copies.getLast(), copies.size());
      assertThatThrownBy(() -> checkReadable(store, copies.getFirst(), 1))
          .isInstanceOf(AgerException.StoreUnavailable.class);

      catalogue.places.clear();
      catalogue.loads.clear();
      assertThat(search(store, Mode.REMOVE, catalogue).count(Verdict.ORPHAN)).isEqualTo(2);
      assertThat(containers()).isEmpty();
    }
  }

  @Test
  void run_ofWhatOthersWrote_orALivingOne_keepsIt() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    Copy unknown;
    try (Ager ager = ager("dead-2", store)) {
      unknown = persist(ager, 1, Origin.NONE);
      persist(ager, 2, new Origin(new UUID(7, 7), 3, 3));
    }
    try (Ager ager = ager("dead-3", store)) {
      persist(ager, 3, new Origin(new UUID(7, 7), 3, 3));
    }
    persisted(store, 1);
    Catalogue catalogue = new Catalogue();
    catalogue.living.add("dead-1");
    Orphans found = search(store, Mode.REMOVE, catalogue);
    assertThat(found.files())
        .extracting(Found::verdict)
        .containsExactly(Verdict.LIVING, Verdict.OF_OTHERS, Verdict.OF_OTHERS);
    checkReadable(store, unknown, 1);
  }

  @Test
  void run_ofWhatAPersonMoved_keepsIt() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    List<Copy> copies = persisted(store, IN_A_FILE);
    try (StoreFiles files = StoreFiles.open(store)) {
      StoreMove.compaction(files, copies.getFirst()::equals, false).run(_ -> {}, (_, _) -> {});
    }
    Orphans found = search(store, Mode.REMOVE, new Catalogue());
    assertThat(found.files()).extracting(Found::verdict).containsExactly(Verdict.OF_OTHERS);
    assertThat(found.files().getFirst().file()).isEqualTo("durable/moved-000001.quire");
    assertThat(containers()).hasSize(1);
  }

  private void truncate(Copy copy, long bytes) throws IOException {
    try (FileChannel channel =
        FileChannel.open(directory.resolve(copy.file()), StandardOpenOption.WRITE)) {
      channel.truncate(bytes);
    }
  }

  @Test
  void run_ofAFileCutAnywhere_removesItUnlessACopyInItIsNeeded() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    for (long cut = 3 * FOOTPRINT + 512; cut >= 0; cut -= 4096 + 512) {
      List<Copy> copies = persisted(store, 3);
      truncate(copies.getFirst(), cut);
      int whole = (int) (cut / FOOTPRINT);
      Catalogue catalogue = new Catalogue();
      if (whole > 0) {
        catalogue.loads.add((long) whole);
        Orphans kept = search(store, Mode.REMOVE, catalogue);
        assertThat(kept.files()).extracting(Found::verdict).containsExactly(Verdict.NEEDED);
        checkReadable(store, copies.get(whole - 1), whole);
        catalogue.loads.clear();
      }
      Orphans found = search(store, Mode.REMOVE, catalogue);
      assertThat(found.count(Verdict.ORPHAN)).as("cut at %d", cut).isEqualTo(1);
      assertThat(containers()).isEmpty();
    }
  }

  @Test
  void run_ofDamage_keepsTheFileAndSaysWhere() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    List<Copy> copies = persisted(store, 3);
    Path file = directory.resolve(copies.getFirst().file());
    byte[] good = Files.readAllBytes(file);
    flip(file, copies.get(1).offset() + 20);
    assertKept(store, "offset=" + FOOTPRINT);

    // As a later build might write it, at the end.
    Files.write(file, good);
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.setLength(3 * FOOTPRINT);
      byte[] header = new byte[StoreHeader.BYTES];
      bytes.seek(2 * FOOTPRINT);
      bytes.readFully(header);
      header[8] = 99;
      WireWriter checksum = new WireWriter().int32(Checksum.of(header, 0, 4092));
      System.arraycopy(checksum.toBytes(), 0, header, 4092, 4);
      bytes.seek(2 * FOOTPRINT);
      bytes.write(header);
    }
    assertKept(store, "form that is not known here");
  }

  @Test
  void run_ofAFileThatEndsAmidACopyThatIsNeeded_keepsIt() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    List<Copy> copies = persisted(store, 2);
    truncate(copies.getFirst(), 2 * FOOTPRINT - 4096);
    Catalogue catalogue = new Catalogue();
    catalogue.places.add(Catalogue.place(copies.get(1)));
    Orphans found = search(store, Mode.REMOVE, catalogue);
    assertThat(found.files()).extracting(Found::verdict).containsExactly(Verdict.DAMAGED);
    assertThat(found.files().getFirst().why()).contains("offset=" + FOOTPRINT, "amid a copy");
    catalogue.places.clear();
    assertThat(search(store, Mode.REMOVE, catalogue).count(Verdict.ORPHAN)).isEqualTo(1);
  }

  private void assertKept(StoreConfig store, String why) {
    for (Mode mode : List.of(Mode.COUNT, Mode.REMOVE, Mode.REMOVE)) {
      Orphans found = search(store, mode, new Catalogue());
      assertThat(found.files()).extracting(Found::verdict).containsExactly(Verdict.DAMAGED);
      assertThat(found.files().getFirst().why()).contains(why);
    }
    assertThat(containers()).hasSize(1);
  }

  private static void flip(Path file, long at) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(at);
      int value = bytes.read();
      bytes.seek(at);
      bytes.write(value ^ 1);
    }
  }

  /** One search after the other by the same ager: what was read once is not read again. */
  @Test
  void run_againAndAgain_asksOnlyForWhatWasNeededBefore() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    persisted(store, 2 * IN_A_FILE);
    Catalogue catalogue = new Catalogue();
    catalogue.loads.addAll(List.of(3L, 8L));
    try (Ager ager = ager("searcher-1", store)) {
      OrphanSearch search = ager.orphans();
      search.run(Stores.ALL, Mode.REMOVE, catalogue, LONG);
      assertThat(catalogue.asked).isEqualTo(3 + 4);
      search.run(Stores.ALL, Mode.REMOVE, catalogue, LONG);
      assertThat(catalogue.asked).as("one more of each file").isEqualTo(7 + 2);
      catalogue.loads.clear();
      Orphans last = search.run(Stores.ALL, Mode.REMOVE, catalogue, LONG);
      assertThat(catalogue.asked).as("each once, but those").isEqualTo(9 + 3);
      assertThat(last.count(Verdict.ORPHAN)).isEqualTo(2);
      assertThat(ager.stats().stores().getFirst().usedBytes())
          .as("what was found at the start is free")
          .isLessThan(FOOTPRINT);
    }
  }

  @Test
  void run_withoutTime_saysThatItIsNotWhole_andTheNextGoesOnThere() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    persisted(store, 6 * IN_A_FILE);
    Catalogue all = new Catalogue();
    for (long load = 1; load <= 6 * IN_A_FILE; load++) {
      all.loads.add(load);
    }
    List<String> looked = new ArrayList<>();
    try (Ager ager = ager("searcher-1", store)) {
      OrphanSearch search = ager.orphans();
      for (int round = 0; looked.size() < 6; round++) {
        assertThat(round).isLessThan(7);
        Deadline one = Deadline.in(LONG);
        Needs slow =
            new Needs() {
              @Override
              public Need of(Copy copy, Origin origin) {
                // The deadline of a search passes with its first question.
                Thread.currentThread().interrupt();
                return all.of(copy, origin);
              }

              @Override
              public boolean lives(String owner) {
                return false;
              }
            };
        Orphans found = search.run(Stores.ALL, Mode.REMOVE, slow, LONG);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(one.passed()).isFalse();
        assertThat(found.complete()).isFalse();
        found.files().forEach(file -> looked.add(file.file()));
      }
    }
    assertThat(looked).hasSize(6).doesNotHaveDuplicates();
  }

  /** A copy that comes between the two looks at a file without an end. */
  @Test
  void run_whileATakenForDeadWriterAppends_keepsWhatItReported() throws Exception {
    for (StoreConfig store : stores()) {
      try (Ager writer = ager("alive-1", store);
          Ager searcher = ager("searcher-1", store)) {
        persist(writer, 1, new Origin(CLUSTER, 1, 1));
        List<Copy> late = new ArrayList<>();
        Catalogue catalogue =
            new Catalogue() {
              @Override
              public Need of(Copy copy, Origin origin) {
                if (late.isEmpty()) {
                  loads.add(2L);
                  try {
                    late.add(persist(writer, 2, new Origin(CLUSTER, 2, 2)));
                  } catch (Exception e) {
                    throw new IllegalStateException(e);
                  }
                }
                return super.of(copy, origin);
              }
            };
        Orphans found = searcher.orphans().run(Stores.ALL, Mode.REMOVE, catalogue, LONG);
        assertThat(found.files()).extracting(Found::verdict).containsExactly(Verdict.NEEDED);
        checkReadable(store, late.getFirst(), 2);

        catalogue.loads.clear();
        found = searcher.orphans().run(Stores.ALL, Mode.REMOVE, catalogue, LONG);
        assertThat(found.count(Verdict.ORPHAN)).isEqualTo(1);
        Copy next = persist(writer, 3, new Origin(CLUSTER, 3, 3));
        assertThat(next.file()).as("its file is gone").isNotEqualTo(late.getFirst().file());
        checkReadable(store, next, 3);
      }
    }
  }

  @Test
  void run_afterOneThatDiedAmidIt_takesOverWhatThatSetAside() throws Exception {
    StoreConfig store = Samples.durableFlash(directory);
    List<Copy> copies = persisted(store, 2 * IN_A_FILE);
    List<String> files = copies.stream().map(Copy::file).distinct().toList();
    for (String file : files) {
      Path path = directory.resolve(file);
      Files.move(path, path.resolveSibling(path.getFileName() + ".other-7-3.aside"));
    }
    Catalogue catalogue = new Catalogue();
    catalogue.loads.add(1L);
    catalogue.living.add("other-7");
    assertThat(search(store, Mode.REMOVE, catalogue).files()).as("its own matter").isEmpty();
    catalogue.living.clear();
    Orphans found = search(store, Mode.REMOVE, catalogue);
    assertThat(found.files())
        .filteredOn(each -> each.verdict() == Verdict.ORPHAN)
        .extracting(Found::file)
        .containsExactly(files.get(1));
    checkReadable(store, copies.getFirst(), 1);
    assertThat(containers()).containsExactly(directory.resolve(files.getFirst()));
  }

  /**
   * A writer whom nobody believes to live, and two searches at once, again and again: what was
   * reported and is needed can be read, and in the end nothing else is there.
   */
  @Test
  void run_twoAtOnceBesideAWriterThatNobodyBelievesToLive_loseNothing() throws Exception {
    for (StoreConfig store : stores()) {
      Catalogue catalogue = new Catalogue();
      SplittableRandom random = new SplittableRandom(11);
      Map<Copy, Long> kept = new HashMap<>();
      try (Ager writer = ager("alive-1", store);
          Ager one = ager("searcher-1", store);
          Ager two = ager("searcher-2", store)) {
        OrphanSearch first = one.orphans();
        OrphanSearch second = two.orphans();
        for (int round = 0; round < 40; round++) {
          List<CompletableFuture<Orphans>> searches =
              List.of(searching(first, catalogue), searching(second, catalogue));
          long load = round * 10L;
          catalogue.loads.add(load);
          Map<Copy, Long> loaded = new HashMap<>();
          for (int i = random.nextInt(1, 4); i > 0; i--) {
            loaded.put(stubborn(writer, load + i, new Origin(CLUSTER, load, load)), load + i);
          }
          if (random.nextInt(3) == 0) {
            loaded.keySet().forEach(copy -> catalogue.places.add(Catalogue.place(copy)));
            kept.putAll(loaded);
          }
          catalogue.loads.remove(load);
          for (CompletableFuture<Orphans> search : searches) {
            assertThat(search.get(60, TimeUnit.SECONDS).count(Verdict.DAMAGED)).isZero();
          }
        }
      }
      search(store, Mode.REMOVE, catalogue);
      assertThat(kept).isNotEmpty();
      kept.forEach((copy, seed) -> checkReadable(store, copy, seed));
      Set<String> files = ConcurrentHashMap.newKeySet();
      kept.keySet().forEach(copy -> files.add(Path.of(copy.file()).getFileName().toString()));
      assertThat(containers())
          .filteredOn(file -> file.startsWith(directory))
          .extracting(file -> file.getFileName().toString())
          .containsExactlyInAnyOrderElementsOf(files);
      catalogue.places.clear();
      search(store, Mode.REMOVE, catalogue);
      assertThat(containers()).isEmpty();
    }
  }

  /**
   * Its file may be taken from it again and again, and then it is told that nothing was written.
   */
  private static Copy stubborn(Ager ager, long seed, Origin origin) throws Exception {
    Extent extent = Samples.extent(ager, seed, BYTES);
    for (int attempt = 0; ; attempt++) {
      try {
        return ager.persist(extent, origin).get(30, TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        assertThat(e).hasCauseInstanceOf(AgerException.NoStoreLeft.class);
        assertThat(attempt).isLessThan(50);
      }
    }
  }

  private static CompletableFuture<Orphans> searching(OrphanSearch search, Needs needs) {
    return CompletableFuture.supplyAsync(
        () -> search.run(Stores.ALL, Mode.REMOVE, needs, LONG), Thread::startVirtualThread);
  }
}
