package io.quire.lockserver;

/**
 * A request to the lock server that was not done, or, in one case, may have been. Each says what
 * was asked for, of which path, and what was found.
 */
public abstract sealed class LockException extends RuntimeException {
  private static final long serialVersionUID = 1;

  LockException(String message) {
    super(message);
  }

  /** Whether it may have been done, or may yet be done. */
  public final boolean mayHaveHappened() {
    return this instanceof Indeterminate;
  }

  /** What an answer other than a good one means. */
  static LockException of(LockAnswer answer, String doing) {
    long number = answer.number();
    return switch (answer.code()) {
      case NOT_HELD -> new NotHeld(doing + ": not held by this session");
      case ALREADY_HELD ->
          new AlreadyHeld(doing + ": locks are not reentrant: generation=" + number);
      case ALREADY_WAITING -> new AlreadyHeld(doing + ": the session waits for it already");
      case DEADLOCK ->
          new Deadlock(
              doing + ": a holder that this waits for waits for it: generation=" + number, number);
      case EXISTS -> new FileExists(doing + ": there is such a file: version=" + number);
      case NOT_FOUND -> new FileNotFound(doing + ": there is no such file");
      case OTHER_VERSION -> new OtherVersion(doing + ": found=" + number, number);
      case NOT_A_COUNTER ->
          new NotACounter(
              doing + ": not a counter: bytes=" + number + " wanted=" + FileTable.COUNTER_BYTES);
      case OVERFLOW -> new NotACounter(doing + ": the sum does not fit: value=" + number);
      case STALE -> new StaleSequencer(doing + ": the lock that guards it is not held any more");
      case ENDED -> new SessionEnded(doing + ": the session has ended");
      case LIMIT ->
          new LimitReached(doing + ": limit=" + answer.limit() + " max=" + answer.other());
      case OK, GRANTED, QUEUED, BUSY, DELAYED, CANCELLED, FORGOTTEN ->
          new IllegalAnswer(doing + ": not an answer to this: found=" + answer);
    };
  }

  /** This node is not in the view, so it has no session to ask under. Nothing changed. */
  public static final class NotInView extends LockException {
    private static final long serialVersionUID = 1;

    NotInView(String message) {
      super(message);
    }
  }

  /** The session was closed, or has ended with its node's. Nothing changed. */
  public static final class SessionEnded extends LockException {
    private static final long serialVersionUID = 1;

    SessionEnded(String message) {
      super(message);
    }
  }

  /** There is a file of that path. Nothing changed. */
  public static final class FileExists extends LockException {
    private static final long serialVersionUID = 1;

    FileExists(String message) {
      super(message);
    }
  }

  /** There is no file of that path. Nothing changed. */
  public static final class FileNotFound extends LockException {
    private static final long serialVersionUID = 1;

    FileNotFound(String message) {
      super(message);
    }
  }

  /** The file has another version than the one that was expected. Nothing changed. */
  public static final class OtherVersion extends LockException {
    private static final long serialVersionUID = 1;
    private final long found;

    OtherVersion(String message, long found) {
      super(message);
      this.found = found;
    }

    /** The version that it has. */
    public long found() {
      return found;
    }
  }

  /** The file's contents are not those of a counter, or the sum does not fit. Nothing changed. */
  public static final class NotACounter extends LockException {
    private static final long serialVersionUID = 1;

    NotACounter(String message) {
      super(message);
    }
  }

  /** The session holds that lock already, or waits for it. Nothing changed. */
  public static final class AlreadyHeld extends LockException {
    private static final long serialVersionUID = 1;

    AlreadyHeld(String message) {
      super(message);
    }
  }

  /** The session does not hold that lock. Nothing changed. */
  public static final class NotHeld extends LockException {
    private static final long serialVersionUID = 1;

    NotHeld(String message) {
      super(message);
    }
  }

  /**
   * Two that hold a lock want another mode of it, and each waits for the other to let go. This one
   * asked later and is refused; it holds what it held. It lets go, or the other gives up.
   */
  public static final class Deadlock extends LockException {
    private static final long serialVersionUID = 1;
    private final long other;

    Deadlock(String message, long other) {
      super(message);
      this.other = other;
    }

    /** Generation of the hold whose conversion waits. */
    public long other() {
      return other;
    }
  }

  /**
   * The lock, or its other mode, did not come in time; the place in its queue is given up. A lock
   * that was to be converted is held as before.
   */
  public static final class TimedOut extends LockException {
    private static final long serialVersionUID = 1;

    TimedOut(String message) {
      super(message);
    }
  }

  /** The lock that guards the change is not held any more. Nothing changed. */
  public static final class StaleSequencer extends LockException {
    private static final long serialVersionUID = 1;

    StaleSequencer(String message) {
      super(message);
    }
  }

  /** There is enough of something. Nothing changed. */
  public static final class LimitReached extends LockException {
    private static final long serialVersionUID = 1;

    LimitReached(String message) {
      super(message);
    }
  }

  /** The log took it from nobody in time. Nothing changed, and nothing will. */
  public static final class Unavailable extends LockException {
    private static final long serialVersionUID = 1;

    Unavailable(String message) {
      super(message);
    }
  }

  /** It may have been done, or may yet be done; not twice. */
  public static final class Indeterminate extends LockException {
    private static final long serialVersionUID = 1;

    Indeterminate(String message) {
      super(message);
    }
  }

  /** The lock server gave an answer that fits no such request: a defect of it. */
  public static final class IllegalAnswer extends LockException {
    private static final long serialVersionUID = 1;

    IllegalAnswer(String message) {
      super(message);
    }
  }
}
