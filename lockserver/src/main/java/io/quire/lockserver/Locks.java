package io.quire.lockserver;

import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Rules;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The lock server, as a node gives it to its users: sessions, files in a tree, locks, events.
 *
 * <p>Paths are {@code /a/b/c}, up to 1,024 bytes in UTF-8, with names of 1 to 255 bytes.
 * Directories are not made: they are what paths have in common. A lock needs no file of its path,
 * and a file no lock; a path may be both. Below {@code /servers} lie the files of the nodes in the
 * view, which can only be read.
 *
 * <p>Changes are made under a {@link LockSession}. Reads need none and are linearizable: each is no
 * older than its call, and costs an entry of the log that it shares with the reads of the same
 * moment; {@link #peek} costs nothing and may be old.
 *
 * <p>Any thread may call. Futures complete on the node's loop, which what depends on them must not
 * block; blocking methods must not be called there. Every call ends by its deadline, some
 * milliseconds late at the most, but for {@link HeldLock#convert}. A request is repeated under its
 * number until then and never runs twice. Failures are {@link LockException}s; only {@link
 * LockException.Indeterminate} says of a change that it may have been made. A path or a text that
 * is not allowed is an {@link IllegalArgumentException}.
 *
 * <p>A cluster holds at most 10,000 sessions, 100,000 files with 64 MiB of contents, and 50,000
 * locks with 50,000 holds and 20,000 requests that wait; of one node at most 768 requests are under
 * way. What would be more fails with {@link LockException.LimitReached}.
 */
public final class Locks implements LockConditions {
  private static final int LIST_MAX = 1_000;

  private final Sessions sessions;
  private final Session session;
  private final LeaseTerms terms;
  private final Loop loop;
  private final LockTree tree;
  private final LockRequests requests;
  private final LockReads reads;
  private final LockDelays delays;
  private final LockWatches watches;
  private final TreeMap<Long, LockSession> open = new TreeMap<>();
  private volatile LockStats stats = LockStats.NONE;

  /** Makes the lock server of a node and registers it; before the log starts. */
  public Locks(
      Sessions sessions,
      Session session,
      LeaseTerms terms,
      Log log,
      Loop loop,
      Clock clock,
      Rules rules) {
    this.sessions = sessions;
    this.session = session;
    this.terms = terms;
    this.loop = loop;
    LockLimits limits = LockLimits.DEFAULT;
    tree = new LockTree(log, sessions, limits, rules);
    requests = new LockRequests(session, tree, log, loop, limits);
    reads = new LockReads(sessions, tree, requests, loop);
    delays = new LockDelays(terms, tree, session, log, loop, clock);
    watches = new LockWatches(tree, loop);
    tree.listen(new Applied());
  }

  /** Begins to work, for as long as the loop runs. On the loop, once. */
  public void open() {
    loop.confine();
    delays.open();
    tellStates();
  }

  /**
   * Opens a session: what a client holds, it holds by its session. A node may have many.
   *
   * @param name says whose it is, for people; up to 128 bytes in UTF-8
   * @throws LockException.NotInView if this node is not in the view, so that nothing would hold it
   * @throws LockException.LimitReached if there are too many
   * @throws LockException.Unavailable if the log took nothing in time
   * @throws LockException.Indeterminate if the log does not answer in time; a session that is
   *     opened later is closed at once
   */
  public LockSession openSession(String name, Duration deadline) {
    return Await.answer(openSessionAsync(name, deadline), deadline);
  }

  /** As {@link #openSession}. */
  public CompletableFuture<LockSession> openSessionAsync(String name, Duration deadline) {
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > LockLimits.NAME_BYTES_MAX) {
      throw new IllegalArgumentException(
          "session's name too long: bytes=" + bytes + " max=" + LockLimits.NAME_BYTES_MAX);
    }
    String doing = "opening a session: name=" + name;
    return handOver(onLoop(() -> open(name, deadline, doing)), LockSession::closeAsync);
  }

  private CompletableFuture<LockSession> open(String name, Duration deadline, String doing) {
    Session.Token token = session.token();
    if (token == null) {
      return CompletableFuture.failedFuture(
          new LockException.NotInView(doing + ": node=" + session.self()));
    }
    Tenure tenure = new Tenure(session.self().incarnation(), token.joined());
    var submitted =
        requests.submit(tenure, new LockOperation.Open(name), Log.Fence.NONE, deadline, doing);
    requests.whenTooLate(submitted, answer -> closeUnwanted(tenure, answer));
    return submitted
        .answer()
        .thenApply(answer -> opened(token, tenure, name, good(answer, doing).number()));
  }

  /** Nobody knows the session that a request opened after it was given up. */
  private void closeUnwanted(Tenure tenure, LockAnswer answer) {
    if (answer.code() == LockAnswer.Code.OK) {
      long unwanted = answer.number();
      requests.untilDone(tenure, new LockOperation.Close(unwanted), "closing: session=" + unwanted);
    }
  }

  private LockSession opened(Session.Token token, Tenure tenure, String name, long id) {
    LockSession made = new LockSession(this, session, token, tenure, id, name);
    open.put(id, made);
    return made;
  }

  /** What there is at the path; null if nothing is. */
  public @Nullable PathStat stat(String path, Duration deadline) {
    return Await.<@Nullable PathStat>answer(statAsync(path, deadline), deadline);
  }

  /** As {@link #stat}. */
  public CompletableFuture<@Nullable PathStat> statAsync(String path, Duration deadline) {
    LockPath.check(path);
    return read(() -> reads.stat(path), deadline, "looking: path=" + path);
  }

  /** A file's contents; null if there is no file. */
  public @Nullable FileContents read(String path, Duration deadline) {
    return Await.<@Nullable FileContents>answer(readAsync(path, deadline), deadline);
  }

  /** As {@link #read}. */
  public CompletableFuture<@Nullable FileContents> readAsync(String path, Duration deadline) {
    LockPath.check(path);
    return read(() -> reads.contents(path), deadline, "reading: path=" + path);
  }

  /** As {@link #read}, of the state that this node knows, at once. It may be old. */
  public CompletableFuture<@Nullable FileContents> peek(String path) {
    LockPath.check(path);
    return onLoop(() -> CompletableFuture.completedFuture(reads.contents(path)));
  }

  /**
   * The files and locks below a directory, in the order of their paths.
   *
   * @param directory {@code /} for all
   * @param after begins behind this path; null: with the first
   * @param max at most so many, up to 1,000
   */
  public List<PathStat> list(String directory, @Nullable String after, int max, Duration deadline) {
    return Await.answer(listAsync(directory, after, max, deadline), deadline);
  }

  /** As {@link #list}. */
  public CompletableFuture<List<PathStat>> listAsync(
      String directory, @Nullable String after, int max, Duration deadline) {
    LockPath.checkDirectory(directory);
    if (max < 1 || max > LIST_MAX) {
      throw new IllegalArgumentException(
          "list too long: wanted=" + max + " allowed=1.." + LIST_MAX);
    }
    return read(
        () -> reads.list(directory, after, max), deadline, "listing: directory=" + directory);
  }

  /** Whether the lock of which this is proof was still held at some moment during the call. */
  public boolean check(Sequencer sequencer, Duration deadline) {
    return Await.answer(checkAsync(sequencer, deadline), deadline);
  }

  /** As {@link #check}. */
  public CompletableFuture<Boolean> checkAsync(Sequencer sequencer, Duration deadline) {
    return read(() -> reads.held(sequencer), deadline, "checking: sequencer=" + sequencer);
  }

  /**
   * Follows what happens at a path and below it.
   *
   * @param after begins with the event behind this id; to go on where another watch ended, on this
   *     node or on another
   */
  public LockWatch watch(String path, long after) {
    return watches.watch(LockPath.checkDirectory(path), after);
  }

  /** As {@link #watch(String, long)}, from now on: what this node has applied is not told. */
  public LockWatch watch(String path) {
    return watches.watch(LockPath.checkDirectory(path), LockWatches.NOW);
  }

  @Override
  public boolean held(long generation) {
    return tree.holds(generation);
  }

  @Override
  public boolean free(String path) {
    return tree.free(path);
  }

  /**
   * The path, if a lock may have it.
   *
   * @throws IllegalArgumentException if none may
   */
  public static String checkPath(String path) {
    return LockPath.checkChange(path);
  }

  /** What this node holds and did. Any thread; as of the last entry applied. */
  public LockStats stats() {
    return stats;
  }

  <T extends @Nullable Object> CompletableFuture<T> read(
      Supplier<T> look, Duration deadline, String doing) {
    return onLoop(() -> reads.read(look, deadline, doing));
  }

  LockRequests requests() {
    return requests;
  }

  Loop loop() {
    return loop;
  }

  LockTree tree() {
    return tree;
  }

  /** The answer, if it is a good one. */
  static LockAnswer good(LockAnswer answer, String doing) {
    if (answer.code() != LockAnswer.Code.OK) {
      throw LockException.of(answer, doing);
    }
    return answer;
  }

  /**
   * Runs a task on the loop. What it answers completes in the midst of applying an entry; the
   * result completes after that.
   */
  <T extends @Nullable Object> CompletableFuture<T> onLoop(Supplier<CompletableFuture<T>> task) {
    CompletableFuture<T> result = new CompletableFuture<>();
    loop.execute(
        () ->
            task.get()
                .whenComplete(
                    (value, failure) -> loop.execute(() -> tell(result, value, failure))));
    return result;
  }

  /**
   * Hands on what came.
   *
   * @param unwanted is given it if the receiver cancelled meanwhile
   */
  static <T extends @Nullable Object> CompletableFuture<T> handOver(
      CompletableFuture<T> from, Consumer<T> unwanted) {
    CompletableFuture<T> to = new CompletableFuture<>();
    from.whenComplete(
        (value, failure) -> {
          if (failure != null) {
            to.completeExceptionally(failure);
          } else if (!to.complete(value)) {
            unwanted.accept(value);
          }
        });
    return to;
  }

  private static <T extends @Nullable Object> void tell(
      CompletableFuture<T> result, T value, @Nullable Throwable failure) {
    if (failure == null) {
      result.complete(value);
    } else {
      Throwable cause = failure.getCause();
      boolean wrapped = failure instanceof CompletionException && cause != null;
      result.completeExceptionally(wrapped ? cause : failure);
    }
  }

  /** A session of a client is over; it is told nothing more. On the loop. */
  void forget(LockSession gone) {
    open.remove(gone.id(), gone);
  }

  private void tellStates() {
    List.copyOf(open.values()).forEach(LockSession::tellState);
    loop.after(terms.keepAliveEvery().dividedBy(2), this::tellStates);
  }

  private final class Applied implements LockTree.Listener {
    @Override
    public void answered(Tenure tenure, long sequence, LockAnswer answer) {
      requests.answered(tenure, sequence, answer);
    }

    @Override
    public void granted(LockTable.Hold hold) {
      LockSession of = open.get(hold.asker().session());
      if (of != null) {
        of.granted(hold);
      }
    }

    @Override
    public void converted(LockTable.Hold before, LockTable.Hold after) {
      LockSession of = open.get(before.asker().session());
      if (of != null) {
        of.converted(before, after);
      }
    }

    @Override
    public void ended(Tenure tenure) {
      requests.ended(tenure);
      endSessions();
    }

    @Override
    public void applied() {
      count();
      watches.look();
    }

    @Override
    public void restored() {
      requests.restored();
      endSessions();
      open.values().forEach(LockSession::restored);
      count();
      watches.look();
    }
  }

  private void endSessions() {
    for (LockSession each : List.copyOf(open.values())) {
      if (!tree.lives(each.tenure())) {
        open.remove(each.id());
        each.ended();
      }
    }
  }

  private void count() {
    stats =
        new LockStats(
            tree.sessionCount(),
            tree.files().count() + sessions.view().members().size(),
            tree.files().contentsBytes(),
            tree.locks().count(),
            tree.locks().holds(),
            tree.locks().lost().size(),
            tree.locks().waiters(),
            tree.events().last(),
            requests.count(),
            requests.repeated(),
            reads.syncs());
  }
}
