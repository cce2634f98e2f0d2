package io.quire.lockserver;

import io.quire.base.Rules;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.LockAnswer.Code;
import io.quire.lockserver.LockAnswer.Limit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Who holds which lock, and who waits. Part of the fold; confined to the loop.
 *
 * <p>A lock has one queue. A request is granted when those who hold and those who wait before it
 * admit it; otherwise it stands at the end. So it waits only for those that came before it, and is
 * overtaken only by those whom it admits: nobody starves. A shared request behind an exclusive one
 * waits; one that reads beside goes past one that waits to write beside.
 *
 * <p>A holder may ask for another mode. It holds the old one until it has the new one, under a new
 * generation. It is granted when the other holders admit it, and who does not hold the lock stands
 * behind. Two conversions that wait for each other's hold would wait for ever, so the second one is
 * refused. Looking at pairs is enough: of several holders all are shared, or all beside with one
 * writer at the most. Who wants to write beside waits for the writer alone, who is no reader that
 * wants to write; every other wish waits for all other holders, and so for whoever waits for it.
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
  private int conversions;

  /** Is told what the answers to requests do not tell. */
  interface Listener {
    /** A request came to hold the lock, at once or after it waited. */
    void granted(Hold hold);

    /** A hold has another mode, at once or after it waited. */
    void converted(Hold before, Hold after);
  }

  /** Who asked. */
  record Asker(long session, Tenure tenure, long request) {}

  /**
   * A lock that is held, or was lost.
   *
   * @param generation no other hold of any lock has this one, and a later one has a higher one
   * @param asker who asked for the lock, whatever it was converted to
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

    Hold as(LockMode other, long newGeneration) {
      return new Hold(path, newGeneration, asker, requested, other, delayMillis, note, false);
    }
  }

  /** A request in the queue. */
  record Waiter(Asker asker, long requested, LockMode mode, int delayMillis, byte[] note) {}

  /**
   * A holder that waits for another mode.
   *
   * @param generation of its hold
   * @param asker of the conversion
   */
  record Conversion(long generation, Asker asker, long requested, LockMode mode) {}

  /** One lock. It is there while somebody holds it, waits for it, or has lost it. */
  static final class PathLock {
    final TreeMap<Long, Hold> holds = new TreeMap<>();
    final ArrayDeque<Conversion> conversions = new ArrayDeque<>();
    final ArrayDeque<Waiter> queue = new ArrayDeque<>();
    final ModeCounts held = new ModeCounts();
    final ModeCounts waiting = new ModeCounts();

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

  /** Of all queues, and holders that wait for another mode. */
  int waiters() {
    return waiters + conversions;
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
    boolean free = lock == null || hasRoom(lock, wanted.mode());
    if (holds.size() + waiters >= limits.holds()) {
      return LockAnswer.limit(Limit.HOLDS, limits.holds());
    }
    if (!free && waiters() >= limits.waiters()) {
      return LockAnswer.limit(Limit.WAITERS, limits.waiters());
    }
    PathLock entered = locks.computeIfAbsent(wanted.path(), _ -> new PathLock());
    paths.computeIfAbsent(asker.session(), _ -> new TreeSet<>()).add(wanted.path());
    Waiter waiter = new Waiter(asker, position, wanted.mode(), wanted.delayMillis(), wanted.note());
    if (free) {
      Hold hold = grant(position, wanted.path(), entered, waiter);
      return new LockAnswer(Code.GRANTED, hold.generation(), position);
    }
    enqueue(entered, waiter);
    events.add(position, LockEvent.Kind.QUEUED, wanted.path(), asker.session(), 0);
    return LockAnswer.of(Code.QUEUED, position);
  }

  /** Whether all who hold and all who wait admit it. */
  private boolean hasRoom(PathLock lock, LockMode mode) {
    return admit(lock.held, mode) && admit(lock.waiting, mode);
  }

  private boolean admit(ModeCounts others, LockMode mode) {
    if (mode == LockMode.BESIDE_WRITE && !rules.keep(Rules.Rule.LOCK_MODES)) {
      return others.admit(LockMode.BESIDE_READ);
    }
    return others.admit(mode);
  }

  private @Nullable LockAnswer refusal(PathLock lock, LockOperation.Acquire wanted) {
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
    if (wanted.waits() || hasRoom(lock, wanted.mode())) {
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

  /** Another mode for a hold, now or when the other holders admit it. */
  LockAnswer convert(long position, Asker asker, LockOperation.Convert wanted) {
    Hold hold = holds.get(wanted.generation());
    if (hold == null || hold.lost() || hold.asker().session() != wanted.session()) {
      return LockAnswer.of(Code.NOT_HELD);
    }
    PathLock lock = lockAt(hold.path());
    if (lock.conversions.stream().anyMatch(each -> each.generation() == hold.generation())) {
      return LockAnswer.of(Code.ALREADY_WAITING);
    }
    if (hold.mode() == wanted.mode()) {
      return new LockAnswer(Code.GRANTED, hold.generation(), position);
    }
    if (!hold.mode().covers(wanted.mode()) && !rules.keep(Rules.Rule.CONVERT_IN_PLACE)) {
      return askAnew(position, asker, hold, wanted.mode());
    }
    if (hold.mode().covers(wanted.mode()) || othersAdmit(lock, hold, wanted.mode())) {
      Hold converted = convert(position, lock, hold, wanted.mode());
      pump(position, hold.path(), lock);
      return new LockAnswer(Code.GRANTED, converted.generation(), position);
    }
    for (Conversion other : lock.conversions) {
      Hold of = hold(lock, other);
      if (!of.mode().admits(wanted.mode()) && !hold.mode().admits(other.mode())) {
        return LockAnswer.of(Code.DEADLOCK, other.generation());
      }
    }
    if (waiters() >= limits.waiters()) {
      return LockAnswer.limit(Limit.WAITERS, limits.waiters());
    }
    add(lock, new Conversion(hold.generation(), asker, position, wanted.mode()));
    events.add(position, LockEvent.Kind.QUEUED, hold.path(), wanted.session(), hold.generation());
    return LockAnswer.of(Code.QUEUED, position);
  }

  /** The wrong way: somebody else may come in between. */
  private LockAnswer askAnew(long position, Asker asker, Hold hold, LockMode mode) {
    giveBack(position, hold);
    return acquire(
        position,
        asker,
        new LockOperation.Acquire(
            asker.session(), hold.path(), mode, true, hold.delayMillis(), hold.note()));
  }

  private boolean othersAdmit(PathLock lock, Hold hold, LockMode mode) {
    lock.held.remove(hold.mode());
    boolean admitted = admit(lock.held, mode);
    lock.held.add(hold.mode());
    return admitted;
  }

  private static Hold hold(PathLock lock, Conversion conversion) {
    Hold hold = lock.holds.get(conversion.generation());
    if (hold == null) {
      throw new IllegalStateException("nothing to convert: conversion=" + conversion);
    }
    return hold;
  }

  private Hold convert(long position, PathLock lock, Hold before, LockMode mode) {
    Hold after = before.as(mode, ++lastGeneration);
    take(lock, before);
    put(lock, after);
    event(position, LockEvent.Kind.CONVERTED, after);
    listener.converted(before, after);
    return after;
  }

  private void add(PathLock lock, Conversion conversion) {
    lock.conversions.add(conversion);
    lock.waiting.add(conversion.mode());
    conversions++;
  }

  private boolean removeConversions(PathLock lock, Predicate<Conversion> which) {
    List<Conversion> gone = lock.conversions.stream().filter(which).toList();
    lock.conversions.removeAll(gone);
    conversions -= gone.size();
    gone.forEach(each -> lock.waiting.remove(each.mode()));
    return !gone.isEmpty();
  }

  LockAnswer release(long position, LockOperation.Release release) {
    Hold hold = holds.get(release.generation());
    if (hold == null || hold.lost() || hold.asker().session() != release.session()) {
      return LockAnswer.of(Code.NOT_HELD);
    }
    giveBack(position, hold);
    return LockAnswer.of(Code.OK, position);
  }

  /** The request neither holds nor waits afterwards; a conversion that was granted stays. */
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
    if (removeConversions(lock, each -> is(each.asker(), tenure, cancel))
        || removeWaiters(lock, cancel.path(), waiter -> is(waiter.asker(), tenure, cancel))) {
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

  /** Grants what can be granted, to holders first, then in the order of the queue. */
  private void pump(long position, String path, PathLock lock) {
    for (Conversion each : List.copyOf(lock.conversions)) {
      Hold hold = hold(lock, each);
      if (othersAdmit(lock, hold, each.mode())) {
        removeConversions(lock, each::equals);
        convert(position, lock, hold, each.mode());
      }
    }
    if (!lock.queue.isEmpty()) {
      List<Waiter> admitted = admitted(lock);
      Set<Waiter> gone = new HashSet<>(admitted);
      lock.queue.removeIf(gone::contains);
      waiters -= admitted.size();
      for (Waiter each : admitted) {
        lock.waiting.remove(each.mode());
        grant(position, path, lock, each);
      }
    }
    if (lock.unused()) {
      locks.remove(path);
    }
  }

  /** Those whom all admit that hold, or wait before them. */
  private List<Waiter> admitted(PathLock lock) {
    List<Waiter> admitted = new ArrayList<>();
    ModeCounts inTheWay = new ModeCounts();
    lock.holds.values().forEach(hold -> inTheWay.add(hold.mode()));
    lock.conversions.forEach(each -> inTheWay.add(each.mode()));
    for (Waiter each : lock.queue) {
      if (!inTheWay.admitSome()) {
        break;
      }
      if (admit(inTheWay, each.mode())) {
        admitted.add(each);
      }
      inTheWay.add(each.mode());
    }
    return admitted;
  }

  private void enqueue(PathLock lock, Waiter waiter) {
    lock.queue.add(waiter);
    lock.waiting.add(waiter.mode());
    waiters++;
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
    lock.held.add(hold.mode());
    holds.put(hold.generation(), hold);
    if (hold.lost()) {
      lost.put(hold.generation(), hold);
    }
  }

  private void take(PathLock lock, Hold hold) {
    lock.holds.remove(hold.generation());
    lock.held.remove(hold.mode());
    holds.remove(hold.generation());
    lost.remove(hold.generation());
  }

  private void remove(PathLock lock, Hold hold) {
    take(lock, hold);
    removeConversions(lock, each -> each.generation() == hold.generation());
    if (!hold.lost()) {
      forget(hold.asker().session(), hold.path());
    }
  }

  private boolean removeWaiters(PathLock lock, String path, Predicate<Waiter> which) {
    List<Waiter> gone = lock.queue.stream().filter(which).toList();
    lock.queue.removeAll(gone);
    waiters -= gone.size();
    for (Waiter waiter : gone) {
      lock.waiting.remove(waiter.mode());
      forget(waiter.asker().session(), path);
    }
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

  /** The holders that wait for another mode now, to be written later. */
  Consumer<WireWriter> captureConversions() {
    List<Conversion> now = new ArrayList<>();
    if (rules.keep(Rules.Rule.LOCK_QUEUE_SAVED) && conversions > 0) {
      locks.values().forEach(lock -> now.addAll(lock.conversions));
    }
    return out -> {
      out.int32(now.size());
      for (Conversion each : now) {
        out.int64(each.generation())
            .int64(each.asker().request())
            .int64(each.requested())
            .int8(each.mode().number);
      }
    };
  }

  /** After {@link #restore}. */
  void restoreConversions(WireReader in) {
    for (int left = in.count(25); left > 0; left--) {
      long generation = in.int64();
      Hold hold = holds.get(generation);
      if (hold == null || hold.lost()) {
        throw new WireReader.MalformedException("nothing to convert: generation=" + generation);
      }
      Asker of = hold.asker();
      Asker asker = new Asker(of.session(), of.tenure(), in.int64());
      add(
          lockAt(hold.path()),
          new Conversion(generation, asker, in.int64(), LockMode.of(in.int8())));
    }
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
    conversions = 0;
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
        enqueue(lock, waiter);
        paths.computeIfAbsent(waiter.asker().session(), _ -> new TreeSet<>()).add(path);
      }
    }
  }
}
