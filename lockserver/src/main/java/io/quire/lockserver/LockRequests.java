package io.quire.lockserver;

import io.quire.base.Log;
import io.quire.base.Loop;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A node's requests to the lock server that are under way. Confined to the loop.
 *
 * <p>A request has a number, under which it is repeated until it is known what came of it, and runs
 * once at the most. It is known when this node applies it, not when the leader answers: the state
 * that its client then sees here is that of the request, or a newer one. At its deadline it is
 * given up; then no copy of it runs once a newer request of this node was applied.
 */
final class LockRequests {
  private static final Duration RETRY_FIRST = Duration.ofMillis(20);
  private static final Duration RETRY_LAST = Duration.ofMillis(500);

  private final Session session;
  private final Log log;
  private final Loop loop;
  private final LockTree tree;
  private final int max;
  private final TreeMap<Long, Pending> pending = new TreeMap<>();
  private final TreeMap<Long, Pending> givenUp = new TreeMap<>();
  private long next = 1;
  private long repeated;

  private static final class Pending {
    final Tenure tenure;
    final long sequence;
    final LockOperation operation;
    final Log.Fence fence;
    final String doing;
    final CompletableFuture<LockAnswer> done = new CompletableFuture<>();
    Loop.@Nullable Timer late;
    Duration retryAfter = RETRY_FIRST;
    boolean mayHaveHappened;
    boolean waits;
    @Nullable Consumer<LockAnswer> undo;

    Pending(Tenure tenure, long sequence, LockOperation operation, Log.Fence fence, String doing) {
      this.tenure = tenure;
      this.sequence = sequence;
      this.operation = operation;
      this.fence = fence;
      this.doing = doing;
    }
  }

  /** A request that was made: what it is called, and what comes of it. */
  record Submitted(long sequence, CompletableFuture<LockAnswer> answer) {}

  /**
   * Says what is to be undone if a request that was given up is applied all the same. On the loop,
   * in a task of its own.
   */
  void whenTooLate(Submitted submitted, Consumer<LockAnswer> undo) {
    Pending request = pending.get(submitted.sequence());
    if (request != null) {
      request.undo = undo;
    }
  }

  LockRequests(Session session, LockTree tree, Log log, Loop loop, LockLimits limits) {
    this.session = session;
    this.tree = tree;
    this.log = log;
    this.loop = loop;
    max = limits.answers();
  }

  /** How many are under way. */
  int count() {
    return pending.size();
  }

  /** How often a request was sent again. */
  long repeated() {
    return repeated;
  }

  /**
   * Makes a request under the node's session.
   *
   * @param fence what must hold where it is applied
   * @param deadline when it is given up; null: when the session ends
   * @param doing for errors
   */
  Submitted submit(
      LockOperation operation, Log.Fence fence, @Nullable Duration deadline, String doing) {
    loop.confine();
    Session.Token token = session.token();
    if (token == null) {
      return refused(new LockException.NotInView(doing + ": node=" + session.self()));
    }
    return submit(
        new Tenure(session.self().incarnation(), token.joined()),
        operation,
        fence,
        deadline,
        doing);
  }

  /** As above, under the session in which something was begun. */
  Submitted submit(
      Tenure tenure,
      LockOperation operation,
      Log.Fence fence,
      @Nullable Duration deadline,
      String doing) {
    loop.confine();
    if (!tree.lives(tenure)) {
      return refused(new LockException.SessionEnded(doing + ": the node's session has ended"));
    }
    // What gives something back finds room behind all others.
    int room = deadline == null ? max : max - max / 4;
    if (!pending.isEmpty() && next - pending.firstKey() >= room) {
      return refused(
          new LockException.LimitReached(
              doing + ": too many requests under way: count=" + pending.size() + " max=" + room));
    }
    Pending request = new Pending(tenure, next++, operation, fence, doing);
    pending.put(request.sequence, request);
    if (deadline != null) {
      request.late = loop.after(deadline, () -> giveUp(request, deadline));
    }
    send(request);
    return new Submitted(request.sequence, request.done);
  }

  /**
   * Makes a request that gives something back, for as long as it takes: until it is answered, or
   * the session ends.
   */
  CompletableFuture<LockAnswer> untilDone(Tenure tenure, LockOperation operation, String doing) {
    CompletableFuture<LockAnswer> done = new CompletableFuture<>();
    untilDone(tenure, operation, doing, done);
    return done;
  }

