package io.quire.sim;

import io.quire.base.Clock;

/**
 * A node's clock: it began somewhere, runs a little fast or slow, and can be stopped, as a machine
 * is whose host suspends it without its knowing.
 */
public final class SimClock implements Clock {
  private static final long MILLION = 1_000_000;

  /** The begin of worlds in wall time: 2026-01-01. */
  private static final long WALL_BEGIN_MILLIS = 1_767_225_600_000L;

  private final World world;
  private final long wallOffsetMillis;
  private long base;
  private long since;
  private long driftPpm;
  private boolean stopped;

  SimClock(World world, Dice dice, long driftPpmMax) {
    this.world = world;
    since = world.nanos();
    // Clocks compare by difference only: one may be about to overflow.
    base =
        dice.chance(1 / 16.0)
            ? Long.MAX_VALUE - dice.between(0, 60_000_000_000L)
            : dice.between(-(1L << 50), 1L << 50);
    driftPpm = dice.between(-driftPpmMax, driftPpmMax);
    wallOffsetMillis = dice.between(-60_000, 60_000);
  }

  @Override
  public long nanos() {
    if (stopped) {
      return base;
    }
    long elapsed = world.nanos() - since;
    return base + elapsed + elapsed * driftPpm / MILLION;
  }

  @Override
  public long wallMillis() {
    return WALL_BEGIN_MILLIS + wallOffsetMillis + world.nanos() / MILLION;
  }

  /** From now on runs fast, or slow if negative, by this many millionths. */
  public void drift(long millionths) {
    base = nanos();
    since = world.nanos();
    driftPpm = millionths;
  }

  /** Stands still until {@link #start}. */
  public void stop() {
    base = nanos();
    stopped = true;
  }

  /** Goes on from where it stood. */
  public void start() {
    since = world.nanos();
    stopped = false;
  }

  boolean stopped() {
    return stopped;
  }

  /** About how much time must pass in the world for this much to pass here. */
  long worldNanos(long here) {
    return here - here / MILLION * driftPpm;
  }
}
