package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.Extent;
import io.quire.ager.Pin;
import io.quire.ager.Scan;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What this node does for one stream: it goes through its groups as far as it is asked. All groups
 * are declared to the ager as one scan. Nothing is pinned, and nothing runs, between two requests.
 * If a request fails the course is over; the caller begins another with the groups that are left.
 *
 * <p>Requests take turns; ending it may be asked by any thread at any time.
 *
 * <p>Without an order the ager says which group comes next, by the column that takes most room; the
 * other columns of that group are read then.
 */
final class Course implements AutoCloseable {
  /** What one answer may take: less than the fabric's smallest usual frame. */
  private static final int ANSWER_BYTES_MAX = 4 << 20;

  private static final int BATCH_BYTES_MIN = 64 << 10;
  private static final int NO_GROUP = -1;

  /** An answer is not held back for longer than this, if there is anything in it. */
  private static final Duration SLICE = Duration.ofMillis(200);

  private final Call.Begin call;
  private final Layouts.Opened opened;
  private final StreamFunction function;
  private final Ager ager;
  private final GroupExtents groupExtents;
  private final Steps steps;
  private final Counters counters;
  private final int answerBytes;
  private final Deadline deadline;
  private final Semaphore turn = new Semaphore(1);
  private volatile long askedNanos = System.nanoTime();
  private volatile boolean ended;

  // Confined to whoever has the turn.
  private final Map<Integer, Long> from = new HashMap<>();
  private final Map<Extent, Integer> groupsByLead = new HashMap<>();
  private final ArrayDeque<Integer> inOrder = new ArrayDeque<>();
  private int[] columns = {};
  private @Nullable Scan scan;
  private Picked.@Nullable Batch heldBack;
  private int group = NO_GROUP;
  private long row;

  /**
   * Takes over what was opened.
   *
   * @param answerBytes how long an answer should be
   */
  Course(
      Call.Begin call,
      Layouts.Opened opened,
      StreamFunction function,
      Ager ager,
      GroupExtents groupExtents,
      Steps steps,
      Counters counters,
      int answerBytes) {
    this.call = call;
    this.opened = opened;
    this.function = function;
    this.ager = ager;
    this.groupExtents = groupExtents;
    this.steps = steps;
    this.counters = counters;
    this.answerBytes = answerBytes;
    deadline = Deadline.in(Duration.ofNanos(Math.max(0, call.nanosLeft())));
    for (int i = 0; i < call.groups().size(); i++) {
      from.put(call.groups().get(i), call.from().get(i));
    }
  }

  /** Whether nobody has asked for so long, or it is too late. */
  boolean forgotten(Duration idle) {
    return deadline.passed() || System.nanoTime() - askedNanos > idle.toNanos();
  }

  /** The next of what is picked. Waits. */
  Picked next() {
    if (!turn.tryAcquire()) {
      throw over();
    }
    boolean more = false;
    try {
      askedNanos = System.nanoTime();
      Answer answer = new Answer();
      if (scan == null) {
        begin(answer);
      }
      Picked picked = pick(answer);
      more = !picked.end();
      askedNanos = System.nanoTime();
      return picked;
    } finally {
      turn.release();
      if (ended || !more) {
        close();
      }
    }
  }

  private Refusal over() {
    return new Refusal(
        Refusal.Reason.LATER, "stream is over, or under way: xid=%x".formatted(call.xid()));
  }

  /** What is made for one request. */
  private final class Answer {
    final List<Picked.Batch> batches = new ArrayList<>();
    final Deadline slice = deadline.within(SLICE);
    private int bytes;

    /** False if there is no room for it; then it is held back. */
    boolean add(Picked.Batch batch) {
      if (bytes > 0 && bytes + batch.bytes().length > ANSWER_BYTES_MAX) {
        heldBack = batch;
        return false;
      }
      batches.add(batch);
      bytes += batch.bytes().length;
      return true;
    }

    boolean full() {
      return heldBack != null || bytes >= answerBytes || (slice.passed() && !batches.isEmpty());
    }

    int bytesLeft() {
      return Math.max(BATCH_BYTES_MIN, answerBytes - bytes);
    }
  }

  private void begin(Answer answer) {
    Layout layout = opened.layout();
    columns = run(() -> function.columns(call.arguments()));
    if (columns.length == 0) {
      throw new Refusal(
          Refusal.Reason.FAILED, "function=" + call.function() + " no columns: wanted at least 1");
    }
    List<Integer> needed =
        groupExtents.needed(
            layout,
            call.groups(),
            run(() -> function.guard(call.arguments())),
            (rows, guard) -> run(() -> function.needs(call.arguments(), rows, guard)),
            deadline);
    List<Integer> skipped = new ArrayList<>(call.groups());
    skipped.removeAll(new HashSet<>(needed));
    skipped.forEach(index -> answer.add(new Picked.Batch(index, 0, new byte[0])));
    if (call.ordered()) {
      inOrder.addAll(needed);
      scan =
          ager.scan(groupExtents.of(layout, needed, columns), Scan.Order.IN_ORDER, deadline.left());
    } else {
      List<Extent> leads = groupExtents.of(layout, needed, columns[lead(layout, needed)]);
      for (int i = 0; i < leads.size(); i++) {
        groupsByLead.put(leads.get(i), needed.get(i));
      }
      scan = ager.scan(leads, Scan.Order.RESIDENT_FIRST, deadline.left());
    }
  }

