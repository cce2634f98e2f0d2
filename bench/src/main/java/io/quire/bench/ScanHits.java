package io.quire.bench;

import io.quire.ager.Ager;
import io.quire.ager.AgerStats.StoreStats;
import io.quire.ager.Extent;
import io.quire.ager.Pin;
import io.quire.ager.Scan;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/*
 * A hit is what no store was asked for: what was read ahead and evicted before its use is a miss. The
 * bound begins with what the ager has in memory at that moment, and knows everything that comes.
 */
/** Declared scans over twice what memory holds. */
enum ScanHits {
  /** One scan that has all extents eight times. */
  LOOP,
  /** Eight scans of all extents, each declared when the one before it has ended. */
  SCAN,
  /** One scan, four times up and down. */
  ZIGZAG,
  /** Four scans at a time that begin at different places and go on at different speeds. */
  SCANS4;

  private static final int ROUNDS = 8;
  private static final int[] SPEEDS = {1, 1, 2, 3};

  /** A scan under way: what it wants, and how many it takes at a time. */
  private record Course(List<Integer> order, int speed) {}

  /** One declared after the other; those of one element at the same time. */
  private List<List<Course>> courses(int extents) {
    List<Integer> up = IntStream.range(0, extents).boxed().toList();
    return switch (this) {
      case LOOP -> List.of(List.of(new Course(repeated(up, ROUNDS), 1)));
      case SCAN -> IntStream.range(0, ROUNDS).mapToObj(_ -> List.of(new Course(up, 1))).toList();
      case ZIGZAG -> {
        List<Integer> both = new ArrayList<>(up);
        both.addAll(up.reversed());
        yield List.of(List.of(new Course(repeated(both, ROUNDS / 2), 1)));
      }
      case SCANS4 -> {
        List<Course> all = new ArrayList<>();
        for (int i = 0; i < SPEEDS.length; i++) {
          int start = i * extents / SPEEDS.length;
          List<Integer> turned = new ArrayList<>(up.subList(start, extents));
          turned.addAll(up.subList(0, start));
          all.add(new Course(repeated(turned, SPEEDS[i]), SPEEDS[i]));
        }
        yield List.of(all);
      }
    };
  }

  private static List<Integer> repeated(List<Integer> order, int times) {
    return IntStream.range(0, times).boxed().flatMap(_ -> order.stream()).toList();
  }

  /** In which order they come if scans of one time take turns. */
  private int[] sequence(int extents) {
    List<Integer> sequence = new ArrayList<>();
    for (List<Course> together : courses(extents)) {
      int longest = together.stream().mapToInt(course -> course.order().size()).max().orElse(0);
      for (int turn = 0; turn < longest; turn++) {
        for (Course course : together) {
          int from = Math.min(turn * course.speed(), course.order().size());
          int to = Math.min(from + course.speed(), course.order().size());
          sequence.addAll(course.order().subList(from, to));
        }
      }
    }
    return sequence.stream().mapToInt(each -> each).toArray();
  }

  /** Our hits as a part of the bound, after one round of all extents. */
  double measured(Ager ager, List<Extent> extents) {
    play(
        ager,
        extents,
        List.of(List.of(new Course(courses(extents.size()).getFirst().getFirst().order(), 1))));
    int[] sequence = sequence(extents.size());
    Set<Integer> first = resident(ager, extents);
    long before = in(ager);
    int played = play(ager, extents, courses(extents.size()));
    if (played != sequence.length) {
      throw new IllegalStateException(
          "not all were read: found=%d wanted=%d".formatted(played, sequence.length));
    }
    double misses = (double) (in(ager) - before) / extents.getFirst().bytes();
    int capacity = (int) (ager.stats().budgetBytes() / extents.getFirst().bytes());
    return (sequence.length - misses) / Belady.hits(sequence, extents.size(), capacity, first);
  }

  /** The same of one who evicts what was used longest ago. */
  double leastRecent(int extents) {
    int capacity = extents / 2;
    LinkedHashSet<Integer> last = new LinkedHashSet<>();
    IntStream.range(extents - capacity, extents).forEach(last::add);
    int[] sequence = sequence(extents);
    return (double) Belady.leastRecentlyUsed(sequence, capacity, last)
        / Belady.hits(sequence, extents, capacity, last);
  }

  private static Set<Integer> resident(Ager ager, List<Extent> extents) {
    Set<Integer> resident = new HashSet<>();
    for (int i = 0; i < extents.size(); i++) {
      int number = i;
      ager.tryPin(extents.get(i))
          .ifPresent(
              pin -> {
                pin.close();
                resident.add(number);
              });
    }
    return resident;
  }

  private static int play(Ager ager, List<Extent> extents, List<List<Course>> courses) {
    int played = 0;
    for (List<Course> together : courses) {
      List<Scan> scans = new ArrayList<>();
      try {
        for (Course course : together) {
          List<Extent> order = course.order().stream().map(extents::get).toList();
          scans.add(ager.scan(order, Scan.Order.IN_ORDER, QuireAger.DEADLINE));
        }
        int taken;
        do {
          taken = 0;
          for (int i = 0; i < scans.size(); i++) {
            taken += take(scans.get(i), together.get(i).speed());
          }
          played += taken;
        } while (taken > 0);
      } finally {
        scans.forEach(Scan::close);
      }
    }
    return played;
  }

  private static int take(Scan scan, int count) {
    for (int i = 0; i < count; i++) {
      Pin pin = scan.next();
      if (pin == null) {
        return i;
      }
      pin.close();
    }
    return count;
  }

  private static long in(Ager ager) {
    return ager.stats().stores().stream().mapToLong(StoreStats::bytesIn).sum();
  }
}
