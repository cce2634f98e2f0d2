package io.quire.gvm;

import io.quire.base.Log;
import io.quire.base.Rules;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.gvm.Transaction.Condition;
import io.quire.gvm.Transaction.Write.Kind;
import io.quire.lockserver.LockConditions;
import io.quire.lockserver.Sessions;
import io.quire.twopc.Participant;
import io.quire.twopc.TxnId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The cells of this node: changed on the loop only, read by any thread. Each change of a key is one
 * replacement of its record, so a reader sees value, version and marks of one moment.
 *
 * <p>A cell that nothing is under way on is nothing but its {@link Versioned}, and nearly all are
 * so; a {@link Cell} stands in the table for as long as there are marks or a hint.
 */
final class CellStore implements Participant {
  private static final byte[] NOTHING = {};

  /** Tells that a cell cannot be read at a glance. */
  static final Versioned UNSETTLED = Versioned.of(NOTHING, 0);

  /** By {@link Place}; a value is a Versioned or a Cell. */
  private final ConcurrentHashMap<Object, Object> cells = new ConcurrentHashMap<>();

  /** What was read of those that are marked, so that it is not read again when they end. */
  private final Map<TxnId, Plan> prepared = new HashMap<>();

  private final Map<String, List<Runnable>> waiters = new HashMap<>();
  private final List<CellListener> listeners = new ArrayList<>();
  private final Sessions sessions;
  private final LockConditions locks;
  private final Rules rules;
  private final Executor loop;
  private final History history = new History();
  private Versioned.Reader reader = (_, _, _) -> null;
  private Bounds bounds = _ -> null;
  private Limits limits = Limits.DEFAULT;
  private long present;
  private long presentBytes;
  private long lastCommitted;
  private long marks;
  private @Nullable CellCapture capture;

  /**
   * @param locks as of the entry that is applied
   */
  CellStore(Sessions sessions, LockConditions locks, Rules rules, Executor loop) {
    this.sessions = sessions;
    this.locks = locks;
    this.rules = rules;
    this.loop = loop;
  }

  void listen(CellListener listener) {
    listeners.add(listener);
  }

  /** Before the log starts. */
  void readBy(Versioned.Reader chosen) {
    reader = chosen;
  }

  /** Before the log starts. */
  void limitBy(Bounds chosen) {
    bounds = chosen;
  }

  void unlisten(CellListener listener) {
    listeners.remove(listener);
  }

  /** Any thread. */
  Cell cell(String key) {
    return whole(cells.get(Place.of(key)));
  }

  private Cell cell(Key key) {
    return whole(cells.get(key.place()));
  }

  private static Cell whole(@Nullable Object found) {
    return switch (found) {
      case null -> Cell.ABSENT;
      case Versioned settled -> Cell.of(settled);
      case Cell cell -> cell;
      default -> throw new IllegalStateException("not a cell: found=" + found.getClass());
    };
  }

  /** The value at a place, null, or {@link #UNSETTLED}. Any thread. */
  @Nullable Versioned glance(Object place) {
    Object found = cells.get(place);
    if (found instanceof Versioned settled) {
      return settled;
    }
    return found == null ? null : UNSETTLED;
  }

  int count() {
    return cells.size();
  }

  /** How many keys carry a mark of such a transaction. */
  int marked(Predicate<TxnId> which) {
    int count = 0;
    for (Object found : cells.values()) {
      count += found instanceof Cell cell && cell.marks().anyMatch(which) ? 1 : 0;
    }
    return count;
  }

  /** Position of the last transaction applied. On the loop. */
  long lastCommitted() {
    return lastCommitted;
  }

  /** Runs the task at each change of the key's marks, until it is taken out. */
  void await(String key, Runnable task) {
    waiters.computeIfAbsent(key, _ -> new ArrayList<>()).add(task);
  }

  void unawait(String key, Runnable task) {
    waiters.computeIfPresent(
        key,
        (_, tasks) -> {
          tasks.remove(task);
          return tasks.isEmpty() ? null : tasks;
        });
  }

  @Override
  public int number() {
    return 1;
  }

