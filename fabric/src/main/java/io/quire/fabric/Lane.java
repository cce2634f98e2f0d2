package io.quire.fabric;

/**
 * A connection of its own to each peer, so that what is large never queues before what is urgent.
 * The ordinal is its number on the wire.
 */
public enum Lane {
  /** Small and urgent: Raft, whose heartbeats decide elections. */
  RAFT,
  /** Messages, appends and calls of the protocols. */
  PROTOCOL,
  /** Bodies of up to a frame's size. */
  BULK
}
