package io.quire.twopc;

import java.util.concurrent.atomic.AtomicReference;

/**
 * How long changes of the view kept this node's transactions from being committed: from applying
 * the view, with some under way, to the next commit. Written on the loop.
 */
final class Pauses {
  private final AtomicReference<ViewPauses> seen = new AtomicReference<>(new ViewPauses(0, 0, 0));
  private boolean paused;
  private long since;

  void viewChanged(long now, boolean underWay) {
    if (underWay && !paused) {
      paused = true;
      since = now;
    }
  }

  void committed(long now) {
    if (paused) {
      paused = false;
      ViewPauses before = seen.get();
      long last = now - since;
      seen.set(new ViewPauses(before.count() + 1, last, Math.max(last, before.longestNanos())));
    }
  }

  ViewPauses seen() {
    return seen.get();
  }
}
