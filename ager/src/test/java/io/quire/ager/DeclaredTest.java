package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Hits of declared scans against the best that anybody could do who knows the future. */
class DeclaredTest {
  private static final int BYTES = 1 << 20;
  private static final int FIT = 100;
  private static final int EXTENTS = 2 * FIT;

  private final List<Extent> extents = new ArrayList<>();
  private final Declared declared = new Declared((long) FIT * BYTES);

  DeclaredTest() {
    try (Ager ager = Ager.open(Samples.config(1 << 20))) {
      for (int slot = 0; slot < EXTENTS; slot++) {
        Extent extent = new Extent(Samples.extent(ager, slot, 1).memory(), slot, BYTES);
        extent.slot = slot;
        extents.add(extent);
      }
    }
  }

  private List<Extent> times(int rounds, List<Extent> round) {
    List<Extent> all = new ArrayList<>();
    for (int i = 0; i < rounds; i++) {
      all.addAll(round);
    }
    return all;
  }

  /** Scans take turns: the one that is least far, in its own units of time, reads next. */
  private double againstTheBest(List<List<Extent>> scans, int[] periods) {
    List<ScanCourse> courses = new ArrayList<>();
    for (List<Extent> scan : scans) {
      ScanCourse course = new ScanCourse(scan, 0);
      declared.begin(course);
      courses.add(course);
    }
    List<Integer> sequence = new ArrayList<>();
    Set<Integer> resident = new HashSet<>();
    int[] at = new int[scans.size()];
    int hits = 0;
    int left = scans.stream().mapToInt(List::size).sum();
    for (; left > 0; left--) {
      int next = -1;
      for (int i = 0; i < at.length; i++) {
        boolean open = at[i] < scans.get(i).size();
        if (open && (next < 0 || (long) at[i] * periods[i] < (long) at[next] * periods[next])) {
          next = i;
        }
      }
      int slot = scans.get(next).get(at[next]).slot;
      sequence.add(slot);
      if (resident.contains(slot)) {
        hits++;
      } else {
        if (resident.size() == FIT) {
          int victim = declared.first(resident::contains);
          declared.remove(victim);
          resident.remove(victim);
        }
        resident.add(slot);
        declared.add(slot);
      }
      declared.consumed(courses.get(next), at[next]++);
    }
    courses.forEach(declared::end);
    return hits / (double) best(sequence);
  }

  /** Belady's: the one that is used last goes, and one that is used later than all is not kept. */
  private static int best(List<Integer> sequence) {
    Map<Integer, ArrayDeque<Integer>> uses = new HashMap<>();
    for (int i = 0; i < sequence.size(); i++) {
      uses.computeIfAbsent(sequence.get(i), _ -> new ArrayDeque<>()).add(i);
    }
    TreeSet<Integer> nextUses = new TreeSet<>();
    int hits = 0;
    for (int i = 0; i < sequence.size(); i++) {
      ArrayDeque<Integer> mine = Objects.requireNonNull(uses.get(sequence.get(i)));
      mine.remove();
      hits += nextUses.remove(i) ? 1 : 0;
      if (!mine.isEmpty()) {
        nextUses.add(mine.element());
        if (nextUses.size() > FIT) {
          nextUses.pollLast();
        }
      }
    }
    return hits;
  }

  @Test
  void loop_overTwiceTheMemory_hitsNearlyAllThatCanBe() {
    double found = againstTheBest(List.of(times(20, extents)), new int[] {1});
    assertThat(found).isGreaterThan(0.98);
  }

  @Test
  void zigzag_overTwiceTheMemory_hitsNearlyAllThatCanBe() {
    List<Extent> there = new ArrayList<>(extents);
    List<Extent> back = new ArrayList<>(extents);
    Collections.reverse(back);
    there.addAll(back);
    assertThat(againstTheBest(List.of(times(10, there)), new int[] {1})).isGreaterThan(0.98);
  }

  @Test
  void fourScans_ofDifferentPaceAndBegin_hitMostOfWhatCanBe() {
    List<List<Extent>> scans = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 4; i++) {
      List<Extent> turned = new ArrayList<>(extents);
      Collections.rotate(turned, random.nextInt(EXTENTS));
      scans.add(times(20 / (i + 1), turned));
    }
    assertThat(againstTheBest(scans, new int[] {1, 2, 3, 4})).isGreaterThan(0.93);
  }

  @Test
  void first_whatNoScanWants_goesBeforeAllElseTheLatestReadFirst() {
    ScanCourse course = new ScanCourse(extents.subList(0, 10), 0);
    declared.begin(course);
    for (int i = 0; i < 10; i++) {
      declared.add(i);
    }
    assertThat(declared.first(_ -> true)).isEqualTo(9);
    declared.consumed(course, 0);
    declared.consumed(course, 1);
    assertThat(declared.first(_ -> true)).isEqualTo(1);
    assertThat(declared.first(slot -> slot != 1)).isZero();
    assertThat(declared.first(slot -> slot > 1)).isEqualTo(9);
    declared.end(course);
    assertThat(declared.first(slot -> slot > 1)).isGreaterThan(1);
  }
}
