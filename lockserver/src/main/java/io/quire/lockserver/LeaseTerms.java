package io.quire.lockserver;

import java.time.Duration;

/**
 * How long leases last. The same on all nodes. A value outside its limits is an {@link
 * IllegalArgumentException}.
 *
 * @param lease 100 ms to 5 minutes; for how long a node may answer linearizable reads after it sent
 *     a keep-alive that was granted, by its own clock. Shorter: a dead node is noticed sooner.
 *     Longer: pauses are survived.
 * @param drift how much two nodes' clocks may differ in speed, as a part of one: 0 to less than 0.1
 * @param margin what the leader adds on top, not negative
 */
public record LeaseTerms(Duration lease, double drift, Duration margin) {
  /** 3 s; clocks within 0.1 %; 100 ms. */
  public static final LeaseTerms DEFAULT =
      new LeaseTerms(Duration.ofSeconds(3), 0.001, Duration.ofMillis(100));

  public LeaseTerms {
    if (lease.toMillis() < 100 || lease.toMinutes() > 5 || margin.isNegative()) {
      throw new IllegalArgumentException(
          "lease out of range: lease=" + lease + " margin=" + margin + " allowed=100ms..5m");
    }
    if (!(drift >= 0 && drift < 0.1)) {
      throw new IllegalArgumentException("drift out of range: drift=" + drift + " allowed=0..0.1");
    }
  }

  /** For how long the leader waits, by its own clock, after it received a keep-alive. */
  long leaderNanos() {
    return (long) (lease.toNanos() * (1 + 2 * drift)) + margin.toNanos();
  }

  Duration keepAliveEvery() {
    return lease.dividedBy(5);
  }
}
