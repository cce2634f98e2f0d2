package io.quire.ns;

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
 * Ids of objects: reserved in blocks through the log, so that no id is given twice, also over
 * restarts of the whole cluster. What is left of a block at a restart is never used. A cluster
 * begins at a random number, so that ids of a cluster restored from an old copy do not meet those
 * it gave since.
 *
 * <p>When half of a block is used the next one is reserved, beside the callers: with thousands of
 * creates under way a reservation waits as long as they do.
 */
final class XidBlock {
  private static final int BLOCK = 1 << 16;
  private static final int GENERATION_BITS = 20;
  private static final int GENERATION_SHIFT = 63 - GENERATION_BITS;

  private final Cells cells;
  private final RandomGenerator random;
  private long next;
  private long end;
  private @Nullable CompletableFuture<Long> ahead;

  XidBlock(Cells cells, RandomGenerator random) {
    this.cells = cells;
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
    long from =
        counter == null
            ? (long) random.nextInt(1, 1 << GENERATION_BITS) << GENERATION_SHIFT
            : ObjectCodec.number(counter.value());
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
}
