package io.quire.ager;

import io.quire.ager.Frame.Stored;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A page-in under way. {@code done} completes when the extent is resident, or with the reason why
 * it does not become so.
 */
final class PageIn implements Frame.Besides {
  /** What was seen of the spilled copy. */
  enum Spilled {
    GOOD,
    /** It does not verify, and the durable one does. */
    BAD,
    /** There is none, or it could not be read now, and the durable one could. */
    UNKNOWN
  }

  private final Extent extent;
  private final int usedBefore;
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  // Guarded by the lock of Memory.
  RoomRequest room;
  private @Nullable Stored durable;

  // Guarded by the lock of PageIns.
  boolean urgent;

  PageIn(Extent extent, RoomRequest room, int usedBefore) {
    this.extent = extent;
    this.room = room;
    this.usedBefore = usedBefore;
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

  /** {@link Frame#lastUse} before this. */
  int usedBefore() {
    return usedBefore;
  }

  CompletableFuture<Void> done() {
    return done;
  }
}
