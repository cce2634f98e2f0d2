package io.quire.sim;

import io.quire.base.Loop;

/**
 * Something that will happen in a {@link World}; those of one time in the order of their making.
 */
final class Event implements Comparable<Event>, Loop.Timer {
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

  @Override
  public int compareTo(Event other) {
    int byTime = Long.compare(nanos, other.nanos);
    return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(sequence);
  }
}
