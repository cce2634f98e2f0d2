package io.quire.ns;

/** How long an object lives if nobody deletes it. */
public enum Lifetime {
  /** Over restarts of the whole cluster. */
  DURABLE,
  /** As long as its creator's incarnation is in the view. */
  SESSION
}
