package io.quire.ager;

import io.quire.ager.Frame.Stored;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The only authority on the budget: the lock around the {@link Pool}, and all waiting for it. Under
 * the lock nothing waits for a store and no extent is copied, and no future is completed.
 *
 * <p>Whoever finds no room is tried once more after {@code waiting} was set, and an unpin looks at
 * that after it has let go, so one of them sees the other.
 */
final class Memory implements AutoCloseable {
  /** For so long a request that is taken back waits for what is being done for it. */
  private static final Duration SETTLE_MAX = Duration.ofSeconds(2);

  /** Between two looks at who waits. */
  private static final long LOOK_NANOS = 10_000_000L;

  private static final long IDLE_NANOS = 200_000_000L;
  private static final int ADVISED_AT_ONCE = 1024;

  private final ReentrantLock lock = new ReentrantLock();

  /** For the threads of the ager: something has changed that may give them work. */
  private final Condition changed = lock.newCondition();

  /** For {@link Pressing}: somebody waits, and nobody did before. */
  private final Condition pressed = lock.newCondition();

  private final Region region;
  private final UseBuffer uses = new UseBuffer();
  private final Crowds crowds = new Crowds(this);
  private final PinTrace pinTrace;
  private final Pool pool;
  private long peakRss;
  private volatile boolean waiting;
  private volatile int tick;
  private volatile boolean closed;

  /**
   * An empty one.
   *
   * @param stores by whose index spilled copies are known
   */
  Memory(AgerConfig config, Region region, List<Store> stores, PageEvents events) {
    this.region = region;
    pinTrace = new PinTrace(config.pinTrace());
    pool = new Pool(config, this, stores, region.bytes(), events);
  }

  PinTrace pinTrace() {
    return pinTrace;
  }

  /** As {@link #lockedIfOpen} does, without the lock. */
  void checkOpen() {
    if (closed) {
      pool.checkOpen();
    }
  }

  /** Runs something short under the lock, and what follows from it after the lock. */
  <T extends @Nullable Object> T locked(Supplier<T> body) {
    lock.lock();
    List<Runnable> todo = List.of();
    try {
      try {
        return body.get();
      } finally {
        todo = settle();
      }
    } finally {
      lock.unlock();
      todo.forEach(Runnable::run);
    }
  }

  private void run(Runnable body) {
    var unused =
        locked(
            () -> {
              body.run();
              return true;
            });
  }

  /** As {@link #locked}, if the ager is open. */
  <T extends @Nullable Object> T lockedIfOpen(Supplier<T> body) {
    return locked(
        () -> {
          pool.checkOpen();
          return body.get();
        });
  }

  /** Before the lock is given back, or a wait begins. */
  private List<Runnable> settle() {
    boolean before = waiting;
    waiting = pool.anyUrgent();
    if (waiting && !before) {
      pressed.signal();
    }
    tick = pool.tick();
    if (pool.takeChanged()) {
      changed.signalAll();
    }
    return lock.getHoldCount() == 1 ? pool.takeAfterwards() : List.of();
  }

  /**
   * Moves on with each allocation and page-in; extents used at the same tick are equally recent.
   */
  int tick() {
    return tick;
  }

  Crowds crowds() {
    return crowds;
  }

  /**
   * The extent is pinned by several threads all the time. Does nothing if somebody has the lock: a
   * pin does not wait for that.
   */
  void gather(Extent extent) {
    if (!lock.tryLock()) {
      return;
    }
    List<Runnable> todo = List.of();
    try {
      boolean fit =
          extent.phase() == Frame.Phase.RESIDENT && !extent.dropped() && !extent.crowded();
      Crowd crowd = fit ? crowds.free() : null;
      if (crowd != null) {
        extent.gather(crowd);
      }
      todo = settle();
    } finally {
      lock.unlock();
      todo.forEach(Runnable::run);
    }
  }

  /** Nobody pins it, which nobody may have told. Under the lock. */
  void idle(Extent extent) {
    pool.unpinned(extent);
  }

  boolean somebodyWaits() {
    return waiting;
  }

  /** Of a pin, which took no lock. */
  void used(Extent extent) {
    uses.add(extent);
  }

  /** Under the lock. */
  void drainUses() {
    uses.drain(pool::used);
  }

  MemorySegment slice(int startPage, long bytes) {
    return region.slice(startPage, bytes);
  }

  // ---- clients

  /** That of all that has no client. */
  Account rest() {
    return pool.rest();
  }

  Account open(ClientConfig client) {
    return locked(() -> pool.open(client));
  }

  void change(Account client, ClientConfig to) {
    run(() -> pool.change(client, to));
  }

  void close(Account client) {
    run(() -> pool.close(client));
  }

