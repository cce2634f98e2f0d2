package io.quire.ager;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.quire.ager.Frame.Phase;
import io.quire.ager.Frame.Spilled;
import io.quire.ager.Frame.Stored;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The table of all frames and the only authority on the budget. One lock guards it; nothing under
 * it waits for a store, the longest thing done there is moving bytes in memory.
 *
 * <p>Whoever finds no room counts itself in {@code waiting} before it looks, and an unpin looks at
 * that count after it has let go, so one of them sees the other.
 */
final class Memory implements AutoCloseable {
  private static final long NO_RANK = -1;
  private static final int PINNED_NAMED_MAX = 8;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final AgerConfig config;
  private final Region region;
  private final EvictionOrder order;

  @GuardedBy("lock")
  private final Space space;

  @GuardedBy("lock")
  private final Set<Frame> frames = new HashSet<>();

  @GuardedBy("lock")
  private final List<ScanCourse> scans = new ArrayList<>();

  @GuardedBy("lock")
  private final VictimQueue toClean;

  @GuardedBy("lock")
  private long nextId = 1;

  @GuardedBy("lock")
  private long dirtyBytes;

  @GuardedBy("lock")
  private long pageIns;

  @GuardedBy("lock")
  private long waits;

  @GuardedBy("lock")
  private long peakRss;

  @GuardedBy("lock")
  private boolean draining;

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private List<String> refusals = List.of();

  private volatile int waiting;
  private volatile long tick;

  Memory(AgerConfig config, Region region) {
    this.config = config;
    this.region = region;
    order = new EvictionOrder.ScansThenRecency(scans, config.readAheadBytes());
    space = new Space(region, order);
    toClean = new VictimQueue(order, Memory::awaitsCleaning);
  }

  private static boolean awaitsCleaning(Frame frame) {
    return Space.idle(frame) && !frame.clean() && !frame.cleaning && !frame.unwritable;
  }

  /** Moves on with each allocation and page-in; frames used at the same tick are equally recent. */
  long tick() {
    return tick;
  }

  boolean somebodyWaits() {
    return waiting > 0;
  }

  // ---- drafts and extents

  Frame allocate(long bytes, Deadline deadline) {
    lock.lock();
    try {
      checkRoomForOneMore();
      Frame frame = new Frame(this, nextId++, bytes);
      // Drafts leave the reserve alone, except one that is larger than all the rest.
      long limit = Math.max(space.pages() - PageRuns.pagesOf(config.reserveBytes()), frame.pages());
      awaitPlace(frame, limit, deadline);
      frame.addPin();
      frame.becomes(Phase.RESIDENT);
      frames.add(frame);
      return frame;
    } finally {
      lock.unlock();
    }
  }

  Extent seal(Frame frame, int crc) {
    lock.lock();
    try {
      checkOpen();
      Extent extent = new Extent(frame, crc);
      frame.extent = extent;
      frame.lies(frame.start, bytesOf(frame).asReadOnly());
      dirtyBytes += footprint(frame);
      if (dirtyBytes > highBytes()) {
        changed.signalAll();
      }
      return extent;
    } finally {
      lock.unlock();
    }
  }

  Extent adopt(Stored stored) {
    lock.lock();
    try {
      checkRoomForOneMore();
      Frame frame = new Frame(this, nextId++, stored.copy().bytes());
      Extent extent = new Extent(frame, stored.copy().crc());
      frame.extent = extent;
      frame.durable = stored;
      frames.add(frame);
      return extent;
    } finally {
      lock.unlock();
    }
  }

  /** The bytes of a frame that is pinned and resident. */
  MemorySegment bytesOf(Frame frame) {
    return region.slice(frame.start, frame.bytes());
  }

  /** The same and the padding up to a whole number of pages. */
  MemorySegment runOf(Frame frame) {
    return region.slice(frame.start, footprint(frame));
  }

  /** What is written of a sealed frame that is pinned. */
  Body bodyOf(Frame frame) {
    Extent extent = Objects.requireNonNull(frame.extent);
    return new Body(extent.id(), runOf(frame), extent.bytes(), extent.crc());
  }

  /** No new pins from here on; the frame goes with its last pin. */
  void drop(Frame frame) {
    lock.lock();
    try {
      frame.markDropped();
      forgetIfLast(frame);
    } finally {
      lock.unlock();
    }
  }

