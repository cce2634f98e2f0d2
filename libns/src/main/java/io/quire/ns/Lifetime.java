package io.quire.ns;

/** How long an object lives if nobody deletes it. */
public enum Lifetime {
  /** Over restarts of the whole cluster. */
  DURABLE,
  /** As long as its creator's incarnation is in the view. */
  SESSION,
  /**
   * Until it was opened in a mode, see {@link NsOpen}, and is open in one no more, on any node. One
   * that is never opened so stays. A reference alone does not count.
   */
  UNTIL_CLOSED
}
