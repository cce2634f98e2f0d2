package io.quire.sim;

import io.quire.base.Loop;

/**
 * Something that will happen in a {@link World}; those of one time in the order of their making.
 */
final class Event implements Loop.Timer {
  final long nanos;
  final long tag;
  final Runnable action;
  boolean cancelled;
  private final long sequence;

  Event(long nanos, long sequence, long tag, Runnable action) {
    this.nanos = nanos;
    this.sequence = sequence;
    this.tag = tag;
    this.action = action;
  }

  @Override
  public void cancel() {
    cancelled = true;
  }

  boolean before(Event other) {
    return nanos != other.nanos ? nanos < other.nanos : sequence < other.sequence;
  }
}
