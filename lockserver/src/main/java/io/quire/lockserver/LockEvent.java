package io.quire.lockserver;

/**
 * Something that happened to a file or a lock. Made by applying the log, so it is the same on every
 * node, and a node that shows it shows the change, too.
 *
 * @param id counts the events of the cluster; the next one is higher by one
 * @param position of the entry that caused it; of a file that was made or written, its version
 * @param path the file or lock; empty for {@link Kind#LEADER}
 * @param session the session by which it was done or to which it was done; 0 for none
 * @param generation of the lock, or what the kind says
 */
public record LockEvent(
    long id, long position, Kind kind, String path, long session, long generation) {
  /** What happened; the ordinal is the number in snapshots. */
  public enum Kind {
    /** The file was made. */
    CREATED,
    /** It has other contents. */
    CHANGED,
    /** It is gone. */
    REMOVED,
    /** Somebody waits for the lock: those who hold it may want to know. */
    QUEUED,
    /** The session has the lock. */
    ACQUIRED,
    /** It gave it back. */
    RELEASED,
    /** It lost it with its session, without giving it back. */
    LOST,
    /** The delay after a loss is over. */
    DELAY_OVER,
    /**
     * A node leads the log, perhaps another than before; it may be told twice. No session or lock
     * is lost by that. Generation: incarnation.
     */
    LEADER,
    /**
     * Events up to this id are not kept any more, and this watch has not seen all of them: look at
     * everything again. It is of this watch only.
     */
    MISSED,
    /** The session holds the lock in another mode, under this generation instead of the old one. */
    CONVERTED
  }
}
