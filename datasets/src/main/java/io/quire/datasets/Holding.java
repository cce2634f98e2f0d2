package io.quire.datasets;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.quire.ager.Extent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The extents of one object that this node holds. It ends once: after that it takes none. Any
 * thread; nothing waits under its lock.
 */
final class Holding {
  private final long xid;
  private volatile long touchedNanos = System.nanoTime();

  /** Who loads the object, or 0 if it was found in the namespace. */
  private volatile long coordinator;

  @GuardedBy("this")
  private final Map<ExtentKey, Extent> extents = new HashMap<>();

  @GuardedBy("this")
  private boolean ended;

  Holding(long xid) {
    this.xid = xid;
  }

  long xid() {
    return xid;
  }

  long coordinator() {
    return coordinator;
  }

  void loadedBy(long incarnation) {
    coordinator = incarnation;
  }

  /** Somebody who knows the object asked for it. */
  void touch() {
    touchedNanos = System.nanoTime();
  }

  long idleNanos() {
    return System.nanoTime() - touchedNanos;
  }

  synchronized @Nullable Extent find(ExtentKey key) {
    return extents.get(key);
  }

  /** The extent at the place, made if there is none; null if this has ended. */
  synchronized @Nullable Extent findOrPut(ExtentKey key, Supplier<Extent> make) {
    if (ended) {
      return null;
    }
    Extent present = extents.get(key);
    if (present == null) {
      present = make.get();
      extents.put(key, present);
    }
    return present;
  }

  /**
   * Puts extents in their places.
   *
   * @return those which are no longer held: what was there before, or, if this has ended, the
   *     extents themselves
   */
  synchronized List<Extent> put(Map<ExtentKey, Extent> more) {
    if (ended) {
      return List.copyOf(more.values());
    }
    List<Extent> replaced = new ArrayList<>();
    more.forEach(
        (key, extent) -> {
          Extent before = extents.put(key, extent);
          if (before != null && before != extent) {
            replaced.add(before);
          }
        });
    return replaced;
  }

  synchronized boolean ended() {
    return ended;
  }

  /** Takes an extent away. */
  synchronized @Nullable Extent remove(ExtentKey key) {
    return extents.remove(key);
  }

  /** Whether all these places are filled with the bytes of these checksums. */
  synchronized boolean hasAll(Map<ExtentKey, Integer> crcs) {
    for (Map.Entry<ExtentKey, Integer> wanted : crcs.entrySet()) {
      Extent extent = extents.get(wanted.getKey());
      if (extent == null || extent.crc() != wanted.getValue()) {
        return false;
      }
    }
    return true;
  }

  /** Takes away what is in other places than these. */
  synchronized List<Extent> retain(Set<ExtentKey> keys) {
    List<Extent> removed = new ArrayList<>();
    extents
        .entrySet()
        .removeIf(
            entry -> {
              boolean stray = !keys.contains(entry.getKey());
              if (stray) {
                removed.add(entry.getValue());
              }
              return stray;
            });
    return removed;
  }

  /** Takes everything away, for good. */
  synchronized List<Extent> end() {
    ended = true;
    List<Extent> all = List.copyOf(extents.values());
    extents.clear();
    return all;
  }

  synchronized int count() {
    return extents.size();
  }

  synchronized long bytes() {
    return extents.values().stream().mapToLong(Extent::bytes).sum();
  }
}
