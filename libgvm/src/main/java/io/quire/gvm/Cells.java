package io.quire.gvm;

import io.quire.base.Loop;
import io.quire.base.RequestId;
import io.quire.base.WireReader;
import io.quire.lockserver.LockConditions;
import io.quire.lockserver.Locks;
import io.quire.lockserver.Session;
import io.quire.lockserver.Sessions;
import io.quire.twopc.Finding;
import io.quire.twopc.LoggedTxn;
import io.quire.twopc.Outcome;
import io.quire.twopc.Submission;
import io.quire.twopc.TwoPhase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Globally visible memory on one node. Keys are strings of 1 to {@value Transaction#KEY_BYTES_MAX}
 * bytes in UTF-8, values byte arrays up to {@value Transaction#VALUE_BYTES_MAX} bytes.
 *
 * <p>Any thread may call, except where a method says otherwise. Blocking methods must not be called
 * on the loop. Futures complete on the loop, unless said otherwise, and what depends on them must
 * not block it; those of reads of cells fail with a {@link GvmException}, those of transactions
 * never fail but say what came of it.
 */
public final class Cells {
  private static final Duration APPLIED_EVERY = Duration.ofMillis(10);

  private final CellStore store;
  private final TwoPhase twoPhase;
  private final Session session;
  private final Loop loop;

  /** Makes the cells of a node and registers them; before the log starts. */
  public Cells(Sessions sessions, Locks locks, Session session, TwoPhase twoPhase, Loop loop) {
    this(sessions, (LockConditions) locks, session, twoPhase, loop);
  }

  /** As above, on a node without lock server: every lock is free for ever. */
  public Cells(Sessions sessions, Session session, TwoPhase twoPhase, Loop loop) {
    this(sessions, LockConditions.NONE, session, twoPhase, loop);
  }

  private Cells(
      Sessions sessions, LockConditions locks, Session session, TwoPhase twoPhase, Loop loop) {
    this.store = new CellStore(sessions, locks, twoPhase.rules(), loop);
    this.session = session;
    this.twoPhase = twoPhase;
    this.loop = loop;
    twoPhase.register(store);
  }

  /**
   * Runs a transaction. When it is committed, every read that begins later on any node sees it. It
   * costs a message to each member and back, and a part of an entry of the log.
   *
   * @param deadline after which the caller is told {@link Outcome.Indeterminate} or {@link
   *     Outcome.Aborted}, a moment late at most
   */
  public CompletableFuture<Outcome> commit(Transaction transaction, Duration deadline) {
    return twoPhase.submit(store.number(), transaction.toBytes(), deadline);
  }

  /** As {@link #commit}, but only in this epoch: aborted in any other. */
  public CompletableFuture<Outcome> commitIn(
      long epoch, Transaction transaction, Duration deadline) {
    Submission submission =
        Submission.of(store.number(), transaction.toBytes(), deadline).inEpoch(epoch);
    return twoPhase.submit(submission).outcome();
  }

  /**
   * As {@link #commit}, but it happens at most once under this name, on whatever nodes and however
   * often it is submitted: a conditional write that is tried again is told its own first success.
   */
  public CompletableFuture<Outcome> commitOnce(
      RequestId id, Transaction transaction, Duration deadline) {
    Submission submission = Submission.of(store.number(), transaction.toBytes(), deadline).as(id);
    return twoPhase.submit(submission).outcome();
  }

  /** What became of a request with a name: see {@link TwoPhase#outcome(RequestId)}. */
  public CompletableFuture<Finding> outcome(RequestId id) {
    return twoPhase.outcome(id);
  }

  /** Makes it known what became of it: see {@link TwoPhase#giveUp}. */
  public CompletableFuture<Outcome> giveUp(RequestId id, Duration deadline) {
    return twoPhase.giveUp(id, deadline);
  }

  /**
   * Which condition failed first, of a transaction that was rejected: its place among them, from 0;
   * -1 if it was a limit, see {@link #exceeded}.
   */
  public static int failedCondition(Outcome.Rejected rejected) {
    return new WireReader(rejected.result()).int32();
  }

  /**
   * Reads a cell, linearizably. If a transaction on the key is under way it waits for that.
   *
   * @return null if the cell is absent
   * @throws GvmException.NotInView if this node is not in the view or cannot be sure of it
   * @throws GvmException.Undecided if the deadline passed while waiting
   */
  public @Nullable Versioned read(String key, Duration deadline) {
    CellRead read = CellRead.begin(store, session, key);
    if (!read.look()) {
      await(read, deadline);
    }
    return read.finish();
  }

  /**
   * Tells that a cell cannot be read at a glance: a transaction on it is under way, or has only
   * been heard of. It is this very object.
   */
  public static final Versioned UNSETTLED = CellStore.UNSETTLED;

  /**
   * Looks at a cell without waiting: its value, null if it is absent, or {@link #UNSETTLED}. Any
   * number of glances together are linearizable reads if {@link Session#token} was taken before the
   * first of them and {@link Session#valid} says so after the last; what was seen must not be used
   * otherwise.
   */
  public @Nullable Versioned glance(String key) {
    return store.glance(Place.of(key));
  }

  /** As {@link #glance(String)}, of the key that is {@code x/} and this number in hexadecimal. */
  public @Nullable Versioned glance(long number) {
    return store.glance(number);
  }

  /**
   * As {@link #glance(String)}, of the key that is {@code n/}, this number in hexadecimal, a colon
   * if the name does not begin with a slash, and the name.
   */
  public @Nullable Versioned glance(long number, String name) {
    return store.glance(new Place.Named(number, name));
  }

  /**
   * Reads a cell as this node knows it, without waiting; null if it is absent there. It may be old,
   * the more so if this node is not in the view.
   */
  public @Nullable Versioned readRelaxed(String key) {
    return store.cell(key).visible();
  }

  /**
   * Reads several cells as of one moment, linearizably: no transaction is seen by half. Fails with
   * {@link GvmException.NotInView} or {@link GvmException.Undecided}, as {@link #read} does.
   *
   * @return in the order of the keys; null where a cell is absent
   */
  public CompletableFuture<List<@Nullable Versioned>> snapshot(
      Collection<String> keys, Duration deadline) {
    return onLoop(
        keys,
        deadline,
        () -> {
          List<@Nullable Versioned> values = new ArrayList<>(keys.size());
          keys.forEach(key -> values.add(store.cell(key).applied()));
          return values;
        });
  }

  /**
   * Computes something from the applied cells on the loop, linearizably with respect to the
   * transactions that name one of the keys: those under way are waited for.
   *
   * @param answer runs on the loop once; short
   */
  public <T> CompletableFuture<T> onLoop(
      Collection<String> keys, Duration deadline, Supplier<T> answer) {
    CompletableFuture<T> result = new CompletableFuture<>();
    loop.execute(() -> new LoopRead<>(keys, answer, result).begin(deadline));
    return result;
  }

  /** Follows cells on the loop; before the log starts. */
  public void listen(CellListener listener) {
    store.listen(listener);
  }

  /** Says what cells hold instead of bytes; before the log starts. */
  public void readBy(Versioned.Reader reader) {
    store.readBy(reader);
  }

  /** Up to where the cells are applied. On the loop. */
  public long appliedPosition() {
    loop.confine();
    return twoPhase.applied();
  }

  /** Adds limits to those of all; before the log starts, and the same on every node. */
  public void limitBy(Bounds bounds) {
    store.limitBy(bounds);
  }

  /** A cell as the applied log made it, or null. On the loop. */
  public @Nullable Versioned applied(String key) {
    loop.confine();
    return store.cell(key).settled();
  }

  /**
   * A cell as it was at a position that is applied here, or null. On the loop. It costs a look at
   * each change after the position.
   *
   * @throws GvmException.TooOld if the cell has changed since, or is absent, and this node does not
   *     remember how it was
   */
  public @Nullable Versioned appliedAt(String key, long position) {
    loop.confine();
    return store.cellAt(key, position);
  }

  /**
   * The newest change of a key among those that this node remembers: the last 16,384 of all keys.
   * On the loop. It costs a look at each.
   */
  public Optional<Change> lastChange(String key) {
    loop.confine();
    return store.history().last(key);
  }

  /**
   * The transaction that stands at a position in the log, read back from what this node preserves
   * of it: see {@link TwoPhase#logged}. Empty if none on cells stands there. It took effect if the
   * position is the version of something. Any thread.
   */
  public CompletableFuture<Optional<Transaction>> logged(long position) {
    CompletableFuture<Optional<LoggedTxn>> found = twoPhase.logged(position);
    CompletableFuture<Optional<Transaction>> read =
        found.thenApply(
            txn ->
                txn.filter(one -> one.participant() == store.number())
                    .map(one -> Transaction.read(one.payload())));
    read.whenComplete((_, _) -> found.cancel(false));
    return read;
  }

  /** Every cell that has a value, as the applied log made it. On the loop. */
  public void forEach(BiConsumer<String, Versioned> action) {
    loop.confine();
    store.forEach(action);
  }

  /** How many keys this node holds a record of. */
  public int count() {
    return store.count();
  }

  /**
   * How many keys are marked for a transaction that this node knows to be decided. None, ever: such
   * a mark would keep readers waiting for nothing. On the loop, between tasks; for checks.
   */
  public int markedForNothing() {
    return store.marked(twoPhase::decided);
  }

  /**
   * Opens a watch. It begins at the position that this node has applied when the future completes.
   */
  public CompletableFuture<Watch> watch(String prefix) {
    CompletableFuture<Watch> opened = new CompletableFuture<>();
    loop.execute(() -> opened.complete(new Watch(this, prefix, twoPhase.applied())));
    return opened;
  }

  /**
   * Opens a watch that begins after a position, such as a {@link Watch#bookmark} or the position of
   * a {@link Snapshot}. Fails with {@link GvmException.TooOld} if this node does not remember it.
   */
  public CompletableFuture<Watch> watch(String prefix, long after) {
    CompletableFuture<Watch> opened = new CompletableFuture<>();
    loop.execute(
        () -> {
          try {
            store.history().require("watching: prefix=" + prefix, after);
            opened.complete(new Watch(this, prefix, after));
          } catch (GvmException e) {
            opened.completeExceptionally(e);
          }
        });
    return opened;
  }

  /**
   * The next changes of a prefix after a position, one at least: completes when there are some.
   *
   * @param passed told, on the loop, up to where there is none of them
   */
  CompletableFuture<Watch.Batch> changes(String prefix, long after, int most, LongConsumer passed) {
    CompletableFuture<Watch.Batch> batch = new CompletableFuture<>();
    loop.execute(() -> new Awaited(prefix, after, most, passed, batch).look());
    return batch;
  }

  /**
   * Reads all cells with a prefix as of one moment, linearizably. It looks at every cell of this
   * node, on the loop.
   */
  public CompletableFuture<Snapshot> snapshot(String prefix, Duration deadline) {
    CompletableFuture<Snapshot> result = new CompletableFuture<>();
    loop.execute(
        () -> {
          Supplier<Snapshot> now =
              () -> new Snapshot(twoPhase.applied(), store.at(prefix, twoPhase.applied()));
          new LoopRead<>(store.unsettled(prefix), now, result).begin(deadline);
        });
    return result;
  }

  /**
   * Reads all cells with a prefix as they were at a position: the same on every node, and for ever.
   * Fails with {@link GvmException.TooOld} if this node does not remember it, and with {@link
   * GvmException.Undecided} if it has not applied it in time.
   */
  public CompletableFuture<Snapshot> snapshotAt(String prefix, long position, Duration deadline) {
    CompletableFuture<Snapshot> result = new CompletableFuture<>();
    loop.execute(
        () -> {
          Loop.Timer late =
              loop.after(
                  deadline,
                  () ->
                      result.completeExceptionally(
                          new GvmException.Undecided("not applied yet: position=" + position)));
          result.whenComplete((_, _) -> late.cancel());
          lookBack(prefix, position, result);
        });
    return result;
  }

  private void lookBack(String prefix, long position, CompletableFuture<Snapshot> result) {
    if (result.isDone()) {
      return;
    }
    if (twoPhase.applied() < position) {
      loop.after(APPLIED_EVERY, () -> lookBack(prefix, position, result));
      return;
    }
    try {
      store.history().require("reading: prefix=" + prefix, position);
      result.complete(new Snapshot(position, store.at(prefix, position)));
    } catch (GvmException e) {
      result.completeExceptionally(e);
    }
  }

  /** Sets the limits of the whole cluster. */
  public CompletableFuture<Outcome> limit(Limits limits, Duration deadline) {
    return commit(Transaction.begin().put(Limits.KEY, limits.toBytes()).build(), deadline);
  }

  /** The limits as this node has applied them. On the loop. */
  public Limits limits() {
    loop.confine();
    return store.limits();
  }

  /**
   * Which limit was exceeded, of a transaction that was rejected, or null if it was a condition.
   */
  public static Limits.@Nullable Exceeded exceeded(Outcome.Rejected rejected) {
    return Limits.Exceeded.read(rejected.result());
  }

  private void await(CellRead read, Duration deadline) {
    CompletableFuture<Void> settled = new CompletableFuture<>();
    loop.execute(() -> awaitOnLoop(read.key, read::settled, settled));
    try {
      settled.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      settled.cancel(false);
      throw new GvmException.Undecided("reading: key=" + read.key + " waited=" + deadline);
    } catch (InterruptedException e) {
      settled.cancel(false);
      Thread.currentThread().interrupt();
      throw new GvmException.Undecided("interrupted reading: key=" + read.key);
    } catch (ExecutionException e) {
      throw new IllegalStateException("waiting failed: key=" + read.key, e.getCause());
    }
  }

  /** Completes the future once the condition on the key's cell holds. On the loop. */
  void awaitOnLoop(String key, BooleanSupplier condition, CompletableFuture<Void> settled) {
    if (condition.getAsBoolean()) {
      settled.complete(null);
      return;
    }
    Runnable look =
        () -> {
          if (condition.getAsBoolean()) {
            settled.complete(null);
          }
        };
    store.await(key, look);
    settled.whenComplete((_, _) -> loop.execute(() -> store.unawait(key, look)));
  }

  /**
   * As {@link #read}, but in tasks of an executor: between any two of them anything may happen, and
   * the answer is no less right.
   */
  public CompletableFuture<@Nullable Versioned> readOn(
      Executor steps, String key, Duration deadline) {
    CompletableFuture<@Nullable Versioned> answer = new CompletableFuture<>();
    Loop.Timer late =
        loop.after(
            deadline,
            () -> answer.completeExceptionally(new GvmException.Undecided("reading: key=" + key)));
    answer.whenComplete((_, _) -> late.cancel());
    step(steps, answer, () -> looking(steps, answer, CellRead.begin(store, session, key)));
    return answer;
  }

  private void looking(
      Executor steps, CompletableFuture<@Nullable Versioned> answer, CellRead read) {
    step(
        steps,
        answer,
        () -> {
          Runnable finish = () -> step(steps, answer, () -> answer.complete(read.finish()));
          if (read.look()) {
            finish.run();
          } else {
            CompletableFuture<Void> settled = new CompletableFuture<>();
            answer.whenComplete((_, _) -> settled.cancel(false));
            settled.thenRun(finish);
            loop.execute(() -> awaitOnLoop(read.key, read::settled, settled));
          }
        });
  }

  private static void step(Executor steps, CompletableFuture<?> answer, Runnable task) {
    steps.execute(
        () -> {
          try {
            task.run();
          } catch (GvmException e) {
            answer.completeExceptionally(e);
          }
        });
  }

  /** Somebody who waits for the next changes of a prefix. */
  private final class Awaited implements CellListener {
    private final String prefix;
    private final int most;
    private final LongConsumer passed;
    private final CompletableFuture<Watch.Batch> batch;
    private long after;

    Awaited(
        String prefix,
        long after,
        int most,
        LongConsumer passed,
        CompletableFuture<Watch.Batch> batch) {
      this.prefix = prefix;
      this.after = after;
      this.most = most;
      this.passed = passed;
      this.batch = batch;
    }

    void look() {
      if (!found()) {
        pass(twoPhase.applied());
        store.listen(this);
        batch.whenComplete((_, _) -> loop.execute(() -> store.unlisten(this)));
      }
    }

    private boolean found() {
      try {
        store.history().require("watching: prefix=" + prefix, after);
        List<Change> changes = store.history().after(prefix, after, most);
        return !changes.isEmpty()
            && batch.complete(new Watch.Batch(changes, changes.getLast().position()));
      } catch (GvmException e) {
        return batch.completeExceptionally(e);
      }
    }

    /** So that it need not look there again, when the history does not reach there any more. */
    private void pass(long position) {
      if (position > after && !batch.isDone()) {
        after = position;
        passed.accept(position);
      }
    }

    @Override
    public void committed(long position, List<Step> steps) {
      for (Step step : steps) {
        if (step.key().text().startsWith(prefix)) {
          found();
          return;
        }
      }
      pass(position);
    }

    @Override
    public void restored(long position) {
      found();
    }
  }

  /**
   * A read of several cells: waits for the marks seen at its beginning, then answers in one step.
   */
  private final class LoopRead<T> {
    private final Collection<String> keys;
    private final Supplier<T> answer;
    private final CompletableFuture<T> result;

    LoopRead(Collection<String> keys, Supplier<T> answer, CompletableFuture<T> result) {
      this.keys = keys;
      this.answer = answer;
      this.result = result;
    }

    void begin(Duration deadline) {
      try {
        Session.Token begun = session.token();
        if (begun == null) {
          throw new GvmException.NotInView("reading: keys=" + keys);
        }
        List<CellRead> waits = new ArrayList<>();
        for (String key : keys) {
          CellRead read = CellRead.begin(store, session, key);
          read.look();
          waits.add(read);
        }
        Loop.Timer late =
            loop.after(
                deadline,
                () ->
                    result.completeExceptionally(
                        new GvmException.Undecided("reading: keys=" + keys)));
        result.whenComplete((_, _) -> late.cancel());
        next(begun, waits, 0);
      } catch (GvmException e) {
        result.completeExceptionally(e);
      }
    }

    private void next(Session.Token begun, List<CellRead> waits, int from) {
      int at = from;
      while (at < waits.size() && waits.get(at).applied()) {
        at++;
      }
      if (result.isDone()) {
        return;
      }
      if (at < waits.size()) {
        int stuck = at;
        CompletableFuture<Void> settled = new CompletableFuture<>();
        result.whenComplete((_, _) -> settled.cancel(false));
        settled.thenRun(() -> loop.execute(() -> next(begun, waits, stuck)));
        CellRead waitsFor = waits.get(at);
        awaitOnLoop(waitsFor.key, waitsFor::applied, settled);
        return;
      }
      T value = answer.get();
      if (session.valid(begun)) {
        result.complete(value);
      } else {
        result.completeExceptionally(new GvmException.NotInView("reading: keys=" + keys));
      }
    }
  }
}
