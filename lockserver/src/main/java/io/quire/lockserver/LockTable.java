package io.quire.lockserver;

import io.quire.base.Rules;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.LockAnswer.Code;
import io.quire.lockserver.LockAnswer.Limit;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Who holds which lock, and who waits. Part of the fold; confined to the loop.
 *
 * <p>A lock has one queue. A request is granted at once only if nobody waits and those who hold
 * admit it; otherwise it goes to the end. When somebody leaves, requests are granted from the head
 * for as long as they are admitted, so that shared ones that stand together are granted together. A
 * shared request behind an exclusive one waits, and an exclusive one waits only for those that came
 * before it: neither starves.
 *
 * <p>A hold that was lost with its session, and not given back, stays as a lost one until its delay
 * is over. It counts against others as if it were held, and for nothing else.
 */
final class LockTable {
  private static final Hold[] NOBODY = {};
  private static final Waiter[] NO_WAITERS = {};

  private final LockLimits limits;
  private final EventRing events;
  private final Rules rules;
  private final Listener listener;
  private final TreeMap<String, PathLock> locks = new TreeMap<>();
  private final TreeMap<Long, Hold> holds = new TreeMap<>();
  private final TreeMap<Long, Hold> lost = new TreeMap<>();
  private final Map<Long, TreeSet<String>> paths = new HashMap<>();
  private long lastGeneration;
  private int waiters;

  /** Is told what the answers to requests do not tell. */
  interface Listener {
    /** A request came to hold the lock, at once or after it waited. */
    void granted(Hold hold);
  }

  /** Who asked. */
  record Asker(long session, Tenure tenure, long request) {}

  /**
   * A lock that is held, or was lost.
   *
   * @param generation no other hold of any lock has this one, and a later one has a higher one
   * @param requested position of the request
   * @param lost whether its session ended, so that it only stands for its delay
   */
  record Hold(
      String path,
      long generation,
      Asker asker,
      long requested,
      LockMode mode,
      int delayMillis,
      byte[] note,
      boolean lost) {
    Hold asLost() {
      return new Hold(path, generation, asker, requested, mode, delayMillis, note, true);
    }
  }

  /** A request in the queue. */
  record Waiter(Asker asker, long requested, LockMode mode, int delayMillis, byte[] note) {}

  /** One lock. It is there while somebody holds it, waits for it, or has lost it. */
  static final class PathLock {
    final TreeMap<Long, Hold> holds = new TreeMap<>();
    final ArrayDeque<Waiter> queue = new ArrayDeque<>();

    boolean admits(LockMode mode) {
      return holds.values().stream().allMatch(hold -> hold.mode().admits(mode));
    }

    boolean unused() {
      return holds.isEmpty() && queue.isEmpty();
    }
  }

  LockTable(LockLimits limits, EventRing events, Rules rules, Listener listener) {
    this.limits = limits;
    this.events = events;
    this.rules = rules;
    this.listener = listener;
  }

  /** Whether this generation is held. */
  boolean held(long generation) {
    Hold hold = holds.get(generation);
    return hold != null && !hold.lost();
  }

  @Nullable Hold hold(long generation) {
    return holds.get(generation);
  }

  /** Holds whose delay is not over. */
  Collection<Hold> lost() {
    return lost.values();
  }

  int holds() {
    return holds.size();
  }

  @Nullable PathLock lock(String path) {
    return locks.get(path);
  }

  /** The locks whose paths are greater than this, in order. */
  SortedMap<String, PathLock> after(String path) {
    return locks.tailMap(path, false);
  }

  int count() {
    return locks.size();
  }

  int waiters() {
    return waiters;
  }

  LockAnswer acquire(long position, Asker asker, LockOperation.Acquire wanted) {
    PathLock lock = locks.get(wanted.path());
    if (lock != null) {
      LockAnswer refusal = refusal(lock, wanted);
      if (refusal != null) {
        return refusal;
      }
    } else if (locks.size() >= limits.locks()) {
      return LockAnswer.limit(Limit.LOCKS, limits.locks());
    }
    boolean free = lock == null || (lock.queue.isEmpty() && lock.admits(wanted.mode()));
    if (holds.size() + waiters >= limits.holds()) {
      return LockAnswer.limit(Limit.HOLDS, limits.holds());
    }
    if (!free && waiters >= limits.waiters()) {
      return LockAnswer.limit(Limit.WAITERS, limits.waiters());
    }
    PathLock entered = locks.computeIfAbsent(wanted.path(), _ -> new PathLock());
    paths.computeIfAbsent(asker.session(), _ -> new TreeSet<>()).add(wanted.path());
    Waiter waiter = new Waiter(asker, position, wanted.mode(), wanted.delayMillis(), wanted.note());
    if (free) {
      Hold hold = grant(position, wanted.path(), entered, waiter);
      return new LockAnswer(Code.GRANTED, hold.generation(), position);
    }
    entered.queue.add(waiter);
    waiters++;
    events.add(position, LockEvent.Kind.QUEUED, wanted.path(), asker.session(), 0);
    return LockAnswer.of(Code.QUEUED, position);
  }

