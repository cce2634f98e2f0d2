package io.quire.ns;

import io.quire.lockserver.LockMode;

/**
 * How an object is opened, and with whom. There are three families that exclude each other: readers
 * that share, one writer alone, and readers beside at most one writer.
 */
public enum OpenMode {
  /** With others that read; nobody writes. */
  READ(LockMode.SHARED, false),
  /** Alone. */
  WRITE(LockMode.EXCLUSIVE, true),
  /** With others that read, and with one that writes beside. */
  READ_BESIDE(LockMode.BESIDE_READ, false),
  /** As the only one that writes, with any number that read beside. */
  WRITE_BESIDE(LockMode.BESIDE_WRITE, true);

  final LockMode lock;
  final boolean writes;

  OpenMode(LockMode lock, boolean writes) {
    this.lock = lock;
    this.writes = writes;
  }

  static OpenMode of(LockMode lock) {
    for (OpenMode mode : values()) {
      if (mode.lock == lock) {
        return mode;
      }
    }
    throw new IllegalStateException("no mode has this lock: lock=" + lock);
  }
}
