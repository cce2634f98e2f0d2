package io.quire.ager;

import java.io.IOException;

/**
 * A file whose writer died, and of which nobody knows yet how long it is. The file system has been
 * asked to end it, which takes it seconds; then it can be read.
 */
final class FileNotEnded extends IOException {
  private static final long serialVersionUID = 1;

  FileNotEnded(String message, IOException cause) {
    super(message, cause);
  }
}
