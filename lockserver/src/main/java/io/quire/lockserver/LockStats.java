package io.quire.lockserver;

/**
 * Figures of the lock server.
 *
 * @param sessions of clients on all nodes
 * @param files with those of the nodes in the view
 * @param contentsBytes of files
 * @param locks that somebody holds, waits for, or has lost
 * @param holds of these
 * @param lost of the holds, those whose delay is not over
 * @param waiters in all queues, and holders that wait for another mode
 * @param events that there were
 * @param requests of this node that are under way
 * @param repeated requests of this node that were sent again
 * @param syncs entries that this node made for reads
 */
public record LockStats(
    int sessions,
    int files,
    long contentsBytes,
    int locks,
    int holds,
    int lost,
    int waiters,
    long events,
    int requests,
    long repeated,
    long syncs) {
  static final LockStats NONE = new LockStats(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}
