package io.quire.twopc;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** A transaction that was submitted. Any thread. */
public final class Pending {
  private final CompletableFuture<Outcome> outcome;
  private final Supplier<CompletableFuture<List<Ballot>>> ballots;

  Pending(CompletableFuture<Outcome> outcome, Supplier<CompletableFuture<List<Ballot>>> ballots) {
    this.outcome = outcome;
    this.ballots = ballots;
  }

  /** Completes on the loop, soon after the deadline at the latest. */
  public CompletableFuture<Outcome> outcome() {
    return outcome;
  }

  /**
   * What each member of the view of its last attempt has said, one for each, whatever came of it;
   * if there was no attempt, each member of the view now, not asked.
   */
  public CompletableFuture<List<Ballot>> ballots() {
    return ballots.get();
  }
}
