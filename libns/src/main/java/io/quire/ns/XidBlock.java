package io.quire.ns;

import io.quire.gvm.Cells;
import io.quire.gvm.Transaction;
import io.quire.gvm.Versioned;
import io.quire.twopc.Outcome;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Ids of objects: reserved in blocks through the log, so that no id is given twice, also over
 * restarts of the whole cluster. What is left of a block at a restart is never used. A cluster
 * begins at a random number, so that ids of a cluster restored from an old copy do not meet those
 * it gave since.
 */
final class XidBlock {
  private static final int BLOCK = 4096;
  private static final int GENERATION_BITS = 20;
  private static final int GENERATION_SHIFT = 63 - GENERATION_BITS;

  private final Cells cells;
  private final RandomGenerator random;
  private long next;
  private long end;

  XidBlock(Cells cells, RandomGenerator random) {
    this.cells = cells;
    this.random = random;
  }

  /** The next id. Blocks while a new block is reserved. */
  synchronized long next(Duration deadline) {
    long giveUp = System.nanoTime() + deadline.toNanos();
    while (next == end) {
      reserve(deadline);
      if (next == end && System.nanoTime() - giveUp > 0) {
        throw new NsException.Refused("cannot reserve ids: waited=" + deadline);
      }
    }
    return next++;
  }

  private void reserve(Duration deadline) {
    Versioned counter = Calls.read(cells, ObjectCodec.XID_COUNTER, deadline);
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
    switch (Calls.outcome("reserving ids", cells.commit(transaction, deadline))) {
      case Outcome.Committed _ -> {
        next = from;
        end = from + BLOCK;
      }
      case Outcome.Rejected _ -> {
        // Another node reserved at the same time: the next read shows its block.
      }
      case Outcome.Indeterminate _ -> {
        // If it happened, the block is wasted.
      }
      case Outcome.Aborted aborted -> throw Calls.aborted("reserving ids", aborted);
    }
  }
}
