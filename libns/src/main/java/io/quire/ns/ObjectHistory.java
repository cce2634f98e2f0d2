package io.quire.ns;

import io.quire.gvm.Transaction;
import io.quire.ns.ObjectVersion.What;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The versions of an object, the newest first, read back from the log that this node preserves. It
 * holds nothing but its place, and needs no closing. What was changed after it was made is not in
 * it. One thread at a time, and not on the loop.
 *
 * <p>Each version costs one read of the log: of a file of up to 32 MiB, half of it on average. A
 * transaction of more than 3 MiB costs more, for its parts are looked for.
 */
public final class ObjectHistory {
  /** Limit of versions at once. */
  public static final int VERSIONS_MAX = 1_000;

  /** After this many bytes of values no more versions are given at once. */
  public static final int BYTES_AT_ONCE = 16 << 20;

  private final Past past;
  private final long xid;
  private final long before;
  private @Nullable ObjectVersion known;
  private long next;
  private @Nullable HistoryEnd end;

  /**
   * A history that begins at a version.
   *
   * @param known what is known of that version without the log, if anything
   * @param before versions from this position on are left out
   */
  ObjectHistory(Past past, long xid, long version, Optional<ObjectVersion> known, long before) {
    this.past = past;
    this.xid = xid;
    this.before = before;
    this.known = known.orElse(null);
    next = version;
  }

  /** A version of which memory knows only what it made. */
  static ObjectVersion remembered(long position, Optional<NsObject> object) {
    What what = object.filter(NsObject::draining).isPresent() ? What.DELETED : What.UNKNOWN;
    return new ObjectVersion(position, what, object, OptionalLong.empty());
  }

  /** An end that memory knows of. */
  static ObjectVersion ended(long position) {
    return new ObjectVersion(position, What.ENDED, Optional.empty(), OptionalLong.empty());
  }

  /** Whose it is. */
  public long xid() {
    return xid;
  }

  /**
   * The next older versions. Fewer than were allowed if they are large or reading took {@link
   * Namespaces#DEADLINE}; none only if there are no more, and {@link #end} says why. After an
   * exception it goes on where it was.
   *
   * @param limit 1 to {@link #VERSIONS_MAX}
   * @throws NsException.TooFar if no version was reached in time
   * @throws NsException.Unreadable if an entry of the log does not verify
   * @throws NsException.Forbidden if the next version was in a namespace that the principal may not
   *     read
   */
  public List<ObjectVersion> next(int limit) {
    if (limit < 1 || limit > VERSIONS_MAX) {
      throw new IllegalArgumentException(
          "limit out of range: limit=" + limit + " allowed=1.." + VERSIONS_MAX);
    }
    List<ObjectVersion> page = new ArrayList<>();
    long bytes = 0;
    long until = past.deadline();
    while (end == null && page.size() < limit && bytes < BYTES_AT_ONCE) {
      Optional<ObjectVersion> version;
      try {
        version = step(until);
      } catch (NsException.TooFar | NsException.Forbidden | NsException.NotFound e) {
        if (page.isEmpty()) {
          throw e;
        }
        break;
      }
      if (version.isPresent() && version.get().position() < before) {
        page.add(version.get());
        bytes += version.get().bytes();
      }
    }
    return List.copyOf(page);
  }

  /**
   * Why there are no older versions than those given; empty if there may be some. So it is known
   * whether a list begins with the creation.
   */
  public Optional<HistoryEnd> end() {
    return Optional.ofNullable(end);
  }

  private Optional<ObjectVersion> step(long until) {
    Transaction transaction;
    try {
      transaction = past.transaction(xid, next, until);
    } catch (NsException.Trimmed e) {
      past.check(Optional.ofNullable(known).flatMap(ObjectVersion::object));
      end = new HistoryEnd.Trimmed(next, e.oldest());
      return Optional.ofNullable(known);
    }
    ObjectStep step =
        ObjectStep.of(xid, next, transaction).orElseThrow(() -> Past.notOf(xid, next));
    past.check(step.version().object());
    known = null;
    next = step.before();
    end = step.end().orElse(null);
    return Optional.of(step.version());
  }
}
