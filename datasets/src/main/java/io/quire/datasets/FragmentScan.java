package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.Extent;
import io.quire.ager.Pin;
import io.quire.ager.Scan;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Scans fragments on this node: tells the ager which extents it is going to read, and gives them to
 * the function group by group. Pins are held for one group at a time, and only while the function
 * works on it.
 */
final class FragmentScan {
  /** More wait for their turn. */
  private static final int AT_ONCE_MAX = 16;

  /** What a partial result may take: less than the fabric's smallest usual frame. */
  private static final int PARTIAL_BYTES_MAX = 4 << 20;

  private final Ager ager;
  private final Registry registry;
  private final Layouts layouts;
  private final Functions functions;
  private final Workers workers;
  private final Counters counters;
  private final Semaphore atOnce = new Semaphore(AT_ONCE_MAX);

  FragmentScan(
      Ager ager,
      Registry registry,
      Layouts layouts,
      Functions functions,
      Workers workers,
      Counters counters) {
    this.ager = ager;
    this.registry = registry;
    this.layouts = layouts;
    this.functions = functions;
    this.workers = workers;
    this.counters = counters;
  }

  /** Scans a fragment; answers its partial. Waits. */
  byte[] scan(Call.Scan call) {
    ScanFunction function = functions.scan(call.function());
    Deadline deadline = Deadline.in(Duration.ofNanos(Math.max(0, call.nanosLeft())));
    enter(deadline);
    try (Layouts.Opened opened = layouts.serve(call.xid())) {
      if (opened == null || opened.layout().checksum() != call.checksum()) {
        throw new Refusal(Refusal.Reason.GONE, "no such dataset: xid=%x".formatted(call.xid()));
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
    int[] columns = run(call, () -> function.columns(call.arguments()));
    List<Integer> groups = needed(call, layout, function, deadline);
    List<Extent> extents = extents(call, layout, groups, columns);
    Accumulator accumulator = run(call, () -> function.begin(call.arguments()));
    try (Scan scan = ager.scan(extents, Scan.Order.IN_ORDER, deadline.left())) {
      for (int index : groups) {
        if (deadline.passed()) {
          throw new DatasetsException.DeadlinePassed("scanning: xid=%x".formatted(call.xid()));
        }
        long rows = layout.first(layout.groups().get(index)).rows();
        group(call, scan, columns.length, rows, accumulator);
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

  /** The groups that have to be read, by their guards. */
  private List<Integer> needed(
      Call.Scan call, Layout layout, ScanFunction function, Deadline deadline) {
    OptionalInt guard = run(call, () -> function.guard(call.arguments()));
    if (guard.isEmpty()) {
      return call.groups();
    }
    List<Integer> needed = new ArrayList<>();
    List<Extent> guards = extents(call, layout, call.groups(), new int[] {guard.getAsInt()});
    try (Scan scan = ager.scan(guards, Scan.Order.IN_ORDER, deadline.left())) {
      for (int index : call.groups()) {
        long rows = layout.first(layout.groups().get(index)).rows();
        Pin next = scan.next();
        if (next == null) {
          throw new IllegalStateException("the scan ended early: group=" + index);
        }
        try (Pin pin = next) {
          if (run(call, () -> function.needs(call.arguments(), rows, pin.segment()))) {
            needed.add(index);
          }
        }
      }
    }
    counters.groupsSkipped.add(call.groups().size() - needed.size());
    return needed;
  }

  /** The extents that will be read, in the order in which they will be. */
  private List<Extent> extents(Call.Scan call, Layout layout, List<Integer> groups, int[] columns) {
    List<Extent> extents = new ArrayList<>(groups.size() * columns.length);
    for (int index : groups) {
      if (index >= layout.groups().size()) {
        throw new Refusal(Refusal.Reason.FAILED, "no such group: group=" + index);
      }
      Layout.Group group = layout.groups().get(index);
      for (int column : columns) {
        ExtentInfo info = layout.column(group, column);
        if (info == null) {
          throw new Refusal(
              Refusal.Reason.FAILED,
              "no such column: column=" + column + " in " + layout.first(group).place());
        }
        Extent extent = registry.findOrAdopt(call.xid(), info);
        if (extent == null) {
          throw new Refusal(Refusal.Reason.GONE, "not held: " + info.place());
        }
        extents.add(extent);
      }
    }
    return extents;
  }

  private void group(Call.Scan call, Scan scan, int columns, long rows, Accumulator accumulator) {
    List<Pin> pins = new ArrayList<>(columns);
    try {
      MemorySegment[] segments = new MemorySegment[columns];
      for (int i = 0; i < columns; i++) {
        Pin pin = scan.next();
        if (pin == null) {
          throw new IllegalStateException("the scan ended early: column=" + i);
        }
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

  /** Runs a step of the function on a thread for that, and waits for its end in any case. */
  private <T> T run(Call.Scan call, Supplier<T> step) {
    CompletableFuture<T> result = workers.compute(() -> guarded(call, step));
    Await.end(result);
    return Await.value("scanning", result, Deadline.in(Duration.ZERO));
  }

  private static <T> T guarded(Call.Scan call, Supplier<T> step) {
    try {
      return step.get();
    } catch (RuntimeException e) {
      throw new Refusal(Refusal.Reason.FAILED, "function=" + call.function() + " " + e);
    }
  }
}
