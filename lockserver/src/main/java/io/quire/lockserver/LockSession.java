package io.quire.lockserver;

import io.quire.base.Log;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client's session. Its ephemeral files and its locks live as long as it does: until it is
 * closed, or until its node's session ends. It costs no keep-alives of its own.
 *
 * <p>Locks are advisory and not reentrant: a session holds a lock once, and asking for it again is
 * refused at once. Threads that shall exclude each other take a session each. Any thread may call.
 */
public final class LockSession implements AutoCloseable {
  private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(5);

  private final Locks locks;
  private final Session session;
  private final Session.Token token;
  private final Tenure tenure;
  private final long id;
  private final String name;
  private final LockFiles files;
  private final Conversions conversions;
  private final Map<Long, Wait> waits = new HashMap<>();
  private final Map<Long, HeldLock> held = new HashMap<>();
  private final List<Watcher> watchers = new ArrayList<>();
  private volatile boolean closed;
  private volatile boolean ended;

  /** Whether the session can be relied on. */
  public enum State {
    /** The lease holds, by a clock read now. */
    SAFE,
    /** The lease may have run out. The session may be gone, or come back to {@link #SAFE}. */
    JEOPARDY,
    /** The session ended with its node's; its locks and ephemeral files are gone. For good. */
    EXPIRED,
    /** It was closed here. For good. */
    CLOSED
  }

  /** A request for a lock, from its begin to its end. */
  private static final class Wait {
    final String path;
    final LockTerms terms;
    final CompletableFuture<@Nullable HeldLock> result = new CompletableFuture<>();
    long request;
    boolean queued;

    Wait(String path, LockTerms terms) {
      this.path = path;
      this.terms = terms;
    }
  }

  private static final class Watcher {
    final Executor executor;
    final Consumer<State> listener;
    State told;

    Watcher(Executor executor, Consumer<State> listener, State told) {
      this.executor = executor;
      this.listener = listener;
      this.told = told;
    }
  }

  LockSession(
      Locks locks, Session session, Session.Token token, Tenure tenure, long id, String name) {
    this.locks = locks;
    this.session = session;
    this.token = token;
    this.tenure = tenure;
    this.id = id;
    this.name = name;
    files = new LockFiles(locks, this, null);
    conversions = new Conversions(locks, tenure, id);
  }

  /** Never given twice in a cluster. */
  public long id() {
    return id;
  }

  /** Whose it is, for people, as it was given when the session was opened. Need not be unique. */
  public String name() {
    return name;
  }

  /** Read from the local clock, without a message. */
  public State state() {
    if (closed) {
      return State.CLOSED;
    }
    if (ended || session.token() != token) {
      return State.EXPIRED;
    }
    return session.valid(token) ? State.SAFE : State.JEOPARDY;
  }

  /**
   * Tells of changes of {@link #state}, within a tenth of a lease and in order, until the session
   * is closed or expired. A state that lasts shorter may be left out. Who must not act on a lock
   * that may be lost asks {@link HeldLock#isHeld}, which is never late.
   *
   * @param executor runs the listener, one call at a time if it runs its tasks so
   */
  public void listen(Executor executor, Consumer<State> listener) {
    locks
        .loop()
        .execute(
            () -> {
              watchers.add(new Watcher(executor, listener, State.SAFE));
              tellState();
            });
  }

  /** Files, changed under this session. */
  public LockFiles files() {
    return files;
  }

  /**
   * Files, changed under this session for whom the sequencer was granted: only for as long as that
   * lock is held where the change is applied.
   */
  public LockFiles files(Sequencer guard) {
    return new LockFiles(locks, this, guard);
  }

  /**
   * Waits for a lock until it has it. Requests are granted in their order; only conversions go
   * ahead of them. Costs one entry of the log.
   *
   * @throws LockException.TimedOut if it does not come in time
   * @throws LockException.AlreadyHeld if this session holds it or waits for it
   * @throws LockException.SessionEnded if this session does not live
   * @throws LockException.LimitReached if the cluster, or this node's requests, have no room for it
   * @throws LockException.Unavailable if the log took nothing in time
   * @throws LockException.Indeterminate if the log does not answer in time; the request is taken
   *     back as soon as it does
   * @throws IllegalArgumentException if no lock may have the path
   */
  public HeldLock lock(String path, LockTerms terms, Duration deadline) {
    return Await.answer(lockAsync(path, terms, deadline), deadline);
  }

