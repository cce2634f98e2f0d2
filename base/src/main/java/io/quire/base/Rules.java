package io.quire.base;

import java.util.Set;

/**
 * Which rules of the protocol are kept. A node keeps {@link #ALL}; only a simulation breaks one, to
 * see that its checks catch what then happens. Asking costs one bit.
 */
public final class Rules {
  /** Every rule is kept. */
  public static final Rules ALL = new Rules(0);

  private final int broken;

  private Rules(int broken) {
    this.broken = broken;
  }

  /** All but this one. For simulations only. */
  public static Rules without(Rule rule) {
    return new Rules(1 << rule.ordinal());
  }

  /** All but these. For simulations only. */
  public static Rules without(Set<Rule> rules) {
    int broken = 0;
    for (Rule rule : rules) {
      broken |= 1 << rule.ordinal();
    }
    return new Rules(broken);
  }

  /** Whether the rule is kept: false only where a simulation breaks it. */
  public boolean keep(Rule rule) {
    return (broken >>> rule.ordinal() & 1) == 0;
  }

  /** A rule that can be broken on purpose. */
  public enum Rule {
    /** A member marks all keys before it votes. */
    MARK_BEFORE_VOTE,
    /** An entry whose epoch is not the view's is void. */
    FENCE,
    /** That is looked at for each record of a frame, not once for the frame. */
    FENCE_EACH_RECORD,
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
    LOCK_DELAY,
    /** Who writes beside others does not admit another who writes. */
    LOCK_MODES,
    /** A lock that is converted is held all the while. */
    CONVERT_IN_PLACE,
    /** A transaction that wants a lock free is rejected where somebody has it. */
    FREE_CHECK,
    /** An append or an abort that was lost is made up for by an entry that settles it. */
    RESOLVE,
    /** A hint goes out when the transaction was applied somewhere. */
    HINT_AFTER_APPLY,
    /** A hint of what was applied here already does nothing. */
    HINT_AHEAD,
    /** Conditions are evaluated on what was applied, not on what a hint showed. */
    CONDITIONS_ON_APPLIED,
    /** The value of a key and the loss of its mark change in one step. */
    ONE_RECORD,
    /** Readers of what is derived from several keys wait for all who touch it. */
    TOUCH_MARKS,
    /** A snapshot leaves the marks of what it does not decide. */
    SNAPSHOT_KEEPS_UNDECIDED,
    /** A snapshot takes away the marks of what it decided. */
    SNAPSHOT_SWEEPS_DECIDED,
    /** The leader waits for longer than the lease, by the drift of clocks and a margin. */
    LEASE_MARGIN,
    /** While the expiry of a session is under way, it is granted nothing. */
    EXPIRING_IS_REFUSED,
    /** An expiry is void in any term but the one in which it was judged. */
    EXPIRE_IN_TERM,
    /** A new leader begins every lease anew. */
    LEASES_ANEW,
    /** A restart is another incarnation. */
    NEW_INCARNATION,
    /** A deleted object is freed when every member said that it holds no reference to it. */
    HOLDERS_ASKED,
    /** An object that a transaction changes is still of the version that its caller saw. */
    VERSION_SEEN
  }
}
