package io.quire.datasets;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.quire.ager.Extent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The extents of one load that this node holds. It ends once: after that it takes none. Any thread;
 * nothing waits under its lock.
 */
final class Holding {
  private final long xid;

  /** The object that needs them, or will: the load's own, or one that is appended to. */
  private final long dataset;

  private volatile long touchedNanos = System.nanoTime();

  /** Who loads them, or 0 if the object was found in the namespace. */
  private volatile long coordinator;

  @GuardedBy("this")
  private final TreeMap<ExtentKey, Held> extents = new TreeMap<>();

  @GuardedBy("this")
  private boolean ended;

  /**
   * An extent, and what the descriptor says, or will say, of it.
   *
   * @param spare whether it was pulled for the case that who loaded it is lost; the durable copy,
   *     if there is one, is that node's then
   */
  record Held(Extent extent, ExtentInfo info, boolean spare) {
    Held(Extent extent, ExtentInfo info) {
      this(extent, info, false);
    }

    /**
     * Whether it can count as a spare of an extent. One with a durable copy that this node made
     * does not: no descriptor names that copy then, so it goes.
     */
    boolean isSpareOf(ExtentInfo wanted) {
      return extent.crc() == wanted.crc() && (spare || info.durable() == null);
    }
  }

  /**
   * What came of a part.
   *
   * @param held its extents
   * @param gone what is not held, or is not any more
   */
  record Put(List<Held> held, List<Held> gone) {}

  Holding(long xid, long dataset) {
    this.xid = xid;
    this.dataset = dataset;
  }

  long xid() {
    return xid;
  }

  long dataset() {
    return dataset;
  }

  long coordinator() {
    return coordinator;
  }

  void loadedBy(long incarnation) {
    coordinator = incarnation;
  }

  /** There is an object; its coordinator need not be asked any more. */
  void published() {
    coordinator = 0;
    touch();
  }

  /** Somebody who knows the object asked for it. */
  void touch() {
    touchedNanos = System.nanoTime();
  }

  long idleNanos() {
    return System.nanoTime() - touchedNanos;
  }

  synchronized boolean ended() {
    return ended;
  }

  synchronized @Nullable Held find(ExtentKey key) {
    return extents.get(key);
  }

  /** What is held in the place, made if there is nothing; null if this has ended. */
  synchronized @Nullable Held findOrPut(ExtentKey key, Supplier<Held> make) {
    if (ended) {
      return null;
    }
    Held present = extents.get(key);
    if (present == null) {
      present = make.get();
      extents.put(key, present);
    }
    return present;
  }

  /** Puts an extent, whatever was in its place; false if this has ended. */
  synchronized boolean put(Held held) {
    if (!ended) {
      extents.put(held.info().key(), held);
    }
    return !ended;
  }

  /**
   * Puts a spare, unless there is one in its place.
   *
   * @return what is not held, or is not any more: the spare itself if this has ended
   */
  synchronized Optional<Held> putSpare(Held spare) {
    Held present = extents.get(spare.info().key());
    if (ended || (present != null && present.isSpareOf(spare.info()))) {
      return Optional.of(spare);
    }
    extents.put(spare.info().key(), spare);
    return Optional.ofNullable(present);
  }

  /** What is held of a part. */
  synchronized List<Held> ofPart(int part) {
    return List.copyOf(places(part).values());
  }

  @GuardedBy("this")
  private SortedMap<ExtentKey, Held> places(int part) {
    return extents.subMap(new ExtentKey(part, 0, 0), new ExtentKey(part + 1, 0, 0));
  }

  /**
   * Puts the extents of a part, unless those of an earlier attempt are there: what was answered
   * once stays true. Spares make way if they are older than the attempt. If they came since, nobody
   * waits for it any more: the part was loaded by another, and this node is asked to hold that.
   *
   * @param before what was held of the part when the attempt began
   * @return null if this has ended, or the attempt is too late
   */
  synchronized @Nullable Put putPart(int part, List<Held> made, List<Held> before) {
    SortedMap<ExtentKey, Held> earlier = places(part);
    List<Held> present = List.copyOf(earlier.values());
    if (ended || present.stream().anyMatch(held -> held.spare() && !before.contains(held))) {
      return null;
    }
    if (!present.isEmpty() && present.stream().noneMatch(Held::spare)) {
      return new Put(present, made);
    }
    earlier.clear();
    made.forEach(held -> extents.put(held.info().key(), held));
    return new Put(made, present);
  }

  /** Takes an extent away. */
  synchronized @Nullable Held remove(ExtentKey key) {
    return extents.remove(key);
  }

  /** Whether all these places are filled with the bytes of these checksums. */
  synchronized boolean hasAll(Map<ExtentKey, Integer> crcs) {
    for (Map.Entry<ExtentKey, Integer> wanted : crcs.entrySet()) {
      Held held = extents.get(wanted.getKey());
      if (held == null || held.extent().crc() != wanted.getValue()) {
        return false;
      }
    }
    return true;
  }

  /** Takes away what is in other places than these. */
  synchronized List<Held> retain(Map<ExtentKey, Integer> places) {
    List<Held> removed = new ArrayList<>();
    extents
        .entrySet()
        .removeIf(
            entry -> {
              boolean stray = !places.containsKey(entry.getKey());
              if (stray) {
                removed.add(entry.getValue());
              }
              return stray;
            });
    return removed;
  }

  /** Takes everything away, for good. */
  synchronized List<Held> end() {
    ended = true;
    List<Held> all = List.copyOf(extents.values());
    extents.clear();
    return all;
  }

  synchronized int count() {
    return extents.size();
  }

  synchronized long bytes() {
    return extents.values().stream().mapToLong(held -> held.extent().bytes()).sum();
  }
}
