package io.quire.ager;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Where the bytes of an extent or of a draft are. It is the part of an {@link Extent} that changes,
 * and one object with it, because a million extents are a use case and each object has a price.
 *
 * <p>One word holds the number of pins, the phase and some marks. Pins of a resident frame come and
 * go by one addition to that word each, without a lock; a frame that several threads pin all the
 * time has a {@link Crowd}, which counts most of them beside the word. All else changes under the
 * lock of {@link Memory}: the phase too, and it leaves RESIDENT only while there are no pins, by a
 * compare-and-set of the word, so that a pin always finds the bytes and they never move under it. A
 * pin that was counted and then finds another phase is taken back; a moment of that kind only keeps
 * a frame where it is.
 *
 * <p>An extent takes 72 bytes where references take 4: 12 of header, nine numbers of 4 and 8 bytes
 * each, a store's and a client's number, and two references. What holds for few of them at a time
 * stands elsewhere.
 */
abstract sealed class Frame permits Extent {
  /** Where the bytes are. MOVING lasts as long as a copy in memory. */
  enum Phase {
    ABSENT,
    RESIDENT,
    PAGING_IN,
    MOVING
  }

  /** What there is to know of a frame besides: one reference for what most have none of. */
  sealed interface Besides permits Stored, PageIn {
    @Nullable Stored durable();
  }

  /** A durable copy and the store it lies in. */
  record Stored(Store store, Copy copy) implements Besides {
    @Override
    public Stored durable() {
      return this;
    }
  }

  static final int NO_SLOT = -1;

  private static final Phase[] PHASES = Phase.values();
  private static final VarHandle STATE;
  private static final long PINS = 0xffff_ffffL;
  private static final int PHASE_SHIFT = 32;
  private static final long PHASE = 3L << PHASE_SHIFT;
  private static final long DROPPED = 1L << 34;
  private static final long SEALED = 1L << 35;
  private static final long WRITING = 1L << 36;
  private static final long UNWRITABLE = 1L << 37;
  private static final long SUSPECT = 1L << 38;

  private static final long DONT_NEED = 1L << 39;
  private static final long KEEP = 1L << 40;
  private static final int CROWD_SHIFT = 41;
  private static final long CROWD = 127L << CROWD_SHIFT;

  /** Marks that keep nobody from taking the memory. */
  private static final long HARMLESS = SEALED | WRITING | UNWRITABLE | SUSPECT | DONT_NEED | KEEP;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Frame.class, "state", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Memory memory;
  private final long id;
  private final int bytes;
  private volatile long state;
  private volatile int lastUse;
  private int crc;

  /** First page; written while no pin can be taken, before the state says RESIDENT. */
  private int startPage;

  // Guarded by the lock of Memory.
  int slot = NO_SLOT;
  int run = Runs.NONE;
  long place = Place.NOWHERE;
  byte placeStore;
  private byte client;

  /** The page-in, while there is one, and else the durable copy. */
  private @Nullable Besides besides;

  Frame(Memory memory, long id, int bytes) {
    this.memory = memory;
    this.id = id;
    this.bytes = bytes;
  }

  /** Unique among the extents of this {@link Ager}. */
  public final long id() {
    return id;
  }

  /** Its size, without the padding to 4 KiB. */
  public final long bytes() {
    return bytes;
  }

  /** CRC32C of the bytes. */
  public final int crc() {
    return crc;
  }

  final int pages() {
    return Runs.pagesOf(bytes);
  }

  final long footprint() {
    return (long) pages() * Runs.PAGE_BYTES;
  }

  final Memory memory() {
    return memory;
  }

  /** The bytes, read-only. Under a pin. */
  final MemorySegment view() {
    return memory.slice(startPage, bytes).asReadOnly();
  }

  /** The bytes and the padding up to a whole number of pages, writable. Under a pin. */
  final MemorySegment run() {
    return memory.slice(startPage, footprint());
  }

  /** The tick of {@link Memory} at which it was used last, of those that are not declared. */
  final int lastUse() {
    return lastUse;
  }

