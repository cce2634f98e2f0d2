package io.quire.twopc;

import io.quire.base.Log;
import io.quire.base.RequestId;
import io.quire.base.Rules;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.Sessions;
import io.quire.lockserver.View;
import io.quire.twopc.TxnEntry.Resolve;
import io.quire.twopc.TxnEntry.Txn;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the log decided: it applies the entries of transactions, alike on every node, and tells this
 * node's coordinator and its marks. On the loop.
 */
final class Decisions implements Log.Projection {
  private final long self;
  private final Sessions sessions;
  private final Map<Integer, Participant> participants;
  private final Rules rules;
  private final Decided decided = new Decided();
  private final Requests requests = new Requests();
  private final Blobs blobs = new Blobs();
  private final Marks marks;
  private final Coordinator coordinator;

  /** Where something was last committed for which a node must get ready before it enters. */
  private long gate;

  /**
   * @param self this incarnation
   * @param participants by their numbers, in order; more may come until the log starts
   */
  Decisions(
      long self,
      Sessions sessions,
      Map<Integer, Participant> participants,
      Marks marks,
      Coordinator coordinator,
      Rules rules) {
    this.self = self;
    this.sessions = sessions;
    this.participants = participants;
    this.marks = marks;
    this.coordinator = coordinator;
    this.rules = rules;
  }

  boolean has(TxnId txn) {
    return decided.has(txn);
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

  /** Whether nothing was committed after this position that a node must get ready for. */
  boolean readyAt(long position) {
    return gate <= position;
  }

  void viewChanged(View view) {
    decided.keepOnly(view);
    blobs.keepOnly(view);
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
        yield Results.NOTHING_HAPPENED;
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
    boolean outsider = !sessions.view().has(id.coordinator()) && rules.keep(Rules.Rule.FENCE);
    Participant participant = participants.get(txn.participant());
    Blobs.Ref blob = txn.blob();
    byte[] payload = blob == null ? txn.payload() : blobs.get(blob);
    if (again || outsider || participant == null || payload == null) {
      voided(id);
      return Results.NOTHING_HAPPENED;
    }
    decided.add(id, txn.low());
    marks.decidedBelow(new TxnId(id.coordinator(), txn.low()));
    RequestId request = txn.request();
    Requests.End end = request == null ? null : requests.end(request);
    byte[] result;
    if (end != null) {
      marks.abort(id);
      result = Results.again(end);
    } else {
      result = commit(position, txn, participant, payload);
    }
    if (blob != null) {
      blobs.drop(blob.coordinator(), blob.number());
    }
    if (id.coordinator() == self) {
      coordinator.learned(id.sequence(), Results.outcome(position, result));
    }
    return result;
  }

  private byte[] commit(long position, Txn txn, Participant participant, byte[] payload) {
    Participant.Verdict verdict = participant.commit(txn.id(), position, payload);
    marks.committed(txn.id());
    if (participant.slow() && verdict.effective()) {
      gate = position;
    }
    byte[] result = Results.of(verdict);
    RequestId request = txn.request();
    if (request != null) {
      requests.add(request, position, result);
    }
    return result;
  }

  private byte[] applyChunk(TxnEntry.Chunk chunk) {
    boolean kept = sessions.view().has(chunk.coordinator()) && blobs.add(chunk);
    if (kept) {
      marks.blobsChanged();
    }
    return Results.ofChunk(kept);
  }

  private byte[] applyGiveUp(long position, RequestId id) {
    if (requests.end(id) == null) {
      requests.add(id, position, Results.NOTHING_HAPPENED);
    }
    return Results.again(Objects.requireNonNull(requests.end(id)));
  }

  private byte[] applyResolve(TxnId id) {
    boolean decidedBefore = decided.has(id);
    if (sessions.view().has(id.coordinator())) {
      decided.add(id, 0);
    }
    if (!decidedBefore) {
      voided(id);
    } else {
      marks.abort(id);
    }
    return Results.NOTHING_HAPPENED;
  }

  /** What its coordinator still waits for will not come; what was settled stays as it is. */
  private void voided(TxnId id) {
    marks.abort(id);
    if (id.coordinator() == self) {
      coordinator.learned(id.sequence(), null);
    }
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
    marks.restored(sessions.view());
    marks.blobsChanged();
    coordinator.restored(sessions.view());
  }
}
