package io.quire.twopc;

import io.quire.base.Address;
import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Rules;
import io.quire.lockserver.View;
import io.quire.twopc.Message.Item;
import io.quire.twopc.Message.No;
import io.quire.twopc.Message.Prepare;
import io.quire.twopc.Participant.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The member's side: transactions that this node promised to wait for.
 *
 * <p>A promise ends only when the log says so (the transaction, a {@code RESOLVE} of it, or a newer
 * epoch) or its coordinator aborts it. This node's own patience ends none: a mark that grew old
 * makes it append a {@code RESOLVE}, which settles the matter for all.
 */
final class Marks {
  static final Duration OLD = Duration.ofSeconds(1);
  private static final int MARKS_MAX = 100_000;

  private static final class Mark {
    final Participant participant;
    final byte[] payload;
    final long epoch;
    long patienceEnds;

    /** Whether its participant has not answered yet. */
    boolean deliberating;

    Mark(Participant participant, byte[] payload, long epoch, long patienceEnds) {
      this.participant = participant;
      this.payload = payload;
      this.epoch = epoch;
      this.patienceEnds = patienceEnds;
    }
  }

  private static final int AWAITING_MAX = 1_000;
  private static final Answer NOT_YET = new Answer.Later(new CompletableFuture<>());

  private final TreeMap<TxnId, Mark> marks = new TreeMap<>();
  private final List<Runnable> awaitingBlobs = new ArrayList<>();
  private final TwoPhase twoPhase;
  private final long self;
  private final Log log;
  private final Routes routes;
  private final Loop loop;
  private final Clock clock;
  private final RandomGenerator random;
  private final Rules rules;

  Marks(
      TwoPhase twoPhase,
      long self,
      Log log,
      Routes routes,
      Loop loop,
      Clock clock,
      RandomGenerator random,
      Rules rules) {
    this.twoPhase = twoPhase;
    this.self = self;
    this.log = log;
    this.routes = routes;
    this.loop = loop;
    this.clock = clock;
    this.random = random;
    this.rules = rules;
  }

  int count() {
    return marks.size();
  }

  void open() {
    settleOld();
  }

  /** Answers where prepares are answered, so that silence here is silence there. */
  void probed(Message.Probe probe) {
    if (probe.target() == self) {
      routes.send(probe.replyTo(), new Message.Echo(probe.number(), self).toBytes());
    }
  }

  /**
   * Marks and votes.
   *
   * @param by who passed it on, and shall pass on the vote; null if nobody
   */
  void prepare(Prepare prepare, @Nullable Address by) {
    long epoch = twoPhase.view().epoch();
    List<Long> yes = new ArrayList<>(prepare.items().size());
    List<No> no = new ArrayList<>();
    if (prepare.epoch() > epoch && !rules.keep(Rules.Rule.SWEEP_IN_ORDER)) {
      sweep(mark -> mark.epoch < prepare.epoch());
    }
    for (Item item : prepare.items()) {
      TxnId txn = new TxnId(prepare.coordinator(), item.sequence());
      No refusal = refusal(prepare, epoch, txn);
      if (refusal != null) {
        no.add(refusal);
      } else {
        switch (mark(txn, prepare, by, item)) {
          case Answer.Yes _ -> yes.add(item.sequence());
          case Answer.No(String reason) -> no.add(new No(item.sequence(), false, reason));
          case Answer.Later _ -> {
            // The vote goes out by itself.
          }
        }
      }
    }
    vote(prepare, by, yes, no);
  }

  private void vote(Prepare prepare, @Nullable Address by, List<Long> yes, List<No> no) {
    if (yes.isEmpty() && no.isEmpty()) {
      return;
    }
    Message.Vote vote = new Message.Vote(prepare.coordinator(), self, yes, no);
    if (by == null) {
      routes.send(prepare.replyTo(), vote.toBytes());
    } else {
      routes.relay(by, prepare.replyTo(), vote.toBytes());
    }
  }

  private @Nullable No refusal(Prepare prepare, long epoch, TxnId txn) {
    if (prepare.target() != self) {
      return new No(txn.sequence(), true, "meant for another incarnation");
    }
    if (prepare.epoch() < epoch) {
      return new No(
          txn.sequence(), true, "old epoch: found=" + prepare.epoch() + " wanted=" + epoch);
    }
    if (txn.sequence() < prepare.low() || twoPhase.decided(txn)) {
      return new No(txn.sequence(), true, "decided before");
    }
    if (marks.size() >= MARKS_MAX && !marks.containsKey(txn)) {
      return new No(txn.sequence(), true, "too many undecided: max=" + MARKS_MAX);
    }
    return null;
  }

  private Answer mark(TxnId txn, Prepare prepare, @Nullable Address by, Item item) {
    Mark before = marks.get(txn);
    if (before != null) {
      return before.deliberating ? NOT_YET : Answer.YES;
    }
    Participant participant = twoPhase.participant(item.participant());
    if (participant == null) {
      return new Answer.No("no such participant: number=" + item.participant());
    }
    Blobs.Ref blob = item.blob();
    byte[] payload = blob == null ? item.payload() : twoPhase.blob(blob);
    if (payload == null) {
      awaitBlob(prepare, by);
      return NOT_YET;
    }
    long epoch = prepare.epoch();
    if (!rules.keep(Rules.Rule.MARK_BEFORE_VOTE)) {
      loop.after(Duration.ofMillis(1), () -> markNow(txn, epoch, participant, payload, 0));
      return Answer.YES;
    }
    Answer answer = markNow(txn, epoch, participant, payload, item.patienceMillis());
    if (answer instanceof Answer.Later(var later)) {
      later.whenComplete(
          (said, failure) ->
              loop.execute(() -> answered(txn, prepare, by, failure == null ? said : no(failure))));
    }
    return answer;
  }

