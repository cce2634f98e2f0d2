package io.quire.ager;

import io.quire.ager.Frame.Phase;
import io.quire.ager.Frame.Stored;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The table of all extents and the only authority on the budget. One lock guards it; under it
 * nothing waits for a store and no extent is copied, and what is done for one extent does not
 * depend on how many there are. Two exceptions: a scan is begun in time proportional to its length,
 * and a refusal looks at all extents for those that are pinned.
 *
 * <p>Whoever finds no room is counted in {@code waiting} before it looks, and an unpin looks at
 * that count after it has let go, so one of them sees the other.
 */
final class Memory implements AutoCloseable {
  private static final int PINNED_NAMED_MAX = 8;

  /** For so long stores must have refused everything before there is no hope. */
  private static final long HOPELESS_NANOS = 900_000_000L;

  private final ReentrantLock lock = new ReentrantLock();

  /** For the threads of the ager: something has changed that may give them work. */
  private final Condition changed = lock.newCondition();

  private final AgerConfig config;
  private final Region region;
  private final List<Store> stores;
  private final UseBuffer uses = new UseBuffer();

  private final Table table = new Table();

  private final Victims victims;

  private final Space space;

  private final Rooms rooms;

  private final Dirty dirty;

  /** To be done after the lock is given back: what completes futures may do anything. */
  private List<Runnable> afterwards = new ArrayList<>();

  private long nextId = 1;

  private long pageIns;

  private long peakRss;

  private boolean closed;

  private volatile boolean waiting;
  private volatile int tick;

  /**
   * An empty one.
   *
   * @param stores by whose index spilled copies are known
   */
  Memory(AgerConfig config, Region region, List<Store> stores) {
    this.stores = List.copyOf(stores);
    this.config = config;
    this.region = region;
    victims = new Victims(table, region.bytes(), config.readAheadBytes());
    space = new Space(Runs.pagesOf(region.bytes()), table, victims);
    rooms = new Rooms(space, space.pages() - Runs.pagesOf(config.reserveBytes()));
    dirty = new Dirty(region.bytes(), victims);
  }

  /**
   * Moves on with each allocation and page-in; extents used at the same tick are equally recent.
   */
  int tick() {
    return tick;
  }

  boolean somebodyWaits() {
    return waiting;
  }

  /** Of a pin, which took no lock. */
  void used(Extent extent) {
    uses.add(extent);
  }

  MemorySegment slice(int startPage, long bytes) {
    return region.slice(startPage, bytes);
  }

  private void unlock() {
    List<Runnable> todo = List.of();
    if (lock.getHoldCount() == 1 && !afterwards.isEmpty()) {
      todo = afterwards;
      afterwards = new ArrayList<>();
    }
    lock.unlock();
    todo.forEach(Runnable::run);
  }

  // ---- drafts and extents

  /** A draft with one pin, in its place. */
  Extent allocate(long bytes, Deadline deadline) {
    RoomRequest request;
    lock.lock();
    try {
      checkRoomForOneMore();
      Extent extent = new Extent(this, nextId++, (int) bytes);
      table.add(extent);
      extent.addPin();
      request = rooms.make(extent, RoomRequest.Kind.DRAFT, deadline);
      ask(request);
    } finally {
      unlock();
    }
    boolean placed = false;
    try {
      joinPages(request);
      await(request);
      placed = true;
    } finally {
      if (!placed) {
        drop(request.extent());
        request.extent().unpin();
      }
    }
    return request.extent();
  }

  void seal(Extent extent, int crc) {
    lock.lock();
    try {
      checkOpen();
      extent.crc(crc);
      extent.sealed = true;
      victims.used(extent);
      dirty.add(extent);
      if (dirty.isHigh()) {
        changed.signalAll();
      }
    } finally {
      unlock();
    }
  }

  Extent adopt(Stored stored) {
    lock.lock();
    try {
      checkRoomForOneMore();
      Extent extent = new Extent(this, nextId++, (int) stored.copy().bytes());
      extent.crc(stored.copy().crc());
      extent.sealed = true;
      extent.durable = stored;
      table.add(extent);
      return extent;
    } finally {
      unlock();
    }
  }

  /** No new pins from here on; the extent goes with its last pin. */
  void drop(Extent extent) {
    lock.lock();
    try {
      dirty.remove(extent);
      extent.markDropped();
      forgetIfLast(extent);
    } finally {
      unlock();
    }
  }

