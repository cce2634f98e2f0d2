package io.quire.base;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The replicated log as the protocol sees it: one totally ordered sequence of entries that every
 * node applies in the same order. Everything here is called on the node's {@link Loop}, and every
 * future completes there.
 */
public interface Log {
  /**
   * Puts entries at the end, in the order given. They may be separated by entries of others.
   *
   * <p>Each future completes when its entry was applied on the leader, with where it stands and
   * what came of it. It fails with {@link NotAppendedException} only if the entry is not in the log
   * and never will be, and with {@link IndeterminateException} in every other case: the entry may
   * be there already, may come to be there later, or not.
   */
  List<CompletableFuture<Applied>> append(List<Entry> entries);

  default CompletableFuture<Applied> append(Entry entry) {
    return append(List.of(entry)).getFirst();
  }

  /** The position of the last entry applied on this node. */
  long applied();

  /** Where the leader listens, as far as this node knows. */
  @Nullable Address leader();

  /**
   * The term in which this node leads and has applied the first entry of its own, or 0 if it does
   * not lead.
   */
  long leadingTerm();

  /**
   * Asks a majority of voters whether the term in which this node leads is still the newest they
   * know. Completes with that term if they say so, having been asked after this call, and fails if
   * they do not in time or this node does not lead.
   */
  CompletableFuture<Long> confirmLeadership();

  /**
   * Names who applies the entries of a stream. Called once for each stream, before the log starts.
   */
  void register(Projection projection);

  /**
   * Names who says whether a fence of this kind holds. Called once for each kind, before the start.
   */
  void register(Fence.Kind kind, FenceCheck check);

  /**
   * A record of the log.
   *
   * @param stream whose it is: the {@link Projection} with this number applies it
   * @param fence what must hold where it is applied; otherwise it is void on every node
   * @param payload at most {@link #PAYLOAD_BYTES_MAX} bytes; not to be changed afterwards
   */
  record Entry(Stream stream, Fence fence, byte[] payload) {
    /** Limit of a payload. */
    public static final int PAYLOAD_BYTES_MAX = 3 << 20;

    public Entry {
      if (payload.length > PAYLOAD_BYTES_MAX) {
        throw new IllegalArgumentException(
            "entry too large: bytes=" + payload.length + " max=" + PAYLOAD_BYTES_MAX);
      }
    }
  }

  /**
   * Whose an entry is; the ordinal is its number in the log, so the order here is a file format.
   */
  enum Stream {
    /** Sessions, files, the view. */
    SESSIONS,
    /** Transactions. */
    TRANSACTIONS,
    /** Clients' sessions, their files and locks. */
    LOCKS
  }

  /**
   * A condition on applying an entry, evaluated alike on every node where the entry stands.
   *
   * @param kind what is compared
   * @param value what it must be
   */
  record Fence(Kind kind, long value) {
    /** Holds always. */
    public static final Fence NONE = new Fence(Kind.NONE, 0);

    /** Kinds of fences; the ordinal is the number in the log. */
    public enum Kind {
      NONE,
      /** The epoch of the view is the value. */
      EPOCH,
      /** The Raft term of the entry is the value. */
      TERM,
      /** Nothing for which a node must get ready was committed after the position. */
      READY,
      /** The lock of which this generation was granted is still held by whom it was granted to. */
      LOCK
    }

    public static Fence epoch(long epoch) {
      return new Fence(Kind.EPOCH, epoch);
    }

    public static Fence term(long term) {
      return new Fence(Kind.TERM, term);
    }

    public static Fence lock(long generation) {
      return new Fence(Kind.LOCK, generation);
    }
  }

  /** Says, while an entry is applied, whether a fence holds. */
  interface FenceCheck {
    boolean holds(long value);
  }

  /**
   * What came of an entry.
   *
   * @param position where it stands
   * @param fenced whether its fence did not hold, so that nothing came of it anywhere
   * @param result what the projection said of it, the same on every node; empty if fenced
   */
  record Applied(long position, boolean fenced, byte[] result) {}

  /**
   * A deterministic fold of the log. All calls come on the loop. An exception stops the node: a
   * fold that cannot go on must not skip.
   */
  interface Projection {
    Stream stream();

    /** Takes the next entry, and answers what came of it: a function of the log alone. */
    byte[] apply(long position, byte[] payload);

    /** Takes an entry of this stream whose fence did not hold. */
    default void fenced(long position, byte[] payload) {}

    /** Writes the state, a function of the entries applied. */
    void save(WireWriter out);

    /** Replaces the state by one that was saved when {@code position} was the last one applied. */
    void restore(long position, WireReader in);
  }

  /** The entry is not in the log and never will be. */
  final class NotAppendedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public NotAppendedException(String message) {
      super(message);
    }
  }

  /** The entry may be in the log, or come to be. */
  final class IndeterminateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public IndeterminateException(String message) {
      super(message);
    }

    public IndeterminateException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
