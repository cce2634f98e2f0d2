package io.quire.log;

import io.quire.base.Address;
import io.quire.base.Log.Applied;
import io.quire.base.Log.Entry;
import io.quire.base.Log.IndeterminateException;
import io.quire.base.Log.NotAppendedException;
import io.quire.base.Loop;
import io.quire.fabric.Fabric;
import io.quire.fabric.FabricException;
import io.quire.fabric.Service;
import io.quire.log.LogMessages.Outcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.LongAdder;
import org.apache.ratis.protocol.RaftClientReply;
import org.jspecify.annotations.Nullable;

/**
 * Entries on their way into the log. Confined to the loop, except where it says otherwise.
 *
 * <p>On the leader what waits forms the next frame, and one frame is in flight at a time: so that
 * entries that come meanwhile share the next one, and because a frame carries the checksum of the
 * one before it, which must have been applied. A frame that went into the log is done when it is
 * applied here. One that never reached the log (Ratis asks {@link #mayAppend} as the last thing
 * before) is reported as not appended; in every other case of failure nobody can tell.
 *
 * <p>Elsewhere what waits goes to the leader, in a few requests at a time.
 */
final class Appends {
  static final int QUEUE_ENTRIES_MAX = 1 << 16;
  static final int QUEUE_BYTES_MAX = 64 << 20;
  static final int FRAME_BYTES = 3 << 20;
  private static final int FRAME_RECORDS_MAX = 1 << 14;
  private static final int FORWARDS_MAX = 4;

  private final Loop loop;
  private final Fabric fabric;
  private final Leadership leadership;
  private final Applier applier;
  private final Duration deadline;
  private final ExecutorService submitter;
  private final ArrayDeque<Pending> queue = new ArrayDeque<>();
  private final LongAdder entries = new LongAdder();
  private final LongAdder frames = new LongAdder();
  private volatile @Nullable Batch inFlight;
  private int queuedBytes;
  private int forwards;
  private boolean splitCall;
  private boolean closed;

  private record Pending(LogRecord record, boolean endsCall, CompletableFuture<Applied> done) {}

  /** A frame that was given to Ratis. */
  private static final class Batch {
    final long term;
    final long call;
    final List<Pending> members;
    volatile boolean reachedLog;
    boolean answered;

    Batch(long term, long call, List<Pending> members) {
      this.term = term;
      this.call = call;
      this.members = members;
    }
  }

