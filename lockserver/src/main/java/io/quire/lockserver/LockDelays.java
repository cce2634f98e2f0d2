package io.quire.lockserver;

import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * The clock of the lock server, on the log's leader; on other nodes it is idle. It says when the
 * delay of a lost lock is over, counted from when this leader first saw the loss or took office, so
 * a delay may be longer than what was asked for and is never shorter. What it says is fenced by its
 * term. It also says that it leads.
 */
final class LockDelays {
  private final LeaseTerms terms;
  private final LockTree tree;
  private final Session own;
  private final Log log;
  private final Loop loop;
  private final Clock clock;
  private final Map<Long, Long> due = new HashMap<>();
  private long term;
  private long announced;

  LockDelays(LeaseTerms terms, LockTree tree, Session own, Log log, Loop loop, Clock clock) {
    this.terms = terms;
    this.tree = tree;
    this.own = own;
    this.log = log;
    this.loop = loop;
    this.clock = clock;
  }

  void open() {
    watch();
  }

  private void watch() {
    look();
    loop.after(terms.keepAliveEvery().dividedBy(2), this::watch);
  }

  private void look() {
    long leading = log.leadingTerm();
    if (leading != term) {
      due.clear();
      term = leading;
    }
    if (term == 0) {
      return;
    }
    if (announced != term) {
      announce();
    }
    long now = clock.nanos();
    due.keySet().removeIf(generation -> tree.locks().hold(generation) == null);
    for (LockTable.Hold hold : tree.locks().lost()) {
      long ends = due.computeIfAbsent(hold.generation(), _ -> now + nanos(hold));
      if (now - ends >= 0) {
        // If this one does not get into the log, the next look tries again; twice does nothing.
        due.put(hold.generation(), now + terms.keepAliveEvery().toNanos());
        log.append(
            new LockEntry.DelayOver(hold.path(), hold.generation()).entry(Log.Fence.term(term)));
      }
    }
  }

  private void announce() {
    long now = term;
    announced = now;
    log.append(new LockEntry.Led(own.self().incarnation()).entry(Log.Fence.term(now)))
        .whenComplete(
            (_, failure) -> {
              if (failure != null && announced == now) {
                announced = 0;
              }
            });
  }

  private long nanos(LockTable.Hold hold) {
    return (long) (Duration.ofMillis(hold.delayMillis()).toNanos() * (1 + 2 * terms.drift()));
  }
}
