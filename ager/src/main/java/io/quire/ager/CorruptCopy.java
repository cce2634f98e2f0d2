package io.quire.ager;

import java.io.IOException;

/** A copy was read and is not what was written. Reading it again may help, other copies will. */
final class CorruptCopy extends IOException {
  private static final long serialVersionUID = 1;

  CorruptCopy(String message) {
    super(message);
  }
}