  /** As {@link #lock}. Cancelling the future gives the request up. */
  public CompletableFuture<HeldLock> lockAsync(String path, LockTerms terms, Duration deadline) {
    LockPath.checkChange(path);
    Wait wait = new Wait(path, terms);
    CompletableFuture<HeldLock> result =
        ask(wait, true, deadline)
            .thenApply(
                lock -> {
                  if (lock == null) {
                    throw new IllegalStateException("a lock that was waited for did not come");
                  }
                  return lock;
                });
    CompletableFuture<HeldLock> handed = Locks.handOver(result, HeldLock::close);
    handed.whenComplete(
        (_, _) -> {
          if (handed.isCancelled()) {
            locks.loop().execute(() -> giveUp(wait, "cancelled"));
          }
        });
    return handed;
  }

  /**
   * Takes a lock if it can be had at once. Costs one entry of the log; fails as {@link #lock} does,
   * but for the time.
   *
   * @return null if somebody holds it or waits for it in a mode that does not admit this one, or
   *     its delay is not over
   */
  public @Nullable HeldLock tryLock(String path, LockTerms terms, Duration deadline) {
    return Await.<@Nullable HeldLock>answer(tryLockAsync(path, terms, deadline), deadline);
  }

  /** As {@link #tryLock}. */
  public CompletableFuture<@Nullable HeldLock> tryLockAsync(
      String path, LockTerms terms, Duration deadline) {
    LockPath.checkChange(path);
    return Locks.handOver(
        ask(new Wait(path, terms), false, deadline),
        lock -> {
          if (lock != null) {
            lock.close();
          }
        });
  }

  private CompletableFuture<@Nullable HeldLock> ask(Wait wait, boolean queues, Duration deadline) {
    return locks.onLoop(
        () -> {
          acquire(wait, queues, deadline);
          return wait.result;
        });
  }

  /**
   * Ends the session: releases its locks without delay and removes its ephemeral files. {@link
   * #state} is {@link State#CLOSED} from now on. Does not block; completes when that is applied
   * here, however long the log takes for it.
   */
  public CompletableFuture<Void> closeAsync() {
    closed = true;
    return locks.onLoop(
        () -> {
          locks.forget(this);
          tellState();
          endHere("the session was closed");
          if (ended) {
            return CompletableFuture.completedFuture(null);
          }
          return locks
              .requests()
              .untilDone(tenure, new LockOperation.Close(id), "closing: session=" + id)
              .<Void>handle((_, _) -> null);
        });
  }

  /**
   * As {@link #closeAsync}, and waits for that up to five seconds. If the log takes nothing for
   * longer, it is done later, or the session ends with its node's.
   */
  @Override
  public void close() {
    try {
      Await.answer(closeAsync(), CLOSE_DEADLINE);
    } catch (LockException.Indeterminate e) {
      // It goes on without the caller.
    }
  }

  @Override
  public String toString() {
    return name + "#" + id;
  }

  Tenure tenure() {
    return tenure;
  }

  /** Whether what this session was granted is still its own, by a clock read now. */
  boolean safe() {
    return state() == State.SAFE;
  }

  private void acquire(Wait wait, boolean queues, Duration deadline) {
    String doing = "locking: path=" + wait.path + " session=" + id;
    if (closed || ended) {
      wait.result.completeExceptionally(
          new LockException.SessionEnded(doing + ": the session has ended"));
      return;
    }
    LockTerms terms = wait.terms;
    var acquire =
        new LockOperation.Acquire(
            id, wait.path, terms.mode(), queues, (int) terms.delay().toMillis(), terms.note());
    var submitted = locks.requests().submit(tenure, acquire, Log.Fence.NONE, deadline, doing);
    wait.request = submitted.sequence();
    if (wait.request != 0) {
      waits.put(wait.request, wait);
    }
    var late = locks.loop().after(deadline, () -> giveUp(wait, doing + ": waited=" + deadline));
    wait.result.whenComplete((_, _) -> late.cancel());
    submitted
        .answer()
        .whenComplete(
            (answer, failure) -> {
              if (failure != null) {
                refused(wait, failure);
              } else if (answer != null) {
                answered(wait, answer, doing);
              }
            });
  }

  private void refused(Wait wait, Throwable failure) {
    waits.remove(wait.request);
    wait.result.completeExceptionally(failure);
    if (failure instanceof LockException.Indeterminate && !ended) {
      cancel(wait);
    }
  }

  private void answered(Wait wait, LockAnswer answer, String doing) {
    switch (answer.code()) {
      case QUEUED -> {
        wait.queued = true;
        holdsAlready(wait);
      }
      case GRANTED -> holds(wait, answer.number(), answer.other());
      case BUSY, DELAYED -> {
        waits.remove(wait.request);
        wait.result.complete(null);
      }
      default -> {
        waits.remove(wait.request);
        wait.result.completeExceptionally(LockException.of(answer, doing));
      }
    }
  }

