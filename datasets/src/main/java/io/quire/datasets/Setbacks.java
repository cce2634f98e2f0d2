package io.quire.datasets;

import java.time.Duration;

/**
 * How often one part of a load had to be begun again, and since when. That is too much only if it
 * was often and for long: a member that died fails each attempt at once, and stays in the view
 * until its lease has ended and the log has a leader to say so. One thread.
 */
final class Setbacks {
  private static final int TIMES = 8;
  private static final Duration FOR = Duration.ofSeconds(30);

  private final Deadline patience = Deadline.in(FOR);
  private int count;

  /** One more; whether that is too much. */
  boolean tooMany() {
    count++;
    return count >= TIMES && patience.passed();
  }

  int count() {
    return count;
  }
}
