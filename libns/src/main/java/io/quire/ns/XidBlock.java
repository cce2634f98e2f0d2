package io.quire.ns;

import io.quire.base.Clock;
import io.quire.gvm.Cells;
import io.quire.gvm.Transaction;
import io.quire.gvm.Versioned;
import io.quire.twopc.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Ids of objects: reserved in blocks through the log, so that no id is given twice. What is left of
 * a block at a restart is never used.
 *
 * <p>A block begins where the last one ended, or at the number of the second in which it is
 * reserved, if that is later: nobody reserves the 32,768 blocks that there are for each second. So
 * a cluster whose log was lost, or replaced by an old copy, does not give again what it gave since;
 * and within the second a block begins at random, for the case that a clock went back.
 *
 * <p>When half of a block is used the next one is reserved, beside the callers: with thousands of
 * creates under way a reservation waits as long as they do.
 */
final class XidBlock {
  private static final int BLOCK = 1 << 16;

  /** 1 January 2026 in seconds since 1970; 2^32 seconds later the numbers are at an end. */
  private static final long EPOCH_SECONDS = 1_767_225_600L;

  private static final int SECOND_SHIFT = 31;

  private final Cells cells;
  private final Clock clock;
  private final RandomGenerator random;
  private long next;
  private long end;
  private @Nullable CompletableFuture<Long> ahead;

  XidBlock(Cells cells, Clock clock, RandomGenerator random) {
    this.cells = cells;
    this.clock = clock;
    this.random = random;
  }

  /** The next id. Blocks while there is none and a block is reserved. */
  synchronized long next(Duration deadline) {
    if (next == end) {
      next = reserved(deadline);
      end = next + BLOCK;
    }
    long id = next++;
    if (ahead == null && end - next <= BLOCK / 2) {
      ahead = reserve(deadline);
    }
    return id;
  }

  private long reserved(Duration deadline) {
    CompletableFuture<Long> reservation = ahead;
    if (reservation == null || reservation.isCompletedExceptionally()) {
      reservation = reserve(deadline);
      ahead = reservation;
    }
    try {
      long first = Calls.await("reserving ids", reservation);
      ahead = null;
      return first;
    } catch (NsException.Indeterminate e) {
      // Whatever became of the block: nothing that was to have an id of it has happened.
      throw new NsException.Refused("cannot reserve ids: " + e.getMessage());
    }
  }

  /** The first id of a block that will be this node's. */
  private CompletableFuture<Long> reserve(Duration deadline) {
    return cells
        .snapshot(List.of(ObjectCodec.XID_COUNTER), deadline)
        .thenCompose(counter -> reserve(counter.getFirst(), deadline));
  }

  private CompletableFuture<Long> reserve(@Nullable Versioned counter, Duration deadline) {
    long from = counter == null ? now() : Math.max(now(), ObjectCodec.number(counter.value()));
    Transaction.Builder reservation = Transaction.begin();
    if (counter == null) {
      reservation.absent(ObjectCodec.XID_COUNTER);
    } else {
      reservation.version(ObjectCodec.XID_COUNTER, counter.version());
    }
    Transaction transaction =
        reservation.put(ObjectCodec.XID_COUNTER, ObjectCodec.number(from + BLOCK)).build();
    return cells
        .commit(transaction, deadline)
        .thenCompose(
            outcome ->
                switch (Calls.withinLimits("reserving ids", outcome)) {
                  case Outcome.Committed _ -> CompletableFuture.completedFuture(from);
                  // Another node reserved at the same time: the next read shows its block.
                  case Outcome.Rejected _ -> reserve(deadline);
                  // If it happened, the block is wasted.
                  case Outcome.Indeterminate _ -> reserve(deadline);
                  case Outcome.Aborted aborted ->
                      CompletableFuture.failedFuture(Calls.aborted("reserving ids", aborted));
                });
  }

  /** The number of this second, and some block within it; never 0. */
  private long now() {
    long second = Math.clamp(clock.wallMillis() / 1_000 - EPOCH_SECONDS, 0, (1L << 32) - 1);
    return second << SECOND_SHIFT | (long) BLOCK * random.nextInt(1, 1 << SECOND_SHIFT - 16);
  }
}
