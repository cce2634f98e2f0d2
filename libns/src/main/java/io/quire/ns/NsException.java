package io.quire.ns;

import io.quire.twopc.TxnId;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An operation on the namespace that was not done, or, in one case, may have been. */
public abstract sealed class NsException extends RuntimeException {
  private static final long serialVersionUID = 1;

  NsException(String message) {
    super(message);
  }

  /** The name breaks the rules for names. Nothing changed. */
  public static final class InvalidName extends NsException {
    private static final long serialVersionUID = 1;

    InvalidName(String message) {
      super(message);
    }
  }

  /** There is no such object, or no such namespace. Nothing changed. */
  public static final class NotFound extends NsException {
    private static final long serialVersionUID = 1;

    NotFound(String message) {
      super(message);
    }
  }

  /** The name belongs to another object. Nothing changed. */
  public static final class NameTaken extends NsException {
    private static final long serialVersionUID = 1;

    NameTaken(String message) {
      super(message);
    }
  }

  /** The object was deleted and waits for its last reference. Nothing changed. */
  public static final class Draining extends NsException {
    private static final long serialVersionUID = 1;

    Draining(String message) {
      super(message);
    }
  }

  /** The object is not of the version that the caller saw. Nothing changed. */
  public static final class Stale extends NsException {
    private static final long serialVersionUID = 1;

    Stale(String message) {
      super(message);
    }
  }

  /** This node is not in the view, so it cannot know. Nothing changed. */
  public static final class NotInView extends NsException {
    private static final long serialVersionUID = 1;

    NotInView(String message) {
      super(message);
    }
  }

  /** The cluster would not or could not do it in time. Nothing changed. */
  public static final class Refused extends NsException {
    private static final long serialVersionUID = 1;

    Refused(String message) {
      super(message);
    }
  }

  /** A watch or a listing fell behind what this node remembers. Nothing changed. */
  public static final class Overtaken extends NsException {
    private static final long serialVersionUID = 1;

    Overtaken(String message) {
      super(message);
    }
  }

  /**
   * Others have it open in a mode that does not go with it, or it may not be written. Nothing
   * changed.
   */
  public static final class Denied extends NsException {
    private static final long serialVersionUID = 1;

    Denied(String message) {
      super(message);
    }
  }

  /** The principal may not do that in the namespace: see {@link Access}. Nothing changed. */
  public static final class Forbidden extends NsException {
    private static final long serialVersionUID = 1;
    private final transient Principal principal;
    private final transient NsHandle namespace;
    private final Access has;
    private final Access wants;

    Forbidden(String doing, Principal principal, NsHandle namespace, Access has, Access wants) {
      super(
          "not allowed: %s: principal=%s namespace=%s has=%s wants=%s"
              .formatted(doing, principal, namespace.text(), has, wants));
      this.principal = principal;
      this.namespace = namespace;
      this.has = has;
      this.wants = wants;
    }

    /** Who may not. */
    public Principal principal() {
      return principal;
    }

    /** Where. */
    public NsHandle namespace() {
      return namespace;
    }

    /** What the principal may do there. */
    public Access has() {
      return has;
    }

    /** What it would need. */
    public Access wants() {
      return wants;
    }
  }

  /** What was open is so no more: it was closed, or lost with this node's session. */
  public static final class StaleHandle extends NsException {
    private static final long serialVersionUID = 1;

    StaleHandle(String message) {
      super(message);
    }
  }

  /** Nothing was ever opened under that number on this node. */
  public static final class UnknownHandle extends NsException {
    private static final long serialVersionUID = 1;

    UnknownHandle(String message) {
      super(message);
    }
  }

  /** The namespace may not hold as much: see {@link Quota}. Nothing changed. */
  public static final class QuotaExceeded extends NsException {
    private static final long serialVersionUID = 1;

    QuotaExceeded(String message) {
      super(message);
    }
  }

  /** It may have been done or may yet be done. */
  public static final class Indeterminate extends NsException {
    private static final long serialVersionUID = 1;
    private final transient @Nullable TxnId txn;

    Indeterminate(String message, @Nullable TxnId txn) {
      super(message);
      this.txn = txn;
    }

    /** The attempt; empty if the caller stopped waiting before there was word of one. */
    public Optional<TxnId> txn() {
      return Optional.ofNullable(txn);
    }
  }

  /** The value cannot be written or read: its class is not registered, or its bytes are not it. */
  public static final class BadValue extends NsException {
    private static final long serialVersionUID = 1;

    BadValue(String message) {
      super(message);
    }
  }

  /** The position is one that this node has not applied. */
  public static final class NotReached extends NsException {
    private static final long serialVersionUID = 1;

    NotReached(String message) {
      super(message);
    }
  }

  /** What was is not in this node's log any more; another node's may have it. */
  public static final class Trimmed extends NsException {
    private static final long serialVersionUID = 1;
    private final long oldest;

    Trimmed(String message, long oldest) {
      super(message);
      this.oldest = oldest;
    }

    /** The first position that this node's log has. */
    public long oldest() {
      return oldest;
    }
  }

  /** Nothing leads back from what is to what was: it can be asked for only while remembered. */
  public static final class TooOld extends NsException {
    private static final long serialVersionUID = 1;
    private final long oldest;

    TooOld(String message, long oldest) {
      super(message);
      this.oldest = oldest;
    }

    /** From this position on this node remembers everything. */
    public long oldest() {
      return oldest;
    }
  }

  /** What was lies more versions back than this node can read in time. */
  public static final class TooFar extends NsException {
    private static final long serialVersionUID = 1;

    TooFar(String message) {
      super(message);
    }
  }

  /** What was is in the log, and cannot be read. */
  public static final class Unreadable extends NsException {
    private static final long serialVersionUID = 1;

    Unreadable(String message) {
      super(message);
    }
  }
}