  /** The last pin of the frame has gone, and it was dropped or somebody waits for room. */
  void unpinned(Frame frame) {
    lock.lock();
    try {
      forgetIfLast(frame);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void forgetIfLast(Frame frame) {
    boolean inUse = frame.pins() > 0 || frame.phase() == Phase.PAGING_IN;
    if (!frame.dropped() || inUse || frame.forgotten) {
      return;
    }
    frame.forgotten = true;
    frames.remove(frame);
    if (frame.extent != null && !frame.clean()) {
      dirtyBytes -= footprint(frame);
    }
    Spilled spilled = frame.spilled;
    if (spilled != null) {
      spilled.store().free(spilled.place());
    }
    if (frame.phase() == Phase.RESIDENT) {
      frame.becomes(Phase.ABSENT);
      space.vacate(frame);
    }
    changed.signalAll();
  }

  // ---- room

  /** Gives the frame a place; waits for evictions, writes and unpins until the deadline. */
  @GuardedBy("lock")
  private void awaitPlace(Frame frame, long limitPages, Deadline deadline) {
    waiting++;
    try {
      boolean waited = false;
      while (!place(frame, limitPages, NO_RANK)) {
        long nanos = deadline.remainingNanos();
        if (nanos == 0) {
          throw refusal(frame);
        }
        if (!waited) {
          waited = true;
          waits++;
          changed.signalAll();
        }
        changed.awaitNanos(nanos);
        checkOpen();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AgerException.Interrupted("wait for room: bytesWanted=" + frame.bytes());
    } finally {
      waiting--;
    }
  }

  @GuardedBy("lock")
  private boolean place(Frame frame, long limitPages, long rankAbove) {
    tick++;
    return space.place(frame, limitPages, rankAbove);
  }

  @GuardedBy("lock")
  private AgerException refusal(Frame frame) {
    boolean unwritten = space.frames().stream().anyMatch(f -> Space.idle(f) && !f.clean());
    if (unwritten && !refusals.isEmpty()) {
      return new AgerException.NoStoreLeft(frame.bytes(), refusals);
    }
    List<Long> pinned =
        space.frames().stream()
            .filter(Memory::pinned)
            .limit(PINNED_NAMED_MAX)
            .map(Frame::id)
            .toList();
    return new AgerException.OutOfMemoryBudget(
        frame.bytes(), region.bytes(), pinnedBytes(), pinned);
  }

  // ---- page-in

  /** A page-in that was joined, with one pin counted, and whether the caller has to do it. */
  record Join(PageIn pageIn, boolean first) {}

  /** Joins or starts the page-in of a frame; null if it is resident. */
  @Nullable Join join(Frame frame) {
    lock.lock();
    try {
      checkOpen();
      if (frame.dropped()) {
        throw new IllegalStateException("extent was dropped: extent=" + frame.id());
      }
      if (frame.phase() == Phase.RESIDENT) {
        return null;
      }
      frame.addPin();
      PageIn running = frame.pageIn;
      return running != null ? new Join(running, false) : new Join(begin(frame), true);
    } finally {
      lock.unlock();
    }
  }

  /** Finds memory for a page-in that was started. */
  void makeRoom(PageIn pageIn, Deadline deadline) {
    lock.lock();
    try {
      awaitPlace(pageIn.frame(), space.pages(), deadline);
    } finally {
      lock.unlock();
    }
  }

  /** Starts a page-in, with memory, if that costs nothing that is needed sooner; else null. */
  @Nullable PageIn beginAhead(Frame frame) {
    lock.lock();
    try {
      if (closed || frame.dropped() || frame.phase() != Phase.ABSENT || !frame.clean()) {
        return null;
      }
      return place(frame, space.pages(), order.rank(frame)) ? begin(frame) : null;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private PageIn begin(Frame frame) {
    PageIn pageIn = new PageIn(frame);
    frame.pageIn = pageIn;
    frame.becomes(Phase.PAGING_IN);
    return pageIn;
  }

  /** The bytes are there and verified; a spilled copy that did not verify is left where it is. */
  void pagedIn(PageIn pageIn, boolean spilledIsBad) {
    Frame frame = pageIn.frame();
    lock.lock();
    try {
      if (spilledIsBad && frame.durable != null) {
        frame.spilled = null;
      }
      pageIns++;
      frame.pageIn = null;
      frame.becomes(Phase.RESIDENT);
      forgetIfLast(frame);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    pageIn.done().complete(null);
  }

  void pageInFailed(PageIn pageIn, RuntimeException why) {
    Frame frame = pageIn.frame();
    lock.lock();
    try {
      if (frame.start >= 0) {
        space.vacate(frame);
      }
      frame.pageIn = null;
      frame.becomes(Phase.ABSENT);
      forgetIfLast(frame);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    pageIn.done().completeExceptionally(why);
  }

  // ---- cleaning

  /** A dirty frame that should be written, pinned; null if there is none after the wait. */
  @Nullable Frame nextToClean(long waitNanos) throws InterruptedException {
    lock.lock();
    try {
      Frame frame = pollToClean();
      if (frame == null && !closed) {
        changed.awaitNanos(waitNanos);
        frame = pollToClean();
      }
      return frame;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private @Nullable Frame pollToClean() {
    draining = dirtyBytes > (draining ? lowBytes() : highBytes());
    if (closed || !(draining || waiting > 0)) {
      return null;
    }
    Frame frame = toClean.poll(space.frames(), NO_RANK);
    if (frame == null || !frame.tryPin()) {
      return null;
    }
    frame.cleaning = true;
    return frame;
  }

  /** A frame from {@link #nextToClean} has a verified copy. */
  void cleaned(Frame frame, Spilled spilled) {
    lock.lock();
    try {
      frame.cleaning = false;
      becomesClean(frame);
      frame.spilled = spilled;
      refusals = List.of();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    frame.unpin();
  }

  /** No store took the frame; waits for a change, so that the next try is not in vain. */
  void notCleaned(Frame frame, List<String> reasons, long waitNanos) throws InterruptedException {
    lock.lock();
    try {
      frame.cleaning = false;
      refusals = List.copyOf(reasons);
      frame.unpin();
      if (!closed) {
        changed.awaitNanos(waitNanos);
      }
    } finally {
      lock.unlock();
    }
  }

  /** No store is to be tried now; waits for a change. */
  void cannotClean(List<String> reasons, long waitNanos) throws InterruptedException {
    lock.lock();
    try {
      refusals = List.copyOf(reasons);
      if (!closed) {
        changed.awaitNanos(waitNanos);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The bytes of a frame from {@link #nextToClean} changed after the seal; it is never written. */
  void unwritable(Frame frame) {
    lock.lock();
    try {
      frame.cleaning = false;
      frame.unwritable = true;
      refusals = List.of("extent changed after its seal: extent=" + frame.id());
    } finally {
      lock.unlock();
    }
    frame.unpin();
  }

  void persisted(Frame frame, Stored stored) {
    lock.lock();
    try {
      becomesClean(frame);
      frame.durable = stored;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void becomesClean(Frame frame) {
    if (!frame.clean() && !frame.forgotten) {
      dirtyBytes -= footprint(frame);
    }
  }

  private long highBytes() {
    return region.bytes() * 3 / 5;
  }

  private long lowBytes() {
    return region.bytes() * 2 / 5;
  }

  // ---- scans

  ScanCourse beginScan(List<Extent> extents, boolean residentFirst) {
    lock.lock();
    try {
      checkOpen();
      ScanCourse course = new ScanCourse(extents, residentFirst, ++tick);
      scans.add(course);
      return course;
    } finally {
      lock.unlock();
    }
  }

  void consumed(ScanCourse course, int index, Frame frame) {
    lock.lock();
    try {
      course.consume(index, frame);
    } finally {
      lock.unlock();
    }
  }

  void endScan(ScanCourse course) {
    lock.lock();
    try {
      scans.remove(course);
    } finally {
      lock.unlock();
    }
  }

  // ---- the rest

  /** As {@link #locked}, but refuses if the ager is closed. */
  <T extends @Nullable Object> T lockedIfOpen(Supplier<T> body) {
    lock.lock();
    try {
      checkOpen();
      return body.get();
    } finally {
      lock.unlock();
    }
  }

  /** Runs something short under the lock, for the fields of a frame that it guards. */
  <T extends @Nullable Object> T locked(Supplier<T> body) {
    lock.lock();
    try {
      return body.get();
    } finally {
      lock.unlock();
    }
  }

  AgerStats stats(List<AgerStats.StoreStats> stores) {
    OptionalLong rss = region.residentBytes();
    lock.lock();
    try {
      peakRss = Math.max(peakRss, rss.orElse(0));
      int resident = (int) space.frames().stream().filter(Memory::residentExtent).count();
      int sealed = (int) frames.stream().filter(frame -> frame.extent != null).count();
      return new AgerStats(
          region.bytes(),
          space.usedBytes(),
          space.peakBytes(),
          pinnedBytes(),
          dirtyBytes,
          resident,
          sealed,
          rss.isPresent() ? OptionalLong.of(peakRss) : rss,
          pageIns,
          space.evictions(),
          space.moves(),
          waits,
          stores);
    } finally {
      lock.unlock();
    }
  }

  private static boolean residentExtent(Frame frame) {
    return frame.extent != null && frame.phase() == Phase.RESIDENT;
  }

  /** A frame that is being written is held by the ager alone, not by anybody's pin. */
  private static boolean pinned(Frame frame) {
    return frame.pins() > (frame.cleaning ? 1 : 0);
  }

  @GuardedBy("lock")
  private long pinnedBytes() {
    return space.frames().stream().filter(Memory::pinned).mapToLong(Memory::footprint).sum();
  }

  private static long footprint(Frame frame) {
    return frame.pages() * PageRuns.PAGE_BYTES;
  }

  @GuardedBy("lock")
  private void checkRoomForOneMore() {
    checkOpen();
    if (frames.size() >= config.maxExtents()) {
      throw new AgerException.TooManyExtents(config.maxExtents());
    }
  }

  @GuardedBy("lock")
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
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