  private void untilDone(
      Tenure tenure, LockOperation operation, String doing, CompletableFuture<LockAnswer> done) {
    submit(tenure, operation, Log.Fence.NONE, null, doing)
        .answer()
        .whenComplete(
            (answer, failure) -> {
              if (failure instanceof LockException.LimitReached) {
                loop.after(RETRY_LAST, () -> untilDone(tenure, operation, doing, done));
              } else if (failure != null) {
                done.completeExceptionally(failure);
              } else {
                done.complete(answer);
              }
            });
  }

  private static Submitted refused(LockException why) {
    return new Submitted(0, CompletableFuture.failedFuture(why));
  }

  private void send(Pending request) {
    LockEntry entry =
        new LockEntry.Request(
            request.tenure, request.sequence, pending.firstKey(), request.operation);
    request.waits = true;
    log.append(entry.entry(request.fence))
        .whenComplete(
            (_, failure) -> {
              request.waits = false;
              if (!(failure instanceof Log.NotAppendedException)) {
                request.mayHaveHappened = true;
              }
              if (failure != null && !request.done.isDone()) {
                loop.after(request.retryAfter, () -> sendAgain(request));
                Duration doubled = request.retryAfter.multipliedBy(2);
                request.retryAfter = doubled.compareTo(RETRY_LAST) < 0 ? doubled : RETRY_LAST;
              }
            });
  }

  private void sendAgain(Pending request) {
    if (!request.done.isDone()) {
      repeated++;
      send(request);
    }
  }

  private void giveUp(Pending request, Duration deadline) {
    if (pending.remove(request.sequence, request)) {
      if (request.undo != null) {
        givenUp.put(request.sequence, request);
        if (givenUp.size() > max) {
          givenUp.pollFirstEntry();
        }
      }
      fail(request, "waited=" + deadline);
    }
  }

  private static void fail(Pending request, String why) {
    String message = request.doing + ": " + why;
    request.done.completeExceptionally(
        request.mayHaveHappened || request.waits
            ? new LockException.Indeterminate(message)
            : new LockException.Unavailable(message));
  }

  /** A request of some node was applied here. */
  void answered(Tenure tenure, long sequence, LockAnswer answer) {
    Pending request = pending.get(sequence);
    if (request != null && request.tenure.equals(tenure)) {
      finish(request, answer);
    } else {
      tooLate(tenure, sequence, answer);
    }
  }

  private void tooLate(Tenure tenure, long sequence, LockAnswer answer) {
    Pending request = givenUp.get(sequence);
    Consumer<LockAnswer> undo = request == null ? null : request.undo;
    if (request != null && undo != null && request.tenure.equals(tenure)) {
      givenUp.remove(sequence);
      loop.execute(() -> undo.accept(answer));
    }
  }

  private void finish(Pending request, LockAnswer answer) {
    pending.remove(request.sequence);
    Loop.Timer late = request.late;
    if (late != null) {
      late.cancel();
    }
    request.done.complete(answer);
  }

  /** What the log has of this session it has before the end, and that was applied. */
  void ended(Tenure tenure) {
    givenUp.values().removeIf(request -> request.tenure.equals(tenure));
    for (Pending request : List.copyOf(pending.values())) {
      if (request.tenure.equals(tenure)) {
        end(
            request,
            new LockException.SessionEnded(request.doing + ": the node's session has ended"));
      }
    }
  }

  /** A part of the log was skipped, in which requests may have been applied. */
  void restored() {
    for (Pending request : List.copyOf(givenUp.values())) {
      LockAnswer answer = tree.answer(request.tenure, request.sequence);
      if (answer != null) {
        tooLate(request.tenure, request.sequence, answer);
      }
    }
    for (Pending request : List.copyOf(pending.values())) {
      LockAnswer answer = tree.answer(request.tenure, request.sequence);
      if (answer != null) {
        finish(request, answer);
      } else if (!tree.lives(request.tenure)) {
        end(
            request,
            request.mayHaveHappened || request.waits
                ? new LockException.Indeterminate(request.doing + ": the node's session has ended")
                : new LockException.SessionEnded(request.doing + ": the node's session has ended"));
      }
    }
  }

  private void end(Pending request, LockException why) {
    pending.remove(request.sequence);
    Loop.Timer late = request.late;
    if (late != null) {
      late.cancel();
    }
    request.done.completeExceptionally(why);
  }
}
