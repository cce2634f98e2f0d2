package io.quire.twopc;

import io.quire.base.Position;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.twopc.Outcome.Aborted;
import io.quire.twopc.Outcome.Why;
import org.jspecify.annotations.Nullable;

/** What the log answers to an entry, in bytes: a verdict, and what belongs to it. */
final class Results {
  static final byte[] NOTHING_HAPPENED = {0};

  private static final byte VOID = 0;
  private static final byte REJECTED = 1;
  private static final byte COMMITTED = 2;
  private static final byte AGAIN = 3;

  private Results() {}

  static byte[] of(Participant.Verdict verdict) {
    return new WireWriter(verdict.result().length + 1)
        .int8(verdict.effective() ? COMMITTED : REJECTED)
        .raw(verdict.result())
        .toBytes();
  }

  /** A request with a name had ended before: that end counts. */
  static byte[] again(Requests.End end) {
    return new WireWriter(end.result().length + 9)
        .int8(AGAIN)
        .int64(end.position())
        .raw(end.result())
        .toBytes();
  }

  static byte[] ofChunk(boolean kept) {
    return new byte[] {kept ? COMMITTED : VOID};
  }

  /** Whether a chunk was kept. */
  static boolean kept(byte[] result) {
    return result.length > 0 && result[0] == COMMITTED;
  }

  /** What became of the transaction; null if the answer says nothing of it. */
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
}
