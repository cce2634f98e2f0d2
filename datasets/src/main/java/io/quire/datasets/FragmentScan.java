package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.Pin;
import io.quire.ager.Scan;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Scans fragments on this node: tells the ager which extents it is going to read, and gives them to
 * the function group by group. Pins are held for one group at a time, and only while the function
 * works on it. A scan that its caller ended stops after the group it is at.
 */
final class FragmentScan {
  /** More wait for their turn. */
  private static final int AT_ONCE_MAX = 16;

  /** What a partial result may take: less than the fabric's smallest usual frame. */
  private static final int PARTIAL_BYTES_MAX = 4 << 20;

  private final Ager ager;
  private final GroupExtents extents;
  private final Layouts layouts;
  private final Functions functions;
  private final Steps steps;
  private final Counters counters;
  private final Runs runs;
  private final Semaphore atOnce = new Semaphore(AT_ONCE_MAX);

  FragmentScan(
      Ager ager,
      GroupExtents extents,
      Layouts layouts,
      Functions functions,
      Steps steps,
      Counters counters,
      Runs runs) {
    this.ager = ager;
    this.extents = extents;
    this.layouts = layouts;
    this.functions = functions;
    this.steps = steps;
    this.counters = counters;
    this.runs = runs;
  }

  /** Scans a fragment; answers its partial. Waits. */
  byte[] scan(Call.Scan call) {
    ScanFunction function = functions.scan(call.function());
    Deadline deadline = Deadline.in(Duration.ofNanos(Math.max(0, call.nanosLeft())));
    enter(deadline);
    try (Layouts.Opened opened = layouts.serve(call.xid())) {
      if (opened == null || !opened.layout().beginsWith(call.extents(), call.checksum())) {
        throw new Refusal(
            Refusal.Reason.GONE,
            "no such version of a dataset: xid=%x extents=%d"
                .formatted(call.xid(), call.extents()));
      }
      byte[] partial = scan(call, opened.layout(), function, deadline);
      counters.fragments.increment();
      return partial;
    } finally {
      atOnce.release();
    }
  }

  private void enter(Deadline deadline) {
    try {
      if (!atOnce.tryAcquire(deadline.left().toNanos(), TimeUnit.NANOSECONDS)) {
        counters.refused.increment();
        throw new Refusal(Refusal.Reason.LATER, "too much under way: fragmentsMax=" + AT_ONCE_MAX);
      }
    } catch (InterruptedException e) {
      throw Await.interrupted("waiting to scan");
    }
  }

  private byte[] scan(Call.Scan call, Layout layout, ScanFunction function, Deadline deadline) {
    wanted(call);
    int[] columns = run(call, () -> function.columns(call.arguments()));
    List<Integer> groups = needed(call, layout, function, deadline);
    Accumulator accumulator = run(call, () -> function.begin(call.arguments()));
    try (Scan scan =
        ager.scan(extents.of(layout, groups, columns), Scan.Order.IN_ORDER, deadline.left())) {
      for (int index : groups) {
        wanted(call);
        if (deadline.passed()) {
          throw new DatasetsException.DeadlinePassed("scanning: xid=%x".formatted(call.xid()));
        }
        group(call, scan, columns.length, GroupExtents.rows(layout, index), accumulator);
      }
    }
    byte[] partial = run(call, accumulator::partial);
    if (partial.length > PARTIAL_BYTES_MAX) {
      throw new Refusal(
          Refusal.Reason.FAILED,
          "partial too large: bytes=" + partial.length + " max=" + PARTIAL_BYTES_MAX);
    }
    return partial;
  }

  private void wanted(Call.Scan call) {
    if (runs.hasEnded(new Runs.Key(call.caller(), call.scan()))) {
      counters.fragmentsEnded.increment();
      throw new Refusal(Refusal.Reason.LATER, "the scan was ended: xid=%x".formatted(call.xid()));
    }
  }

  /** The groups that have to be read, by their guards. */
  private List<Integer> needed(
      Call.Scan call, Layout layout, ScanFunction function, Deadline deadline) {
    return extents.needed(
        layout,
        call.groups(),
        run(call, () -> function.guard(call.arguments())),
        (rows, guard) -> run(call, () -> function.needs(call.arguments(), rows, guard)),
        deadline);
  }

  private void group(Call.Scan call, Scan scan, int columns, long rows, Accumulator accumulator) {
    List<Pin> pins = new ArrayList<>(columns);
    try {
      MemorySegment[] segments = new MemorySegment[columns];
      for (int i = 0; i < columns; i++) {
        Pin pin = GroupExtents.next(scan, i);
        pins.add(pin);
        segments[i] = pin.segment();
        counters.bytesScanned.add(segments[i].byteSize());
      }
      run(
          call,
          () -> {
            accumulator.group(rows, segments);
            return accumulator;
          });
    } finally {
      pins.forEach(Pin::close);
    }
  }

  private <T> T run(Call.Scan call, Supplier<T> step) {
    return steps.run(call.function(), step);
  }
}
