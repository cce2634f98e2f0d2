package io.quire.ager;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Which of the extents that declared scans have to do with goes first: what no scan wants any more,
 * the latest read first, since in a loop that is wanted last; then what will be wanted the latest.
 * Time is counted in bytes that all scans together read, and each scan is taken to go on at its
 * pace (predictive buffer management, Swiakowski and others, VLDB 2012; the bound is Belady's).
 *
 * <p>Keys are moments of that time and hold while the scans keep their pace. They are looked at
 * again when they come in front, and all of them in turn as scans go on, some at each step. Guarded
 * by the lock of {@link Memory}.
 */
final class Declared {
  static final int NONE = -1;

  /** Later than any moment at which something is wanted. */
  private static final double UNWANTED = 1e18;

  /** How many pinned ones are passed over. */
  private static final int PASSED_MAX = 64;

  /** How many keys are looked at again for each extent that is read. */
  private static final int REFRESHED = 4;

  private final List<ScanCourse> courses = new ArrayList<>();
  private final IndexedHeap heap = new IndexedHeap();
  private final double memoryBytes;
  private final int[] passed = new int[PASSED_MAX];
  private final double[] passedKeys = new double[PASSED_MAX];
  private double now;
  private int refreshed;

  /**
   * Follows scans.
   *
   * @param memoryBytes how much fits into memory
   */
  Declared(long memoryBytes) {
    this.memoryBytes = memoryBytes;
  }

  void begin(ScanCourse course) {
    courses.add(course);
  }

  void end(ScanCourse course) {
    courses.remove(course);
  }

  List<ScanCourse> courses() {
    return courses;
  }

  boolean wants(int slot) {
    for (ScanCourse course : courses) {
      if (course.wants(slot)) {
        return true;
      }
    }
    return false;
  }

  /** Resident, clean, and to be judged here from now on; or judged anew. */
  void add(int slot) {
    heap.put(slot, key(slot, now));
  }

  void remove(int slot) {
    heap.remove(slot);
  }

  boolean contains(int slot) {
    return heap.contains(slot);
  }

  /** The slot will be another extent's. */
  void forget(int slot) {
    heap.remove(slot);
    courses.forEach(course -> course.forget(slot));
  }

  /** A scan has read what stands at an index. */
  void consumed(ScanCourse course, int index) {
    long bytes = course.extents().get(index).bytes();
    now += bytes;
    courses.forEach(each -> each.paceOf(bytes, memoryBytes));
    course.consume(index, bytes);
    int slot = course.slot(index);
    if (slot != Frame.NO_SLOT && heap.contains(slot)) {
      heap.put(slot, key(slot, now));
    }
    for (int i = 0; i < REFRESHED && heap.size() > 0; i++) {
      refreshed = (refreshed + 1) % heap.size();
      int other = heap.slotAt(refreshed);
      if (wants(other)) {
        heap.put(other, key(other, now));
      }
    }
  }

  /** In bytes that all scans read from now on; MAX_VALUE if none wants it. */
  double until(int slot) {
    double least = Double.MAX_VALUE;
    for (ScanCourse course : courses) {
      if (course.wants(slot)) {
        least = Math.min(least, course.until(slot));
      }
    }
    return least;
  }

  private double key(int slot, double unwantedSince) {
    double until = until(slot);
    return until == Double.MAX_VALUE ? UNWANTED + unwantedSince : now + until;
  }

  /** The first to go of those that may, or NONE. */
  int first(IntPredicate evictable) {
    int found = NONE;
    int passedCount = 0;
    while (found == NONE && heap.size() > 0 && passedCount < PASSED_MAX) {
      int slot = heap.first();
      double stored = heap.firstKey();
      double key = stored >= UNWANTED && !wants(slot) ? stored : key(slot, 0);
      if (key < stored * (1 - 1e-9)) {
        heap.put(slot, key);
      } else if (evictable.test(slot)) {
        found = slot;
      } else {
        passed[passedCount] = slot;
        passedKeys[passedCount++] = stored;
        heap.remove(slot);
      }
    }
    for (int i = 0; i < passedCount; i++) {
      heap.put(passed[i], passedKeys[i]);
    }
    return found;
  }

  /** What the youngest open scan will have to read next from a store, or null. */
  @Nullable Extent nextAbsent() {
    return courses.isEmpty() ? null : courses.getLast().nextAbsent();
  }

  /** The tick at which the oldest open scan began, or the given one if there is none. */
  int oldestBegan(int otherwise) {
    return courses.isEmpty() ? otherwise : courses.getFirst().beganAt();
  }
}
