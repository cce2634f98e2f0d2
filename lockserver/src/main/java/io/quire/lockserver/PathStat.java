package io.quire.lockserver;

import java.util.List;

/**
 * What there is at a path: a file, a lock, or both.
 *
 * @param file whether there is a file; if not, its fields are 0
 * @param version of the file: position of the entry that wrote it
 * @param made position of the entry that made the file
 * @param bytes of its contents
 * @param session with which the file goes; 0 if it stays
 * @param holders of the lock, in the order in which it was granted
 * @param waiting how many requests stand in the lock's queue, and how many holders wait for another
 *     mode
 */
public record PathStat(
    String path,
    boolean file,
    long version,
    long made,
    int bytes,
    long session,
    List<Holder> holders,
    int waiting) {
  public PathStat {
    holders = List.copyOf(holders);
  }

  /**
   * Somebody who holds the lock.
   *
   * @param session the client's
   * @param incarnation of the client's node
   * @param requested position of the request
   * @param note what it says of itself
   * @param lost whether it holds it no more, but its delay is not over
   */
  public record Holder(
      Sequencer sequencer,
      long session,
      long incarnation,
      long requested,
      byte[] note,
      boolean lost) {}
}
