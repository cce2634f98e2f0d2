package io.quire.ager;

import java.io.IOException;

/**
 * A file does not show what should be in it, and is not ended. Perhaps it was opened before that
 * was written.
 */
final class ShowsLess extends IOException {
  private static final long serialVersionUID = 1;

  ShowsLess(String message) {
    super(message);
  }
}
