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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which extents this node holds, by load and place. The first load of a dataset has the id of its
 * object; those that append have ids of their own. What leaves it is dropped in the ager, whose
 * pins outlive that, and its durable copy is given up. Any thread.
 */
final class Registry {
  private static final int ENDED_MAX = 10_000;

  private final Ager ager;
  private final Counters counters;
  private final Doubtful doubtful = new Doubtful();
  private final ConcurrentHashMap<Long, Holding> holdings = new ConcurrentHashMap<>();

  /** The loads that appended to an object, of those that are held. */
  private final ConcurrentHashMap<Long, Set<Long>> appends = new ConcurrentHashMap<>();

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

  /** Copies of which it is open whether they are needed. */
  Doubtful doubtful() {
    return doubtful;
  }

  /** Whether anything is held of an object. */
  boolean has(long xid) {
    return holdings.containsKey(xid) || appends.containsKey(xid);
  }

  /**
   * The holding of a load, made if there is none; one that has ended, or whose object has, stays
   * so.
   */
  Holding holding(long xid, long dataset) {
    Holding holding = holdings.computeIfAbsent(xid, _ -> made(xid, dataset));
    holding.touch();
    synchronized (ended) {
      if (!ended.containsKey(xid) && !ended.containsKey(dataset)) {
        return holding;
      }
    }
    end(xid);
    return holding;
  }

  private Holding made(long xid, long dataset) {
    if (xid != dataset) {
      appends.compute(
          dataset,
          (_, loads) -> {
            Set<Long> more = loads == null ? ConcurrentHashMap.newKeySet() : loads;
            more.add(xid);
            return more;
          });
    }
    return new Holding(xid, dataset);
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
  @Nullable Extent findOrAdopt(Layout.Home home, ExtentInfo info) {
    ExtentKey key = home.key();
    Extent here = find(home.load(), key);
    Copy copy = info.durable();
    if (here == null && copy != null && ager.reaches(copy)) {
      Held held =
          holding(home.load(), home.dataset())
              .findOrPut(key, () -> new Held(adopt(copy), info.inPart(key.part())));
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

  /** Forgets one extent of a load. */
  void remove(long xid, ExtentKey key) {
    Holding holding = holdings.get(xid);
    Held held = holding == null ? null : holding.remove(key);
    if (held != null) {
      drop(List.of(held));
    }
  }

  /**
   * Forgets a load for good, and if it made an object, all that was appended to that: ids are never
   * used twice, so a part that is loaded late, or a read that came late, must not bring it back.
   * The sweep finds what came later than the last {@value #ENDED_MAX} ends.
   */
  void end(long xid) {
    synchronized (ended) {
      ended.put(xid, true);
    }
    Holding holding = holdings.remove(xid);
    if (holding != null) {
      drop(holding.end());
      appends.computeIfPresent(
          holding.dataset(), (_, loads) -> loads.remove(xid) && loads.isEmpty() ? null : loads);
    }
    Set<Long> appended = appends.get(xid);
    if (appended != null) {
      appended.forEach(this::end);
    }
  }

  void drop(Collection<Held> gone) {
    for (Held held : gone) {
      drop(held.extent());
      Copy copy = held.info().durable();
      if (copy != null && !held.spare()) {
        ager.deleteCopy(copy);
      }
    }
  }

  /**
   * Forgets extents of a load that goes on without them. What becomes of their copies is open;
   * those of spares are others'.
   */
  void leave(Holding of, Collection<Held> gone) {
    for (Held held : gone) {
      drop(held.extent());
      Copy copy = held.info().durable();
      if (copy != null && !held.spare()) {
        doubtful.add(of.xid(), of.dataset(), copy);
      }
    }
  }

  /** Forgets an extent that has no copy yet, or whose copy stays. */
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
    long datasets = holdings.values().stream().mapToLong(Holding::dataset).distinct().count();
    return new Totals((int) datasets, extents, bytes);
  }
}
