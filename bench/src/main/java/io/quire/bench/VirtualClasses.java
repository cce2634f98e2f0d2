package io.quire.bench;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The other design: a range of addresses for each size class, as long as all memory, and memory
 * that goes from class to class by giving it back to the operating system. Eight classes for each
 * doubling, so at most an eighth is wasted. Nothing is ever moved; memory that came from another
 * class has to be faulted in again.
 */
final class VirtualClasses implements Allocator {
  private static final long PAGE = 4096;
  private static final int CLASSES_LOG = 3;
  private static final long LONGEST = 64L << 20;

  /** Slots of one size: those that were never used or given back, and those that have memory. */
  private static final class SizeClass {
    private final long bytes;
    private final long address;
    private final Deque<Integer> empty = new ArrayDeque<>();
    private final Deque<Integer> warm = new ArrayDeque<>();
    private int slots;

    SizeClass(long bytes, long limit) {
      this.bytes = bytes;
      address = CLibrary.reserve(limit / bytes * bytes);
    }

    long address(int slot) {
      return address + slot * bytes;
    }
  }

  private final long limit;
  private final List<SizeClass> classes = new ArrayList<>();
  private long used;
  private long warm;
  private int victim;

  VirtualClasses(long limit) {
    this.limit = limit;
    for (int at = 0; sizeOf(at) <= Math.min(LONGEST, limit); at++) {
      classes.add(new SizeClass(sizeOf(at), limit));
    }
  }

  /** Bytes of each slot of a class. */
  private static long sizeOf(int at) {
    int each = 1 << CLASSES_LOG;
    int doubling = at >>> CLASSES_LOG;
    return doubling == 0
        ? (at + 1) * PAGE
        : (PAGE << (doubling - 1)) * (each + (at & (each - 1)) + 1);
  }

  /** The lowest class whose slots are long enough. */
  static int classOf(long bytes) {
    long pages = (bytes + PAGE - 1) / PAGE - 1;
    if (pages < 1 << CLASSES_LOG) {
      return (int) pages;
    }
    int log = Long.SIZE - 1 - Long.numberOfLeadingZeros(pages);
    int column = (int) (pages >>> (log - CLASSES_LOG)) & ((1 << CLASSES_LOG) - 1);
    return (log - CLASSES_LOG + 1 << CLASSES_LOG) + column;
  }

  @Override
  public long allocate(long bytes) {
    int at = classOf(bytes);
    SizeClass own = classes.get(at);
    Integer slot = own.warm.pollLast();
    if (slot != null) {
      warm -= own.bytes;
    } else {
      if (used + own.bytes > limit) {
        return REFUSED;
      }
      while (used + warm + own.bytes > limit) {
        giveBack();
      }
      slot = own.empty.pollLast();
      slot = slot == null ? own.slots++ : slot;
    }
    used += own.bytes;
    return (long) at << Integer.SIZE | slot;
  }

  /** Takes the memory of a slot that is not used, of one class after another. */
  private void giveBack() {
    while (classes.get(victim).warm.isEmpty()) {
      victim = (victim + 1) % classes.size();
    }
    SizeClass from = classes.get(victim);
    int slot = from.warm.removeFirst();
    CLibrary.release(from.address(slot), from.bytes);
    from.empty.addLast(slot);
    warm -= from.bytes;
    victim = (victim + 1) % classes.size();
  }

  @Override
  public void free(long token) {
    SizeClass own = of(token);
    own.warm.addLast((int) token);
    warm += own.bytes;
    used -= own.bytes;
  }

  @Override
  public long address(long token) {
    return of(token).address((int) token);
  }

  @Override
  public long takes(long token, long bytes) {
    return of(token).bytes;
  }

  private SizeClass of(long token) {
    return classes.get((int) (token >>> Integer.SIZE));
  }
}