  private static @Nullable LockAnswer refusal(PathLock lock, LockOperation.Acquire wanted) {
    for (Hold hold : lock.holds.values()) {
      if (hold.asker().session() == wanted.session() && !hold.lost()) {
        return LockAnswer.of(Code.ALREADY_HELD, hold.generation());
      }
    }
    for (Waiter waiter : lock.queue) {
      if (waiter.asker().session() == wanted.session()) {
        return LockAnswer.of(Code.ALREADY_WAITING);
      }
    }
    if (wanted.waits() || (lock.queue.isEmpty() && lock.admits(wanted.mode()))) {
      return null;
    }
    for (Hold hold : lock.holds.values()) {
      if (!hold.lost()) {
        return LockAnswer.of(Code.BUSY, hold.generation());
      }
    }
    long lost = lock.holds.isEmpty() ? 0 : lock.holds.firstKey();
    return LockAnswer.of(Code.DELAYED, lost);
  }

  LockAnswer release(long position, LockOperation.Release release) {
    Hold hold = holds.get(release.generation());
    if (hold == null || hold.lost() || hold.asker().session() != release.session()) {
      return LockAnswer.of(Code.NOT_HELD);
    }
    giveBack(position, hold);
    return LockAnswer.of(Code.OK, position);
  }

  /** The request neither holds nor waits afterwards. */
  void cancel(long position, Tenure tenure, LockOperation.Cancel cancel) {
    PathLock lock = locks.get(cancel.path());
    if (lock == null) {
      return;
    }
    for (Hold hold : List.copyOf(lock.holds.values())) {
      if (!hold.lost() && is(hold.asker(), tenure, cancel)) {
        giveBack(position, hold);
        return;
      }
    }
    if (removeWaiters(lock, cancel.path(), waiter -> is(waiter.asker(), tenure, cancel))) {
      pump(position, cancel.path(), lock);
    }
  }

  private static boolean is(Asker asker, Tenure tenure, LockOperation.Cancel cancel) {
    return asker.session() == cancel.session()
        && asker.request() == cancel.request()
        && asker.tenure().equals(tenure);
  }

  /**
   * These sessions ended.
   *
   * @param clean whether by their client's will, who has nothing under way any more
   */
  void end(long position, Collection<Long> sessions, boolean clean) {
    // Nobody who is gone shall be granted what another of them leaves.
    TreeSet<String> touched = new TreeSet<>();
    for (long session : sessions) {
      for (String path : List.copyOf(paths.getOrDefault(session, new TreeSet<>()))) {
        removeWaiters(lockAt(path), path, waiter -> waiter.asker().session() == session);
        touched.add(path);
      }
    }
    for (String path : touched) {
      PathLock lock = lockAt(path);
      for (Hold hold : List.copyOf(lock.holds.values())) {
        if (!hold.lost() && sessions.contains(hold.asker().session())) {
          leave(position, lock, hold, clean);
        }
      }
      pump(position, path, lock);
    }
  }

  private void leave(long position, PathLock lock, Hold hold, boolean clean) {
    boolean delayed = !clean && hold.delayMillis() > 0 && rules.keep(Rules.Rule.LOCK_DELAY);
    remove(lock, hold);
    if (delayed) {
      put(lock, hold.asLost());
    }
    event(position, clean ? LockEvent.Kind.RELEASED : LockEvent.Kind.LOST, hold);
  }

  /** The delay after the loss of this generation is over. */
  void delayOver(long position, String path, long generation) {
    Hold hold = holds.get(generation);
    PathLock lock = locks.get(path);
    if (hold == null || lock == null || !hold.lost() || !hold.path().equals(path)) {
      return;
    }
    remove(lock, hold);
    event(position, LockEvent.Kind.DELAY_OVER, hold);
    pump(position, path, lock);
  }

  private void giveBack(long position, Hold hold) {
    PathLock lock = lockAt(hold.path());
    remove(lock, hold);
    event(position, LockEvent.Kind.RELEASED, hold);
    pump(position, hold.path(), lock);
  }

  private void event(long position, LockEvent.Kind kind, Hold hold) {
    events.add(position, kind, hold.path(), hold.asker().session(), hold.generation());
  }

  private PathLock lockAt(String path) {
    PathLock lock = locks.get(path);
    if (lock == null) {
      throw new IllegalStateException("lock is not there: path=" + path);
    }
    return lock;
  }

