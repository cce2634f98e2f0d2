package io.quire.ager;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * One extent or draft, and where its bytes are.
 *
 * <p>One word holds the number of pins, the phase and whether it was dropped. Pins of a resident
 * frame come and go by compare-and-set on that word, without a lock. All else changes under the
 * lock of {@link Memory}: the phase too, and it leaves RESIDENT only while there are no pins, by
 * the same compare-and-set, so that a pin always finds the bytes and they never move under it.
 */
final class Frame {
  /** Where the bytes are. MOVING lasts as long as a copy in memory, under the lock. */
  enum Phase {
    ABSENT,
    RESIDENT,
    PAGING_IN,
    MOVING
  }

  /** A durable copy and the store it lies in. */
  record Stored(Store store, Copy copy) {}

  /** The place of a spilled copy and the store it lies in. */
  record Spilled(Store store, long place) {}

  private static final Phase[] PHASES = Phase.values();
  private static final AtomicLongFieldUpdater<Frame> STATE =
      AtomicLongFieldUpdater.newUpdater(Frame.class, "state");
  private static final long PINS = 0xffff_ffffL;
  private static final int PHASE_SHIFT = 32;
  private static final long PHASE = 3L << PHASE_SHIFT;
  private static final long DROPPED = 1L << 34;

  private final Memory memory;
  private final long id;
  private final long bytes;
  private volatile long state;
  private volatile long lastUse;

  /** Written while no pin can be taken, before the state says RESIDENT; read under a pin. */
  private MemorySegment view = MemorySegment.NULL;

  // Guarded by the lock of Memory.
  long start = -1;
  @Nullable Extent extent;
  @Nullable Spilled spilled;
  @Nullable Stored durable;
  @Nullable PageIn pageIn;
  @Nullable CompletableFuture<Copy> persisting;
  boolean cleaning;
  boolean unwritable;
  boolean forgotten;

  Frame(Memory memory, long id, long bytes) {
    this.memory = memory;
    this.id = id;
    this.bytes = bytes;
  }

  long id() {
    return id;
  }

  long bytes() {
    return bytes;
  }

  long pages() {
    return PageRuns.pagesOf(bytes);
  }

  Memory memory() {
    return memory;
  }

  MemorySegment view() {
    return view;
  }

  long lastUse() {
    return lastUse;
  }

  /** Counts a pin if the frame is resident and not dropped. */
  boolean tryPin() {
    long tick = memory.tick();
    while (true) {
      long now = state;
      if ((now & (PHASE | DROPPED)) != resident()) {
        return false;
      }
      if (STATE.compareAndSet(this, now, now + 1)) {
        if (lastUse != tick) {
          lastUse = tick;
        }
        return true;
      }
    }
  }

  /** Gives back one pin. Wakes those who wait for room, and frees the frame if it was dropped. */
  void unpin() {
    long now = STATE.decrementAndGet(this);
    if ((now & PINS) == 0 && ((now & DROPPED) != 0 || memory.somebodyWaits())) {
      memory.unpinned(this);
    }
  }

  long pins() {
    return state & PINS;
  }

  Phase phase() {
    return PHASES[(int) ((state & PHASE) >> PHASE_SHIFT)];
  }

  boolean dropped() {
    return (state & DROPPED) != 0;
  }

  /** Whether a copy in a store makes the memory free to take. Under the lock. */
  boolean clean() {
    return spilled != null || durable != null;
  }

  // What follows is called under the lock of Memory.

  /** Counts a pin whatever the phase. */
  void addPin() {
    STATE.incrementAndGet(this);
  }

  void markDropped() {
    STATE.accumulateAndGet(this, DROPPED, (now, flag) -> now | flag);
  }

  void becomes(Phase phase) {
    STATE.accumulateAndGet(this, bits(phase), (now, wanted) -> (now & ~PHASE) | wanted);
  }

  /** Leaves RESIDENT if there is no pin and nobody dropped the frame. */
  boolean leaveResident(Phase to) {
    return STATE.compareAndSet(this, resident(), bits(to));
  }

  /** The bytes are here, and the frame is about to be RESIDENT. */
  void lies(long startPage, MemorySegment readOnly) {
    moved(startPage, readOnly);
    lastUse = memory.tick();
  }

  /** As {@link #lies}, but that is no use of it. */
  void moved(long startPage, MemorySegment readOnly) {
    start = startPage;
    view = readOnly;
  }

  private static long resident() {
    return bits(Phase.RESIDENT);
  }

  private static long bits(Phase phase) {
    return (long) phase.ordinal() << PHASE_SHIFT;
  }
}
