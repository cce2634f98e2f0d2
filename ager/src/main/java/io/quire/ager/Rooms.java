package io.quire.ager;

import io.quire.ager.RoomRequest.Kind;
import io.quire.ager.Space.Placing;
import java.util.BitSet;
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

  /** How many runs are looked at before others get the lock: that takes a millisecond at most. */
  private static final int LOOKS_AT_ONCE = 4096;

  /** So many that are before another are looked at for its sake. */
  private static final int BEFORE_MAX = 64;

  /** A look that found nothing is not repeated before so many times what it took have passed. */
  private static final int LOOK_SHARE = 8;

  /** What has become of a request. */
  enum Answer {
    PLACED,
    QUEUED,
    /** Read ahead, and not now. */
    REFUSED
  }

  /** What is to be done for a request, and the lock given back between its steps. */
  sealed interface Work {}

  /** All runs are looked at for a way to compact them; the next call goes on with it. */
  record Looking() implements Work {}

  /** Extents have to be moved for a request, and how. */
  static final class Compacting implements Work {
    final RoomRequest request;
    final Account client;
    final CompactionPlan plan;

    /** Whose bytes are being copied. */
    @Nullable Extent moving;

    /** Completed when they have been, if somebody waits for that. */
    @Nullable CompletableFuture<Void> moved;

    boolean abandoned;

    Compacting(RoomRequest request, Account client, CompactionPlan plan) {
      this.request = request;
      this.client = client;
      this.plan = plan;
    }
  }

  /** A look everywhere for a request, and what it has cost. */
  private static final class Look {
    final CompactionLook at;
    private long nanos;
    private long ended;

    Look(CompactionLook at) {
      this.at = at;
    }

    @Nullable CompactionPlan goOn() {
      if (at.over()) {
        return null;
      }
      long began = System.nanoTime();
      CompactionPlan plan = at.goOn(LOOKS_AT_ONCE);
      ended = System.nanoTime();
      nanos += ended - began;
      return plan;
    }

    boolean mayBeRepeated() {
      return at.over() && System.nanoTime() - ended > LOOK_SHARE * nanos;
    }
  }

  private final Space space;
  private final Clients clients;
  private final int draftPages;
  private final TreeSet<RoomRequest> waiting = new TreeSet<>();
  private final Map<RoomRequest, Compacting> compacting = new HashMap<>();
  private final Map<RoomRequest, Look> looks = new HashMap<>();
  private int urgent;
  private long nextNumber;
  private long waits;

  /**
   * Nobody waits.
   *
   * @param draftPages which drafts may use, unless one alone is larger
   */
  Rooms(Space space, Clients clients, int draftPages) {
    this.space = space;
    this.clients = clients;
    this.draftPages = draftPages;
  }

  RoomRequest make(Extent extent, Kind kind, Deadline deadline) {
    int priority = clients.of(extent).config.priority();
    return new RoomRequest(
        extent,
        kind,
        priority,
        nextNumber++,
        System.nanoTime(),
        deadline,
        new CompletableFuture<>());
  }

  /** Places it or queues it; whether it may be queued {@link #isFull} tells before. */
  Answer ask(RoomRequest request) {
    Placing placing = isBehind(request) ? Placing.FULL : place(request);
    if (placing == Placing.PLACED) {
      return Answer.PLACED;
    }
    if (!request.urgent() && placing == Placing.FULL) {
      return Answer.REFUSED;
    }
    if (request.urgent() && placing == Placing.FULL) {
      waits++;
      clients.of(request.extent()).waits++;
    }
    add(request);
    return Answer.QUEUED;
  }

  /** Whether somebody is before it who waits for what it wants too. */
  private boolean isBehind(RoomRequest request) {
    int looks = 0;
    for (RoomRequest before : waiting) {
      if (before.compareTo(request) >= 0 || looks++ == BEFORE_MAX) {
        return false;
      }
      if (!isAtLimit(before) || before.extent().client() == request.extent().client()) {
        return true;
      }
    }
    return false;
  }

  /** Whether it is its client that may not hold more, rather than that memory is full. */
  boolean isAtLimit(RoomRequest request) {
    return !clients.allows(request.extent()) && !isCompacting(request);
  }

  private Placing place(RoomRequest request) {
    return space.place(request, draftPages);
  }

  /** So many pages may be used when it has been placed. */
  int limitPages(RoomRequest request) {
    return space.limitPages(request, draftPages);
  }

  /** Serves those before it who can be served without moving anything. */
  void serveBefore(RoomRequest request, List<RoomRequest> placed) {
    waiting.headSet(request).stream()
        .limit(BEFORE_MAX)
        .filter(before -> !compacting.containsKey(before))
        .toList()
        .forEach(
            before -> {
              if (place(before) == Placing.PLACED) {
                remove(before);
                placed.add(before);
              }
            });
  }

  /**
   * Serves who can be served, until one needs extents to be moved.
   *
   * @param placed is given those that have a place now, and those read ahead that are refused
   */
  @Nullable Work serve(List<RoomRequest> placed, List<RoomRequest> refused) {
    Work looking = null;
    for (RoomRequest request : List.copyOf(waiting)) {
      switch (serve(request, placed)) {
        case Compacting work -> {
          return work;
        }
        case Looking work -> looking = work;
        case null -> {}
      }
      if (!request.urgent() && waiting.contains(request) && !compacting.containsKey(request)) {
        remove(request);
        refused.add(request);
      }
    }
    return looking;
  }

  /** Serves one, if it still waits; answers if extents have to be moved for that. */
  @Nullable Work serve(RoomRequest request, List<RoomRequest> placed) {
    if (!waiting.contains(request) || compacting.containsKey(request)) {
      return null;
    }
    Placing placing = place(request);
    while (placing == Placing.SCATTERED) {
      Look look = looks.get(request);
      boolean looking = look != null && !look.at.over();
      CompactionPlan plan = looking ? null : space.plan(request.extent());
      // With one extent less there may be a way near by. To look everywhere takes long.
      if (looking || plan == null && request.urgent() && !space.evictOne(request)) {
        if (look == null || look.mayBeRepeated()) {
          look = new Look(space.look(request.extent()));
          looks.put(request, look);
        }
        plan = look.goOn();
        if (plan == null) {
          return look.at.over() || request.deadline().passed() ? null : new Looking();
        }
      }
      if (plan != null) {
        looks.remove(request);
        Compacting work = new Compacting(request, clients.of(request.extent()), plan);
        compacting.put(request, work);
        clients.takes(request.extent());
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
    clients.gives(work.client, work.request.extent().pages());
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
    looks.remove(request);
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

  /** Clients that may not hold more, of which somebody waits; and whether others wait too. */
  record Waiting(int[] atLimit, boolean others) {}

  /** For whom it helps to write. */
  Waiting waiting() {
    BitSet atLimit = new BitSet();
    boolean others = false;
    for (RoomRequest request : waiting) {
      if (request.urgent()) {
        if (isAtLimit(request)) {
          atLimit.set(request.extent().client());
        } else {
          others = true;
        }
      }
    }
    return new Waiting(atLimit.stream().toArray(), others);
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