  /** The last pin has gone, and the extent was dropped or somebody waits for room. */
  void unpinned(Extent extent) {
    lock.lock();
    try {
      forgetIfLast(extent);
      changed.signalAll();
    } finally {
      unlock();
    }
  }

  private void forgetIfLast(Extent extent) {
    Phase phase = extent.phase();
    boolean inUse = extent.pins() > 0 || phase == Phase.PAGING_IN || phase == Phase.MOVING;
    if (!extent.dropped() || inUse || extent.forgotten) {
      return;
    }
    extent.forgotten = true;
    if (extent.place != Place.NOWHERE) {
      stores.get(extent.placeStore).free(extent.place);
    }
    victims.forget(extent);
    if (phase == Phase.RESIDENT) {
      extent.becomes(Phase.ABSENT);
      space.vacate(extent);
    }
    table.remove(extent);
    changed.signalAll();
  }

  // ---- room

  private Rooms.Answer ask(RoomRequest request) {
    if (rooms.isFull() && request.urgent()) {
      fail(request, refusal(request));
      return Rooms.Answer.REFUSED;
    }
    uses.drain(this::wasUsed);
    tick++;
    Rooms.Answer answer = rooms.ask(request);
    switch (answer) {
      case PLACED -> grant(request);
      case QUEUED -> {
        waiting = rooms.anyUrgent();
        changed.signalAll();
      }
      case REFUSED -> {}
    }
    return answer;
  }

  private void wasUsed(Extent extent) {
    if (extent.slot != Frame.NO_SLOT) {
      victims.used(extent);
    }
  }

  private void grant(RoomRequest request) {
    Extent extent = request.extent();
    extent.usedAt(tick);
    if (request.kind() == RoomRequest.Kind.DRAFT) {
      extent.becomes(Phase.RESIDENT);
    }
    afterwards.add(() -> request.granted().complete(true));
  }

  private void fail(RoomRequest request, RuntimeException why) {
    afterwards.add(() -> request.granted().completeExceptionally(why));
  }

  /** Moves extents for a request for as long as that is what it lacks. */
  private void joinPages(RoomRequest request) {
    for (Rooms.Compacting work = serve(request); work != null; work = serve(request)) {
      carryOut(work);
    }
  }

  private Rooms.@Nullable Compacting serve(RoomRequest request) {
    lock.lock();
    try {
      List<RoomRequest> placed = new ArrayList<>();
      Rooms.Compacting work = rooms.serve(request, placed);
      placed.forEach(this::grant);
      waiting = rooms.anyUrgent();
      return work;
    } finally {
      unlock();
    }
  }

  /**
   * Moves what is planned to be moved; the request has its place then, unless a pin came between.
   */
  void carryOut(Rooms.Compacting work) {
    while (beginMove(work)) {
      region.move(work.plan.from(), work.plan.to(), work.plan.pages());
      endMove(work);
    }
    compacted(work);
  }