  // ---- drafts and extents

  /** A draft with one pin, in its place. */
  Extent allocate(Account client, long bytes, Deadline deadline) {
    RoomRequest request = locked(() -> pool.draft(client, bytes, deadline));
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
    run(() -> pool.seal(extent, crc));
  }

  Extent adopt(Account client, Stored stored) {
    return locked(() -> pool.adopt(client, stored));
  }

  /** Others have the lock in between. */
  void advise(List<Extent> extents, Advice advice) {
    for (int from = 0; from < extents.size(); from += ADVISED_AT_ONCE) {
      List<Extent> some = extents.subList(from, Math.min(from + ADVISED_AT_ONCE, extents.size()));
      run(() -> some.forEach(extent -> pool.advise(extent, advice)));
    }
  }

  void drop(Extent extent) {
    run(() -> pool.drop(extent));
  }

  void unpinned(Extent extent) {
    run(() -> pool.unpinned(extent));
  }

  // ---- room

  /** Moves extents for a request for as long as that is what it lacks. */
  private void joinPages(RoomRequest request) {
    for (Rooms.Work work = locked(() -> pool.serve(request));
        work != null;
        work = locked(() -> pool.serve(request))) {
      carryOut(work);
    }
  }

  /**
   * Moves what is planned to be moved; the request has its place then, unless a pin came between.
   */
  void carryOut(Rooms.Work todo) {
    if (!(todo instanceof Rooms.Compacting work)) {
      return;
    }
    while (locked(() -> pool.beginMove(work))) {
      region.move(work.plan.from(), work.plan.to(), work.plan.pages());
      run(() -> pool.endMove(work));
    }
    run(() -> pool.compacted(work));
  }