  @Override
  public Answer prepare(TxnId txn, byte[] payload) {
    Plan plan = Plan.read(payload);
    Limits.Exceeded exceeded = exceeded(plan);
    if (exceeded != null) {
      return new Answer.No(exceeded.text());
    }
    long number = ++marks;
    Cell marked = Cell.ABSENT.mark(txn, number);
    for (int write = 0; write < plan.writes(); write++) {
      if (plan.kind(write) != Kind.TOUCH || rules.keep(Rules.Rule.TOUCH_MARKS)) {
        Key key = plan.key(write);
        Cell before = cell(key);
        // New keys have nothing to tell them apart, so they share what says that they are marked.
        replace(key, before, before == Cell.ABSENT ? marked : before.mark(txn, number));
      }
    }
    prepared.put(txn, plan);
    return Answer.YES;
  }

  /** The log has the last word on what a transaction is. */
  private static Plan read(@Nullable Plan known, byte[] payload) {
    return known != null && known.isOf(payload) ? known : Plan.read(payload);
  }

  @Override
  public Verdict commit(TxnId txn, long position, byte[] payload) {
    lastCommitted = position;
    Plan plan = read(prepared.remove(txn), payload);
    // Nobody else writes to the table, so what is found stays there while this goes on.
    Cell[] found = new Cell[plan.keys()];
    for (int key = 0; key < found.length; key++) {
      found[key] = cell(plan.key(key));
    }
    int failed = firstFailed(plan, found);
    if (failed >= 0) {
      unmark(txn, plan);
      return new Verdict(false, new WireWriter(8).int32(failed).toBytes());
    }
    List<Step> steps = steps(plan, found, position);
    Limits.Exceeded exceeded = exceeded(plan);
    if (exceeded == null) {
      exceeded = bounds.exceededBy(steps);
    }
    if (exceeded != null) {
      unmark(txn, plan);
      return new Verdict(false, exceeded.toBytes());
    }
    carryOut(txn, position, plan, found, steps);
    for (CellListener listener : List.copyOf(listeners)) {
      listener.committed(position, steps);
    }
    wake(plan);
    return new Verdict(true, NOTHING);
  }

  /** What it makes of the cells that it changes. */
  private List<Step> steps(Plan plan, Cell[] found, long position) {
    List<Step> steps = new ArrayList<>(plan.writes());
    for (int write = 0; write < plan.writes(); write++) {
      byte[] value = plan.value(write);
      Versioned before = found[write].settled();
      if (value != null || (before != null && plan.kind(write) == Kind.REMOVE)) {
        Key key = plan.key(write);
        steps.add(new Step(key, before, value == null ? null : read(key, value, position)));
      }
    }
    return steps;
  }

  private void carryOut(TxnId txn, long position, Plan plan, Cell[] found, List<Step> steps) {
    List<Change> changes = new ArrayList<>(steps.size());
    int next = 0;
    for (int write = 0; write < plan.writes(); write++) {
      Key key = plan.key(write);
      Cell before = found[write];
      Cell unmarked = before.unmark(txn);
      if (plan.kind(write) == Kind.TOUCH) {
        replace(key, before, unmarked);
        continue;
      }
      byte[] value = plan.value(write);
      Versioned after = null;
      if (value != null || before.settled() != null) {
        after = steps.get(next++).after();
        byte[] old = before.value();
        changes.add(new Change(position, key.text(), old, before.version(), value));
        count(key, old, value);
      }
      write(key, before, unmarked, after, position);
    }
    history.add(position, changes);
  }

  private void write(
      Key key, Cell before, Cell unmarked, @Nullable Versioned after, long position) {
    if (rules.keep(Rules.Rule.ONE_RECORD)) {
      replace(key, before, unmarked.write(after, position));
    } else {
      replace(key, before, unmarked);
      loop.execute(
          () -> {
            Cell now = cell(key);
            replace(key, now, now.write(after, position));
          });
    }
  }

  @Override
  public void abort(TxnId txn, byte[] payload) {
    unmark(txn, read(prepared.remove(txn), payload));
  }

  @Override
  public void show(TxnId txn, long position, byte[] payload) {
    Plan plan = read(prepared.get(txn), payload);
    for (int write = 0; write < plan.writes(); write++) {
      if (plan.kind(write) != Kind.TOUCH) {
        Key key = plan.key(write);
        Cell cell = cell(key);
        replace(key, cell, cell.unmark(txn).show(plan.value(write), position));
      }
    }
    wake(plan);
  }

  private Versioned read(Key key, byte[] value, long version) {
    Versioned form = reader.read(key, value, version);
    return form == null ? Versioned.of(value, version) : form;
  }

