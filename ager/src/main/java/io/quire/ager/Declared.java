package io.quire.ager;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;
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

  /** The pace that a scan is taken to have at first counts as much as this part of memory. */
  private static final int FIRST_PACE_PART = 8;

  private final List<ScanCourse> courses = new ArrayList<>();

  /** One for each client, by its number. */
  private final List<IndexedHeap> heaps = new ArrayList<>();

  private final IndexedHeap.Places places = new IndexedHeap.Places();
  private final IntUnaryOperator clientOf;
  private final double memoryBytes;
  private final int[] passed = new int[PASSED_MAX];
  private final double[] passedKeys = new double[PASSED_MAX];
  private double now;

  /** What was looked at again last: whose, and where it stands. */
  private int refreshedClient;

  private int refreshed;

  /**
   * Follows scans of extents that all belong to one client.
   *
   * @param memoryBytes how much fits into memory
   */
  Declared(long memoryBytes) {
    this(memoryBytes, _ -> 0);
  }

  /**
   * Follows scans.
   *
   * @param memoryBytes how much fits into memory
   * @param clientOf whose a slot is, from 0; the same as long as it is here
   */
  Declared(long memoryBytes, IntUnaryOperator clientOf) {
    this.memoryBytes = memoryBytes;
    this.clientOf = clientOf;
    heaps.add(new IndexedHeap(places));
  }

  private IndexedHeap heapOf(int slot) {
    int client = clientOf.applyAsInt(slot);
    while (heaps.size() <= client) {
      heaps.add(new IndexedHeap(places));
    }
    return heaps.get(client);
  }

  void begin(ScanCourse course) {
    courses.add(course);
    course.begin(courses.size(), memoryBytes / FIRST_PACE_PART);
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
    heapOf(slot).put(slot, key(slot, now));
  }

  void remove(int slot) {
    heapOf(slot).remove(slot);
  }

  boolean contains(int slot) {
    return places.contains(slot);
  }

  /** The slot will be another extent's. */
  void forget(int slot) {
    remove(slot);
    courses.forEach(course -> course.forget(slot));
  }

  /** A scan has read what stands at an index. */
  void consumed(ScanCourse course, int index) {
    long bytes = course.extents().get(index).bytes();
    now += bytes;
    courses.forEach(each -> each.paceOf(bytes, memoryBytes));
    course.consume(index, bytes);
    int slot = course.slot(index);
    if (slot != Frame.NO_SLOT && contains(slot)) {
      add(slot);
    }
    for (int i = 0; i < REFRESHED; i++) {
      refresh();
    }
  }

  /** The next of all, one client's after the other's. */
  private void refresh() {
    refreshed++;
    for (int i = 0; refreshed >= heaps.get(refreshedClient).size(); i++) {
      if (i > heaps.size()) {
        return;
      }
      refreshedClient = (refreshedClient + 1) % heaps.size();
      refreshed = 0;
    }
    int slot = heaps.get(refreshedClient).slotAt(refreshed);
    if (wants(slot)) {
      add(slot);
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
    return first(heaps.getFirst(), evictable);
  }

  /** As {@link #first(IntPredicate)}, of these clients only. */
  int first(int[] clients, IntPredicate evictable) {
    int first = NONE;
    double firstKey = 0;
    for (int client : clients) {
      if (client < heaps.size()) {
        IndexedHeap heap = heaps.get(client);
        int slot = first(heap, evictable);
        if (slot != NONE && (first == NONE || heap.key(slot) > firstKey)) {
          first = slot;
          firstKey = heap.key(slot);
        }
      }
    }
    return first;
  }

  private int first(IndexedHeap heap, IntPredicate evictable) {
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
