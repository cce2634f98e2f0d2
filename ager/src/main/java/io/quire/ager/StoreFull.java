package io.quire.ager;

import java.io.IOException;

/** A store has no room for a copy under its capacity; that is not a fault of it. */
final class StoreFull extends IOException {
  private static final long serialVersionUID = 1;

  StoreFull(long bytesWanted, long bytesLeft) {
    super("full: bytesWanted=%d bytesLeft=%d".formatted(bytesWanted, bytesLeft));
  }
}
