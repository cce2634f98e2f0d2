package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who goes first and last because somebody said so. */
@Timeout(60)
class AdviceTest {
  private static final int BYTES = 64 << 10;

  /** 16 extents, of which drafts may take 14. */
  private static final long BUDGET = 16L * BYTES;

  @TempDir Path directory;
  private final List<Draft> drafts = new ArrayList<>();
  private Ager ager;

  @BeforeEach
  void open() {
    ager = Ager.open(Samples.config(BUDGET, Samples.durableFlash(directory)));
  }

  @AfterEach
  void close() {
    drafts.forEach(Draft::close);
    ager.close();
  }

  private List<Extent> clean(int count) {
    List<Extent> extents = Samples.extents(ager, count, BYTES);
    extents.forEach(extent -> ager.persist(extent).join());
    return extents;
  }

  private void hold(int count) {
    for (int i = 0; i < count; i++) {
      drafts.add(ager.allocate(BYTES, Samples.WAIT));
    }
  }

  private List<Extent> resident(List<Extent> extents) {
    return extents.stream().filter(extent -> Samples.resident(ager, extent)).toList();
  }

  private static List<Extent> some(List<Extent> extents) {
    return List.of(extents.get(2), extents.get(7), extents.get(11), extents.get(13));
  }

  @Test
  void dontNeed_goesFirst() {
    List<Extent> extents = clean(14);
    ager.advise(some(extents), Advice.DONT_NEED);
    hold(4);
    assertThat(resident(extents)).hasSize(10).doesNotContainAnyElementsOf(some(extents));
  }

  @Test
  void dontNeed_whileAScanWantsThem_goesFirstAsWell() {
    List<Extent> extents = clean(14);
    try (Scan _ = ager.scan(extents, Scan.Order.IN_ORDER, Samples.WAIT)) {
      ager.advise(some(extents), Advice.DONT_NEED);
      hold(4);
    }
    assertThat(resident(extents)).hasSize(10).doesNotContainAnyElementsOf(some(extents));
  }

  @Test
  void dontNeed_ofWhatIsNotWrittenYet_goesFirstWhenItIs() {
    List<Extent> extents = Samples.extents(ager, 9, BYTES);
    List<Extent> last = List.of(extents.get(7), extents.get(8));
    ager.advise(last, Advice.DONT_NEED);
    extents.forEach(extent -> ager.persist(extent).join());
    hold(7);
    assertThat(resident(extents)).hasSize(7).doesNotContainAnyElementsOf(last);
  }

  @Test
  void dontNeed_ofWhatIsNotWrittenYet_isWrittenAtOnce() {
    List<Extent> extents = Samples.extents(ager, 5, BYTES);
    ager.advise(extents.subList(2, 4), Advice.DONT_NEED);
    Samples.await("two are written", () -> ager.stats().dirtyBytes() == 3L * BYTES);
    assertThat(extents).filteredOn(Extent::clean).isEqualTo(extents.subList(2, 4));
    hold(11);
    assertThat(resident(extents)).doesNotContainAnyElementsOf(extents.subList(2, 4)).hasSize(3);
    drafts.forEach(Draft::close);
    for (int i = 0; i < 5; i++) {
      Samples.check(ager, extents.get(i), i);
    }
    Samples.dropAll(ager, extents);
  }

  /** It is tried once: who writes does not go round and round. */
  @Test
  void dontNeed_whereNoStoreTakesIt_isWrittenWhenThereMustBeRoom() {
    ager.close();
    StoreConfig small = StoreConfig.parse("flash://" + directory, 3L * BYTES, true);
    ager = Ager.open(Samples.config(BUDGET, small));
    List<Extent> extents = Samples.extents(ager, 6, BYTES);
    ager.advise(extents, Advice.DONT_NEED);
    Samples.await("the store is full", () -> ager.stats().stores().getFirst().full());
    assertThat(extents).filteredOn(Extent::dirty).isNotEmpty();
    for (int i = 0; i < 6; i++) {
      Samples.check(ager, extents.get(i), i);
    }
    ager.drop(extents.stream().filter(Extent::clean).findFirst().orElseThrow());
    hold(9);
    assertThat(resident(extents)).hasSizeLessThanOrEqualTo(5);
  }

