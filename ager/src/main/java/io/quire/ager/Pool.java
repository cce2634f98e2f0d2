package io.quire.ager;

import io.quire.ager.Frame.Phase;
import io.quire.ager.Frame.Stored;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * All extents, where each is on its way between draft, memory and stores, and who waits for room.
 * All of it is guarded by the lock of {@link Memory}, which calls it.
 *
 * <p>What is done for one extent does not depend on how many there are. Two exceptions: a scan is
 * begun in time proportional to its length, and {@link Refusals} look at all extents.
 */
final class Pool {
  private final AgerConfig config;
  private final Memory memory;
  private final List<Store> stores;
  private final long budgetBytes;
  private final Table table = new Table();
  private final Clients clients;
  private final Victims victims;
  private final Space space;
  private final Rooms rooms;
  private final Dirty dirty;

  /** What is said of requests that have no room. */
  final Refusals refusals;

  private final Tiers tiers;
  private final PageEvents events;
  private List<Runnable> afterwards = new ArrayList<>();
  private boolean changed;
  private long nextId = 1;
  private long pageIns;
  private int tick;
  private boolean closed;

  /**
   * An empty one.
   *
   * @param stores by whose index spilled copies are known
   */
  Pool(AgerConfig config, Memory memory, List<Store> stores, long budgetBytes, PageEvents events) {
    this.config = config;
    this.events = events;
    this.memory = memory;
    this.stores = List.copyOf(stores);
    this.budgetBytes = budgetBytes;
    int pages = Runs.pagesOf(budgetBytes);
    int draftPages = pages - Runs.pagesOf(config.reserveBytes());
    clients = new Clients(pages, draftPages);
    victims = new Victims(table, clients, budgetBytes, config.readAheadBytes());
    space = new Space(pages, table, victims, clients, events);
    rooms = new Rooms(space, clients, draftPages);
    dirty = new Dirty(budgetBytes, table, clients, victims);
    refusals = new Refusals(budgetBytes, table, clients, rooms, dirty, memory.pinTrace());
    tiers = new Tiers(table, victims, stores);
  }

  /** What is to be done after the lock is given back: what completes futures may do anything. */
  List<Runnable> takeAfterwards() {
    if (afterwards.isEmpty()) {
      return List.of();
    }
    List<Runnable> todo = afterwards;
    afterwards = new ArrayList<>();
    return todo;
  }

  /** Whether something has happened that may give the threads of the ager work; asked once. */
  boolean takeChanged() {
    boolean was = changed;
    changed = false;
    return was;
  }

  boolean anyUrgent() {
    return rooms.anyUrgent();
  }

  int tick() {
    return tick;
  }

