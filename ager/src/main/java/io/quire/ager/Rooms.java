package io.quire.ager;

import io.quire.ager.Compaction.Effort;
import io.quire.ager.RoomRequest.Kind;
import io.quire.ager.Space.Placing;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Who wants room and has none yet. Requests are served in their order; one that needs more than can
 * be had does not hold up those behind it. Guarded by the lock of {@link Memory}.
 */
final class Rooms {
  private static final int WAITING_MAX = 1 << 16;

  /** What has become of a request. */
  enum Answer {
    PLACED,
    QUEUED,
    /** Read ahead, and not now. */
    REFUSED
  }

  /** A request for which extents have to be moved, and how. */
  static final class Compacting {
    final RoomRequest request;
    final CompactionPlan plan;

    /** Whose bytes are being copied. */
    @Nullable Extent moving;

    /** Completed when they have been, if somebody waits for that. */
    @Nullable CompletableFuture<Void> moved;

    boolean abandoned;

    Compacting(RoomRequest request, CompactionPlan plan) {
      this.request = request;
      this.plan = plan;
    }
  }

  private final Space space;
  private final int draftPages;
  private final TreeSet<RoomRequest> waiting = new TreeSet<>();
  private final Map<RoomRequest, Compacting> compacting = new HashMap<>();
  private int urgent;
  private long nextNumber;
  private long waits;

  /**
   * Nobody waits.
   *
   * @param draftPages which drafts may use, unless one alone is larger
   */
  Rooms(Space space, int draftPages) {
    this.space = space;
    this.draftPages = draftPages;
  }

  RoomRequest make(Extent extent, Kind kind, Deadline deadline) {
    return new RoomRequest(extent, kind, nextNumber++, deadline, new CompletableFuture<>());
  }

  /** Places it or queues it; whether it may be queued {@link #isFull} tells before. */
  Answer ask(RoomRequest request) {
    RoomRequest before = waiting.isEmpty() ? null : waiting.lower(request);
    Placing placing = before == null ? place(request) : Placing.FULL;
    if (placing == Placing.PLACED) {
      return Answer.PLACED;
    }
    if (!request.urgent() && placing == Placing.FULL) {
      return Answer.REFUSED;
    }
    waits += request.urgent() && placing == Placing.FULL ? 1 : 0;
    add(request);
    return Answer.QUEUED;
  }

  private Placing place(RoomRequest request) {
    Extent extent = request.extent();
    int limit = request.kind() == Kind.DRAFT ? Math.max(draftPages, extent.pages()) : space.pages();
    return space.place(extent, limit, request.urgent() ? null : extent);
  }

  /**
   * Serves who can be served, until one needs extents to be moved.
   *
   * @param placed is given those that have a place now, and those read ahead that are refused
   */
  @Nullable Compacting serve(List<RoomRequest> placed, List<RoomRequest> refused) {
    for (RoomRequest request : List.copyOf(waiting)) {
      Compacting work = serve(request, placed);
      if (work != null) {
        return work;
      }
      if (!request.urgent() && waiting.contains(request) && !compacting.containsKey(request)) {
        remove(request);
        refused.add(request);
      }
    }
    return null;
  }

  /** Serves one, if it still waits; answers if extents have to be moved for that. */
  @Nullable Compacting serve(RoomRequest request, List<RoomRequest> placed) {
    if (!waiting.contains(request) || compacting.containsKey(request)) {
      return null;
    }
    Placing placing = place(request);
    while (placing == Placing.SCATTERED) {
      CompactionPlan plan = space.plan(request.extent(), Effort.NEAR);
      // With one extent less there may be a way near by. To look everywhere takes long.
      if (plan == null && request.urgent() && !space.evictOne(null)) {
        plan = space.plan(request.extent(), Effort.EVERYWHERE);
        if (plan == null) {
          return null;
        }
      }
      if (plan != null) {
        Compacting work = new Compacting(request, plan);
        compacting.put(request, work);
        return work;
      }
      if (!request.urgent()) {
        return null;
      }
      placing = place(request);
    }
    if (placing == Placing.PLACED) {
      remove(request);
      placed.add(request);
    }
    return null;
  }

  /** What was planned was done, or was abandoned. */
  void done(Compacting work) {
    compacting.remove(work.request);
  }

  /** Whether extents are being moved for it at this moment. */
  boolean isCompacting(RoomRequest request) {
    return compacting.containsKey(request);
  }

  /** Completes when the extent, which is being moved now, lies at its new place. */
  CompletableFuture<Void> moved(Extent extent) {
    for (Compacting work : compacting.values()) {
      if (work.moving == extent) {
        if (work.moved == null) {
          work.moved = new CompletableFuture<>();
        }
        return work.moved;
      }
    }
    throw new IllegalStateException("extent is not being moved: extent=" + extent.id());
  }

  /** Takes it out of the queue; false if it was not in it. */
  boolean remove(RoomRequest request) {
    boolean was = waiting.remove(request);
    urgent -= was && request.urgent() ? 1 : 0;
    return was;
  }

  void add(RoomRequest request) {
    waiting.add(request);
    urgent += request.urgent() ? 1 : 0;
  }

  List<RoomRequest> all() {
    return List.copyOf(waiting);
  }

  List<RoomRequest> removeAll() {
    List<RoomRequest> all = all();
    all.forEach(this::remove);
    return all;
  }

  boolean waits(RoomRequest request) {
    return waiting.contains(request);
  }

  boolean isFull() {
    return waiting.size() >= WAITING_MAX;
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /** Whether somebody waits, rather than only being read ahead. */
  boolean anyUrgent() {
    return urgent > 0;
  }

  /** Requests that had to wait for writes or for pins. */
  long waits() {
    return waits;
  }
}