  /**
   * Counts a pin if the frame is resident and not dropped, and remembers the use.
   *
   * @return where it was counted, {@link Crowd#NONE} for here; null if it was not
   */
  final @Nullable Crowd tryPin() {
    long now = state;
    if ((now & (PHASE | DROPPED)) != resident()) {
      return null;
    }
    Crowd counted = (now & CROWD) == 0 ? null : joined(now);
    if (counted == null) {
      long before = (long) STATE.getAndAdd(this, 1L);
      if ((before & (PHASE | DROPPED)) != resident()) {
        unpin();
        return null;
      }
      if ((before & PINS) > 0 && (before & CROWD) == 0) {
        memory.crowds().met((Extent) this);
      }
      counted = Crowd.NONE;
    }
    int tick = memory.tick();
    if (lastUse != tick) {
      lastUse = tick;
      memory.used((Extent) this);
    }
    return counted;
  }

  /** The crowd, which has counted a pin; null if it has not, because the state is another one. */
  private @Nullable Crowd joined(long seen) {
    Crowd crowd = memory.crowds().get(crowdNumber(seen));
    crowd.enter();
    if (((state ^ seen) & (PHASE | DROPPED | CROWD)) == 0) {
      return crowd;
    }
    crowd.takeBack();
    return null;
  }

  private static int crowdNumber(long state) {
    return (int) ((state & CROWD) >> CROWD_SHIFT);
  }

  /** Counts a pin here if the frame is resident and not dropped; that is no use of it. */
  final boolean tryPinUnseen() {
    if ((state & (PHASE | DROPPED)) != resident()) {
      return false;
    }
    long before = (long) STATE.getAndAdd(this, 1L);
    if ((before & (PHASE | DROPPED)) == resident()) {
      return true;
    }
    unpin();
    return false;
  }

  /**
   * Gives back one pin that was counted here. Wakes those who wait for room, and frees the frame if
   * it was dropped.
   *
   * @throws IllegalStateException if there is none
   */
  final void unpin() {
    long before = (long) STATE.getAndAdd(this, -1L);
    long left = (before & PINS) - 1;
    if (left > 0) {
      return;
    }
    if (left < 0) {
      STATE.getAndAdd(this, 1L);
      throw new IllegalStateException("a pin was given back twice: extent=" + id);
    }
    if ((before & DROPPED) != 0 || memory.somebodyWaits()) {
      memory.unpinned((Extent) this);
    }
  }

  final long pins() {
    long now = state;
    long here = now & PINS;
    return (now & CROWD) == 0 ? here : here + memory.crowds().get(crowdNumber(now)).count();
  }

  final Phase phase() {
    return PHASES[(int) ((state & PHASE) >> PHASE_SHIFT)];
  }

  final boolean dropped() {
    return (state & DROPPED) != 0;
  }

  /** Resident, and nobody holds or dropped it. */
  final boolean idle() {
    return (state & ~(HARMLESS | CROWD)) == resident() && pins() == 0;
  }

  /** Resident, and held by somebody: the ager itself holds what is being written. */
  final boolean held() {
    return phase() == Phase.RESIDENT && pins() > (writing() ? 1 : 0);
  }

  final boolean sealed() {
    return (state & SEALED) != 0;
  }

  /** Whether a spilled copy is being made, under a pin. */
  final boolean writing() {
    return (state & WRITING) != 0;
  }

  /** Whether its bytes changed after the seal, so that they are never written. */
  final boolean unwritable() {
    return (state & UNWRITABLE) != 0;
  }

  /** Whether the spilled copy could not be read or did not verify. */
  final boolean suspect() {
    return (state & SUSPECT) != 0;
  }

  /** NORMAL, DONT_NEED or KEEP. */
  final Advice advice() {
    long now = state;
    return (now & DONT_NEED) != 0
        ? Advice.DONT_NEED
        : (now & KEEP) != 0 ? Advice.KEEP : Advice.NORMAL;
  }

  // What follows is called under the lock of Memory.

