package io.quire.datasets;

import java.time.Duration;

/**
 * When a node looks for durable copies that nobody needs, and for how long what is left of a load
 * is kept.
 *
 * @param first after the start
 * @param every from the end of one look to the next
 * @param budget that one look may take; what it did not come to waits for the next
 * @param keepLoads for how long the finished parts of a load are kept whose coordinator is gone, so
 *     that it can be started again with them
 */
public record OrphanConfig(Duration first, Duration every, Duration budget, Duration keepLoads) {
  /** After two minutes, each hour, for up to ten minutes; what is left of loads, for a day. */
  public static final OrphanConfig DEFAULTS =
      new OrphanConfig(
          Duration.ofMinutes(2), Duration.ofHours(1), Duration.ofMinutes(10), Duration.ofDays(1));

  public OrphanConfig {
    within("first", first);
    within("every", every);
    within("budget", budget);
    within("keepLoads", keepLoads);
  }

  private static void within(String name, Duration found) {
    if (found.toMillis() < 1 || found.compareTo(Duration.ofDays(365)) > 0) {
      throw new IllegalArgumentException(
          "out of range: name=" + name + " found=" + found + " min=1ms max=365d");
    }
  }
}
