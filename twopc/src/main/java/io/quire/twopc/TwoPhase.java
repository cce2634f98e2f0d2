package io.quire.twopc;

import io.quire.base.Address;
import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Member;
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
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A node's part in two-phase commit: coordinator of its own transactions, member for those of
 * others, and applier of what the log decided. Confined to the loop, apart from {@link #submit}.
 */
public final class TwoPhase implements Log.Projection, Prober, Entrance {
  /** What a participant may be asked to commit at once. */
  public static final int PAYLOAD_BYTES_MAX = Log.Entry.PAYLOAD_BYTES_MAX - 1024;

  private static final Duration LOOK_EVERY = Duration.ofMillis(250);

  private static final byte VOID = 0;
  private static final byte REJECTED = 1;
  private static final byte COMMITTED = 2;

  private final long self;
  private final Sessions sessions;
  private final Log log;
  private final Loop loop;
  private final Clock clock;
  private final Rules rules;
  private final TreeMap<Integer, Participant> participants = new TreeMap<>();
  private final Decided decided = new Decided();
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
    return submit(participant, payload, 0, deadline);
  }

  /**
   * As {@link #submit(int, byte[], Duration)}, but only in one epoch: aborted in any other.
   *
   * @param epoch 0 for any
   */
  public CompletableFuture<Outcome> submit(
      int participant, byte[] payload, long epoch, Duration deadline) {
    if (payload.length > PAYLOAD_BYTES_MAX) {
      return CompletableFuture.completedFuture(
          new Aborted(Why.REFUSED, null, "bytes=" + payload.length + " max=" + PAYLOAD_BYTES_MAX));
    }
    Attempt.Request request =
        new Attempt.Request(participant, payload, epoch, clock.nanos() + deadline.toNanos());
    if (loop.here()) {
      coordinator.submit(request);
    } else {
      loop.execute(() -> coordinator.submit(request));
    }
    return request.outcome;
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

  /** The position of the last entry applied on this node. On the loop. */
  public long applied() {
    return log.applied();
  }

  View view() {
    return sessions.view();
  }

  boolean decided(TxnId txn) {
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
    return admission.ask().thenApply(_ -> Log.Fence.NONE);
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
      case Message.Hint hint ->
          marks.show(new TxnId(hint.coordinator(), hint.sequence()), hint.position());
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
    if (again || outsider || participant == null) {
      voided(id);
      return new byte[] {VOID};
    }
    decided.add(id, txn.low());
    Participant.Verdict verdict = participant.commit(id, position, txn.payload());
    marks.committed(id);
    byte[] result =
        new WireWriter(verdict.result().length + 1)
            .int8(verdict.effective() ? COMMITTED : REJECTED)
            .raw(verdict.result())
            .toBytes();
    if (id.coordinator() == self) {
      coordinator.learned(id.sequence(), outcome(position, result));
    }
    return result;
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
      default -> null;
    };
  }

  @Override
  public void save(WireWriter out) {
    decided.save(out);
    out.int32(participants.size());
    for (Participant participant : participants.values()) {
      WireWriter state = new WireWriter();
      participant.save(state);
      out.int8(participant.number()).bytes(state.toBytes());
    }
  }

  @Override
  public void restore(long position, WireReader in) {
    decided.restore(in);
    for (int left = in.count(5); left > 0; left--) {
      int number = in.int8();
      Participant participant = participants.get(number);
      if (participant == null) {
        throw new IllegalStateException("snapshot of an unknown participant: number=" + number);
      }
      participant.restore(position, new WireReader(in.bytes()));
    }
    marks.restored(view());
    coordinator.restored(view());
  }
}
