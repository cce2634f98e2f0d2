package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Every layout of a small region, and every length that may be wanted: what {@link Compaction}
 * promises, checked against a plain reading of the promise and against all that moves can reach.
 */
class CompactionGuaranteeTest {
  private static final int PAGES = 8;
  private static final int LENGTH_MAX = 4;

  private enum Kind {
    FREE,
    MOVABLE,
    PINNED
  }

  private record Piece(Kind kind, int pages) {}

  private int asked;
  private int reachable;
  private int missed;

  @Test
  void everywhere_allLayoutsOfASmallRegion_keepsThePromise() {
    grow(new ArrayList<>(), PAGES);
    assertThat(asked).isGreaterThan(10_000);
    // What is promised is less than what can be reached, since that is the packing of bins.
    assertThat(missed).isLessThan(reachable / 200);
  }

  private void grow(List<Piece> layout, int left) {
    if (left == 0) {
      check(layout);
      return;
    }
    for (Kind kind : Kind.values()) {
      boolean wouldJoin =
          kind == Kind.FREE && !layout.isEmpty() && layout.getLast().kind == Kind.FREE;
      for (int pages = 1; pages <= left && !wouldJoin; pages++) {
        // How a pinned stretch is divided makes no difference.
        if (pages <= LENGTH_MAX || kind != Kind.MOVABLE) {
          layout.addLast(new Piece(kind, pages));
          grow(layout, left - pages);
          layout.removeLast();
        }
      }
    }
  }

  private void check(List<Piece> layout) {
    int free = sum(layout, Kind.FREE);
    if (sum(layout, Kind.MOVABLE) == 0) {
      return;
    }
    int most = longestReachable(layout);
    for (int wanted = 1; wanted <= free; wanted++) {
      asked++;
      boolean made = make(layout, wanted, Integer.MAX_VALUE);
      assertThat(make(layout, wanted, 1)).as("in steps: %s", layout).isEqualTo(made);
      String what = layout + " wanted=" + wanted;
      if (promised(layout, wanted)) {
        assertThat(made).as(what).isTrue();
      }
      if (made) {
        assertThat(wanted).as(what).isLessThanOrEqualTo(most);
      }
      if (sum(layout, Kind.PINNED) == 0) {
        assertThat(made).as(what).isTrue();
      }
      if (wanted <= most) {
        reachable++;
        missed += made ? 0 : 1;
      }
    }
  }

  private static int sum(List<Piece> pieces, Kind kind) {
    return pieces.stream().filter(piece -> piece.kind == kind).mapToInt(Piece::pages).sum();
  }

  /** Whether the compaction makes the run, with all as it was but for places. */
  private static boolean make(List<Piece> layout, int wanted, int step) {
    Runs runs = new Runs(PAGES);
    List<Integer> toFree = new ArrayList<>();
    BitSet pinned = new BitSet();
    for (int i = 0; i < layout.size(); i++) {
      int handle = runs.allocate(layout.get(i).pages, i);
      pinned.set(i, layout.get(i).kind == Kind.PINNED);
      if (layout.get(i).kind == Kind.FREE) {
        toFree.add(handle);
      }
    }
    toFree.forEach(runs::free);
    Compaction compaction = new Compaction(runs, owner -> !pinned.get(owner));
    CompactionLook look = compaction.look(wanted);
    CompactionPlan plan = null;
    while (plan == null && !look.over()) {
      plan = look.goOn(step);
    }
    if (plan != null) {
      while (plan.next()) {
        assertThat(pinned.get(plan.owner())).isFalse();
        plan.moved();
      }
      assertThat(runs.pages(plan.finish(layout.size()))).isEqualTo(wanted);
    }
    runs.check();
    assertThat(runs.reservedPages()).isZero();
    assertThat(runs.freePages()).isEqualTo(sum(layout, Kind.FREE) - (plan == null ? 0 : wanted));
    return plan != null;
  }

  /** As the Javadoc of {@link Compaction} has it. */
  private static boolean promised(List<Piece> layout, int wanted) {
    int at = 0;
    while (at < layout.size()) {
      int to = at;
      while (to < layout.size() && layout.get(to).kind != Kind.PINNED) {
        to++;
      }
      List<Piece> stretch = layout.subList(at, to);
      List<Integer> holes = new ArrayList<>();
      for (int i = 0; i < layout.size(); i++) {
        if ((i < at || i >= to) && layout.get(i).kind == Kind.FREE) {
          holes.add(layout.get(i).pages);
        }
      }
      if (sum(stretch, Kind.FREE) + evacuated(stretch, holes) >= wanted) {
        return true;
      }
      at = to + 1;
    }
    return false;
  }

  private static int evacuated(List<Piece> stretch, List<Integer> holes) {
    int sum = 0;
    for (int pages = PAGES; pages > 0; pages--) {
      for (Piece piece : stretch) {
        int wanted = pages;
        if (piece.kind == Kind.MOVABLE && piece.pages == wanted) {
          Integer hole = holes.stream().filter(h -> h >= wanted).min(Integer::compare).orElse(null);
          if (hole != null) {
            holes.remove(hole);
            holes.add(hole - wanted);
            sum += wanted;
          }
        }
      }
    }
    return sum;
  }

  // ---- what can be reached at all: a character for each page

  private static int longestReachable(List<Piece> layout) {
    StringBuilder begin = new StringBuilder();
    for (Piece piece : layout) {
      switch (piece.kind) {
        case FREE -> begin.append(".".repeat(piece.pages));
        case MOVABLE -> begin.append('m').append("-".repeat(piece.pages - 1));
        case PINNED -> begin.append("#".repeat(piece.pages));
      }
    }
    Set<String> seen = new HashSet<>(Set.of(begin.toString()));
    Deque<String> toDo = new ArrayDeque<>(seen);
    int longest = 0;
    while (!toDo.isEmpty()) {
      String now = toDo.poll();
      for (String gap : now.split("[^.]+")) {
        longest = Math.max(longest, gap.length());
      }
      for (String next : moves(now)) {
        if (seen.add(next)) {
          toDo.add(next);
        }
      }
    }
    return longest;
  }

  private static List<String> moves(String now) {
    List<String> all = new ArrayList<>();
    for (int at = now.indexOf('m'); at >= 0; at = now.indexOf('m', at + 1)) {
      int end = at + 1;
      while (end < now.length() && now.charAt(end) == '-') {
        end++;
      }
      String run = now.substring(at, end);
      String gap = ".".repeat(run.length());
      String without = now.substring(0, at) + gap + now.substring(end);
      for (int to = without.indexOf(gap); to >= 0; to = without.indexOf(gap, to + 1)) {
        all.add(without.substring(0, to) + run + without.substring(to + run.length()));
      }
    }
    return all;
  }
}