  Appends(Loop loop, Fabric fabric, Leadership leadership, Applier applier, LogConfig config) {
    this.loop = loop;
    this.fabric = fabric;
    this.leadership = leadership;
    this.applier = applier;
    this.deadline = config.appendDeadline();
    submitter =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name(config.node() + "-append").factory());
  }

  long entries() {
    return entries.sum();
  }

  long frames() {
    return frames.sum();
  }

  List<CompletableFuture<Applied>> append(List<Entry> wanted) {
    List<CompletableFuture<Applied>> results = enqueue(wanted.stream().map(LogRecord::of).toList());
    pump();
    return results;
  }

  private List<CompletableFuture<Applied>> enqueue(List<LogRecord> records) {
    long bytes = records.stream().mapToLong(LogRecord::bytes).sum();
    if (closed) {
      return refused(records.size(), "log is closed");
    }
    if (queue.size() + records.size() > QUEUE_ENTRIES_MAX
        || queuedBytes + bytes > QUEUE_BYTES_MAX) {
      return refused(
          records.size(),
          "too many entries wait: entries=" + queue.size() + " bytes=" + queuedBytes);
    }
    List<CompletableFuture<Applied>> results = new ArrayList<>(records.size());
    for (LogRecord record : records) {
      CompletableFuture<Applied> done = new CompletableFuture<>();
      queue.add(new Pending(record, results.size() == records.size() - 1, done));
      results.add(done);
    }
    queuedBytes += (int) bytes;
    return results;
  }

  private static List<CompletableFuture<Applied>> refused(int count, String reason) {
    List<CompletableFuture<Applied>> results = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      results.add(CompletableFuture.failedFuture(new NotAppendedException(reason)));
    }
    return results;
  }

  /** Sends on what waits, as far as it can go now. */
  void pump() {
    long term = leadership.term();
    if (term != 0) {
      lead(term);
    } else {
      follow();
    }
  }

  private void lead(long term) {
    Batch current = inFlight;
    RaftMember member = leadership.member();
    // A frame of an earlier term was applied before this one began, or never will be.
    if (queue.isEmpty() || member == null || (current != null && current.term == term)) {
      return;
    }
    Batch batch = new Batch(term, member.nextCall(), take());
    inFlight = batch;
    int chain = applier.chain();
    try {
      submitter.execute(() -> submit(member, batch, chain));
    } catch (RejectedExecutionException e) {
      answered(batch, "log is closed");
    }
  }

  private List<Pending> take() {
    List<Pending> taken = new ArrayList<>();
    int bytes = 0;
    for (Pending next = queue.peek(); next != null; next = queue.peek()) {
      if (!taken.isEmpty()
          && (bytes + next.record().bytes() > FRAME_BYTES || taken.size() == FRAME_RECORDS_MAX)) {
        break;
      }
      bytes += next.record().bytes();
      taken.add(queue.remove());
    }
    queuedBytes -= bytes;
    return taken;
  }

  private void submit(RaftMember member, Batch batch, int chain) {
    try {
      byte[] frame = Frame.encode(chain, batch.members.stream().map(Pending::record).toList());
      member.submit(batch.call, frame).whenComplete((reply, e) -> replied(batch, reply, e));
    } catch (IOException | RuntimeException e) {
      replied(batch, null, e);
    }
  }

  private void replied(Batch batch, @Nullable RaftClientReply reply, @Nullable Throwable failure) {
    Throwable cause = failure != null || reply == null ? failure : reply.getException();
    if (cause != null) {
      loop.execute(() -> answered(batch, cause.toString()));
    }
  }

  /* Applied is what a success looks like, so what comes here is bad. */
  private void answered(Batch batch, String reason) {
    if (batch.answered) {
      return;
    }
    batch.answered = true;
    if (batch.reachedLog) {
      // It stays in flight: until this term ends or it is applied, no frame may follow.
      String message = "leader lost sight of the entry: cause=" + reason;
      batch.members.forEach(
          member -> member.done().completeExceptionally(new IndeterminateException(message)));
    } else {
      clear(batch);
      String message = "leader did not take the entry: cause=" + reason;
      batch.members.forEach(
          member -> member.done().completeExceptionally(new NotAppendedException(message)));
    }
    pump();
  }

  private void clear(Batch batch) {
    if (inFlight == batch) {
      inFlight = null;
    }
  }

  /** Whether the frame may go into the log now. Called by Ratis, under its lock for the term. */
  boolean mayAppend(long call) {
    Batch batch = inFlight;
    RaftMember member = leadership.member();
    if (batch == null
        || batch.call != call
        || member == null
        || member.info().getCurrentTerm() != batch.term) {
      return false;
    }
    batch.reachedLog = true;
    return true;
  }

  /** Hears that an own frame was applied. */
  void applied(long call, List<Applied> outcomes) {
    Batch batch = inFlight;
    if (batch != null && batch.call == call) {
      inFlight = null;
      frames.increment();
      entries.add(outcomes.size());
      if (!batch.answered) {
        batch.answered = true;
        for (int slot = 0; slot < outcomes.size(); slot++) {
          batch.members.get(slot).done().complete(outcomes.get(slot));
        }
      }
    }
    pump();
  }

  private void follow() {
    Address leader = leadership.leader();
    if (leader == null || leader.equals(fabric.address())) {
      refuseQueue(leader == null ? "no leader is known" : "leader is not ready");
      return;
    }
    while (!queue.isEmpty() && forwards < FORWARDS_MAX && !splitCall) {
      List<Pending> taken = take();
      // The rest of a call that was cut waits, so that it cannot overtake.
      boolean cut = !taken.getLast().endsCall();
      splitCall = cut;
      forwards++;
      forward(leader, taken, cut);
    }
  }

  private void refuseQueue(String reason) {
    List<Pending> refused = List.copyOf(queue);
    queue.clear();
    queuedBytes = 0;
    splitCall = false;
    refused.forEach(
        member -> member.done().completeExceptionally(new NotAppendedException(reason)));
  }

  private void forward(Address leader, List<Pending> taken, boolean cut) {
    byte[] body = LogMessages.append(taken.stream().map(Pending::record).toList());
    fabric
        .request(leader, Service.LOG, ByteBuffer.wrap(body), deadline, LogMessages::readOutcomes)
        .whenComplete(
            (outcomes, failure) ->
                loop.execute(
                    () -> {
                      forwards--;
                      if (cut) {
                        splitCall = false;
                      }
                      if (outcomes != null && outcomes.size() == taken.size()) {
                        forwarded(taken, outcomes);
                      } else {
                        notForwarded(leader, taken, failure);
                      }
                      pump();
                    }));
  }

  private static void forwarded(List<Pending> taken, List<Outcome> outcomes) {
    for (int i = 0; i < taken.size(); i++) {
      CompletableFuture<Applied> done = taken.get(i).done();
      switch (outcomes.get(i)) {
        case Outcome.Done(Applied applied) -> done.complete(applied);
        case Outcome.NotAppended(String reason) ->
            done.completeExceptionally(new NotAppendedException(reason));
        case Outcome.Indeterminate(String reason) ->
            done.completeExceptionally(new IndeterminateException(reason));
      }
    }
  }

  private static void notForwarded(
      Address leader, List<Pending> taken, @Nullable Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    boolean happened = !(cause instanceof FabricException known) || known.mayHaveHappened();
    String message = "leader did not answer: leader=" + leader + " cause=" + cause;
    for (Pending member : taken) {
      member
          .done()
          .completeExceptionally(
              happened ? new IndeterminateException(message) : new NotAppendedException(message));
    }
  }

  /** Takes entries that another node forwarded. Called from any thread. */
  CompletionStage<ByteBuffer> serve(List<LogRecord> records) {
    CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
    loop.execute(
        () -> {
          // Not passed on: the other node finds the leader itself.
          List<CompletableFuture<Applied>> results =
              leadership.term() == 0
                  ? refused(records.size(), "node does not lead: node=" + fabric.address())
                  : known(records)
                      ? enqueue(records)
                      : refused(records.size(), "leader does not know the stream");
          CompletableFuture.allOf(results.toArray(CompletableFuture[]::new))
              .whenComplete(
                  (all, failure) ->
                      answer.complete(
                          LogMessages.outcomes(results.stream().map(Appends::outcome).toList())));
          pump();
        });
    return answer;
  }

  /** Or every node would stop at it. */
  private boolean known(List<LogRecord> records) {
    return records.stream().allMatch(record -> applier.knows(record.entry().stream()));
  }

  private static Outcome outcome(CompletableFuture<Applied> result) {
    return switch (result.state()) {
      case SUCCESS -> new Outcome.Done(result.resultNow());
      case FAILED ->
          result.exceptionNow() instanceof NotAppendedException e
              ? new Outcome.NotAppended(String.valueOf(e.getMessage()))
              : new Outcome.Indeterminate(String.valueOf(result.exceptionNow().getMessage()));
      case RUNNING, CANCELLED -> new Outcome.Indeterminate("caller gave up");
    };
  }

  /** Refuses what waits, and gives up what is in flight. */
  void close() {
    closed = true;
    refuseQueue("log is closed");
    Batch batch = inFlight;
    if (batch != null && !batch.answered) {
      answered(batch, "log is closed");
    }
    submitter.shutdown();
  }
}
