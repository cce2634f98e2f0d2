package io.quire.ager;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads each extent of a list once. While it is open the ager knows what it will need: it reads
 * ahead, and evicts first what the scan is done with and last what it needs next. Close it, and
 * each pin. Confined to one thread at a time.
 */
public final class Scan implements AutoCloseable {
  /** In which order the extents come. */
  public enum Order {
    /** As in the list. */
    IN_ORDER,
    /** What is in memory comes first, each in the order of the list. */
    RESIDENT_FIRST
  }

  private final Memory memory;
  private final PageIns pageIns;
  private final List<Extent> extents;
  private final Duration deadlineEach;
  private final long readAheadBytes;
  private final ScanCourse course;
  private final ArrayDeque<Integer> absent = new ArrayDeque<>();
  private int residentNext;
  private boolean closed;

  Scan(
      Memory memory,
      PageIns pageIns,
      List<Extent> extents,
      Order order,
      Duration deadlineEach,
      long readAheadBytes) {
    this.memory = memory;
    this.pageIns = pageIns;
    this.extents = List.copyOf(extents);
    this.deadlineEach = deadlineEach;
    this.readAheadBytes = readAheadBytes;
    course = memory.beginScan(this.extents, order == Order.RESIDENT_FIRST);
    if (order == Order.IN_ORDER) {
      residentNext = extents.size();
      for (int i = 0; i < extents.size(); i++) {
        absent.add(i);
      }
    }
  }

  /**
   * The next extent, pinned; null at the end.
   *
   * @throws AgerException as {@link Ager#pin} does. When it is retryable the next call tries the
   *     same extent again; otherwise, or if the extent was dropped, it goes on behind it.
   */
  public @Nullable Pin next() {
    if (closed) {
      throw new IllegalStateException("scan is closed");
    }
    Pin pin = nextResident();
    if (pin == null) {
      readAhead();
      pin = nextAbsent();
    }
    readAhead();
    return pin;
  }

  private @Nullable Pin nextResident() {
    while (residentNext < extents.size()) {
      int index = residentNext++;
      Extent extent = extents.get(index);
      if (extent.frame().tryPin()) {
        memory.consumed(course, index, extent.frame());
        return new Pin(extent);
      }
      absent.add(index);
    }
    return null;
  }

  private @Nullable Pin nextAbsent() {
    Integer index = absent.peek();
    if (index == null) {
      return null;
    }
    Extent extent = extents.get(index);
    boolean over = true;
    try {
      return pageIns.pin(extent, Deadline.in(deadlineEach));
    } catch (AgerException e) {
      over = !e.retryable();
      throw e;
    } finally {
      if (over) {
        absent.remove();
        memory.consumed(course, index, extent.frame());
      }
    }
  }

  private void readAhead() {
    long bytes = 0;
    for (int index : absent) {
      Frame frame = extents.get(index).frame();
      bytes += frame.bytes();
      if (bytes > readAheadBytes) {
        return;
      }
      if (frame.phase() == Frame.Phase.ABSENT && !pageIns.ahead(frame)) {
        return;
      }
    }
  }

  /** The ager forgets what the scan would have needed. Pins stay. Further calls do nothing. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      memory.endScan(course);
    }
  }
}
