package io.quire.lockserver;

import io.quire.base.WireReader;

/** How a lock is held. The number is that of the log and of snapshots. */
public enum LockMode {
  /** With others that hold it shared. */
  SHARED(1),
  /** Alone. */
  EXCLUSIVE(2);

  final int number;

  LockMode(int number) {
    this.number = number;
  }

  boolean admits(LockMode other) {
    return this == SHARED && other == SHARED;
  }

  static LockMode of(int number) {
    for (LockMode mode : values()) {
      if (mode.number == number) {
        return mode;
      }
    }
    throw new WireReader.MalformedException("not a lock mode: found=" + number);
  }
}
