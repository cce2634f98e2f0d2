package io.quire.harness.chaos;

import io.quire.base.Clock;

/**
 * A clock that can be made wrong: it runs too fast or too slowly, jumps ahead, or stands still for
 * a while, and what it says of the time of day is anything. It never steps back. Any thread.
 */
final class SkewedClock implements Clock {
  private final Clock real;
  private State state;

  /**
   * At {@code from} of the real clock this one said {@code at}; since then it runs at {@code rate},
   * after having stood still for {@code still}.
   */
  private record State(long from, long at, double rate, long still, long wallOffset) {
    long nanos(long now) {
      long run = Math.max(0, now - from - still);
      return at + (long) (run * rate);
    }
  }

  SkewedClock(Clock real) {
    this.real = real;
    long now = real.nanos();
    state = new State(now, now, 1, 0, 0);
  }

  @Override
  public synchronized long nanos() {
    return state.nanos(real.nanos());
  }

  @Override
  public synchronized long wallMillis() {
    return real.wallMillis() + state.wallOffset;
  }

  /**
   * Makes it wrong from now on; what it has become wrong by so far stays.
   *
   * @param rate its speed, 1 for right
   * @param jumpNanos how far it jumps ahead at once, or, if negative, for how long it stands still
   * @param wallMillis how far the time of day is off
   */
  synchronized void skew(double rate, long jumpNanos, long wallMillis) {
    long now = real.nanos();
    long said = state.nanos(now);
    state =
        new State(now, said + Math.max(0, jumpNanos), rate, Math.max(0, -jumpNanos), wallMillis);
  }
}
