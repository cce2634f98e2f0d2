package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.Copy;
import io.quire.ager.Extent;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which extents this node holds, by object and place. What leaves it is dropped in the ager, whose
 * pins outlive that. Any thread.
 */
final class Registry {
  private final Ager ager;
  private final Counters counters;
  private final ConcurrentHashMap<Long, Holding> holdings = new ConcurrentHashMap<>();

  /** Totals. */
  record Held(int datasets, long extents, long bytes) {}

  Registry(Ager ager, Counters counters) {
    this.ager = ager;
    this.counters = counters;
  }

  boolean has(long xid) {
    return holdings.containsKey(xid);
  }

  Holding holding(long xid) {
    Holding holding = holdings.computeIfAbsent(xid, Holding::new);
    holding.touch();
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
    return holding == null ? null : holding.find(key);
  }

  /** The extent, adopted from its durable copy if it is not here; null if there is neither. */
  @Nullable Extent findOrAdopt(long xid, ExtentInfo info) {
    ExtentKey key = info.key();
    Extent here = find(xid, key);
    Copy copy = info.durable();
    if (here != null || copy == null) {
      return here;
    }
    return holding(xid)
        .findOrPut(
            key,
            () -> {
              Extent adopted = ager.adopt(copy);
              counters.extentsAdopted.increment();
              return adopted;
            });
  }

  /** Puts extents in their places; false if the load was ended meanwhile, and they are dropped. */
  boolean put(Holding holding, Map<ExtentKey, Extent> extents) {
    drop(holding.put(extents));
    return !holding.ended();
  }

  /** Forgets one extent. */
  void remove(long xid, ExtentKey key) {
    Holding holding = holdings.get(xid);
    Extent extent = holding == null ? null : holding.remove(key);
    if (extent != null) {
      drop(List.of(extent));
    }
  }

  /** Forgets an object. */
  void end(long xid) {
    Holding holding = holdings.remove(xid);
    if (holding != null) {
      drop(holding.end());
    }
  }

  void drop(Collection<Extent> extents) {
    extents.forEach(ager::drop);
    counters.extentsDropped.add(extents.size());
  }

  Held held() {
    long extents = 0;
    long bytes = 0;
    for (Holding holding : holdings.values()) {
      extents += holding.count();
      bytes += holding.bytes();
    }
    return new Held(holdings.size(), extents, bytes);
  }
}
