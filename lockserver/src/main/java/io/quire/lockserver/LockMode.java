package io.quire.lockserver;

import io.quire.base.WireReader;

/**
 * How a lock is held. There are three families that exclude each other: any number that share; one
 * alone; any number that read beside at most one that writes. The number is that of the log and of
 * snapshots.
 */
public enum LockMode {
  /** With others that hold it shared. */
  SHARED(1),
  /** Alone. */
  EXCLUSIVE(2),
  /** With others that read beside, and with one that writes beside. */
  BESIDE_READ(3),
  /** As the only one that writes, with any number that read beside. */
  BESIDE_WRITE(4);

  final int number;

  LockMode(int number) {
    this.number = number;
  }

  /** Whether somebody else may hold the lock in the other mode at the same time. */
  boolean admits(LockMode other) {
    return switch (this) {
      case SHARED -> other == SHARED;
      case EXCLUSIVE -> false;
      case BESIDE_READ -> other == BESIDE_READ || other == BESIDE_WRITE;
      case BESIDE_WRITE -> other == BESIDE_READ;
    };
  }

  /**
   * Whether this mode keeps out everybody whom the other one keeps out: who has this may go over to
   * the other without asking anybody, and need not fear for what the other promises.
   */
  public boolean covers(LockMode other) {
    for (LockMode third : values()) {
      if (admits(third) && !other.admits(third)) {
        return false;
      }
    }
    return true;
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
