package io.quire.ns;

import java.util.Optional;

/**
 * Objects as they were at a position of the log: the same on every node and for ever, if a node can
 * tell. It need not be in the view. It can tell what the last 16,384 changes of all cells lead back
 * to, which it has in memory; what has not changed since; and of objects what its log preserves.
 * Any thread but the loop; calls block.
 */
public final class NamespacesAt {
  private final Past past;
  private final long position;

  NamespacesAt(Past past, long position) {
    this.past = past;
    this.position = position;
  }

  /** Every transaction up to there counts, and none after it. */
  public long position() {
    return position;
  }

  /**
   * The object of an id. It may be draining. It costs a read of the log for each of its versions
   * since the position, and one more (see {@link ObjectHistory}); none if it has not changed since
   * or memory reaches back.
   *
   * @throws NsException.Trimmed if what it was is not in this node's log any more
   * @throws NsException.TooOld if there is no such object now and this node does not remember its
   *     end, so that nothing leads to what it was. Whoever knows a version finds those before it by
   *     {@link Namespaces#history(NsObject)}
   * @throws NsException.TooFar if there are more versions since than can be read in time
   * @throws NsException.Unreadable if an entry of the log does not verify, or something else than
   *     this library wrote the object
   */
  public Optional<NsObject> lookup(long xid) {
    return past.objectAt(position, xid);
  }

  /**
   * The object that had a name. Names do not lead back through the log: it can be told only if the
   * name means the same object without a break since the position, or memory reaches back. Then it
   * costs what {@link #lookup(long)} costs, and throws what that throws.
   *
   * @throws NsException.TooOld if it cannot be told
   */
  public Optional<NsObject> lookup(NsHandle namespace, String name) {
    return past.objectAt(position, namespace, name);
  }
}
