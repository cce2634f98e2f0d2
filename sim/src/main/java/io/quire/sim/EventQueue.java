package io.quire.sim;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Events in the order in which they happen: a heap of four children to a node. A world spends a
 * fifth of its time here with {@code java.util.PriorityQueue}, which compares through an interface.
 * One thread.
 */
final class EventQueue {
  private static final int CHILDREN = 4;

  private @Nullable Event[] heap = new Event[256];
  private int size;

  int size() {
    return size;
  }

  /** The next one, or null. */
  @Nullable Event peek() {
    return heap[0];
  }

  void add(Event event) {
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, 2 * size);
    }
    int at = size++;
    while (at > 0) {
      int parent = (at - 1) / CHILDREN;
      Event above = get(parent);
      if (!event.before(above)) {
        break;
      }
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  /** Takes the next one; there must be one. */
  Event remove() {
    Event first = get(0);
    Event moved = get(--size);
    heap[size] = null;
    if (size > 0) {
      sink(moved);
    }
    return first;
  }

  private void sink(Event moved) {
    int at = 0;
    while (true) {
      int child = at * CHILDREN + 1;
      if (child >= size) {
        break;
      }
      Event least = get(child);
      int end = Math.min(child + CHILDREN, size);
      for (int other = child + 1; other < end; other++) {
        if (get(other).before(least)) {
          least = get(other);
          child = other;
        }
      }
      if (!least.before(moved)) {
        break;
      }
      heap[at] = least;
      at = child;
    }
    heap[at] = moved;
  }

  private Event get(int at) {
    Event event = heap[at];
    if (event == null) {
      throw new IllegalStateException("no event: at=" + at + " size=" + size);
    }
    return event;
  }
}
