package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class RunsTest {
  private static final int PAGES = 4096;

  /** What is used, by its first page; all else is free. */
  private static final class Model {
    private final TreeMap<Integer, Integer> lengths = new TreeMap<>();
    private int pages = PAGES;

    void take(int start, int length) {
      Map.Entry<Integer, Integer> low = lengths.lowerEntry(start + length);
      assertThat(low == null || low.getKey() + low.getValue() <= start).isTrue();
      assertThat(start + length).isLessThanOrEqualTo(pages);
      lengths.put(start, length);
    }

    int longestFree() {
      int longest = 0;
      int at = 0;
      for (Map.Entry<Integer, Integer> used : lengths.entrySet()) {
        longest = Math.max(longest, used.getKey() - at);
        at = used.getKey() + used.getValue();
      }
      return Math.max(longest, pages - at);
    }

    int freePages() {
      return pages - lengths.values().stream().mapToInt(Integer::intValue).sum();
    }
  }

  @Test
  void allocateFreeAndGrow_atRandom_agreesWithATreeMap() {
    for (long seed = 1; seed <= 60; seed++) {
      try {
        churn(new SplittableRandom(seed));
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed=" + seed, e);
      }
    }
  }

  private static void churn(SplittableRandom random) {
    Runs runs = new Runs(PAGES, random.nextBoolean() ? 40 : Integer.MAX_VALUE);
    Model model = new Model();
    List<Integer> held = new ArrayList<>();
    for (int step = 0; step < 1500; step++) {
      int wanted = 1 + random.nextInt(1 << random.nextInt(11));
      if (random.nextInt(500) == 0) {
        runs.grow(wanted);
        model.pages += wanted;
      } else if (held.isEmpty() || random.nextInt(100) < 60) {
        int handle = runs.allocate(wanted, step);
        assertThat(handle != Runs.NONE).isEqualTo(wanted <= model.longestFree());
        if (handle != Runs.NONE) {
          assertThat(runs.pages(handle)).isEqualTo(wanted);
          assertThat(runs.owner(handle)).isEqualTo(step);
          model.take(runs.start(handle), wanted);
          held.add(handle);
        }
      } else {
        int handle = held.remove(random.nextInt(held.size()));
        assertThat(model.lengths.remove(runs.start(handle))).isEqualTo(runs.pages(handle));
        runs.free(handle);
      }
      assertThat(runs.freePages()).isEqualTo(model.freePages());
      assertThat(runs.longestFree()).isEqualTo(model.longestFree());
      runs.check();
    }
    held.forEach(runs::free);
    runs.check();
    assertThat(runs.size()).as("all joined again").isEqualTo(1);
  }

  @Test
  void allocate_severalRunsFit_takesOneAtMostA64thLongerThanTheBest() {
    for (int wanted = 1; wanted < 5000; wanted += 7) {
      Runs runs = new Runs(0);
      int best = wanted + wanted / 64;
      for (int longer : List.of(4 * wanted, best, 2 * wanted)) {
        runs.grow(longer);
        runs.allocate(longer, 0);
        runs.grow(1);
        runs.allocate(1, 1);
      }
      freeAllOf(runs, 0);
      assertThat(runs.start(runs.allocate(wanted, 2))).isEqualTo(4 * wanted + 1);
    }
  }

  private static void freeAllOf(Runs runs, int owner) {
    int next;
    for (int at = runs.first(); at != Runs.NONE; at = next) {
      next = runs.next(at);
      if (runs.owner(at) == owner) {
        runs.free(at);
      }
    }
  }

  @Test
  void allocate_onlyRunsOfItsOwnClassFit_findsTheOneThatDoes() {
    Runs runs = new Runs(0);
    for (int pages : List.of(1024, 1030, 1039, 1025)) {
      runs.grow(pages);
      runs.allocate(pages, 0);
      runs.grow(1);
      runs.allocate(1, 1);
    }
    freeAllOf(runs, 0);
    assertThat(SizeClasses.classOf(1024)).isEqualTo(SizeClasses.classOf(1039));
    assertThat(runs.allocate(1040, 2)).isEqualTo(Runs.NONE);
    assertThat(runs.pages(runs.allocate(1035, 2))).isEqualTo(1035);
    assertThat(runs.allocate(1031, 2)).isEqualTo(Runs.NONE);
  }

  @Test
  void allocate_longAndShort_comeFromTheTwoEnds() {
    Runs runs = new Runs(100, 10);
    assertThat(runs.start(runs.allocate(10, 0))).isEqualTo(90);
    assertThat(runs.start(runs.allocate(9, 1))).isEqualTo(0);
  }

  @Test
  void allocate_allPagesThereCanBe_works() {
    Runs runs = new Runs(Integer.MAX_VALUE);
    int low = runs.allocate(Integer.MAX_VALUE - 1, 0);
    int high = runs.allocate(1, 1);
    assertThat(runs.end(high)).isEqualTo(Integer.MAX_VALUE);
    assertThat(runs.freePages()).isZero();
    runs.free(low);
    runs.free(high);
    runs.check();
    assertThat(runs.longestFree()).isEqualTo(Integer.MAX_VALUE);
    assertThatThrownBy(() -> runs.grow(1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void grow_behindAFreeRun_joinsThem() {
    Runs runs = new Runs(4);
    runs.allocate(2, 0);
    assertThat(runs.freeAtEnd()).isEqualTo(2);
    runs.grow(3);
    assertThat(runs.freeAtEnd()).isEqualTo(5);
    assertThat(runs.start(runs.allocate(5, 1))).isEqualTo(2);
    assertThat(runs.freeAtEnd()).isZero();
  }

  @Test
  void misuse_isRefused() {
    Runs runs = new Runs(10);
    int used = runs.allocate(4, 0);
    int free = runs.next(used);
    assertThatThrownBy(() -> runs.free(free)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runs.free(77)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runs.free(-1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runs.letGo(used)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runs.mergeNext(used)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runs.exchange(used, free)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runs.slide(free)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runs.give(free, 1, 0)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runs.allocate(0, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> runs.allocate(1, -1)).isInstanceOf(IllegalArgumentException.class);
    runs.free(used);
    assertThatThrownBy(() -> runs.free(used)).isInstanceOf(IllegalStateException.class);
    runs.check();
    assertThat(runs.freePages()).isEqualTo(10);
  }

  @Test
  void bookkeepingBytes_aMillionRunsAndTheFreeOnesBetween_areAtMost84ForEach() {
    int runsWanted = 1_000_000;
    Runs runs = new Runs(2 * runsWanted);
    for (int i = 0; i < 2 * runsWanted; i++) {
      runs.allocate(1, i % 2);
    }
    freeAllOf(runs, 0);
    assertThat(runs.size()).isEqualTo(2 * runsWanted);
    assertThat(runs.bookkeepingBytes()).isLessThanOrEqualTo(84L * runsWanted + 16_384);
  }
}
