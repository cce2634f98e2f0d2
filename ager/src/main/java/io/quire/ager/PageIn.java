package io.quire.ager;

import java.util.concurrent.CompletableFuture;

/**
 * A page-in under way. {@code done} completes when the extent is resident, or with the reason why
 * it does not become so.
 */
final class PageIn {
  private final Extent extent;
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  // Guarded by the lock of Memory.
  RoomRequest room;

  // Guarded by the lock of PageIns.
  boolean urgent;
  boolean taken;

  PageIn(Extent extent, RoomRequest room) {
    this.extent = extent;
    this.room = room;
  }

  Extent extent() {
    return extent;
  }

  CompletableFuture<Void> done() {
    return done;
  }
}
