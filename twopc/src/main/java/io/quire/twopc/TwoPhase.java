package io.quire.twopc;

import io.quire.base.Address;
import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Member;
import io.quire.base.RequestId;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.lockserver.Entrance;
import io.quire.lockserver.Prober;
import io.quire.lockserver.Sessions;
import io.quire.lockserver.View;
import io.quire.twopc.Outcome.Aborted;
import io.quire.twopc.Outcome.Why;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A node's part in two-phase commit: coordinator of its own transactions, member for those of
 * others; {@link Decisions} applies what the log decided. Confined to the loop, apart from {@link
 * #submit}.
 */
public final class TwoPhase implements Prober, Entrance {
  /** What a participant may be asked to commit at once. */
  public static final int PAYLOAD_BYTES_MAX = 16 << 20;

  /** Up to here a payload travels with its prepare and its entry; a larger one goes in chunks. */
  static final int INLINE_BYTES_MAX = Log.Entry.PAYLOAD_BYTES_MAX - 1024;

  private static final Duration LOOK_EVERY = Duration.ofMillis(250);

  private final long self;
  private final Sessions sessions;
  private final Log log;
  private final Loop loop;
  private final Clock clock;
  private final Rules rules;
  private final TreeMap<Integer, Participant> participants = new TreeMap<>();
  private final Routes routes;
  private final Probes probes;
  private final Admission admission;
  private final Marks marks;
  private final Coordinator coordinator;
  private final Decisions decisions;
  private final LoggedTxns logged;

  /**
   * Makes a node's part and registers it with the log and the transport; before the log starts.
   * {@link #open} begins.
   *
   * @param random spreads the moments at which members settle what was left undecided
   */
  public TwoPhase(
      Member self,
      Sessions sessions,
      Log log,
      Transport transport,
      Loop loop,
      Clock clock,
      RandomGenerator random,
      Rules rules) {
    this.self = self.incarnation();
    this.sessions = sessions;
    this.log = log;
    this.loop = loop;
    this.clock = clock;
    this.rules = rules;
    routes = new Routes(self.address(), sessions, log, transport);
    probes = new Probes(self.address(), transport);
    admission = new Admission(self, log, routes, loop, clock);
    marks = new Marks(this, self.incarnation(), log, routes, loop, clock, random, rules);
    coordinator = new Coordinator(self, this, log, routes, loop, clock);
    decisions = new Decisions(this.self, sessions, participants, marks, coordinator, rules);
    logged = new LoggedTxns(log);
    log.register(decisions);
    log.register(Log.Fence.Kind.READY, decisions::readyAt);
    sessions.listen(new Views());
    transport.receive(Transport.Channel.TWOPC, this::receive);
  }

  private void lookAround() {
    admission.look();
    loop.after(LOOK_EVERY, this::lookAround);
  }

  /** Adds a participant; before the log starts. */
  public void register(Participant participant) {
    Participant other = participants.putIfAbsent(participant.number(), participant);
    if (other != null) {
      throw new IllegalArgumentException("participant exists: number=" + participant.number());
    }
  }

  /** Begins to look after deadlines, for as long as the loop runs. On the loop, once. */
  public void open() {
    loop.confine();
    coordinator.open();
    marks.open();
    lookAround();
  }

  /**
   * Runs a transaction. The future completes on the loop, soon after the deadline at the latest.
   * Attempts that did not happen are repeated until then, so that a change of the view is not the
   * caller's business.
   *
   * <p>May be called from any thread.
   */
  public CompletableFuture<Outcome> submit(int participant, byte[] payload, Duration deadline) {
    return submit(Submission.of(participant, payload, deadline)).outcome();
  }

  /** As {@link #submit(int, byte[], Duration)}, with all that may be asked for. */
  public Pending submit(Submission submission) {
    int bytes = submission.payload().length;
    Attempt.Request request =
        new Attempt.Request(submission, clock.nanos() + submission.deadline().toNanos());
    if (bytes > PAYLOAD_BYTES_MAX) {
      request.outcome.complete(
          new Aborted(Why.REFUSED, null, "bytes=" + bytes + " max=" + PAYLOAD_BYTES_MAX));
    } else if (loop.here()) {
      coordinator.submit(request);
    } else {
      loop.execute(() -> coordinator.submit(request));
    }
    return new Pending(request.outcome, () -> ballots(request));
  }

  private CompletableFuture<List<Ballot>> ballots(Attempt.Request request) {
    CompletableFuture<List<Ballot>> ballots = new CompletableFuture<>();
    loop.execute(
        () -> {
          Attempt last = request.last;
          ballots.complete(
              last != null
                  ? last.ballots()
                  : view().members().stream()
                      .map(member -> new Ballot(member, Ballot.Answer.NOT_ASKED, ""))
                      .toList());
        });
    return ballots;
  }

  /**
   * What became of a request, by the log that this node has applied, whichever node it was
   * submitted to. Known are the last 65,536 requests that had a name. Any thread.
   */
  public CompletableFuture<Finding> outcome(RequestId id) {
    CompletableFuture<Finding> found = new CompletableFuture<>();
    loop.execute(
        () -> {
          Requests.End end = decisions.end(id);
          found.complete(
              end == null ? new Finding.Unknown() : new Finding.Settled(Results.outcome(end)));
        });
    return found;
  }

  /**
   * Sees to it that a request does not happen any more, unless it has, and says which: after this
   * it is known. Indeterminate if the log took no entry in time. Any thread.
   */
  public CompletableFuture<Outcome> giveUp(RequestId id, Duration deadline) {
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    loop.execute(
        () -> {
          Outcome unknown = new Outcome.Indeterminate(new TxnId(self, 0));
          Loop.Timer late = loop.after(deadline, () -> outcome.complete(unknown));
          outcome.whenComplete((_, _) -> late.cancel());
          giveUp(id, outcome);
        });
    return outcome;
  }

  private void giveUp(RequestId id, CompletableFuture<Outcome> outcome) {
    if (outcome.isDone()) {
      return;
    }
    log.append(new TxnEntry.GiveUp(id).entry())
        .whenComplete(
            (applied, failure) -> {
              Outcome known =
                  failure == null ? Results.outcome(applied.position(), applied.result()) : null;
              if (known != null) {
                outcome.complete(known);
              } else {
                loop.after(LOOK_EVERY, () -> giveUp(id, outcome));
              }
            });
  }

  /**
   * What became of one of this incarnation's transactions, or null if it is not settled yet or was
   * settled too long ago (10,000 transactions) to be known still, or was settled by a snapshot:
   * null never means that it did not happen.
   */
  public @Nullable Outcome outcome(TxnId txn) {
    loop.confine();
    return txn.coordinator() == self ? coordinator.outcome(txn.sequence()) : null;
  }

  /**
   * The transaction that stands at a position in the log, read back from what this node preserves
   * of it; empty if none stands there. What is not applied here yet is waited for; whoever does not
   * want it any longer cancels. A payload in chunks is put together: that may read far back.
   *
   * <p>Fails with {@link Log.TrimmedException} if the entry, or a chunk, is not here any more, and
   * with {@link Log.CorruptException} if one does not verify. Completes on any thread. Any thread.
   */
  public CompletableFuture<Optional<LoggedTxn>> logged(long position) {
    return logged.at(position);
  }

  /** How many transactions of others and its own this node waits for. On the loop. */
  public int undecided() {
    return marks.count();
  }

  /** How long changes of the view held up this node's transactions. Any thread. */
  public ViewPauses pauses() {
    return coordinator.pauses();
  }

  /** The position of the last entry applied on this node. On the loop. */
  public long applied() {
    return log.applied();
  }

  /** Which rules it keeps. */
  public Rules rules() {
    return rules;
  }

  /** What it saves, and applies. */
  Decisions decisions() {
    return decisions;
  }

  View view() {
    return sessions.view();
  }

  Requests.@Nullable End end(RequestId id) {
    return decisions.end(id);
  }

  byte @Nullable [] blob(Blobs.Ref ref) {
    return decisions.blob(ref);
  }

  long blobBytes() {
    return decisions.blobBytes();
  }

  /** Whether this node has applied what became of the transaction. On the loop. */
  public boolean decided(TxnId txn) {
    return decisions.has(txn);
  }

  @Nullable Participant participant(int number) {
    return participants.get(number);
  }

  /**
   * As the log's leader, asks an incarnation that must answer where it answers prepares. On the
   * loop.
   */
  @Override
  public void probe(Address at, long incarnation, Runnable answered) {
    probes.probe(at, incarnation, answered);
  }

  /** Completes when the log's leader lets this node into the view. On the loop. */
  @Override
  public CompletableFuture<Log.Fence> ask() {
    return admission.ask().thenCompose(_ -> ready());
  }

  /** All that may take time is ready for what is applied now; what comes after that is fenced. */
  private CompletableFuture<Log.Fence> ready() {
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (Participant participant : participants.values()) {
      if (participant.slow()) {
        all.add(participant.ready());
      }
    }
    Log.Fence fence =
        all.isEmpty() ? Log.Fence.NONE : new Log.Fence(Log.Fence.Kind.READY, log.applied());
    CompletableFuture<Log.Fence> ready = new CompletableFuture<>();
    CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
        .whenComplete(
            (_, failure) ->
                loop.execute(
                    () -> {
                      if (failure == null) {
                        ready.complete(fence);
                      } else {
                        ready.completeExceptionally(failure);
                      }
                    }));
    return ready;
  }

  private void receive(byte[] bytes) {
    take(Message.read(bytes), null);
  }

  /** Takes a message, which came by this way. */
  private void take(Message message, @Nullable Address by) {
    switch (message) {
      case Message.Prepare prepare -> marks.prepare(prepare, by);
      case Message.Probe probe -> marks.probed(probe);
      case Message.Vote vote -> {
        if (vote.coordinator() == self) {
          coordinator.voted(vote, by != null);
        }
      }
      case Message.Echo echo -> probes.answered(echo);
      case Message.Enter enter -> admission.asked(enter);
      case Message.Standing standing -> admission.answered(standing);
      case Message.Relay relay -> routes.passOn(relay);
      case Message.Relayed(Address leader, byte[] inner) -> {
        if (by == null) {
          take(Message.read(inner), leader);
        }
      }
      case Message.Abort abort -> {
        for (long sequence : abort.sequences()) {
          marks.abort(new TxnId(abort.coordinator(), sequence));
        }
      }
      case Message.Hint hint -> {
        for (Message.Effect effect : hint.effects()) {
          marks.show(new TxnId(hint.coordinator(), effect.sequence()), effect.position());
        }
      }
    }
  }

  /**
   * A restored view alone says nothing: {@link Decisions#restore} follows, with what was decided.
   */
  private final class Views implements Sessions.ViewListener {
    @Override
    public void changed(View view) {
      admission.viewChanged(view);
      decisions.viewChanged(view);
      marks.viewChanged(view);
      coordinator.viewChanged(view);
    }

    @Override
    public void restored(View view) {}
  }
}
