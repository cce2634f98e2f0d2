package io.quire.twopc;

import io.quire.base.Address;
import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Member;
import io.quire.base.Position;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.Entrance;
import io.quire.lockserver.Prober;
import io.quire.lockserver.Sessions;
import io.quire.lockserver.View;
import io.quire.twopc.Outcome.Aborted;
import io.quire.twopc.Outcome.Why;
import io.quire.twopc.TxnEntry.Resolve;
import io.quire.twopc.TxnEntry.Txn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A node's part in two-phase commit: coordinator of its own transactions, member for those of
 * others, and applier of what the log decided. Confined to the loop, apart from {@link #submit}.
 */
public final class TwoPhase implements Log.Projection, Prober, Entrance {
  /** What a participant may be asked to commit at once. */
  public static final int PAYLOAD_BYTES_MAX = 16 << 20;

  /** Up to here a payload travels with its prepare and its entry; a larger one goes in chunks. */
  static final int INLINE_BYTES_MAX = Log.Entry.PAYLOAD_BYTES_MAX - 1024;

  private static final Duration LOOK_EVERY = Duration.ofMillis(250);

  private static final byte VOID = 0;
  private static final byte REJECTED = 1;
  private static final byte COMMITTED = 2;
  private static final byte AGAIN = 3;

  private final long self;
  private final Sessions sessions;
  private final Log log;
  private final Loop loop;
  private final Clock clock;
  private final Rules rules;
  private final TreeMap<Integer, Participant> participants = new TreeMap<>();
  private final Decided decided = new Decided();
  private final Requests requests = new Requests();
  private final Blobs blobs = new Blobs();

  /** Where something was last committed for which a node must get ready before it enters. */
  private long gate;

  private final Routes routes;
  private final Probes probes;
  private final Admission admission;
  private final Marks marks;
  private final Coordinator coordinator;

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
    log.register(this);
    log.register(Log.Fence.Kind.READY, position -> gate <= position);
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
          Requests.End end = requests.end(id);
          found.complete(end == null ? new Finding.Unknown() : new Finding.Settled(outcome(end)));
        });
    return found;
  }

  /**
   * Sees to it that a request does not happen any more, unless it has, and says which: after this
   * it is known. Indeterminate if the log took no entry in time. Any thread.
   */
  public CompletableFuture<Outcome> giveUp(RequestId id, Duration deadline) {
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    long until = clock.nanos() + deadline.toNanos();
    loop.execute(() -> giveUp(id, until, outcome));
    return outcome;
  }

  private void giveUp(RequestId id, long until, CompletableFuture<Outcome> outcome) {
    if (clock.nanos() - until >= 0) {
      outcome.complete(new Outcome.Indeterminate(new TxnId(self, 0)));
      return;
    }
    log.append(new TxnEntry.GiveUp(id).entry())
        .whenComplete(
            (applied, failure) -> {
              Outcome known =
                  failure == null ? outcome(applied.position(), applied.result()) : null;
              if (known != null) {
                outcome.complete(known);
              } else {
                loop.after(LOOK_EVERY, () -> giveUp(id, until, outcome));
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

  View view() {
    return sessions.view();
  }

  Requests.@Nullable End end(RequestId id) {
    return requests.end(id);
  }

  byte @Nullable [] blob(Blobs.Ref ref) {
    return blobs.get(ref);
  }

  long blobBytes() {
    return blobs.bytes();
  }

  /** Whether this node has applied what became of the transaction. On the loop. */
  public boolean decided(TxnId txn) {
    return decided.has(txn);
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
   * A restored view alone says nothing: {@link #restore} follows, with what was decided until then.
   */
  private final class Views implements Sessions.ViewListener {
    @Override
    public void changed(View view) {
      admission.viewChanged(view);
      decided.keepOnly(view);
      blobs.keepOnly(view);
      marks.viewChanged(view);
      coordinator.viewChanged(view);
    }

    @Override
    public void restored(View view) {}
  }

  @Override
  public Log.Stream stream() {
    return Log.Stream.TRANSACTIONS;
  }

  @Override
  public byte[] apply(long position, byte[] payload) {
    return switch (TxnEntry.read(payload)) {
      case Txn txn -> applyTxn(position, txn);
      case Resolve(TxnId id) -> applyResolve(id);
      case TxnEntry.Chunk chunk -> applyChunk(chunk);
      case TxnEntry.Drop(long of, long number) -> {
        blobs.drop(of, number);
        yield new byte[] {VOID};
      }
      case TxnEntry.GiveUp(RequestId id) -> applyGiveUp(position, id);
    };
  }

  @Override
  public void fenced(long position, byte[] payload) {
    if (TxnEntry.read(payload) instanceof Txn txn) {
      if (rules.keep(Rules.Rule.FENCE)) {
        voided(txn.id());
      } else {
        applyTxn(position, txn);
      }
    }
  }

  private byte[] applyTxn(long position, Txn txn) {
    TxnId id = txn.id();
    boolean again = decided.has(id) && rules.keep(Rules.Rule.DECIDED_ONCE);
    boolean outsider = !view().has(id.coordinator()) && rules.keep(Rules.Rule.FENCE);
    Participant participant = participants.get(txn.participant());
    Blobs.Ref blob = txn.blob();
    byte[] payload = blob == null ? txn.payload() : blobs.get(blob);
    if (again || outsider || participant == null || payload == null) {
      voided(id);
      return new byte[] {VOID};
    }
    decided.add(id, txn.low());
    marks.decidedBelow(new TxnId(id.coordinator(), txn.low()));
    RequestId request = txn.request();
    Requests.End end = request == null ? null : requests.end(request);
    byte[] result;
    if (end != null) {
      marks.abort(id);
      result = again(end);
    } else {
      result = commit(position, txn, participant, payload);
    }
    if (blob != null) {
      blobs.drop(blob.coordinator(), blob.number());
    }
    if (id.coordinator() == self) {
      coordinator.learned(id.sequence(), outcome(position, result));
    }
    return result;
  }

  private byte[] commit(long position, Txn txn, Participant participant, byte[] payload) {
    Participant.Verdict verdict = participant.commit(txn.id(), position, payload);
    marks.committed(txn.id());
    if (participant.slow() && verdict.effective()) {
      gate = position;
    }
    byte[] result =
        new WireWriter(verdict.result().length + 1)
            .int8(verdict.effective() ? COMMITTED : REJECTED)
            .raw(verdict.result())
            .toBytes();
    RequestId request = txn.request();
    if (request != null) {
      requests.add(request, position, result);
    }
    return result;
  }

  private static byte[] again(Requests.End end) {
    return new WireWriter(end.result().length + 9)
        .int8(AGAIN)
        .int64(end.position())
        .raw(end.result())
        .toBytes();
  }

  private byte[] applyChunk(TxnEntry.Chunk chunk) {
    boolean kept = view().has(chunk.coordinator()) && blobs.add(chunk);
    if (kept) {
      marks.blobsChanged();
    }
    return new byte[] {kept ? COMMITTED : VOID};
  }

  /** Whether a chunk was kept, by what {@link #apply} answered. */
  static boolean kept(byte[] result) {
    return result.length > 0 && result[0] == COMMITTED;
  }

  private byte[] applyGiveUp(long position, RequestId id) {
    if (requests.end(id) == null) {
      requests.add(id, position, new byte[] {VOID});
    }
    return again(Objects.requireNonNull(requests.end(id)));
  }

  private byte[] applyResolve(TxnId id) {
    boolean decidedBefore = decided.has(id);
    if (view().has(id.coordinator())) {
      decided.add(id, 0);
    }
    if (!decidedBefore) {
      voided(id);
    } else {
      marks.abort(id);
    }
    return new byte[] {VOID};
  }

  /** What its coordinator still waits for will not come; what was settled stays as it is. */
  private void voided(TxnId id) {
    marks.abort(id);
    if (id.coordinator() == self) {
      coordinator.learned(id.sequence(), null);
    }
  }

  /** Reads what {@link #apply} answered; null if it says nothing of the outcome. */
  static @Nullable Outcome outcome(long position, byte[] result) {
    WireReader in = new WireReader(result);
    int verdict = in.int8();
    byte[] rest = in.raw(in.remaining());
    return switch (verdict) {
      case COMMITTED -> new Outcome.Committed(position, rest);
      case REJECTED -> new Outcome.Rejected(position, rest);
      case AGAIN -> {
        WireReader first = new WireReader(rest);
        yield outcome(new Requests.End(first.int64(), first.raw(first.remaining())));
      }
      default -> null;
    };
  }

  /** What became of a request that had a name. */
  static Outcome outcome(Requests.End end) {
    Outcome outcome = outcome(end.position(), end.result());
    return outcome != null
        ? outcome
        : new Aborted(Why.DEADLINE, null, "given up: position=" + Position.text(end.position()));
  }

  @Override
  public void save(WireWriter out) {
    saveOwn(out);
    out.int32(participants.size());
    for (Participant participant : participants.values()) {
      out.int8(participant.number());
      participant.save(out);
    }
  }

  /* All but what the participants have. */
  private void saveOwn(WireWriter out) {
    captureOwn().accept(out);
  }

  /* What is decided and not below a low mark is little: as much as is under way. */
  private Consumer<WireWriter> captureOwn() {
    Log.Capture settled = Log.Capture.of(decided::save);
    Consumer<WireWriter> named = requests.capture().andThen(blobs.capture());
    long ready = gate;
    return out -> {
      settled.write(out);
      named.accept(out);
      out.int64(ready);
    };
  }

  @Override
  public Log.Capture capture() {
    Consumer<WireWriter> own = captureOwn();
    TreeMap<Integer, Log.Capture> states = new TreeMap<>();
    participants.forEach((number, participant) -> states.put(number, participant.capture()));
    return new Log.Capture() {
      @Override
      public void write(WireWriter out) {
        own.accept(out);
        out.int32(states.size());
        states.forEach(
            (number, state) -> {
              out.int8(number);
              state.write(out);
            });
      }

      @Override
      public void close() {
        states.values().forEach(Log.Capture::close);
      }
    };
  }

  @Override
  public void restore(long position, WireReader in) {
    decided.restore(in);
    requests.restore(in);
    blobs.restore(in);
    gate = in.int64();
    for (int left = in.count(1); left > 0; left--) {
      int number = in.int8();
      Participant participant = participants.get(number);
      if (participant == null) {
        throw new IllegalStateException("snapshot of an unknown participant: number=" + number);
      }
      participant.restore(position, in);
    }
    marks.restored(view());
    marks.blobsChanged();
    coordinator.restored(view());
  }
}
