package io.quire.lockserver;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;

/**
 * What came of a request to the lock server, the same on every node.
 *
 * @param number the session, version, generation or value, as the code says
 * @param other a second one
 */
record LockAnswer(Code code, long number, long other) {
  static final int BYTES = 17;

  /** The ordinal is the number in the log; append only. */
  enum Code {
    /** Done. OPEN: session; CREATE, WRITE, REMOVE: version; ADD: value and version. */
    OK,
    /** The lock is held: generation, position of the request. */
    GRANTED,
    /** The request stands in the queue. */
    QUEUED,
    /** Held: by this generation. */
    BUSY,
    /** Nobody holds it, but the delay of this generation is not over. */
    DELAYED,
    /** The session does not hold this generation. */
    NOT_HELD,
    /** The session holds it already: generation. */
    ALREADY_HELD,
    /** The session stands in the queue already. */
    ALREADY_WAITING,
    /** There is such a file: version. */
    EXISTS,
    /** There is no such file. */
    NOT_FOUND,
    /** The file has another version: version. */
    OTHER_VERSION,
    /** The contents are not those of a counter: their length. */
    NOT_A_COUNTER,
    /** The sum does not fit 64 bits: the value. */
    OVERFLOW,
    /** The lock that was to guard it is not held any more. */
    STALE,
    /** The node's or the client's session has ended. */
    ENDED,
    /** The request was given up before it came. */
    CANCELLED,
    /** It is so old that its answer is not kept any more; it did not run now. */
    FORGOTTEN,
    /** A limit: its number in {@link Limit}, how much it is. */
    LIMIT,
    /** It would wait for a holder that waits for it: that one's generation. */
    DEADLOCK
  }

  /** What there is enough of. */
  enum Limit {
    SESSIONS,
    FILES,
    CONTENTS_BYTES,
    LOCKS,
    HOLDS,
    WAITERS,
    ANSWERS
  }

  private static final Code[] CODES = Code.values();
  private static final Limit[] LIMITS = Limit.values();

  static LockAnswer of(Code code) {
    return new LockAnswer(code, 0, 0);
  }

  static LockAnswer of(Code code, long number) {
    return new LockAnswer(code, number, 0);
  }

  static LockAnswer limit(Limit limit, long max) {
    return new LockAnswer(Code.LIMIT, limit.ordinal(), max);
  }

  Limit limit() {
    return LIMITS[(int) number];
  }

  void write(WireWriter out) {
    out.int8(code.ordinal()).int64(number).int64(other);
  }

  byte[] toBytes() {
    WireWriter out = new WireWriter(BYTES);
    write(out);
    return out.toBytes();
  }

  static LockAnswer read(WireReader in) {
    int code = in.int8();
    if (code < 0 || code >= CODES.length) {
      throw new WireReader.MalformedException("not an answer: code=" + code);
    }
    return new LockAnswer(CODES[code], in.int64(), in.int64());
  }

  static LockAnswer read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    LockAnswer answer = read(in);
    in.end();
    return answer;
  }
}