  @Test
  void dontNeed_pinnedAgain_isAsAnyOther() {
    List<Extent> extents = clean(14);
    Extent used = extents.get(2);
    ager.advise(some(extents), Advice.DONT_NEED);
    ager.pin(used, Samples.WAIT).close();
    hold(3);
    assertThat(resident(extents)).hasSize(11).contains(used);
    assertThat(used.advice()).isEqualTo(Advice.NORMAL);
  }

  @Test
  void dontNeed_readAgain_isAsAnyOther() {
    List<Extent> extents = clean(14);
    Extent first = extents.getFirst();
    ager.advise(List.of(first), Advice.DONT_NEED);
    hold(1);
    assertThat(Samples.resident(ager, first)).isFalse();
    ager.prefetch(List.of(first));
    Samples.await("is read", () -> Samples.resident(ager, first));
    assertThat(first.advice()).isEqualTo(Advice.NORMAL);
  }

  @Test
  void keep_goesLast_andNobodyIsRefusedForIt() {
    List<Extent> extents = clean(14);
    ager.advise(some(extents), Advice.KEEP);
    hold(10);
    assertThat(resident(extents)).containsExactlyElementsOf(some(extents));
    hold(4);
    assertThat(resident(extents)).isEmpty();
    drafts.forEach(Draft::close);
    Samples.evict(ager, extents.getFirst(), some(extents));
    for (Extent each : extents) {
      ager.pin(each, Samples.WAIT).close();
    }
    hold(10);
    assertThat(resident(extents)).as("read again").containsAll(some(extents));
  }

  @Test
  void keep_takenBack_isAsAnyOther() {
    List<Extent> extents = clean(14);
    ager.advise(some(extents), Advice.KEEP);
    ager.advise(some(extents), Advice.WILL_NEED);
    assertThat(some(extents)).allMatch(extent -> extent.advice() == Advice.KEEP);
    ager.advise(some(extents), Advice.NORMAL);
    hold(13);
    assertThat(resident(extents)).hasSize(1);
  }

  @Test
  void keep_isNotTakenForReadingAhead() {
    List<Extent> extents = clean(17);
    Extent absent = extents.getFirst();
    List<Extent> others = extents.subList(1, 17);
    Samples.evict(ager, absent, others);
    others.forEach(each -> ager.pin(each, Samples.WAIT).close());
    assertThat(resident(extents)).isEqualTo(others);
    ager.advise(others, Advice.KEEP);
    ager.advise(List.of(absent), Advice.WILL_NEED);
    assertThat(absent.phase()).isEqualTo(Frame.Phase.ABSENT);
    ager.advise(others.subList(0, 1), Advice.NORMAL);
    ager.advise(List.of(absent), Advice.WILL_NEED);
    Samples.await("is read", () -> Samples.resident(ager, absent));
    assertThat(resident(others)).isEqualTo(others.subList(1, 16));
  }

  @Test
  void willNeed_isRead() {
    List<Extent> extents = clean(30);
    Extent first = extents.getFirst();
    Samples.evict(ager, first, extents.subList(1, 30));
    ager.advise(List.of(first), Advice.WILL_NEED);
    Samples.await("is read", () -> Samples.resident(ager, first));
  }

  @Test
  void advice_amidAllElse_losesNothing() {
    long seed = 3;
    SplittableRandom random = new SplittableRandom(seed);
    List<Extent> extents = new ArrayList<>();
    List<Long> seeds = new ArrayList<>();
    Advice[] advice = Advice.values();
    for (int i = 0; i < 3_000; i++) {
      int choice = random.nextInt(10);
      if (extents.isEmpty() || choice < 3 && extents.size() < 40) {
        seeds.add(random.nextLong());
        extents.add(Samples.extent(ager, seeds.getLast(), 1 + random.nextInt(BYTES)));
      } else {
        int at = random.nextInt(extents.size());
        Extent extent = extents.get(at);
        if (choice < 6) {
          ager.advise(List.of(extent), advice[random.nextInt(advice.length)]);
        } else if (choice < 9) {
          Samples.check(ager, extent, seeds.get(at));
        } else {
          ager.drop(extents.remove(at));
          seeds.remove(at);
        }
      }
    }
    Samples.dropAll(ager, extents);
  }
}