  /** The first limit that the transaction would exceed here, or null. */
  private Limits.@Nullable Exceeded exceeded(Plan plan) {
    Limits.Exceeded byItself = limits.exceededBy(plan);
    if (byItself != null || isFarFromLimits(plan)) {
      return byItself;
    }
    long moreCells = 0;
    long moreBytes = 0;
    for (int write = 0; write < plan.writes(); write++) {
      if (plan.kind(write) != Kind.TOUCH) {
        Key key = plan.key(write);
        byte[] before = cell(key).value();
        byte[] after = plan.value(write);
        moreCells += (after == null ? 0 : 1) - (before == null ? 0 : 1);
        moreBytes += weight(key, after) - weight(key, before);
      }
    }
    if (moreCells > 0 && present + moreCells > limits.cells()) {
      return new Limits.Exceeded("cells", present + moreCells, limits.cells());
    }
    if (moreBytes > 0 && presentBytes + moreBytes > limits.bytes()) {
      return new Limits.Exceeded("bytes", presentBytes + moreBytes, limits.bytes());
    }
    return null;
  }

  /** Whether all that it writes would fit in if nothing of it was there before. */
  private boolean isFarFromLimits(Plan plan) {
    long bytes = 0;
    for (int write = 0; write < plan.writes(); write++) {
      bytes += weight(plan.key(write), plan.value(write));
    }
    return present + plan.writes() <= limits.cells() && presentBytes + bytes <= limits.bytes();
  }

  private static long weight(Key key, byte @Nullable [] value) {
    return value == null ? 0 : key.text().length() + value.length;
  }

  private void count(Key key, byte @Nullable [] before, byte @Nullable [] after) {
    present += (after == null ? 0 : 1) - (before == null ? 0 : 1);
    presentBytes += weight(key, after) - weight(key, before);
    if (key.text().equals(Limits.KEY)) {
      Limits read = after == null ? null : Limits.read(after);
      limits = read == null ? Limits.DEFAULT : read;
    }
  }

  History history() {
    return history;
  }

  Limits limits() {
    return limits;
  }

  /** Keys with the prefix on which something is under way or shown ahead. */
  List<String> unsettled(String prefix) {
    List<String> keys = new ArrayList<>();
    cells.forEach(
        (place, found) -> {
          if (found instanceof Cell) {
            String key = Place.key(place);
            if (key.startsWith(prefix)) {
              keys.add(key);
            }
          }
        });
    return keys;
  }

  /** The applied cells with the prefix, as they were at a position that the history reaches. */
  NavigableMap<String, Versioned> at(String prefix, long position) {
    TreeMap<String, Versioned> found = new TreeMap<>();
    forEach(
        (key, value) -> {
          if (key.startsWith(prefix)) {
            found.put(key, value);
          }
        });
    for (List<Change> changes : history.after(position).descendingMap().values()) {
      for (Change change : changes) {
        byte[] before = change.before();
        if (!change.key().startsWith(prefix)) {
          continue;
        }
        if (before == null) {
          found.remove(change.key());
        } else {
          found.put(change.key(), Versioned.of(before, change.beforeVersion()));
        }
      }
    }
    return found;
  }

  /** As {@link Cells#appliedAt}. */
  @Nullable Versioned cellAt(String key, long position) {
    Versioned now = cell(key).settled();
    if (now != null && now.version() <= position) {
      return now;
    }
    history.require("reading: key=" + key, position);
    for (List<Change> changes : history.after(position).values()) {
      for (Change change : changes) {
        if (change.key().equals(key)) {
          byte[] before = change.before();
          return before == null ? null : Versioned.of(before, change.beforeVersion());
        }
      }
    }
    return null;
  }

  private int firstFailed(Plan plan, Cell[] found) {
    for (int i = 0; i < plan.tests(); i++) {
      boolean holds =
          switch (plan.test(i)) {
            case Plan.Test.Absent(int key) -> judged(found[key]).settled() == null;
            case Plan.Test.Present(int key) -> judged(found[key]).settled() != null;
            case Plan.Test.Version(int key, long version) ->
                judged(found[key]).version() == version || !rules.keep(Rules.Rule.VERSION_SEEN);
            case Plan.Test.Elsewhere(Condition.InView(long incarnation)) ->
                sessions.view().has(incarnation);
            case Plan.Test.Elsewhere(Condition.Held(long generation)) -> locks.held(generation);
            case Plan.Test.Elsewhere(Condition.Free(String path)) -> locks.free(path);
            case Plan.Test.Elsewhere(Condition other) ->
                throw new IllegalStateException("a condition on a key: condition=" + other);
          };
      if (!holds) {
        return i;
      }
    }
    return -1;
  }