  final void advice(Advice now) {
    mark(DONT_NEED, now == Advice.DONT_NEED);
    mark(KEEP, now == Advice.KEEP);
  }

  /** The number of the client that it belongs to. */
  final int client() {
    return Byte.toUnsignedInt(client);
  }

  final void client(int number) {
    client = (byte) number;
  }

  final @Nullable Stored durable() {
    Besides now = besides;
    return now == null ? null : now.durable();
  }

  final void durable(Stored stored) {
    if (besides instanceof PageIn pageIn) {
      pageIn.durable(stored);
    } else {
      besides = stored;
    }
  }

  /** The one under way; there must be one. */
  final PageIn pageIn() {
    if (besides instanceof PageIn pageIn) {
      return pageIn;
    }
    throw new IllegalStateException("no page-in is under way: extent=" + id);
  }

  final void pageIn(PageIn begun) {
    Stored stored = durable();
    if (stored != null) {
      begun.durable(stored);
    }
    besides = begun;
  }

  final void pageInEnded() {
    besides = durable();
  }

  /** Whether a copy in a store makes the memory free to take. */
  final boolean clean() {
    return place != Place.NOWHERE || besides != null && durable() != null;
  }

  /** Whether it is in memory only, and is to be kept. */
  final boolean dirty() {
    return sealed() && !clean() && !dropped();
  }

  /** Counts a pin whatever the phase. */
  final void addPin() {
    STATE.getAndAdd(this, 1L);
  }

  final void markDropped() {
    STATE.getAndBitwiseOr(this, DROPPED);
  }

  /** It has its bytes, for ever. */
  final void markSealed(int found) {
    crc = found;
    STATE.getAndBitwiseOr(this, SEALED);
  }

  final void markUnwritable() {
    STATE.getAndBitwiseOr(this, UNWRITABLE);
  }

  final void writing(boolean now) {
    mark(WRITING, now);
  }

  final void suspect(boolean now) {
    mark(SUSPECT, now);
  }

  private void mark(long which, boolean now) {
    if (now) {
      STATE.getAndBitwiseOr(this, which);
    } else {
      STATE.getAndBitwiseAnd(this, ~which);
    }
  }

  final void becomes(Phase phase) {
    long now;
    do {
      now = state;
    } while (!STATE.compareAndSet(this, now, (now & ~PHASE) | bits(phase)));
  }

  /** Leaves RESIDENT if there is no pin and nobody dropped the frame. */
  final boolean leaveResident(Phase to) {
    if (dropped() || !disband()) {
      return false;
    }
    long now = state;
    return (now & ~HARMLESS) == resident()
        && STATE.compareAndSet(this, now, (now & ~PHASE) | bits(to));
  }

  /** Most pins are counted there from here on, if it is resident and has no crowd. */
  final void gather(Crowd crowd) {
    crowd.owner((Extent) this);
    STATE.getAndBitwiseOr(this, (long) crowd.number() << CROWD_SHIFT);
  }

  final boolean crowded() {
    return (state & CROWD) != 0;
  }

  /**
   * It has no crowd after that; false if pins are counted there, and it keeps it. One that was
   * dropped keeps it until it goes itself: who takes back a pin finds it by its crowd.
   */
  final boolean disband() {
    long now = state;
    if ((now & CROWD) == 0) {
      return true;
    }
    Crowd crowd = memory.crowds().get(crowdNumber(now));
    if (crowd.count() > 0) {
      return false;
    }
    STATE.getAndBitwiseAnd(this, ~CROWD);
    if (crowd.count() > 0) { // Somebody was counted before that.
      STATE.getAndBitwiseOr(this, now & CROWD);
      return false;
    }
    crowd.owner(null);
    return true;
  }

  /** The bytes are to be here, and the frame is about to be RESIDENT. */
  final void liesAt(int page) {
    startPage = page;
  }

  final void usedAt(int tick) {
    lastUse = tick;
  }

  private static long resident() {
    return bits(Phase.RESIDENT);
  }

  private static long bits(Phase phase) {
    return (long) phase.ordinal() << PHASE_SHIFT;
  }
}
