package io.quire.ager;

import io.quire.ager.Clients.Reach;
import io.quire.ager.Compaction.Effort;
import org.jspecify.annotations.Nullable;

/**
 * Where extents lie in the region: places them, and evicts others for that. Guarded by the lock of
 * {@link Memory}.
 */
final class Space {
  /** What came of an attempt to place an extent. */
  enum Placing {
    PLACED,
    /** Enough pages are free and do not lie together: some extents must be moved. */
    SCATTERED,
    /** There is nothing to evict that is not needed more. */
    FULL
  }

  private final Runs runs;
  private final Compaction compaction;
  private final Victims victims;
  private final Clients clients;
  private final PageEvents events;
  private int peakPages;
  private long evictions;

  Space(int pages, Table table, Victims victims, Clients clients, PageEvents events) {
    runs = new Runs(pages);
    compaction = new Compaction(runs, slot -> table.get(slot).idle());
    this.victims = victims;
    this.clients = clients;
    this.events = events;
  }

  /**
   * Gives an extent its place, if evicting others makes room for it.
   *
   * @param draftPages not more are used when a draft has been placed, unless it alone is larger
   */
  Placing place(RoomRequest request, int draftPages) {
    Extent extent = request.extent();
    int pages = extent.pages();
    while (true) {
      boolean allowed = clients.allows(extent);
      if (allowed
          && runs.usedPages() + runs.reservedPages() + pages <= limitPages(request, draftPages)) {
        int run = runs.allocate(pages, extent.slot);
        if (run != Runs.NONE) {
          lies(extent, run);
          return Placing.PLACED;
        }
        if (runs.freePages() >= pages) {
          return Placing.SCATTERED;
        }
      }
      if (!evictOne(request)) {
        return Placing.FULL;
      }
    }
  }

  /** So many pages may be used when it has been placed. */
  int limitPages(RoomRequest request, int draftPages) {
    Extent extent = request.extent();
    return request.kind() == RoomRequest.Kind.DRAFT
        ? Math.max(draftPages, extent.pages()) - clients.unusedPages(extent)
        : runs.pages();
  }

  /** Evicts whom the order names; false if there is nobody. */
  boolean evictOne(RoomRequest request) {
    Extent victim = victim(request);
    if (victim == null) {
      return false;
    }
    if (victim.leaveResident(Frame.Phase.ABSENT)) {
      victims.leave(victim);
      vacate(victim);
      evictions++;
      if (events.heard()) {
        events.add(new PageEvent.Evicted(victim));
      }
    }
    return true;
  }

  private @Nullable Extent victim(RoomRequest request) {
    Extent extent = request.extent();
    if (!clients.allows(extent)) {
      return victims.next(extent, Reach.OWN, !request.urgent());
    }
    Extent spare = victims.next(extent, Reach.SPARE, !request.urgent());
    return spare == null && request.kind() == RoomRequest.Kind.PAGE_IN
        ? victims.next(extent, Reach.ALL, false)
        : spare;
  }

  private void lies(Extent extent, int run) {
    clients.takes(extent);
    extent.run = run;
    extent.liesAt(runs.start(run));
    peakPages = Math.max(peakPages, runs.usedPages());
  }

  /** Takes the extent's place from it. */
  void vacate(Extent extent) {
    clients.gives(extent);
    runs.free(extent.run);
    extent.run = Runs.NONE;
  }

  int startOf(Extent extent) {
    return runs.start(extent.run);
  }

  /** How to make a place for an extent by moving others; null if no way was found near by. */
  @Nullable CompactionPlan plan(Extent extent) {
    return compaction.plan(extent.pages(), Effort.NEAR);
  }

  /** As {@link #plan}, but everywhere, in steps. */
  CompactionLook look(Extent extent) {
    return compaction.look(extent.pages());
  }

  /** The plan was carried out for this extent. */
  void finish(CompactionPlan plan, Extent extent) {
    lies(extent, plan.finish(extent.slot));
  }

  int pages() {
    return runs.pages();
  }

  long usedBytes() {
    return (long) runs.usedPages() * Runs.PAGE_BYTES;
  }

  long peakBytes() {
    return (long) peakPages * Runs.PAGE_BYTES;
  }

  long evictions() {
    return evictions;
  }

  long moves() {
    return compaction.moves();
  }

  /** Bytes of the heap that the division takes. */
  long bookkeepingBytes() {
    return runs.bookkeepingBytes();
  }
}
