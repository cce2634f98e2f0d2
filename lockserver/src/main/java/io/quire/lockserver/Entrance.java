package io.quire.lockserver;

import io.quire.base.Log;
import java.util.concurrent.CompletableFuture;

/** Says when this node may enter the view. */
@FunctionalInterface
public interface Entrance {
  /** Whenever it likes. */
  Entrance OPEN = () -> CompletableFuture.completedFuture(Log.Fence.NONE);

  /**
   * Asks, on the loop. Completes there: with the fence of the entry by which it joins, or, if it
   * may not yet, with a failure, after which it shall ask again.
   */
  CompletableFuture<Log.Fence> ask();
}
