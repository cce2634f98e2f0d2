package io.quire.harness;

import io.quire.node.AdminClient.AdminException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * What is asked of a node while the cluster recovers from a death. It may say for a while that it
 * is not in the view, or cannot be sure of it, and that nothing was done; then it is asked again.
 */
final class Recovery {
  private static final int REFUSED = 503;
  private static final long EVERY_MILLIS = 100;

  private Recovery() {}

  /**
   * Asks until the node does not refuse.
   *
   * @throws AdminException what it answered last, if it refuses beyond the limit or fails otherwise
   */
  static <T> T ask(Duration limit, Supplier<T> question) {
    Deadline deadline = Deadline.in(limit);
    while (true) {
      try {
        return question.get();
      } catch (AdminException e) {
        if (!refused(e) || deadline.left().isZero() || !pause()) {
          throw e;
        }
      }
    }
  }

  /** Whether the node refused for now, and did nothing. */
  static boolean refused(AdminException e) {
    return e.status() == REFUSED && !e.mayHaveHappened();
  }

  private static boolean pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(EVERY_MILLIS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
