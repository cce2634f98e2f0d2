package io.quire.base;

import java.time.Duration;
import java.util.concurrent.Executor;

/**
 * The one thread that owns a node's protocol state. Tasks run one at a time in the order in which
 * they came; what a task writes, later tasks see. A task that throws stops the node: its state can
 * no longer be trusted. Tasks must not block.
 */
public interface Loop extends Executor {
  /** Runs the task once, {@code delay} from now or a little later, unless cancelled before. */
  Timer after(Duration delay, Runnable task);

  /** Whether the caller is on this loop. */
  boolean here();

  /** A pending task. */
  interface Timer {
    /** Prevents the run if it has not begun. Called on the loop, it is exact. */
    void cancel();
  }

  /** Throws unless the caller is on this loop. */
  default void confine() {
    if (!here()) {
      throw new IllegalStateException("called outside its loop: thread=" + Thread.currentThread());
    }
  }
}
