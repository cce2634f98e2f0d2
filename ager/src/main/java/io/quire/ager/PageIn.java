package io.quire.ager;

import java.util.concurrent.CompletableFuture;

/** A page-in under way; completed when the frame is resident or is known not to become so. */
record PageIn(Frame frame, CompletableFuture<Void> done) {
  PageIn(Frame frame) {
    this(frame, new CompletableFuture<>());
  }
}