  boolean closed() {
    return closed;
  }

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException("ager is closed: owner=" + config.owner());
    }
  }

  /** Refuses everything from here on. */
  void close() {
    closed = true;
    changed = true;
    IllegalStateException why =
        new IllegalStateException("ager is closed: owner=" + config.owner());
    rooms.removeAll().forEach(request -> fail(request, why));
  }

  // ---- clients

  /** That of all that has no client. */
  Account rest() {
    return clients.get(0);
  }

  Account open(ClientConfig client) {
    checkOpen();
    return clients.open(client);
  }

  void change(Account client, ClientConfig to) {
    clients.change(client, to);
    changed = true;
  }

  /** Its extents are the rest's from here on. */
  void close(Account client) {
    if (client.closed) {
      return;
    }
    table.forEach(
        extent -> {
          if (extent.client() == client.number) {
            if (extent.dirty()) {
              dirty.becomes(extent, rest());
            } else {
              victims.becomes(extent, rest());
            }
          }
        });
    clients.close(client);
    changed = true;
  }

  // ---- drafts and extents

  /** A draft with one pin, which wants room. */
  RoomRequest draft(Account client, long bytes, Deadline deadline) {
    checkRoomForOneMore(client);
    Extent extent = new Extent(memory, nextId++, (int) bytes);
    extent.client(client.number);
    table.add(extent);
    extent.addPin();
    RoomRequest request = rooms.make(extent, RoomRequest.Kind.DRAFT, deadline);
    ask(request);
    return request;
  }

  void seal(Extent extent, int crc) {
    checkOpen();
    extent.markSealed(crc);
    victims.used(extent);
    dirty.add(extent);
    changed |= dirty.isHigh();
    if (events.heard()) {
      events.add(new PageEvent.Sealed(extent));
    }
  }

  Extent adopt(Account client, Stored stored) {
    checkRoomForOneMore(client);
    Extent extent = new Extent(memory, nextId++, (int) stored.copy().bytes());
    extent.client(client.number);
    extent.markSealed(stored.copy().crc());
    extent.durable(stored);
    table.add(extent);
    return extent;
  }

  private void checkRoomForOneMore(Account client) {
    checkOpen();
    clients.checkOpen(client);
    if (table.size() >= config.maxExtents()) {
      throw new AgerException.TooManyExtents(config.maxExtents());
    }
  }

  /** As {@link Ager#advise}, but that nothing is read. */
  void advise(Extent extent, Advice advice) {
    if (extent.slot == Frame.NO_SLOT) {
      return;
    }
    tick++;
    if (advice != Advice.WILL_NEED) {
      victims.becomes(extent, advice);
      changed |= advice == Advice.DONT_NEED && extent.dirty();
    } else if (extent.advice() == Advice.DONT_NEED) {
      victims.becomes(extent, Advice.NORMAL);
    }
  }

  /** No new pins from here on; the extent goes with its last pin. */
  void drop(Extent extent) {
    if (extent.sealed() && !extent.dropped() && events.heard()) {
      events.add(new PageEvent.Dropped(extent));
    }
    dirty.remove(extent);
    extent.markDropped();
    forgetIfLast(extent);
  }

  /** The last pin has gone, and the extent was dropped or somebody waits for room. */
  void unpinned(Extent extent) {
    forgetIfLast(extent);
    changed = true;
  }

  private void forgetIfLast(Extent extent) {
    Phase phase = extent.phase();
    boolean inUse = extent.pins() > 0 || phase == Phase.PAGING_IN || phase == Phase.MOVING;
    if (!extent.dropped() || inUse || extent.slot == Frame.NO_SLOT) {
      return;
    }
    if (!extent.disband()) {
      return; // A pin that is being taken back; whoever does that comes here.
    }
    giveUpSpilled(extent);
    victims.forget(extent);
    if (phase == Phase.RESIDENT) {
      extent.becomes(Phase.ABSENT);
      space.vacate(extent);
    }
    table.remove(extent);
    changed = true;
  }

  /** What did not verify is not written over unseen: something else would be lost there. */
  private void giveUpSpilled(Extent extent) {
    if (extent.place == Place.NOWHERE) {
      return;
    }
    Store store = stores.get(extent.placeStore);
    if (extent.suspect()) {
      store.quarantine(extent.place);
    } else {
      store.free(extent.place);
    }
    extent.place = Place.NOWHERE;
    extent.suspect(false);
  }

  /** Of a pin, which took no lock. */
  void used(Extent extent) {
    if (extent.slot != Frame.NO_SLOT) {
      victims.used(extent);
    }
  }

  // ---- room

  private Rooms.Answer ask(RoomRequest request) {
    if (rooms.isFull() || !clients.everAllows(request.extent(), request.draft())) {
      if (request.urgent()) {
        fail(request, refusals.of(request));
      }
      return Rooms.Answer.REFUSED;
    }
    memory.drainUses();
    tick++;
    Rooms.Answer answer = rooms.ask(request);
    if (answer == Rooms.Answer.PLACED) {
      grant(request);
    }
    changed |= answer == Rooms.Answer.QUEUED;
    return answer;
  }

  private void grant(RoomRequest request) {
    Extent extent = request.extent();
    if (request.kind() != RoomRequest.Kind.MOVE) {
      extent.usedAt(tick);
    }
    if (request.draft()) {
      extent.becomes(Phase.RESIDENT);
    }
    afterwards.add(() -> request.granted().complete(true));
  }

  private void fail(RoomRequest request, RuntimeException why) {
    afterwards.add(() -> request.granted().completeExceptionally(why));
  }

  /** Serves one, if it still waits; answers if there is more to be done for it. */
  Rooms.@Nullable Work serve(RoomRequest request) {
    List<RoomRequest> placed = new ArrayList<>();
    rooms.serveBefore(request, placed);
    Rooms.Work work = rooms.serve(request, placed);
    placed.forEach(this::grant);
    return work;
  }

  /** Serves who can be served; answers if there is more to be done for one. */
  Rooms.@Nullable Work serveAll() {
    memory.drainUses();
    List<RoomRequest> placed = new ArrayList<>();
    List<RoomRequest> refused = new ArrayList<>();
    Rooms.Work work = rooms.serve(placed, refused);
    placed.forEach(this::grant);
    refused.forEach(request -> afterwards.add(() -> request.granted().complete(false)));
    for (RoomRequest request : refusals.hopeless()) {
      rooms.remove(request);
      fail(request, refusals.of(request));
    }
    changed |= !placed.isEmpty();
    return work;
  }

  boolean isCompacting(RoomRequest request) {
    return rooms.isCompacting(request);
  }

  /** Takes a request out of the queue; false if it was not in it. */
  boolean withdraw(RoomRequest request) {
    return rooms.remove(request);
  }

  /** Goes on to the next extent to be moved; false at the end, or if a pin came in between. */
  boolean beginMove(Rooms.Compacting work) {
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
  }

  /** The bytes are at their new place. */
  void endMove(Rooms.Compacting work) {
    Extent extent = Objects.requireNonNull(work.moving);
    CompletableFuture<Void> moved = work.moved;
    work.moving = null;
    work.moved = null;
    work.plan.moved();
    extent.liesAt(space.startOf(extent));
    extent.becomes(Phase.RESIDENT);
    if (moved != null) {
      afterwards.add(() -> moved.complete(null));
    }
    forgetIfLast(extent);
  }

  /** All that was planned was done, or it was abandoned. */
  void compacted(Rooms.Compacting work) {
    rooms.done(work);
    changed = true;
    if (work.abandoned) {
      return;
    }
    if (rooms.remove(work.request)) {
      space.finish(work.plan, work.request.extent());
      grant(work.request);
    } else {
      work.plan.abandon();
    }
  }

  // ---- page-in

  /** Joins or starts the page-in of an extent; null if it is resident. */
  Memory.@Nullable Join join(Extent extent, Deadline deadline) {
    checkOpen();
    if (extent.dropped()) {
      throw new IllegalStateException("extent was dropped: extent=" + extent.id());
    }
    return switch (extent.phase()) {
      case RESIDENT -> null;
      case MOVING -> {
        extent.addPin();
        yield new Memory.Join.Moving(rooms.moved(extent));
      }
      case PAGING_IN -> {
        extent.addPin();
        PageIn running = extent.pageIn();
        makeUrgent(running, deadline);
        yield new Memory.Join.Running(running);
      }
      case ABSENT -> {
        extent.addPin();
        yield new Memory.Join.First(begin(extent, RoomRequest.Kind.PAGE_IN, deadline));
      }
    };
  }

  /** What was to be read ahead is wanted now. */
  private void makeUrgent(PageIn pageIn, Deadline deadline) {
    RoomRequest request = pageIn.room;
    if (request.urgent() || !rooms.remove(request)) {
      return;
    }
    RoomRequest urgent = request.urgent(deadline);
    pageIn.room = urgent;
    ask(urgent);
  }

  /** Starts a page-in, if that costs nothing that is needed sooner; else null. */
  @Nullable PageIn beginAhead(Extent extent, Deadline deadline) {
    return beginIdly(extent, RoomRequest.Kind.AHEAD, deadline);
  }

  private @Nullable PageIn beginIdly(Extent extent, RoomRequest.Kind kind, Deadline deadline) {
    if (closed || extent.dropped() || extent.phase() != Phase.ABSENT || !extent.clean()) {
      return null;
    }
    PageIn pageIn = begin(extent, kind, deadline);
    return extent.phase() == Phase.PAGING_IN ? pageIn : null;
  }

  private PageIn begin(Extent extent, RoomRequest.Kind kind, Deadline deadline) {
    RoomRequest request = rooms.make(extent, kind, deadline);
    PageIn pageIn = new PageIn(extent, request, extent.lastUse());
    extent.pageIn(pageIn);
    extent.becomes(Phase.PAGING_IN);
    if (kind != RoomRequest.Kind.MOVE && extent.advice() == Advice.DONT_NEED) {
      extent.advice(Advice.NORMAL);
    }
    if (kind == RoomRequest.Kind.PAGE_IN) {
      victims.used(extent);
    }
    if (ask(request) == Rooms.Answer.REFUSED && !request.urgent()) {
      extent.pageInEnded();
      extent.becomes(Phase.ABSENT);
    }
    return pageIn;
  }

  /** The bytes are there and verified; a spilled copy that did not verify goes into quarantine. */
  void pagedIn(PageIn pageIn, PageIn.Spilled spilled) {
    Extent extent = pageIn.extent();
    switch (spilled) {
      case GOOD -> extent.suspect(false);
      case BAD -> {
        extent.suspect(true);
        giveUpSpilled(extent);
      }
      case UNKNOWN -> {}
    }
    if (pageIn.room.kind() != RoomRequest.Kind.MOVE) {
      tiers.worked(extent.bytes());
      tiers.pagedIn(extent, pageIn.usedBefore());
    }
    pageIns++;
    clients.of(extent).pageIns++;
    extent.pageInEnded();
    extent.becomes(Phase.RESIDENT);
    victims.enter(extent);
    if (events.heard()) {
      events.add(new PageEvent.PagedIn(extent));
    }
    forgetIfLast(extent);
    changed = true;
    afterwards.add(() -> pageIn.done().complete(null));
  }

  void pageInFailed(PageIn pageIn, Throwable why) {
    Extent extent = pageIn.extent();
    if (extent.run != Runs.NONE) {
      space.vacate(extent);
    }
    extent.pageInEnded();
    extent.becomes(Phase.ABSENT);
    if (why instanceof AgerException.ExtentLost && events.heard()) {
      events.add(new PageEvent.Lost(extent));
    }
    forgetIfLast(extent);
    changed = true;
    afterwards.add(() -> pageIn.done().completeExceptionally(why));
  }

  /**
   * Takes back a page-in that waits for room, if nobody else has joined it.
   *
   * @throws AgerException that says why it got no room, unless it has it now
   */
  void withdraw(PageIn pageIn) {
    RoomRequest request = pageIn.room;
    if (rooms.waits(request)) {
      AgerException why = refusals.of(request);
      if (request.extent().pins() <= 1) {
        rooms.remove(request);
        fail(request, why);
      }
      throw why;
    }
  }

  /** Takes back what was to be read ahead and waits for room. */
  void cancel(PageIn pageIn) {
    RoomRequest request = pageIn.room;
    if (!request.urgent() && rooms.remove(request)) {
      afterwards.add(() -> request.granted().complete(false));
    }
  }

  // ---- writing

  /** What should be written next, pinned. */
  List<Extent> takeDirty(long mostBytes) {
    return closed ? List.of() : dirty.take(mostBytes, rooms.waiting());
  }

  void written(Extent extent, int store, long place) {
    becomesClean(
        extent,
        () -> {
          extent.place = place;
          extent.placeStore = (byte) store;
        });
    extent.writing(false);
    tiers.worked(extent.bytes());
    dirty.accepted();
    if (events.heard()) {
      events.add(new PageEvent.Written(extent, stores.get(store).uri()));
    }
    changed = true;
  }

  void notWritten(Extent extent, List<String> reasons) {
    dirty.putBack(extent);
    dirty.refused(reasons);
  }

  void refused(List<String> reasons) {
    dirty.refused(reasons);
  }

  void unwritable(Extent extent) {
    extent.markUnwritable();
    dirty.putBack(extent);
    dirty.refused(List.of("extent changed after its seal: extent=" + extent.id()));
  }

  void persisted(Extent extent, Stored stored) {
    becomesClean(extent, () -> extent.durable(stored));
    changed = true;
    if (events.heard()) {
      events.add(new PageEvent.Persisted(extent, stored.copy()));
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

  // ---- moving copies between stores

  Tiers.@Nullable Move nextToMove() {
    return closed ? null : tiers.next();
  }

  /** Starts a page-in of what is to be moved, as {@link #beginAhead} does. */
  @Nullable PageIn beginToMove(Extent extent, Deadline deadline) {
    return beginIdly(extent, RoomRequest.Kind.MOVE, deadline);
  }

  boolean holdToMove(Extent extent) {
    boolean held = !extent.writing() && extent.clean() && extent.tryPinUnseen();
    if (held) {
      extent.writing(true);
    }
    return held;
  }

  /** Of one that is held. */
  void movedToDurable(Extent extent) {
    if (extent.place != Place.NOWHERE && extent.durable() != null) {
      stores.get(extent.placeStore).movedOut(extent.bytes());
      giveUpSpilled(extent);
    }
  }

  /** Of one that is held. */
  void moved(Extent extent, int store, long place) {
    if (extent.place == Place.NOWHERE || extent.placeStore != store) {
      stores.get(store).movedIn(extent.bytes());
    }
    if (extent.place != Place.NOWHERE && extent.placeStore != store) {
      stores.get(extent.placeStore).movedOut(extent.bytes());
    }
    giveUpSpilled(extent);
    extent.place = place;
    extent.placeStore = (byte) store;
  }

  // ---- scans

  ScanCourse beginScan(List<Extent> extents, boolean anyOrder) {
    checkOpen();
    tick++;
    ScanCourse course = new ScanCourse(anyOrder ? victims.handiest(extents) : extents, tick);
    victims.begin(course);
    return course;
  }

  /** Answers with the scan's part of all that scans read. */
  double consumed(ScanCourse course, int[] indices, int count) {
    for (int i = 0; i < count; i++) {
      victims.consumed(course, indices[i]);
    }
    return course.pace();
  }

  void endScan(ScanCourse course) {
    victims.end(course);
  }

  // ---- figures

  AgerStats stats(OptionalLong peakRss, List<AgerStats.StoreStats> storeStats) {
    int[] resident = {0};
    int[] sealed = {0};
    long[] pinnedBytes = new long[Clients.MAX];
    table.forEach(
        extent -> {
          pinnedBytes[extent.client()] += extent.held() ? extent.footprint() : 0;
          sealed[0] += extent.sealed() ? 1 : 0;
          resident[0] += extent.sealed() && extent.phase() == Phase.RESIDENT ? 1 : 0;
        });
    return new AgerStats(
        budgetBytes,
        space.usedBytes(),
        space.peakBytes(),
        LongStream.of(pinnedBytes).sum(),
        dirty.bytes(),
        resident[0],
        sealed[0],
        peakRss,
        pageIns,
        space.evictions(),
        space.moves(),
        rooms.waits(),
        clients.stats(pinnedBytes),
        storeStats);
  }
}
