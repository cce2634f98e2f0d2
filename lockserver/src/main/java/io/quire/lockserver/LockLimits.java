package io.quire.lockserver;

/**
 * How much the lock server holds. Whether something fits is decided where its entry is applied, so
 * the numbers must be the same on all nodes; only tests have others than {@link #DEFAULT}.
 *
 * @param sessions of all nodes
 * @param files without those of nodes in the view
 * @param contentsBytes of all files together
 * @param locks paths that somebody holds or waits for
 * @param holds of all locks, lost ones included until their delay is over
 * @param waiters of all locks
 * @param events that are kept for watchers
 * @param answers that are kept for each node, so that a request never runs twice
 */
record LockLimits(
    int sessions,
    int files,
    long contentsBytes,
    int locks,
    int holds,
    int waiters,
    int events,
    int answers) {
  static final LockLimits DEFAULT =
      new LockLimits(10_000, 100_000, 64L << 20, 50_000, 50_000, 20_000, 4_096, 1_024);

  /** Of one file's contents. */
  static final int FILE_BYTES_MAX = 64 << 10;

  /** Of what a holder says of itself. */
  static final int NOTE_BYTES_MAX = 256;

  /** Of a session's name. */
  static final int NAME_BYTES_MAX = 128;

  /** The longest lock delay. */
  static final int DELAY_MILLIS_MAX = 60_000;
}
