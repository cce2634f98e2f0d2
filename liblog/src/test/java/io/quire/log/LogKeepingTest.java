package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Log.Stream;
import io.quire.base.LogBook.Bookmark;
import io.quire.base.LogBook.Retention;
import io.quire.base.LogBook.State;
import io.quire.base.Position;
import io.quire.log.Archive.Kept;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What of an archive may go. Segments of ten entries, 100 bytes and 20 records each. */
class LogKeepingTest {
  private static final long NOW = 1_000_000;

  private static List<Kept> segments(int count) {
    List<Kept> segments = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      segments.add(new Kept(i * 10L, i * 10L + 9, 100, 0, 20, NOW - (count - i) * 1_000L));
    }
    return segments;
  }

  private static State book(Retention retention, long floor, Map<String, Bookmark> marks) {
    return new State(Map.<String, Stream>of(), retention, floor, marks);
  }

  private static long gone(Retention retention, long floor, Map<String, Bookmark> marks) {
    return LogKeeping.of(segments(10), 100, List.of(99L, 98L), book(retention, floor, marks), NOW)
        .gone()
        .size();
  }

  @Test
  void retention_ofEachKind_keepsAtLeastThatMuch() {
    assertThat(gone(Retention.FOREVER, 0, Map.of())).isZero();
    assertThat(gone(new Retention(60, 0, 0), 0, Map.of())).isEqualTo(7);
    assertThat(gone(new Retention(61, 0, 0), 0, Map.of())).isEqualTo(6);
    assertThat(gone(new Retention(0, 250, 0), 0, Map.of())).isEqualTo(7);
    assertThat(gone(new Retention(0, 0, 4_500), 0, Map.of())).isEqualTo(6);
    assertThat(gone(new Retention(60, 100, 9_500), 0, Map.of())).isEqualTo(9);
    assertThat(gone(Retention.FOREVER, Position.of(35, 3), Map.of())).isEqualTo(3);
    assertThat(gone(Retention.FOREVER, Position.of(40, 0), Map.of())).isEqualTo(4);
  }

  @Test
  void holds_areNamedTheOldestFirst() {
    Map<String, Bookmark> marks =
        Map.of(
            "slow", new Bookmark(Position.of(25, 4), NOW),
            "fast", new Bookmark(Position.of(70, 0), Long.MAX_VALUE),
            "gone", new Bookmark(Position.of(5, 0), NOW - 1));
    State book = book(new Retention(0, 1, 0), 0, marks);

    LogKeeping keeping = LogKeeping.of(segments(10), 100, List.of(60L, 55L), book, NOW);

    assertThat(keeping.gone()).hasSize(2);
    assertThat(keeping.holds())
        .containsExactly(
            new LogHold("bookmark slow", Position.of(25, 4)),
            new LogHold("snapshot 55", Position.of(56, 0)),
            new LogHold("bookmark fast", Position.of(70, 0)));
  }

  @Test
  void withoutTwoSnapshots_nothingGoes() {
    State book = book(new Retention(0, 1, 0), Position.of(99, 0), Map.of());
    for (List<Long> snapshots : List.of(List.<Long>of(), List.of(99L))) {
      assertThat(LogKeeping.of(segments(10), 100, snapshots, book, NOW).gone()).isEmpty();
    }
  }

  @Test
  void whatGoes_isThePrefixThatNobodyNeeds_forAnyWishes() {
    SplittableRandom random = new SplittableRandom(11);
    for (int round = 0; round < 5_000; round++) {
      int count = random.nextInt(0, 12);
      List<Kept> segments = segments(count);
      long live = random.nextInt(0, 13) * 10L;
      List<Long> snapshots =
          random.nextInt(5) == 0
              ? List.of((long) random.nextInt(130))
              : List.of((long) random.nextInt(130), (long) random.nextInt(130));
      TreeMap<String, Bookmark> marks = new TreeMap<>();
      for (int i = random.nextInt(3); i > 0; i--) {
        marks.put(
            "b" + i,
            new Bookmark(Position.of(random.nextInt(130), 0), NOW - 1 + random.nextInt(3)));
      }
      Retention retention =
          new Retention(
              random.nextInt(3) * 50L, random.nextInt(3) * 250L, random.nextInt(3) * 3_000L);
      long floor = Position.of(random.nextInt(2) * random.nextInt(130), 0);

      List<Kept> gone =
          LogKeeping.of(segments, live, snapshots, book(retention, floor, marks), NOW).gone();

      assertThat(gone).isEqualTo(segments.subList(0, gone.size()));
      long needed = live;
      if (snapshots.size() < 2) {
        needed = 0;
      }
      for (long snapshot : snapshots) {
        needed = Math.min(needed, snapshot + 1);
      }
      for (Bookmark mark : marks.values()) {
        if (mark.expiresMillis() >= NOW) {
          needed = Math.min(needed, Position.index(mark.position()));
        }
      }
      int next = gone.size();
      for (int i = 0; i < count; i++) {
        boolean free = segments.get(i).last() < needed;
        boolean unwanted = unwanted(segments, i, retention, floor);
        if (i < next) {
          assertThat(free).isTrue();
        }
        if (i == next) {
          assertThat(free && unwanted).isFalse();
        }
      }
    }
  }

  /** Whether the segment, or one behind it, exceeds some limit. */
  private static boolean unwanted(List<Kept> segments, int from, Retention retention, long floor) {
    for (int i = from; i < segments.size(); i++) {
      int newer = segments.size() - 1 - i;
      boolean exceeds =
          (retention.records() > 0 && newer * 20L >= retention.records())
              || (retention.bytes() > 0 && newer * 100L >= retention.bytes())
              || (retention.ageMillis() > 0
                  && segments.get(i).writtenMillis() < NOW - retention.ageMillis())
              || segments.get(i).last() < Position.index(floor);
      if (exceeds) {
        return true;
      }
    }
    return false;
  }
}
