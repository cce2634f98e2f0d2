package io.quire.datasets;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.quire.ager.Ager;
import io.quire.ager.Copy;
import io.quire.ager.Extent;
import io.quire.datasets.Holding.Held;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which extents this node holds, by object and place. What leaves it is dropped in the ager, whose
 * pins outlive that, and its durable copy is given up. Any thread.
 */
final class Registry {
  private static final int ENDED_MAX = 10_000;

  private final Ager ager;
  private final Counters counters;
  private final ConcurrentHashMap<Long, Holding> holdings = new ConcurrentHashMap<>();

  @GuardedBy("itself")
  private final Map<Long, Boolean> ended =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
          return size() > ENDED_MAX;
        }
      };

  /** Totals. */
  record Totals(int datasets, long extents, long bytes) {}

  Registry(Ager ager, Counters counters) {
    this.ager = ager;
    this.counters = counters;
  }

  boolean has(long xid) {
    return holdings.containsKey(xid);
  }

  /** The holding of an object, made if there is none; one that has ended stays so. */
  Holding holding(long xid) {
    Holding holding = holdings.computeIfAbsent(xid, Holding::new);
    holding.touch();
    synchronized (ended) {
      if (!ended.containsKey(xid)) {
        return holding;
      }
    }
    end(xid);
    return holding;
  }

  @Nullable Holding find(long xid) {
    return holdings.get(xid);
  }

  Collection<Holding> all() {
    return List.copyOf(holdings.values());
  }

  @Nullable Extent find(long xid, ExtentKey key) {
    Holding holding = holdings.get(xid);
    Held held = holding == null ? null : holding.find(key);
    return held == null ? null : held.extent();
  }

  /**
   * The extent, adopted from its durable copy if it is not here; null if there is neither, or what
   * is here are other bytes.
   *
   * @throws Refusal if this node does not have the store of the copy
   */
  @Nullable Extent findOrAdopt(long xid, ExtentInfo info) {
    ExtentKey key = info.key();
    Extent here = find(xid, key);
    Copy copy = info.durable();
    if (here == null && copy != null && ager.reaches(copy)) {
      Held held = holding(xid).findOrPut(key, () -> new Held(adopt(copy), info));
      here = held == null ? null : held.extent();
    }
    return here == null || here.crc() != info.crc() ? null : here;
  }

  private Extent adopt(Copy copy) {
    try {
      Extent adopted = ager.adopt(copy);
      counters.extentsAdopted.increment();
      return adopted;
    } catch (IllegalArgumentException e) {
      throw new Refusal(Refusal.Reason.ELSEWHERE, String.valueOf(e.getMessage()));
    }
  }

  /** Forgets one extent. */
  void remove(long xid, ExtentKey key) {
    Holding holding = holdings.get(xid);
    Held held = holding == null ? null : holding.remove(key);
    if (held != null) {
      drop(List.of(held));
    }
  }

  /**
   * Forgets an object for good: ids are never used twice, so a part that is loaded late, or a read
   * that came late, must not bring it back. The sweep finds what came later than the last {@value
   * #ENDED_MAX} ends.
   */
  void end(long xid) {
    synchronized (ended) {
      ended.put(xid, true);
    }
    Holding holding = holdings.remove(xid);
    if (holding != null) {
      drop(holding.end());
    }
  }

  void drop(Collection<Held> gone) {
    for (Held held : gone) {
      drop(held.extent());
      Copy copy = held.info().durable();
      if (copy != null) {
        ager.deleteCopy(copy);
      }
    }
  }

  /** Forgets an extent that has no copy yet. */
  void drop(Extent extent) {
    ager.drop(extent);
    counters.extentsDropped.increment();
  }

  Totals totals() {
    long extents = 0;
    long bytes = 0;
    for (Holding holding : holdings.values()) {
      extents += holding.count();
      bytes += holding.bytes();
    }
    return new Totals(holdings.size(), extents, bytes);
  }
}
