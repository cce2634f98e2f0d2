package io.quire.base;

import java.util.EnumSet;
import java.util.Set;

/**
 * Which rules of the protocol are kept. A node keeps {@link #ALL}; only a simulation breaks one, to
 * see that its checks catch what then happens.
 *
 * @param broken the rules that are not kept
 */
public record Rules(Set<Rule> broken) {
  /** Every rule is kept. */
  public static final Rules ALL = new Rules(EnumSet.noneOf(Rule.class));

  public Rules {
    broken = Set.copyOf(broken);
  }

  public static Rules without(Rule rule) {
    return new Rules(EnumSet.of(rule));
  }

  public boolean keep(Rule rule) {
    return !broken.contains(rule);
  }

  /** A rule that can be broken on purpose. */
  public enum Rule {
    /** A member marks all keys before it votes. */
    MARK_BEFORE_VOTE,
    /** An entry whose epoch is not the view's is void. */
    FENCE,
    /** A reader looks at the clock after it read. */
    LEASE_CHECK,
    /** A reader's session at the end is the one it had at the beginning. */
    SAME_SESSION,
    /** Marks of older epochs go when the view is applied, not when it is heard of. */
    SWEEP_IN_ORDER,
    /** A transaction that was decided does nothing when it comes again. */
    DECIDED_ONCE,
    /** An entry that is guarded by a lock is void when the lock is not held any more. */
    SEQUENCER_CHECK,
    /** A request to the lock server that comes again does nothing. */
    REQUEST_ONCE,
    /** A snapshot holds those who wait for locks. */
    LOCK_QUEUE_SAVED,
    /** A lock that was lost, and not given back, is granted only after its delay. */
    LOCK_DELAY
  }
}
