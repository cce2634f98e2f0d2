package io.quire.ager;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads each extent of a list once. While it is open the ager knows what it will need: it reads
 * ahead, and evicts first what the scan is done with and last what it needs next. An extent may
 * stand in the list more than once, so a loop is a list that repeats itself. Close it, and each
 * pin. Confined to one thread at a time.
 *
 * <p>How far it reads ahead follows from how it goes: farther when the reader had to wait while a
 * store had nothing to do, less far when everything was there long before. All scans together read
 * ahead as far as one alone may, each for its part by its pace: what waits in memory for its turn
 * is missing for what stays there.
 */
public final class Scan implements AutoCloseable {
  /** In which order the extents come. */
  public enum Order {
    /** As in the list. */
    IN_ORDER,
    /**
     * What is in memory comes first, in the order of the list. What follows begins where another
     * open scan of the same extents is, so that both make use of one pass over the stores; and what
     * comes into memory on the way may come before its turn.
     */
    RESIDENT_FIRST
  }

  private static final Duration AHEAD_MAX = Duration.ofSeconds(30);
  private static final long AHEAD_MIN_BYTES = 1 << 20;
  private static final int AHEAD_MIN_PART = 4;

  /** How many of the next extents are looked at for one that has come into memory by itself. */
  private static final int LOOK_AROUND = 64;

  /** What was read is told to the eviction order when it is so much. */
  private static final long TOLD_BYTES = 1 << 20;

  private static final int TOLD_MAX = 64;

  private final Memory memory;
  private final PageIns pageIns;
  private final List<Extent> extents;
  private final Duration deadlineEach;
  private final ScanCourse course;
  private final boolean anyOrder;
  private final BitSet done = new BitSet();
  private final ArrayDeque<PageIn> begunAhead = new ArrayDeque<>();
  private final int[] untold = new int[TOLD_MAX];
  private final long aheadMinBytes;
  private double pace = 1;
  private int idle;
  private int untoldCount;
  private long untoldBytes;
  private long aheadBytes;

  /** The first that was not read yet, and the first that is not looked at ahead. */
  private int at;

  private int aheadAt;

  /** Bytes of what is not read yet, from {@code at} to {@code aheadAt}. */
  private long between;

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
    this.deadlineEach = deadlineEach;
    anyOrder = order == Order.RESIDENT_FIRST;
    course = memory.beginScan(List.copyOf(extents), anyOrder);
    this.extents = course.extents();
    pace = course.pace();
    aheadMinBytes = Math.min(readAheadBytes / AHEAD_MIN_PART, AHEAD_MIN_BYTES);
    aheadBytes = aheadMinBytes;
  }

  private long aheadMaxBytes() {
    Extent next = extents.get(Math.min(aheadAt, extents.size() - 1));
    return Math.max(aheadMinBytes, (long) (pageIns.aheadMaxBytes(next) * pace));
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
    if (at == extents.size()) {
      tell();
      return null;
    }
    Pin pin = resident();
    return pin != null ? pin : absent();
  }

  /** What can be had without waiting. */
  private @Nullable Pin resident() {
    if (extents.get(at).tryPinUnseen()) {
      boolean early = at == aheadAt || extents.get(aheadAt - 1).phase() == Frame.Phase.RESIDENT;
      if (early && aheadBytes > aheadMinBytes) {
        aheadBytes -= aheadBytes / 16;
      }
      return read(at);
    }
    if (!anyOrder) {
      return null;
    }
    readAhead();
    int index = at;
    for (int i = 1; i < LOOK_AROUND; i++) {
      index = done.nextClearBit(index + 1);
      if (index >= extents.size()) {
        return null;
      }
      if (extents.get(index).tryPinUnseen()) {
        return read(index);
      }
    }
    return null;
  }

  private Pin absent() {
    tell();
    readAhead();
    int idleNow = pageIns.idle();
    if (idleNow != idle) {
      idle = idleNow;
      aheadBytes = Math.min(aheadMaxBytes(), 2 * aheadBytes);
    }
    boolean over = true;
    Extent extent = extents.get(at);
    try {
      pageIns.hold(extent, Deadline.in(deadlineEach));
      return new Pin(extent);
    } catch (AgerException e) {
      over = !e.retryable();
      throw e;
    } finally {
      if (over) {
        pass(at);
        readAhead();
      }
    }
  }

  private Pin read(int index) {
    Pin pin = new Pin(extents.get(index));
    pass(index);
    readAhead();
    return pin;
  }

  /** It is not to be read any more. */
  private void pass(int index) {
    long bytes = extents.get(index).bytes();
    done.set(index);
    if (index < aheadAt) {
      between -= bytes;
    }
    if (index == at) {
      at = Math.min(done.nextClearBit(at), extents.size());
      aheadAt = Math.max(at, aheadAt);
    }
    untold[untoldCount++] = index;
    untoldBytes += bytes;
    if (untoldCount == TOLD_MAX || untoldBytes >= TOLD_BYTES) {
      tell();
    }
  }

  private void tell() {
    if (untoldCount > 0) {
      pace = memory.consumed(course, untold, untoldCount);
      untoldCount = 0;
      untoldBytes = 0;
      aheadBytes = Math.min(aheadMaxBytes(), aheadBytes);
    }
  }

  private void readAhead() {
    while (aheadAt < extents.size() && between < aheadBytes) {
      Extent extent = extents.get(aheadAt);
      if (!done.get(aheadAt)) {
        if (between > 0 && between + extent.bytes() > aheadMaxBytes()) {
          return;
        }
        if (isAbsent(extent)) {
          PageIn begun = ahead(extent);
          if (begun == null) {
            return;
          }
          begunAhead.add(begun);
        }
        between += extent.bytes();
      }
      aheadAt++;
    }
    while (!begunAhead.isEmpty() && begunAhead.element().done().isDone()) {
      begunAhead.remove();
    }
  }

  private static boolean isAbsent(Extent extent) {
    return extent.phase() == Frame.Phase.ABSENT && !extent.dropped();
  }

  private @Nullable PageIn ahead(Extent extent) {
    tell();
    return pageIns.ahead(extent, Deadline.in(AHEAD_MAX));
  }

  /**
   * The ager forgets what the scan would have needed, and does not read it any more. Pins stay.
   * Further calls do nothing.
   */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      tell();
      memory.endScan(course);
      begunAhead.forEach(pageIns::cancel);
    }
  }
}