  private Answer markNow(
      TxnId txn, long epoch, Participant participant, byte[] payload, int patienceMillis) {
    if (twoPhase.decided(txn) || marks.containsKey(txn)) {
      return Answer.YES;
    }
    Answer answer = participant.prepare(txn, payload);
    if (!(answer instanceof Answer.No)) {
      long patience = patience() + Duration.ofMillis(patienceMillis).toNanos();
      Mark mark = new Mark(participant, payload, epoch, patience);
      mark.deliberating = answer instanceof Answer.Later;
      marks.put(txn, mark);
    }
    return answer;
  }

  private static Answer no(Throwable failure) {
    return new Answer.No("preparing failed: " + failure.getMessage());
  }

  /** A later answer; nobody waits for it if the transaction was settled meanwhile. */
  private void answered(TxnId txn, Prepare prepare, @Nullable Address by, Answer answer) {
    Mark mark = marks.get(txn);
    if (mark == null || !mark.deliberating) {
      return;
    }
    switch (answer) {
      case Answer.Yes _ -> {
        mark.deliberating = false;
        vote(prepare, by, List.of(txn.sequence()), List.of());
      }
      case Answer.No(String reason) -> {
        marks.remove(txn);
        vote(prepare, by, List.of(), List.of(new No(txn.sequence(), false, reason)));
      }
      case Answer.Later(var later) ->
          later.whenComplete(
              (said, failure) ->
                  loop.execute(
                      () -> answered(txn, prepare, by, failure == null ? said : no(failure))));
    }
  }

  /** Its chunks are in the log, but not applied here yet. */
  private void awaitBlob(Prepare prepare, @Nullable Address by) {
    if (awaitingBlobs.size() < AWAITING_MAX) {
      awaitingBlobs.add(() -> prepare(prepare, by));
    }
  }

  /** Chunks were applied. */
  void blobsChanged() {
    if (!awaitingBlobs.isEmpty()) {
      List<Runnable> again = List.copyOf(awaitingBlobs);
      awaitingBlobs.clear();
      again.forEach(Runnable::run);
    }
  }

  void abort(TxnId txn) {
    Mark mark = marks.remove(txn);
    if (mark != null) {
      mark.participant.abort(txn, mark.payload);
    }
  }

  void show(TxnId txn, long position) {
    Mark mark = marks.get(txn);
    boolean ahead = position > log.applied() || !rules.keep(Rules.Rule.HINT_AHEAD);
    if (mark != null && !mark.deliberating && ahead) {
      mark.participant.show(txn, position, mark.payload);
    }
  }

  /** The participant lets go of what it held when it commits. */
  void committed(TxnId txn) {
    if (rules.keep(Rules.Rule.HINT_AHEAD)) {
      marks.remove(txn);
    }
  }

  /** Everything of the coordinator below is decided: an abort that was lost is known from this. */
  void decidedBelow(TxnId txn) {
    var below = marks.subMap(new TxnId(txn.coordinator(), 0), txn).keySet();
    if (!below.isEmpty()) {
      List.copyOf(below).forEach(this::abort);
    }
  }

  /** A view was applied: what was asked for in an older one and is not in the log never will be. */
  void viewChanged(View view) {
    sweep(mark -> mark.epoch < view.epoch());
    abortIf(
        entry -> entry.getValue().epoch == view.epoch() && !view.has(entry.getKey().coordinator()));
  }

  /** A snapshot was installed: what it decided is settled, the rest stays promised. */
  void restored(View view) {
    if (!rules.keep(Rules.Rule.SNAPSHOT_SWEEPS_DECIDED)) {
      return;
    }
    boolean all = !rules.keep(Rules.Rule.SNAPSHOT_KEEPS_UNDECIDED);
    abortIf(entry -> all || twoPhase.decided(entry.getKey()));
    viewChanged(view);
  }

  private void sweep(Predicate<Mark> which) {
    abortIf(entry -> which.test(entry.getValue()));
  }

  private void abortIf(Predicate<Map.Entry<TxnId, Mark>> which) {
    List<TxnId> gone = new ArrayList<>();
    for (Map.Entry<TxnId, Mark> entry : marks.entrySet()) {
      if (which.test(entry)) {
        gone.add(entry.getKey());
      }
    }
    gone.forEach(this::abort);
  }

  private long patience() {
    return clock.nanos() + OLD.toNanos() + random.nextLong(OLD.toNanos() / 2);
  }

  private void settleOld() {
    long now = clock.nanos();
    List<Log.Entry> resolves = new ArrayList<>();
    for (Map.Entry<TxnId, Mark> entry : marks.entrySet()) {
      if (now - entry.getValue().patienceEnds > 0) {
        entry.getValue().patienceEnds = patience();
        resolves.add(new TxnEntry.Resolve(entry.getKey()).entry());
      }
    }
    if (!resolves.isEmpty() && rules.keep(Rules.Rule.RESOLVE)) {
      log.append(resolves);
    }
    loop.after(OLD.dividedBy(4), this::settleOld);
  }
}