  /** What conditions are evaluated on: never what a hint showed. */
  private Cell judged(Cell cell) {
    boolean ahead =
        cell.shownVersion() > cell.version() && !rules.keep(Rules.Rule.CONDITIONS_ON_APPLIED);
    return ahead ? cell.write(cell.visible(), cell.shownVersion()) : cell;
  }

  private void unmark(TxnId txn, Plan plan) {
    for (int write = 0; write < plan.writes(); write++) {
      Key key = plan.key(write);
      Cell cell = cell(key);
      replace(key, cell, cell.unmark(txn));
    }
    wake(plan);
  }

  /**
   * Replaces what a key has.
   *
   * @param before what it has
   */
  private void replace(Key key, Cell before, Cell next) {
    CellCapture taking = capture;
    if (taking != null) {
      note(taking, key, before, next);
    }
    put(key.place(), before, next);
  }

  private void put(Object place, Cell before, Cell next) {
    Versioned plain = next.plain() ? next.settled() : null;
    Versioned old = before.plain() ? before.settled() : null;
    if (old != null && old != plain) {
      old.leaving();
    }
    if (plain != null) {
      cells.put(place, plain);
      plain.entered();
    } else if (next.forgettable()) {
      cells.remove(place);
    } else {
      cells.put(place, next);
    }
  }

  private void note(CellCapture taking, Key key, Cell before, Cell next) {
    if (taking.over()) {
      capture = null;
    } else if (before.settled() != next.settled()) {
      taking.replacing(key.text(), before.settled());
    }
  }

  /** One at a time: the one before it is given up. */
  @Override
  public Log.Capture capture() {
    CellCapture earlier = capture;
    if (earlier != null) {
      earlier.overtake();
    }
    CellCapture taken = new CellCapture(this::forEach);
    capture = taken;
    return taken;
  }

  private void wake(Plan plan) {
    for (int write = 0; write < plan.writes() && !waiters.isEmpty(); write++) {
      List<Runnable> tasks = waiters.get(plan.key(write).text());
      if (tasks != null) {
        List.copyOf(tasks).forEach(Runnable::run);
      }
    }
  }

  /** In the order of the keys, so that the same state is the same bytes. */
  @Override
  public void save(WireWriter out) {
    TreeMap<String, Versioned> present = new TreeMap<>();
    forEach(present::put);
    out.int32(present.size());
    present.forEach((key, cell) -> out.string(key).int64(cell.version()).bytes(cell.value()));
  }

  @Override
  public void restore(long position, WireReader in) {
    CellCapture taking = capture;
    if (taking != null) {
      taking.overtake();
      capture = null;
    }
    lastCommitted = position;
    present = 0;
    presentBytes = 0;
    limits = Limits.DEFAULT;
    Map<Object, Versioned> saved = new HashMap<>();
    for (int left = in.count(16); left > 0; left--) {
      Key key = Key.read(in);
      long version = in.int64();
      byte[] value = in.bytes();
      saved.put(key.place(), read(key, value, version));
      count(key, null, value);
    }
    for (Object place : List.copyOf(cells.keySet())) {
      if (!saved.containsKey(place)) {
        Cell before = whole(cells.get(place));
        put(place, before, before.write(null, position));
      }
    }
    saved.forEach(
        (place, value) -> {
          Cell before = whole(cells.get(place));
          put(place, before, before.write(null, position).write(value, value.version()));
        });
    history.restart(position);
    for (CellListener listener : List.copyOf(listeners)) {
      listener.restored(position);
    }
    List.copyOf(waiters.values()).forEach(tasks -> List.copyOf(tasks).forEach(Runnable::run));
  }

  /** Every cell that has a value, as the applied log made it. On the loop, or for a capture. */
  void forEach(BiConsumer<String, Versioned> action) {
    cells.forEach(
        (place, found) -> {
          Versioned settled = whole(found).settled();
          if (settled != null) {
            action.accept(Place.key(place), settled);
          }
        });
  }
}