  /** Which of the columns takes most room. */
  private int lead(Layout layout, List<Integer> groups) {
    int lead = 0;
    long most = 0;
    for (int i = 0; i < columns.length && !groups.isEmpty(); i++) {
      ExtentInfo info = layout.column(layout.groups().get(groups.getFirst()), columns[i]);
      if (info != null && info.bytes() > most) {
        lead = i;
        most = info.bytes();
      }
    }
    return lead;
  }

  private Picked pick(Answer answer) {
    Picked.Batch before = heldBack;
    heldBack = null;
    if (before != null) {
      answer.add(before);
    }
    boolean more = true;
    while (more && !answer.full()) {
      check();
      List<Pin> pins = new ArrayList<>(columns.length);
      try {
        more = group == NO_GROUP ? nextGroup(pins) : groupAgain(pins);
        if (more) {
          pick(pins, answer);
        }
      } finally {
        pins.forEach(Pin::close);
      }
    }
    return new Picked(!more, answer.batches);
  }

  private void check() {
    if (ended) {
      throw over();
    }
    if (deadline.passed()) {
      throw new DatasetsException.DeadlinePassed("streaming: xid=%x".formatted(call.xid()));
    }
  }

  /** Pins the next group that the ager has; false at the end. */
  private boolean nextGroup(List<Pin> pins) {
    Scan running = scan;
    if (running == null) {
      return false;
    }
    if (call.ordered()) {
      Integer next = inOrder.poll();
      for (int i = 0; next != null && i < columns.length; i++) {
        pins.add(GroupExtents.next(running, next));
      }
      group = next == null ? NO_GROUP : next;
    } else {
      Pin lead = running.next();
      if (lead != null) {
        pins.add(lead);
      }
      Integer found = lead == null ? null : groupsByLead.get(lead.extent());
      group = found == null ? NO_GROUP : found;
      if (found != null) {
        withTheOthers(pins, lead);
      }
    }
    row = from.getOrDefault(group, 0L);
    return group != NO_GROUP;
  }

  /** Pins the other columns, and puts all into their order. */
  private void withTheOthers(List<Pin> pins, @Nullable Pin lead) {
    List<Extent> all = groupExtents.of(opened.layout(), List.of(group), columns);
    ager.prefetch(all);
    pins.clear();
    Pin unplaced = lead;
    try {
      for (Extent extent : all) {
        if (unplaced != null && unplaced.extent().equals(extent)) {
          pins.add(unplaced);
          unplaced = null;
        } else {
          pins.add(ager.pin(extent, deadline.left()));
        }
      }
    } finally {
      if (unplaced != null) {
        unplaced.close();
      }
    }
  }

  private boolean groupAgain(List<Pin> pins) {
    for (Extent extent : groupExtents.of(opened.layout(), List.of(group), columns)) {
      pins.add(ager.pin(extent, deadline.left()));
    }
    return true;
  }

  /** Picks from the group under way until it is done or the answer is full. */
  private void pick(List<Pin> pins, Answer answer) {
    MemorySegment[] segments = pins.stream().map(Pin::segment).toArray(MemorySegment[]::new);
    long rows = GroupExtents.rows(opened.layout(), group);
    boolean taken = true;
    do {
      long at = row;
      int bytesMax = answer.bytesLeft();
      StreamFunction.Batch batch =
          run(() -> function.pick(call.arguments(), rows, segments, at, bytesMax));
      check(batch);
      taken = answer.add(new Picked.Batch(group, batch.next(), batch.bytes()));
      row = batch.next();
    } while (row != 0 && taken && !answer.full() && !ended);
    if (row == 0) {
      for (MemorySegment segment : segments) {
        counters.bytesScanned.add(segment.byteSize());
      }
      group = NO_GROUP;
    }
  }

  private void check(StreamFunction.Batch batch) {
    if (batch.bytes().length > ANSWER_BYTES_MAX) {
      throw new Refusal(
          Refusal.Reason.FAILED,
          "function=%s batch too large: bytes=%d max=%d"
              .formatted(call.function(), batch.bytes().length, ANSWER_BYTES_MAX));
    }
    if (batch.next() != 0 && batch.next() <= row) {
      throw new Refusal(
          Refusal.Reason.FAILED,
          "function=%s does not go on: from=%d next=%d"
              .formatted(call.function(), row, batch.next()));
    }
  }

  private <T> T run(Supplier<T> step) {
    return steps.run(call.function(), step);
  }

  /** Ends what is under way; whoever has the turn lets go of the rest. Further calls do nothing. */
  @Override
  public void close() {
    ended = true;
    if (turn.tryAcquire()) { // And never gives it back.
      Scan running = scan;
      if (running != null) {
        running.close();
      }
      opened.close();
    }
  }
}
