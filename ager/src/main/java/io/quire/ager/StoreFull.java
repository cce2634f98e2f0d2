package io.quire.ager;

import java.io.IOException;

/**
 * A store has no room for a copy, under its capacity or in its file system; that is not a fault of
 * it.
 */
final class StoreFull extends IOException {
  private static final long serialVersionUID = 1;

  StoreFull(long bytesWanted, long bytesLeft) {
    this("full", bytesWanted, bytesLeft);
  }

  StoreFull(String what, long bytesWanted, long bytesLeft) {
    super("%s: bytesWanted=%d bytesLeft=%d".formatted(what, bytesWanted, bytesLeft));
  }
}
