package io.quire.ager;

import io.quire.ager.Frame.Stored;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A page-in under way. {@code done} completes when the extent is resident, or with the reason why
 * it does not become so.
 */
final class PageIn implements Frame.Besides {
  private final Extent extent;
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  // Guarded by the lock of Memory.
  RoomRequest room;
  private @Nullable Stored durable;

  // Guarded by the lock of PageIns.
  boolean urgent;

  PageIn(Extent extent, RoomRequest room) {
    this.extent = extent;
    this.room = room;
  }

  Extent extent() {
    return extent;
  }

  /** Of the extent, which has no place for it meanwhile. */
  @Override
  public @Nullable Stored durable() {
    return durable;
  }

  void durable(Stored stored) {
    durable = stored;
  }

  CompletableFuture<Void> done() {
    return done;
  }
}
