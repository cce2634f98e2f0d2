package io.quire.datasets;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Runs steps of users' functions on the threads for that. Any thread that may wait. */
final class Steps {
  private final Workers workers;

  Steps(Workers workers) {
    this.workers = workers;
  }

  /**
   * Runs a step, and waits for its end in any case.
   *
   * @throws Refusal if it failed
   */
  <T> T run(String function, Supplier<T> step) {
    CompletableFuture<T> result = workers.compute(() -> guarded(function, step));
    Await.end(result);
    return Await.value("scanning", result, Deadline.in(Duration.ZERO));
  }

  private static <T> T guarded(String function, Supplier<T> step) {
    try {
      return step.get();
    } catch (RuntimeException e) {
      throw new Refusal(Refusal.Reason.FAILED, "function=" + function + " " + e);
    }
  }
}