  /** Grants what can be granted, in the order of the queue. */
  private void pump(long position, String path, PathLock lock) {
    for (Waiter head = lock.queue.peek();
        head != null && lock.admits(head.mode());
        head = lock.queue.peek()) {
      lock.queue.remove();
      waiters--;
      grant(position, path, lock, head);
    }
    if (lock.unused()) {
      locks.remove(path);
    }
  }

  private Hold grant(long position, String path, PathLock lock, Waiter waiter) {
    Hold hold =
        new Hold(
            path,
            ++lastGeneration,
            waiter.asker(),
            waiter.requested(),
            waiter.mode(),
            waiter.delayMillis(),
            waiter.note(),
            false);
    put(lock, hold);
    event(position, LockEvent.Kind.ACQUIRED, hold);
    listener.granted(hold);
    return hold;
  }

  private void put(PathLock lock, Hold hold) {
    lock.holds.put(hold.generation(), hold);
    holds.put(hold.generation(), hold);
    if (hold.lost()) {
      lost.put(hold.generation(), hold);
    }
  }

  private void remove(PathLock lock, Hold hold) {
    lock.holds.remove(hold.generation());
    holds.remove(hold.generation());
    lost.remove(hold.generation());
    if (!hold.lost()) {
      forget(hold.asker().session(), hold.path());
    }
  }

  private boolean removeWaiters(PathLock lock, String path, Predicate<Waiter> which) {
    List<Waiter> gone = lock.queue.stream().filter(which).toList();
    lock.queue.removeAll(gone);
    waiters -= gone.size();
    gone.forEach(waiter -> forget(waiter.asker().session(), path));
    return !gone.isEmpty();
  }

  private void forget(long session, String path) {
    TreeSet<String> of = paths.get(session);
    if (of != null && of.remove(path) && of.isEmpty()) {
      paths.remove(session);
    }
  }

  /** What there is now, to be written later. */
  Consumer<WireWriter> capture() {
    long last = lastGeneration;
    boolean queues = rules.keep(Rules.Rule.LOCK_QUEUE_SAVED);
    Captured[] now = new Captured[locks.size()];
    int count = 0;
    for (Map.Entry<String, PathLock> each : locks.entrySet()) {
      PathLock lock = each.getValue();
      Hold[] held = lock.holds.values().toArray(NOBODY);
      Waiter[] queue =
          queues && !lock.queue.isEmpty() ? lock.queue.toArray(NO_WAITERS) : NO_WAITERS;
      now[count++] = new Captured(each.getKey(), held, queue);
    }
    return out -> {
      out.int64(last).int32(now.length);
      for (Captured lock : now) {
        lock.write(out);
      }
    };
  }

  /** One lock as it was. */
  private record Captured(String path, Hold[] holds, Waiter[] queue) {
    void write(WireWriter out) {
      out.string(path).int32(holds.length);
      for (Hold hold : holds) {
        out.int64(hold.generation()).bool(hold.lost());
        LockTable.write(
            out, hold.asker(), hold.requested(), hold.mode(), hold.delayMillis(), hold.note());
      }
      out.int32(queue.length);
      for (Waiter each : queue) {
        LockTable.write(
            out, each.asker(), each.requested(), each.mode(), each.delayMillis(), each.note());
      }
    }
  }

  private static void write(
      WireWriter out, Asker asker, long requested, LockMode mode, int delayMillis, byte[] note) {
    out.int64(asker.session());
    asker.tenure().write(out);
    out.int64(asker.request()).int64(requested).int8(mode.number).int32(delayMillis).bytes(note);
  }

  private static Waiter read(WireReader in) {
    Asker asker = new Asker(in.int64(), Tenure.read(in), in.int64());
    return new Waiter(asker, in.int64(), LockMode.of(in.int8()), in.int32(), in.bytes());
  }

  void restore(WireReader in) {
    locks.clear();
    holds.clear();
    lost.clear();
    paths.clear();
    waiters = 0;
    lastGeneration = in.int64();
    int count = in.count(12);
    for (int i = 0; i < count; i++) {
      String path = in.string();
      PathLock lock = new PathLock();
      locks.put(path, lock);
      int held = in.count(58);
      for (int j = 0; j < held; j++) {
        long generation = in.int64();
        boolean lost = in.bool();
        Waiter of = read(in);
        put(
            lock,
            new Hold(
                path,
                generation,
                of.asker(),
                of.requested(),
                of.mode(),
                of.delayMillis(),
                of.note(),
                lost));
        if (!lost) {
          paths.computeIfAbsent(of.asker().session(), _ -> new TreeSet<>()).add(path);
        }
      }
      int queued = in.count(49);
      for (int j = 0; j < queued; j++) {
        Waiter waiter = read(in);
        lock.queue.add(waiter);
        paths.computeIfAbsent(waiter.asker().session(), _ -> new TreeSet<>()).add(path);
      }
      waiters += queued;
    }
  }
}