  /** Waits until the request is granted; takes it back when its deadline has passed. */
  private void await(RoomRequest request) {
    try {
      request.granted().get(request.deadline().remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      withdraw(request, this::refusal);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      withdraw(
          request,
          _ ->
              new AgerException.Interrupted(
                  "wait for room: bytesWanted=" + request.extent().bytes()));
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException why
          ? why
          : new IllegalStateException("no room", e.getCause());
    }
  }

  /** Throws what it is given, unless the request was granted meanwhile. */
  private void withdraw(RoomRequest request, Function<RoomRequest, AgerException> why) {
    lock.lock();
    try {
      while (rooms.isCompacting(request)) {
        changed.awaitUninterruptibly();
      }
      if (rooms.remove(request)) {
        waiting = rooms.anyUrgent();
        throw why.apply(request);
      }
    } finally {
      unlock();
    }
    settled(request);
  }

  /** What has become of a request that does not wait any more. */
  private static void settled(RoomRequest request) {
    try {
      request.granted().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException why ? why : e;
    }
  }

  /** For {@link Reclaimer}: serves who can be served; answers if extents have to be moved. */
  Rooms.@Nullable Compacting serve(long waitNanos) throws InterruptedException {
    lock.lock();
    try {
      uses.drain(this::wasUsed);
      List<RoomRequest> placed = new ArrayList<>();
      List<RoomRequest> refused = new ArrayList<>();
      Rooms.Compacting work = rooms.serve(placed, refused);
      placed.forEach(this::grant);
      refused.forEach(request -> afterwards.add(() -> request.granted().complete(false)));
      refuseWhatCannotBe();
      waiting = rooms.anyUrgent();
      if (work == null && placed.isEmpty() && !closed) {
        changed.awaitNanos(waitNanos);
      }
      return work;
    } finally {
      unlock();
    }
  }

  /** Nothing can help who needs what is in memory only, while no store takes anything. */
  private void refuseWhatCannotBe() {
    if (dirty.refusedNanos() < HOPELESS_NANOS) {
      return;
    }
    for (RoomRequest request : rooms.all()) {
      if (request.extent().footprint() > region.bytes() - dirty.bytes()) {
        rooms.remove(request);
        fail(request, refusal(request));
      }
    }
  }

  /** Goes on to the next extent to be copied; false at the end, or if a pin came in between. */
  private boolean beginMove(Rooms.Compacting work) {
    lock.lock();
    try {
      if (!work.plan.next()) {
        return false;
      }
      Extent extent = table.get(work.plan.owner());
      if (!extent.leaveResident(Phase.MOVING)) {
        work.plan.abandon();
        work.abandoned = true;
        return false;
      }
      work.moving = extent;
      return true;
    } finally {
      unlock();
    }
  }

  /** The bytes are at their new place. */
  private void endMove(Rooms.Compacting work) {
    lock.lock();
    try {
      Extent extent = Objects.requireNonNull(work.moving);
      work.moving = null;
      work.plan.moved();
      extent.liesAt(space.startOf(extent));
      extent.becomes(Phase.RESIDENT);
      CompletableFuture<Void> moved = extent.moved;
      if (moved != null) {
        extent.moved = null;
        afterwards.add(() -> moved.complete(null));
      }
      forgetIfLast(extent);
    } finally {
      unlock();
    }
  }

  /** All that was planned was done, or it was abandoned. */
  private void compacted(Rooms.Compacting work) {
    lock.lock();
    try {
      rooms.done(work);
      changed.signalAll();
      if (work.abandoned) {
        return;
      }
      if (rooms.remove(work.request)) {
        space.finish(work.plan, work.request.extent());
        grant(work.request);
      } else {
        work.plan.abandon();
      }
      waiting = rooms.anyUrgent();
    } finally {
      unlock();
    }
  }

  private AgerException refusal(RoomRequest request) {
    Extent extent = request.extent();
    if (dirty.bytes() > 0 && !dirty.refusals().isEmpty()) {
      return new AgerException.NoStoreLeft(extent.bytes(), dirty.refusals());
    }
    List<Long> pinned = new ArrayList<>();
    table.forEach(
        each -> {
          if (pinned.size() < PINNED_NAMED_MAX && isPinned(each)) {
            pinned.add(each.id());
          }
        });
    return new AgerException.OutOfMemoryBudget(
        extent.bytes(), region.bytes(), pinnedBytes(), pinned);
  }

  // ---- page-in

  /** A page-in or a move that was joined, with one pin counted. */
  sealed interface Join {
    /** A page-in of somebody's; it needs to be made urgent. */
    record Running(PageIn pageIn) implements Join {}

    /** This caller's; its room was asked for. */
    record First(PageIn pageIn) implements Join {}

    /** The bytes are being moved in memory. */
    record Moving(CompletableFuture<Void> moved) implements Join {}
  }

  /** Joins or starts the page-in of an extent; null if it is resident. */
  @Nullable Join join(Extent extent, Deadline deadline) {
    lock.lock();
    try {
      checkOpen();
      if (extent.dropped()) {
        throw new IllegalStateException("extent was dropped: extent=" + extent.id());
      }
      switch (extent.phase()) {
        case RESIDENT -> {
          return null;
        }
        case MOVING -> {
          extent.addPin();
          CompletableFuture<Void> moved = extent.moved;
          if (moved == null) {
            moved = new CompletableFuture<>();
            extent.moved = moved;
          }
          return new Join.Moving(moved);
        }
        case PAGING_IN -> {
          extent.addPin();
          PageIn running = Objects.requireNonNull(extent.pageIn);
          makeUrgent(running, deadline);
          return new Join.Running(running);
        }
        case ABSENT -> {
          extent.addPin();
          return new Join.First(begin(extent, RoomRequest.Kind.PAGE_IN, deadline));
        }
      }
      throw new IllegalStateException("no such phase: phase=" + extent.phase());
    } finally {
      unlock();
    }
  }

  /** What was to be read ahead is wanted now. */
  private void makeUrgent(PageIn pageIn, Deadline deadline) {
    RoomRequest request = pageIn.room;
    if (request.urgent() || !rooms.remove(request)) {
      return;
    }
    RoomRequest urgent =
        new RoomRequest(
            request.extent(),
            RoomRequest.Kind.PAGE_IN,
            request.number(),
            deadline,
            request.granted());
    pageIn.room = urgent;
    ask(urgent);
  }

  /** Starts a page-in, if that costs nothing that is needed sooner; else null. */
  @Nullable PageIn beginAhead(Extent extent, Deadline deadline) {
    lock.lock();
    try {
      if (closed || extent.dropped() || extent.phase() != Phase.ABSENT || !extent.clean()) {
        return null;
      }
      PageIn pageIn = begin(extent, RoomRequest.Kind.AHEAD, deadline);
      return extent.phase() == Phase.PAGING_IN ? pageIn : null;
    } finally {
      unlock();
    }
  }

  private PageIn begin(Extent extent, RoomRequest.Kind kind, Deadline deadline) {
    RoomRequest request = rooms.make(extent, kind, deadline);
    PageIn pageIn = new PageIn(extent, request);
    extent.pageIn = pageIn;
    extent.becomes(Phase.PAGING_IN);
    if (kind == RoomRequest.Kind.PAGE_IN) {
      victims.used(extent);
    }
    if (ask(request) == Rooms.Answer.REFUSED && !request.urgent()) {
      extent.pageIn = null;
      extent.becomes(Phase.ABSENT);
    }
    return pageIn;
  }

  /** The bytes are there and verified; a spilled copy that did not verify is left where it is. */
  void pagedIn(PageIn pageIn, boolean spilledIsBad) {
    Extent extent = pageIn.extent();
    lock.lock();
    try {
      if (spilledIsBad && extent.durable != null) {
        extent.place = Place.NOWHERE;
      }
      pageIns++;
      extent.pageIn = null;
      extent.becomes(Phase.RESIDENT);
      victims.enter(extent);
      forgetIfLast(extent);
      changed.signalAll();
      afterwards.add(() -> pageIn.done().complete(null));
    } finally {
      unlock();
    }
  }

  void pageInFailed(PageIn pageIn, Throwable why) {
    Extent extent = pageIn.extent();
    lock.lock();
    try {
      if (extent.run != Runs.NONE) {
        space.vacate(extent);
      }
      extent.pageIn = null;
      extent.becomes(Phase.ABSENT);
      forgetIfLast(extent);
      changed.signalAll();
      afterwards.add(() -> pageIn.done().completeExceptionally(why));
    } finally {
      unlock();
    }
  }

  /**
   * Takes back a page-in that waits for room, if nobody else has joined it.
   *
   * @throws AgerException that says why it got no room, unless it has it now
   */
  void withdraw(PageIn pageIn) {
    lock.lock();
    try {
      RoomRequest request = pageIn.room;
      if (rooms.waits(request)) {
        AgerException why = refusal(request);
        if (request.extent().pins() <= 1) {
          rooms.remove(request);
          waiting = rooms.anyUrgent();
          fail(request, why);
        }
        throw why;
      }
    } finally {
      unlock();
    }
  }

  /** Takes back what was to be read ahead and waits for room. */
  void cancel(PageIn pageIn) {
    lock.lock();
    try {
      RoomRequest request = pageIn.room;
      if (!request.urgent() && rooms.remove(request)) {
        afterwards.add(() -> request.granted().complete(false));
      }
    } finally {
      unlock();
    }
  }

  // ---- writing

  /** What should be written next, pinned; nothing if there is nothing after the wait. */
  List<Extent> nextToWrite(long mostBytes, long waitNanos) throws InterruptedException {
    lock.lock();
    try {
      List<Extent> batch = closed ? List.of() : dirty.take(mostBytes, rooms.anyUrgent());
      if (batch.isEmpty() && !closed) {
        changed.awaitNanos(waitNanos);
        batch = closed ? List.of() : dirty.take(mostBytes, rooms.anyUrgent());
      }
      return batch;
    } finally {
      unlock();
    }
  }

  /** An extent from {@link #nextToWrite} has a verified copy. */
  void written(Extent extent, int store, long place) {
    lock.lock();
    try {
      extent.writing = false;
      becomesClean(
          extent,
          () -> {
            extent.place = place;
            extent.placeStore = (byte) store;
          });
      dirty.accepted();
      changed.signalAll();
    } finally {
      unlock();
    }
    extent.unpin();
  }

  /** No store took it. */
  void notWritten(Extent extent, List<String> reasons) {
    lock.lock();
    try {
      dirty.putBack(extent);
      dirty.refused(reasons);
    } finally {
      unlock();
    }
    extent.unpin();
  }

  /**
   * The bytes of an extent from {@link #nextToWrite} changed after the seal; it is never written.
   */
  void unwritable(Extent extent) {
    lock.lock();
    try {
      extent.unwritable = true;
      dirty.putBack(extent);
      dirty.refused(List.of("extent changed after its seal: extent=" + extent.id()));
    } finally {
      unlock();
    }
    extent.unpin();
  }

  /** No store is to be tried now; waits for a change. */
  void cannotWrite(List<String> reasons, long waitNanos) throws InterruptedException {
    lock.lock();
    try {
      dirty.refused(reasons);
      if (!closed) {
        changed.awaitNanos(waitNanos);
      }
    } finally {
      unlock();
    }
  }

  void persisted(Extent extent, Stored stored) {
    lock.lock();
    try {
      becomesClean(extent, () -> extent.durable = stored);
      changed.signalAll();
    } finally {
      unlock();
    }
  }

  private void becomesClean(Extent extent, Runnable copied) {
    boolean first = extent.dirty();
    dirty.remove(extent);
    copied.run();
    if (first && extent.phase() == Phase.RESIDENT) {
      victims.enter(extent);
    }
  }

  // ---- scans

  ScanCourse beginScan(List<Extent> extents, boolean anyOrder) {
    lock.lock();
    try {
      checkOpen();
      tick++;
      List<Extent> inOrder = anyOrder ? victims.handiest(extents) : extents;
      ScanCourse course = new ScanCourse(inOrder, tick);
      victims.begin(course);
      return course;
    } finally {
      unlock();
    }
  }

  void consumed(ScanCourse course, int[] indices, int count) {
    lock.lock();
    try {
      for (int i = 0; i < count; i++) {
        victims.consumed(course, indices[i]);
      }
    } finally {
      unlock();
    }
  }

  void endScan(ScanCourse course) {
    lock.lock();
    try {
      victims.end(course);
    } finally {
      unlock();
    }
  }

  // ---- all of them

  /** Runs something short under the lock, if the ager is open. */
  <T extends @Nullable Object> T lockedIfOpen(Supplier<T> body) {
    lock.lock();
    try {
      checkOpen();
      return body.get();
    } finally {
      unlock();
    }
  }

  /** Runs something short under the lock, for the fields of an extent that it guards. */
  <T extends @Nullable Object> T locked(Supplier<T> body) {
    lock.lock();
    try {
      return body.get();
    } finally {
      unlock();
    }
  }

  AgerStats stats(List<AgerStats.StoreStats> stores) {
    OptionalLong rss = region.residentBytes();
    lock.lock();
    try {
      peakRss = Math.max(peakRss, rss.orElse(0));
      int[] resident = {0};
      int[] sealed = {0};
      table.forEach(
          extent -> {
            sealed[0] += extent.sealed ? 1 : 0;
            resident[0] += extent.sealed && extent.phase() == Phase.RESIDENT ? 1 : 0;
          });
      return new AgerStats(
          region.bytes(),
          space.usedBytes(),
          space.peakBytes(),
          pinnedBytes(),
          dirty.bytes(),
          resident[0],
          sealed[0],
          rss.isPresent() ? OptionalLong.of(peakRss) : rss,
          pageIns,
          space.evictions(),
          space.moves(),
          rooms.waits(),
          stores);
    } finally {
      unlock();
    }
  }

  /** An extent that is being written is held by the ager alone, not by anybody's pin. */
  private static boolean isPinned(Extent extent) {
    return extent.phase() == Phase.RESIDENT && extent.pins() > (extent.writing ? 1 : 0);
  }

  private long pinnedBytes() {
    long[] sum = {0};
    table.forEach(extent -> sum[0] += isPinned(extent) ? extent.footprint() : 0);
    return sum[0];
  }

  private void checkRoomForOneMore() {
    checkOpen();
    if (table.size() >= config.maxExtents()) {
      throw new AgerException.TooManyExtents(config.maxExtents());
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("ager is closed: owner=" + config.owner());
    }
  }

  /** Refuses everything from here on and wakes all who wait. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      IllegalStateException why =
          new IllegalStateException("ager is closed: owner=" + config.owner());
      rooms.removeAll().forEach(request -> fail(request, why));
      waiting = false;
      changed.signalAll();
    } finally {
      unlock();
    }
  }
}
