package io.quire.ns;

import io.quire.gvm.Cells;
import io.quire.gvm.GvmException;
import io.quire.gvm.Limits;
import io.quire.gvm.Versioned;
import io.quire.twopc.Finding;
import io.quire.twopc.Outcome;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Waits for what the cells were asked, and says in the words of namespaces what became of it. */
final class Calls {
  private Calls() {}

  /**
   * What became of a transaction that was submitted.
   *
   * @throws NsException.Indeterminate also if nobody waits for it any longer
   */
  static Outcome outcome(String doing, CompletableFuture<Outcome> future) {
    return withinLimits(doing, committed(doing, future));
  }

  /** As above, of what follows from it. */
  static <T> T committed(String doing, CompletableFuture<T> future) {
    try {
      return future.get(Namespaces.DEADLINE.multipliedBy(2).toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw translated(doing, e.getCause());
    } catch (TimeoutException e) {
      throw new NsException.Indeterminate(
          "may have happened, the node's loop does not answer: " + doing, null);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NsException.Indeterminate("may have happened, interrupted: " + doing, null);
    }
  }

  /** Throws if it was rejected for a limit. */
  static Outcome withinLimits(String doing, Outcome outcome) {
    Limits.Exceeded exceeded =
        outcome instanceof Outcome.Rejected rejected ? Cells.exceeded(rejected) : null;
    if (exceeded != null) {
      String text = "did not happen: " + doing + " " + exceeded.text();
      throw NsIndex.isQuota(exceeded)
          ? new NsException.QuotaExceeded(text)
          : new NsException.Refused(text);
    }
    return outcome;
  }

  static <T> T await(String doing, CompletableFuture<T> future) {
    try {
      return future.get(Namespaces.DEADLINE.multipliedBy(2).toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw translated(doing, e.getCause());
    } catch (TimeoutException e) {
      throw new IllegalStateException("the node's loop does not answer: " + doing, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted: " + doing, e);
    }
  }

  static @Nullable Versioned read(Cells cells, String key, Duration deadline) {
    try {
      return cells.read(key, deadline);
    } catch (GvmException e) {
      throw translated("reading: key=" + key, e);
    }
  }

  static RuntimeException translated(String doing, @Nullable Throwable e) {
    return switch (e) {
      case NsException ours -> ours;
      case IllegalArgumentException bad -> bad;
      case GvmException.NotInView _ -> notInView(doing);
      case GvmException.TooOld old -> new NsException.Overtaken(doing + ": " + old.getMessage());
      case GvmException.Undecided _ ->
          new NsException.Refused("a transaction is under way for too long: " + doing);
      case null, default -> new IllegalStateException(doing, e);
    };
  }

  /** What became of a request that has a name. */
  static RequestOutcome became(Finding finding) {
    return switch (finding) {
      case Finding.Unknown _ -> new RequestOutcome.Unknown();
      case Finding.Settled(Outcome outcome) -> became(outcome);
    };
  }

  static RequestOutcome became(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Committed(long position, byte[] _) -> new RequestOutcome.Happened(position);
      case Outcome.Rejected _, Outcome.Aborted _ -> new RequestOutcome.Never(outcome.text());
      case Outcome.Indeterminate _ -> new RequestOutcome.Unknown();
    };
  }

  static NsException.NotInView notInView(String doing) {
    return new NsException.NotInView("this node is not in the view: " + doing);
  }

  static NsException aborted(String doing, Outcome.Aborted aborted) {
    return switch (aborted.why()) {
      case NOT_IN_VIEW -> notInView(doing);
      case REFUSED, DEADLINE, OVERLOADED ->
          new NsException.Refused("did not happen: " + doing + " " + aborted.text());
    };
  }
}