  /** The request came to its lock. On the loop, in the midst of applying. */
  void granted(LockTable.Hold hold) {
    Wait wait = waits.get(hold.asker().request());
    if (wait != null && wait.queued) {
      holds(wait, hold.generation(), hold.requested());
    }
  }

  private void holds(Wait wait, long generation, long requested) {
    waits.remove(wait.request);
    Sequencer sequencer = new Sequencer(wait.path, wait.terms.mode(), generation);
    HeldLock lock = new HeldLock(locks, this, sequencer, wait.request, requested);
    held.put(generation, lock);
    if (!wait.result.complete(lock)) {
      lock.close();
    }
  }

  /** Ends a wait from this side: at its deadline, or since nobody wants it any more. */
  private void giveUp(Wait wait, String why) {
    if (!waits.remove(wait.request, wait)) {
      return;
    }
    wait.result.completeExceptionally(
        wait.queued ? new LockException.TimedOut(why) : new LockException.Indeterminate(why));
    cancel(wait);
  }

  private void cancel(Wait wait) {
    var cancel = new LockOperation.Cancel(id, wait.path, wait.request);
    String doing = "giving up: path=" + wait.path + " session=" + id;
    locks.loop().execute(() -> locks.requests().untilDone(tenure, cancel, doing));
  }

  /** Gives a lock back, for as long as that takes. On the loop. */
  CompletableFuture<LockAnswer> release(HeldLock lock) {
    Sequencer sequencer = lock.sequencer();
    held.remove(sequencer.generation());
    // While it is converted nobody can say which generation it will have; CANCEL needs none.
    LockOperation release =
        conversions.released(lock)
            ? new LockOperation.Cancel(id, sequencer.path(), lock.request())
            : new LockOperation.Release(id, sequencer.generation());
    return locks.requests().untilDone(tenure, release, "releasing: sequencer=" + sequencer);
  }

  /** Another mode for a lock. On the loop. */
  CompletableFuture<Sequencer> convert(HeldLock lock, LockMode wanted, Duration deadline) {
    String doing = "converting: sequencer=" + lock.sequencer() + " session=" + id;
    if (closed || ended) {
      lock.settled();
      return CompletableFuture.failedFuture(
          new LockException.SessionEnded(doing + ": the session has ended"));
    }
    if (lock.isGone()) {
      lock.settled();
      return CompletableFuture.failedFuture(
          new LockException.NotHeld(doing + ": the lock was given back"));
    }
    return conversions.convert(lock, wanted, deadline);
  }

  void conversionCancelled(HeldLock lock) {
    conversions.cancelled(lock);
  }

  /** A hold has another mode. On the loop, in the midst of applying. */
  void converted(LockTable.Hold before, LockTable.Hold after) {
    HeldLock lock = held.get(before.generation());
    if (lock != null) {
      conversions.converted(lock, new Sequencer(after.path(), after.mode(), after.generation()));
    }
  }

  /** A lock has another generation. */
  void renumbered(HeldLock lock, long before, long after) {
    if (held.remove(before, lock)) {
      held.put(after, lock);
    }
  }

  /** The node's session is over, and this one with it. On the loop. */
  void ended() {
    ended = true;
    tellState();
    endHere("the node's session has ended");
  }

  private void endHere(String why) {
    for (HeldLock lock : List.copyOf(held.values())) {
      lock.gone();
    }
    held.clear();
    conversions.ended(why);
    for (Wait wait : List.copyOf(waits.values())) {
      waits.remove(wait.request);
      wait.result.completeExceptionally(
          new LockException.SessionEnded("locking: path=" + wait.path + ": " + why));
    }
  }

  /** Grants may have been skipped over. On the loop. */
  void restored() {
    List.copyOf(waits.values()).stream().filter(wait -> wait.queued).forEach(this::holdsAlready);
    conversions.restored();
  }

  private void holdsAlready(Wait wait) {
    LockTable.PathLock lock = locks.tree().locks().lock(wait.path);
    if (lock == null) {
      return;
    }
    for (LockTable.Hold hold : lock.holds.values()) {
      if (hold.asker().session() == id && hold.asker().request() == wait.request) {
        holds(wait, hold.generation(), hold.requested());
        return;
      }
    }
  }

  /** Tells whoever listens, if something changed. On the loop. */
  void tellState() {
    State now = state();
    for (Watcher watcher : watchers) {
      if (watcher.told != now) {
        watcher.told = now;
        watcher.executor.execute(() -> watcher.listener.accept(now));
      }
    }
  }
}
