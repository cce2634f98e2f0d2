package io.quire.datasets;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;

/**
 * A member did not do what it was asked to. It travels as an answer: reason (1 byte; 0 stands for
 * success), then text or the result.
 */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1;
  private static final Reason[] REASONS = Reason.values();

  private final Reason reason;

  /** Why; the ordinal is the number on the wire, so the first is taken by success. */
  enum Reason {
    DONE,
    /** It does not have what it takes, and will not. */
    GONE,
    /** A function failed. */
    FAILED,
    UNKNOWN_FUNCTION,
    /** Not now: at a limit, not in the view, out of memory. */
    LATER,
    /** Not here: what it needs cannot be reached from this member, but perhaps from another. */
    ELSEWHERE,
    /** The request means another incarnation. */
    NOT_ME
  }

  Refusal(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  Reason reason() {
    return reason;
  }

  String text() {
    return String.valueOf(getMessage());
  }

  byte[] toBytes() {
    return new WireWriter(64).int8(reason.ordinal()).string(text()).toBytes();
  }

  static byte[] done(byte[] result) {
    return new WireWriter(1 + result.length).int8(Reason.DONE.ordinal()).raw(result).toBytes();
  }

  /** The result, or the refusal, thrown. */
  static byte[] result(byte[] answer) {
    WireReader in = new WireReader(answer);
    int reason = in.int8();
    if (reason == Reason.DONE.ordinal()) {
      return in.raw(in.remaining());
    }
    if (reason < 0 || reason >= REASONS.length) {
      throw new MalformedException("not an answer: found=" + reason);
    }
    throw new Refusal(REASONS[reason], in.string());
  }
}
