package io.quire.gvm;

import io.quire.base.Log;
import io.quire.base.Rules;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.gvm.Transaction.Condition;
import io.quire.gvm.Transaction.Write;
import io.quire.lockserver.LockConditions;
import io.quire.lockserver.Sessions;
import io.quire.twopc.Participant;
import io.quire.twopc.TxnId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
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
  private final Map<TxnId, Prepared> prepared = new HashMap<>();

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

  private record Prepared(byte[] payload, Transaction transaction) {}

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
    Transaction transaction = Transaction.read(payload);
    Limits.Exceeded exceeded = exceeded(transaction);
    if (exceeded != null) {
      return new Answer.No(exceeded.text());
    }
    for (String key : toMark(transaction)) {
      replace(key, cell(key).mark(txn, ++marks));
    }
    prepared.put(txn, new Prepared(payload, transaction));
    return Answer.YES;
  }

  /** The log has the last word on what a transaction is. */
  private static Transaction read(@Nullable Prepared known, byte[] payload) {
    return known != null && Arrays.equals(known.payload(), payload)
        ? known.transaction()
        : Transaction.read(payload);
  }

  @Override
  public Verdict commit(TxnId txn, long position, byte[] payload) {
    lastCommitted = position;
    Transaction transaction = read(prepared.remove(txn), payload);
    int failed = firstFailed(transaction.conditions());
    if (failed >= 0) {
      unmark(txn, transaction);
      return new Verdict(false, new WireWriter(8).int32(failed).toBytes());
    }
    Limits.Exceeded exceeded = exceeded(transaction);
    if (exceeded == null) {
      exceeded = bounds.exceededBy(transaction.writes());
    }
    if (exceeded != null) {
      unmark(txn, transaction);
      return new Verdict(false, exceeded.toBytes());
    }
    List<Change> changes = new ArrayList<>(transaction.writes().size());
    for (Write write : transaction.writes()) {
      if (write.kind() == Write.Kind.TOUCH) {
        replace(write.key(), cell(write.key()).unmark(txn));
      } else {
        Cell cell = cell(write.key());
        if (cell.value() != null || write.value() != null) {
          changes.add(
              new Change(position, write.key(), cell.value(), cell.version(), write.value()));
        }
        count(write.key(), cell.value(), write.value());
        if (rules.keep(Rules.Rule.ONE_RECORD)) {
          replace(write.key(), cell.unmark(txn).write(read(write, position), position));
        } else {
          replace(write.key(), cell.unmark(txn));
          loop.execute(
              () -> replace(write.key(), cell(write.key()).write(read(write, position), position)));
        }
      }
    }
    history.add(position, changes);
    for (CellListener listener : List.copyOf(listeners)) {
      listener.committed(position, changes);
    }
    wake(transaction);
    return new Verdict(true, NOTHING);
  }

  @Override
  public void abort(TxnId txn, byte[] payload) {
    unmark(txn, read(prepared.remove(txn), payload));
  }

  @Override
  public void show(TxnId txn, long position, byte[] payload) {
    Transaction transaction = read(prepared.get(txn), payload);
    for (Write write : transaction.writes()) {
      if (write.kind() != Write.Kind.TOUCH) {
        replace(write.key(), cell(write.key()).unmark(txn).show(write.value(), position));
      }
    }
    wake(transaction);
  }

  private @Nullable Versioned read(Write write, long position) {
    byte[] value = write.value();
    return value == null ? null : read(write.key(), value, position);
  }

  private Versioned read(String key, byte[] value, long version) {
    Versioned form = reader.read(key, value, version);
    return form == null ? Versioned.of(value, version) : form;
  }

  /** The first limit that the transaction would exceed here, or null. */
  private Limits.@Nullable Exceeded exceeded(Transaction transaction) {
    List<Write> writes = transaction.writes();
    Limits.Exceeded byItself = limits.exceededBy(writes);
    if (byItself != null) {
      return byItself;
    }
    long moreCells = 0;
    long moreBytes = 0;
    for (Write write : writes) {
      if (write.kind() != Write.Kind.TOUCH) {
        byte[] before = cell(write.key()).value();
        byte[] after = write.value();
        moreCells += (after == null ? 0 : 1) - (before == null ? 0 : 1);
        moreBytes += weight(write.key(), after) - weight(write.key(), before);
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

  private static long weight(String key, byte @Nullable [] value) {
    return value == null ? 0 : key.length() + value.length;
  }

  private void count(String key, byte @Nullable [] before, byte @Nullable [] after) {
    present += (after == null ? 0 : 1) - (before == null ? 0 : 1);
    presentBytes += weight(key, after) - weight(key, before);
    if (key.equals(Limits.KEY)) {
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

  /** The keys whose readers are to wait. */
  private Set<String> toMark(Transaction transaction) {
    Set<String> keys = transaction.keys();
    if (!rules.keep(Rules.Rule.TOUCH_MARKS)) {
      transaction.writes().stream()
          .filter(write -> write.kind() == Write.Kind.TOUCH)
          .forEach(write -> keys.remove(write.key()));
    }
    return keys;
  }

  private int firstFailed(List<Condition> conditions) {
    for (int i = 0; i < conditions.size(); i++) {
      boolean holds =
          switch (conditions.get(i)) {
            case Condition.Absent(String key) -> found(key).settled() == null;
            case Condition.Present(String key) -> found(key).settled() != null;
            case Condition.Version(String key, long version) ->
                found(key).version() == version || !rules.keep(Rules.Rule.VERSION_SEEN);
            case Condition.InView(long incarnation) -> sessions.view().has(incarnation);
            case Condition.Held(long generation) -> locks.held(generation);
            case Condition.Free(String path) -> locks.free(path);
          };
      if (!holds) {
        return i;
      }
    }
    return -1;
  }

  /** What conditions are evaluated on: never what a hint showed. */
  private Cell found(String key) {
    Cell cell = cell(key);
    boolean ahead =
        cell.shownVersion() > cell.version() && !rules.keep(Rules.Rule.CONDITIONS_ON_APPLIED);
    return ahead ? cell.write(cell.visible(), cell.shownVersion()) : cell;
  }

  private void unmark(TxnId txn, Transaction transaction) {
    for (String key : transaction.keys()) {
      replace(key, cell(key).unmark(txn));
    }
    wake(transaction);
  }

  private void replace(String key, Cell next) {
    CellCapture taking = capture;
    if (taking != null) {
      note(taking, key, next);
    }
    Object place = Place.of(key);
    Versioned plain = next.plain() ? next.settled() : null;
    if (cells.get(place) instanceof Versioned old && old != plain) {
      old.leaving();
    }
    if (next.forgettable()) {
      cells.remove(place);
    } else if (plain == null) {
      cells.put(place, next);
    } else {
      cells.put(place, plain);
      plain.entered();
    }
  }

  private void note(CellCapture taking, String key, Cell next) {
    if (taking.over()) {
      capture = null;
      return;
    }
    Cell old = cell(key);
    if (old.version() != next.version() || old.value() != next.value()) {
      taking.replacing(key, old.settled());
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

  private void wake(Transaction transaction) {
    if (waiters.isEmpty()) {
      return;
    }
    for (String key : transaction.keys()) {
      List<Runnable> tasks = waiters.get(key);
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
    Map<String, Versioned> saved = new HashMap<>();
    for (int left = in.count(16); left > 0; left--) {
      String key = in.string();
      long version = in.int64();
      saved.put(key, read(key, in.bytes(), version));
    }
    for (Object place : List.copyOf(cells.keySet())) {
      String key = Place.key(place);
      if (!saved.containsKey(key)) {
        replace(key, cell(key).write(null, position));
      }
    }
    saved.forEach(
        (key, value) ->
            replace(key, cell(key).write(null, position).write(value, value.version())));
    lastCommitted = position;
    present = 0;
    presentBytes = 0;
    limits = Limits.DEFAULT;
    saved.forEach((key, value) -> count(key, null, value.value()));
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
