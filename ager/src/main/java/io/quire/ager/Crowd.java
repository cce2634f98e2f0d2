package io.quire.ager;

import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Counts the pins of an extent that several threads pin all the time, each thread mostly at a place
 * of its own: processors that change one word take it from each other, at several times the price
 * of a change. An idea of {@code java.util.concurrent.atomic.LongAdder}.
 *
 * <p>A pin is counted first, and then its thread looks whether the extent still has this crowd; if
 * not, it takes the pin back, at the same place. Whoever wants the crowd to end, under the lock of
 * {@link Memory}, takes it from the extent first, and adds up then. So all that were counted are
 * seen, and a pin that is given back, at whichever place, is not seen without having been counted:
 * that sum is never less than what is held. One that is taken while pins go on coming is only about
 * right.
 */
final class Crowd {
  /** Of pins that are counted in the word of the frame. */
  static final Crowd NONE = new Crowd(0);

  private static final int PLACES = 8;

  /** Two lines of memory: processors fetch them in pairs. */
  private static final int STRIDE = 128 / Long.BYTES;

  private final int number;
  private final AtomicLongArray counts = new AtomicLongArray((PLACES + 1) * STRIDE);

  /** Whose pins are counted; changed under the lock of {@link Memory}. */
  private volatile @Nullable Extent owner;

  /**
   * @param number in {@link Crowds}, more than 0
   */
  Crowd(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  @Nullable Extent owner() {
    return owner;
  }

  void owner(@Nullable Extent now) {
    owner = now;
  }

  void enter() {
    counts.getAndIncrement(place());
  }

  /** Gives back a pin that held this extent, as {@link Frame#unpin} does. */
  void leave(Extent held) {
    counts.getAndDecrement(place());
    tell(held);
  }

  /**
   * Takes back what was counted and is no pin, because the extent had another state by then.
   * Whoever has the crowd may have been taken for pinned.
   */
  void takeBack() {
    counts.getAndDecrement(place());
    Extent misled = owner;
    if (misled != null) {
      tell(misled);
    }
  }

  private static void tell(Extent left) {
    boolean awaited = left.dropped() || left.memory().somebodyWaits();
    if (awaited && left.pins() == 0) {
      left.memory().unpinned(left);
    }
  }

  /** How many pins there are, and some that are being taken back. */
  long count() {
    long sum = 0;
    for (int place = 1; place <= PLACES; place++) {
      sum += counts.get(place * STRIDE);
    }
    return sum;
  }

  private static int place() {
    return (int) (Thread.currentThread().threadId() % PLACES + 1) * STRIDE;
  }
}
