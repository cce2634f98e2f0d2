package io.quire.lockserver;

/** What a client may ask of the lock server. Sessions are those of clients, by number. */
sealed interface LockOperation {
  /** Expects no version. */
  long ANY_VERSION = -1;

  /** A new session. */
  record Open(String name) implements LockOperation {}

  /** The session ends by its client's will: its locks are released, without delay. */
  record Close(long session) implements LockOperation {}

  /**
   * A new file.
   *
   * @param ephemeral whether it goes with the session
   */
  record Create(long session, String path, byte[] contents, boolean ephemeral)
      implements LockOperation {}

  /** Other contents for a file of this version. */
  record Write(long session, String path, long version, byte[] contents) implements LockOperation {}

  /** The file of this version goes. */
  record Remove(long session, String path, long version) implements LockOperation {}

  /** Adds to a counter; one that is not there is 0. */
  record Add(long session, String path, long delta) implements LockOperation {}

  /**
   * A lock.
   *
   * @param waits whether it waits in the queue if it cannot be had at once
   * @param delayMillis for how long nobody may have it after this holder lost it uncleanly
   * @param note what the holder says of itself
   */
  record Acquire(
      long session, String path, LockMode mode, boolean waits, int delayMillis, byte[] note)
      implements LockOperation {}

  /**
   * Another mode for a lock that is held. It waits, ahead of all who do not hold it, if others that
   * hold it do not admit it.
   */
  record Convert(long session, long generation, LockMode mode) implements LockOperation {}

  /** Gives a lock back. */
  record Release(long session, long generation) implements LockOperation {}

  /**
   * Gives up a request for a lock, at whatever point it is: it neither waits nor holds afterwards,
   * and does not run if it comes later. A conversion that was granted already stays.
   */
  record Cancel(long session, String path, long request) implements LockOperation {}

  /** Changes nothing: what was done before is applied where it is. */
  record Sync() implements LockOperation {}
}
