package io.quire.ager;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The eligible frames, the first to go in front. Sorting all frames for each victim would cost more
 * than small page-ins do, so one sort serves until it is used up or too old; a frame that was used
 * since then is passed over. Guarded by the lock of {@link Memory}.
 */
final class VictimQueue {
  /** One in so many of the sorted frames may be taken by ranks that have changed since. */
  private static final int STALENESS = 128;

  private record Entry(Frame frame, long rank, long lastUse) {}

  private final EvictionOrder order;
  private final Predicate<Frame> eligible;
  private ArrayDeque<Entry> queue = new ArrayDeque<>();
  private long sortedGeneration;
  private int sortedSize;
  private int taken;

  VictimQueue(EvictionOrder order, Predicate<Frame> eligible) {
    this.order = order;
    this.eligible = eligible;
  }

  /** The next frame whose rank is above the given one, taken from the queue. */
  @Nullable Frame poll(Collection<Frame> frames, long rankAbove) {
    if (sortedGeneration != order.generation() && taken >= sortedSize / STALENESS) {
      sort(frames);
    }
    Frame found = pollSorted(rankAbove);
    if (found == null && queue.isEmpty()) {
      sort(frames);
      found = pollSorted(rankAbove);
    }
    return found;
  }

  private @Nullable Frame pollSorted(long rankAbove) {
    while (true) {
      Entry entry = queue.peekFirst();
      if (entry == null || entry.rank <= rankAbove) {
        return null;
      }
      queue.removeFirst();
      taken++;
      if (entry.frame.lastUse() == entry.lastUse && eligible.test(entry.frame)) {
        return entry.frame;
      }
    }
  }

  private void sort(Collection<Frame> frames) {
    List<Entry> entries = new ArrayList<>();
    for (Frame frame : frames) {
      if (eligible.test(frame)) {
        entries.add(new Entry(frame, order.rank(frame), frame.lastUse()));
      }
    }
    entries.sort(
        Comparator.comparingLong(Entry::rank)
            .reversed()
            .thenComparingLong(entry -> entry.frame.id()));
    queue = new ArrayDeque<>(entries);
    sortedGeneration = order.generation();
    sortedSize = entries.size();
    taken = 0;
  }
}