  /** Waits until the request is granted; takes it back when its deadline has passed. */
  private void await(RoomRequest request) {
    try {
      request.granted().get(request.deadline().remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      withdraw(request, pool.refusals::of);
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

  /**
   * Throws what it is given, unless the request was granted meanwhile. Copies under way for it are
   * waited for, since they mostly end with a grant; one that does not end soon is left to whoever
   * carries it out, who finds the request gone.
   */
  private void withdraw(RoomRequest request, Function<RoomRequest, AgerException> why) {
    Deadline settled = Deadline.in(SETTLE_MAX);
    run(
        () -> {
          while (pool.isCompacting(request) && !settled.passed()) {
            awaitChanged(settled.remainingNanos());
          }
          if (pool.withdraw(request)) {
            throw why.apply(request);
          }
        });
    // It was granted or refused, under the lock; that is told after the lock, by who did it.
    try {
      request.granted().get(settled.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      run(
          () -> {
            if (request.extent().phase() != Frame.Phase.RESIDENT) {
              throw why.apply(request);
            }
          });
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AgerException.Interrupted("wait for room: bytesWanted=" + request.extent().bytes());
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException("no room", e.getCause());
    }
  }

  /** Under the lock; an interrupt ends the wait and stays set. */
  private void awaitChanged(long nanos) {
    boolean interrupted = Thread.interrupted();
    try {
      changed.awaitNanos(nanos);
    } catch (InterruptedException e) {
      interrupted = true;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** For {@link Reclaimer}: serves who can be served; answers if there is more to be done. */
  Rooms.@Nullable Work serve(long waitNanos) throws InterruptedException {
    List<Runnable> todo = List.of();
    lock.lock();
    try {
      Rooms.Work work = pool.serveAll();
      todo = settle();
      if (work == null && todo.isEmpty() && !pool.closed()) {
        changed.awaitNanos(waitNanos);
      }
      return work;
    } finally {
      lock.unlock();
      todo.forEach(Runnable::run);
    }
  }

  /** For {@link Pressing}: what is short, after a wait that is short while somebody waits. */
  List<Pressing.Shortage> shortages() throws InterruptedException {
    lock.lock();
    try {
      if (!pool.closed()) {
        pressed.awaitNanos(pool.anyUrgent() ? LOOK_NANOS : IDLE_NANOS);
      }
      return pool.closed() ? List.of() : pool.refusals.shortages();
    } finally {
      lock.unlock();
    }
  }

  // ---- page-in

  /** A page-in or a move that was joined, with one pin counted. */
  sealed interface Join {
    /** This caller's; its room was asked for. */
    record First(PageIn pageIn) implements Join {}

    /** Somebody else's; it has become urgent. */
    record Running(PageIn pageIn) implements Join {}

    /** The bytes are being moved in memory. */
    record Moving(CompletableFuture<Void> moved) implements Join {}
  }

  @Nullable Join join(Extent extent, Deadline deadline) {
    return locked(() -> pool.join(extent, deadline));
  }

  @Nullable PageIn beginAhead(Extent extent, Deadline deadline) {
    return locked(() -> pool.beginAhead(extent, deadline));
  }

  void pagedIn(PageIn pageIn, PageIn.Spilled spilled) {
    run(() -> pool.pagedIn(pageIn, spilled));
  }

  void pageInFailed(PageIn pageIn, Throwable why) {
    run(() -> pool.pageInFailed(pageIn, why));
  }

  void withdraw(PageIn pageIn) {
    run(() -> pool.withdraw(pageIn));
  }

  void cancel(PageIn pageIn) {
    run(() -> pool.cancel(pageIn));
  }

  // ---- writing

  /** What should be written next, pinned; nothing if there is nothing after the wait. */
  List<Extent> nextToWrite(long mostBytes, long waitNanos) throws InterruptedException {
    List<Runnable> todo = List.of();
    lock.lock();
    try {
      List<Extent> batch = pool.takeDirty(mostBytes);
      todo = settle();
      if (batch.isEmpty() && todo.isEmpty() && !pool.closed()) {
        changed.awaitNanos(waitNanos);
        batch = pool.takeDirty(mostBytes);
        todo = settle();
      }
      return batch;
    } finally {
      lock.unlock();
      todo.forEach(Runnable::run);
    }
  }

  private void awaitChange(long waitNanos) throws InterruptedException {
    lock.lock();
    try {
      if (!pool.closed()) {
        changed.awaitNanos(waitNanos);
      }
    } finally {
      lock.unlock();
    }
  }

  /** An extent from {@link #nextToWrite} has a verified copy. */
  void written(Extent extent, int store, long place) {
    run(() -> pool.written(extent, store, place));
    extent.unpin();
  }

  /** No store took it. */
  void notWritten(Extent extent, List<String> reasons) {
    run(() -> pool.notWritten(extent, reasons));
    extent.unpin();
  }

  /**
   * The bytes of an extent from {@link #nextToWrite} changed after the seal; it is never written.
   */
  void unwritable(Extent extent) {
    run(() -> pool.unwritable(extent));
    extent.unpin();
  }

  /** No store is to be tried now; waits for a change. */
  void cannotWrite(List<String> reasons, long waitNanos) throws InterruptedException {
    run(() -> pool.refused(reasons));
    awaitChange(waitNanos);
  }

  void persisted(Extent extent, Stored stored) {
    run(() -> pool.persisted(extent, stored));
  }

  // ---- moving copies between stores

  /** What should lie in another store; null if nothing should after the wait. */
  Tiers.@Nullable Move nextToMove(long waitNanos) throws InterruptedException {
    Tiers.Move move = locked(pool::nextToMove);
    if (move == null) {
      awaitChange(waitNanos);
    }
    return move;
  }

  @Nullable PageIn beginToMove(Extent extent, Deadline deadline) {
    return locked(() -> pool.beginToMove(extent, deadline));
  }

  /** Pins and marks one that was read to be moved; false if it is gone already. */
  boolean holdToMove(Extent extent) {
    return locked(() -> pool.holdToMove(extent));
  }

  /** A verified copy of one that is held lies there; the spilled copy it had goes. */
  void moved(Extent extent, int store, long place) {
    run(() -> pool.moved(extent, store, place));
  }

  /** The durable copy of one that is held was verified; the spilled one goes. */
  void movedToDurable(Extent extent) {
    run(() -> pool.movedToDurable(extent));
  }

  /** Undoes {@link #holdToMove}. */
  void letGo(Extent extent) {
    run(() -> extent.writing(false));
    extent.unpin();
  }

  /** The spilled copy of one that is being paged in could not be read, or did not verify. */
  void suspect(Extent extent) {
    run(() -> extent.suspect(true));
  }

  // ---- scans

  ScanCourse beginScan(List<Extent> extents, boolean anyOrder) {
    return locked(() -> pool.beginScan(extents, anyOrder));
  }

  /** Answers with the scan's part of all that scans read. */
  double consumed(ScanCourse course, int[] indices, int count) {
    return locked(() -> pool.consumed(course, indices, count));
  }

  void endScan(ScanCourse course) {
    run(() -> pool.endScan(course));
  }

  // ---- all of it

  AgerStats stats(List<AgerStats.StoreStats> stores) {
    OptionalLong rss = region.residentBytes();
    return locked(
        () -> {
          peakRss = Math.max(peakRss, rss.orElse(0));
          return pool.stats(rss.isPresent() ? OptionalLong.of(peakRss) : rss, stores);
        });
  }

  /** Refuses everything from here on and wakes all who wait. */
  @Override
  public void close() {
    run(pool::close);
    closed = true;
  }
}
